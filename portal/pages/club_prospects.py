"""A prospect's own page of the club, and the desk that hands its link out. No sign-in, and nothing in the address but the link itself, which opening
alone does not use up."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.clock import now
from portal.club import prospects
from portal.club.membership import state_on
from portal.club.own_membership import of_member, shelf
from portal.club.prospects import DeadLink
from portal.keys import secret
from portal.local_day import today
from portal.pages import club_member_words, club_words
from portal.pages.club_membership import CARD
from portal.pages.qr import drawn
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, public, requires

bp = Blueprint("club_prospects", __name__, url_prefix="/club/prospect")

GRANT = "club_prospect"
"""Under which name the browser's session keeps its grant."""


@bp.get("/link")
@requires(Can.CLUB_MEMBERS)
def ask_link() -> ResponseReturnValue:
    """Whose link is to be made."""
    return render_template("club/prospect_link.html", lead=request.args.get("lead", "")[:64], address="", fault="")


@bp.post("/link")
@requires(Can.CLUB_MEMBERS)
def make_link() -> ResponseReturnValue:
    """Make a prospect's link, shown once."""
    lead = request.form.get("lead", "").strip().removeprefix("lead:")[:64]
    try:
        with transaction():
            token, member = prospects.issue(lead, secret=secret(), actor=current_actor(), moment=now())
            name = member.name
    except Refusal as refusal:
        status = 422 if isinstance(refusal, NotFound) else refusal.status
        return render_template("club/prospect_link.html", lead=lead, address="", fault=_(refusal.message, **refusal.values)), status
    address = str(current_app.config["PORTAL"].base_url).rstrip("/") + url_for("club_prospects.open_link", token=token)
    shown = {"address": address, "picture": drawn(address), "name": name, "days": prospects.LASTS.days}
    return render_template("club/prospect_link.html", lead=lead, fault="", **shown)


@bp.get("/open/<token>")
@public
def open_link(token: str) -> ResponseReturnValue:
    """What the link is for, with the button that opens it: what looks at links before people do uses nothing up."""
    try:
        prospects.look(token, secret=secret(), moment=now())
    except DeadLink as refusal:
        return _dead(refusal, 404)
    return render_template("club/prospect_begin.html", token=token, hours=prospects.HOLDS.seconds // 3600)


@bp.post("/open/<token>")
@public
def begin(token: str) -> ResponseReturnValue:
    """Open it in this browser."""
    try:
        with transaction():
            grant = prospects.open_link(token, secret=secret(), moment=now())
    except DeadLink as refusal:
        return _dead(refusal, 404)
    session[GRANT] = grant
    return redirect(url_for("club_prospects.show"), 303)


@bp.get("")
@public
def show() -> ResponseReturnValue:
    """His card, what it brings, and what he may ask for."""
    try:
        return _page()
    except DeadLink as refusal:
        return _dead(refusal, 410)


@bp.post("/apply")
@public
def apply() -> ResponseReturnValue:
    """Ask for a free tier."""
    form = request.form
    edition = form.get("edition", "") if form.get("agree") == "yes" else ""
    try:
        with transaction():
            waits = prospects.apply(_grant(), form.get("tier", "")[:40], form.get("words", ""), edition, today(), moment=now()) is not None
    except DeadLink as refusal:
        return _dead(refusal, 410)
    except Refusal as refusal:
        return _page(_(refusal.message, **refusal.values)), 422 if isinstance(refusal, NotFound) else refusal.status
    flash(_("Your application is with the club: look here again, or ask the firm.") if waits else _("You are a member."), "success")
    return redirect(url_for("club_prospects.show"), 303)


@bp.post("/give-up")
@public
def give_up() -> ResponseReturnValue:
    """Leave the club."""
    try:
        with transaction():
            prospects.give_up(_grant(), today(), moment=now())
    except DeadLink as refusal:
        return _dead(refusal, 410)
    except Refusal as refusal:
        return _page(_(refusal.message, **refusal.values)), refusal.status
    flash(_("Your membership is over. You may ask again at any time."), "success")
    return redirect(url_for("club_prospects.show"), 303)


@bp.post("/leave")
@public
def leave() -> ResponseReturnValue:
    """Leave this browser: nobody who sits down here after him sees the page."""
    with transaction():
        prospects.leave(_grant(), now())
    session.pop(GRANT, None)
    return render_template("club/prospect_left.html")


def _page(fault: str = "") -> str:
    """His page. Raises DeadLink."""
    day = today()
    found = of_member(prospects.member_of(_grant(), now())[1], day)
    return render_template(
        "club/prospect.html",
        own=found,
        state=state_on(found.now, day).value if found.now is not None else "",
        tiers=prospects.free_tiers(),
        shelf=shelf(),
        qr=drawn(CARD + found.member.code),
        code=club_words.code_text(found.member.code),
        edition=prospects.EDITION,
        typed=request.form,
        words=club_member_words,
        fault=fault,
    )


def _grant() -> str:
    return str(session.get(GRANT, ""))[:100]


def _dead(refusal: Refusal, status: int) -> ResponseReturnValue:
    return render_template("club/prospect_dead.html", said=_(refusal.message)), status
