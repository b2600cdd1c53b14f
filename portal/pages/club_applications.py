"""The desk's inbox of applications, and what it gives by hand: shown before it is done."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from models.club_membership import ClubApplication, ClubMember, ClubTier
from portal import clock
from portal.actors import Actor
from portal.club import applications, members, persons, tiers
from portal.club.members import Person
from portal.club.membership import tier_on
from portal.club.own_membership import shelf
from portal.local_day import today
from portal.pages import club_member_words
from portal.pages.club_member_words import APPLICATION_STATES
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns, read_day

bp = Blueprint("club_applications", __name__, url_prefix="/club/members")

COLUMNS = columns(
    Column("applied", _l("Asked"), sort=True),
    Column("name", _l("Name"), sort=True),
    Column("tier", _l("Tier")),
    Column("words", _l("Says")),
    Column("state", _l("State")),
)
LISTING = Listing(
    tiebreak=ClubApplication.id,
    sorts={"applied": ClubApplication.applied_at, "name": ClubMember.name},
    default="-applied",
    filters=(
        Filter("state", _l("State"), lambda text: ClubApplication.state == text, choices=tuple((name, label) for name, (label, _tone) in APPLICATION_STATES.items())),
        Filter("client", _l("Client"), lambda text: ClubMember.client_no == text),
    ),
)


def _listed(asked: Asked) -> Any:
    query = select(ClubApplication, ClubMember, ClubTier).join(ClubMember, ClubMember.id == ClubApplication.member_id)
    return query.join(ClubTier, ClubTier.id == ClubApplication.tier_id)


LIST = declare(
    ListPage(
        "club_applications.index",
        _l("Applications to the club"),
        LISTING,
        COLUMNS,
        source=_listed,
        fields=(
            Field("applied", _l("Asked"), lambda row: row[0].applied_at),
            Field("name", _l("Name"), lambda row: row[1].name),
            Field("client", _l("Client"), lambda row: row[1].client_no),
            Field("tier", _l("Tier"), lambda row: club_member_words.name(row[2])),
            Field("words", _l("Says"), lambda row: row[0].words),
            Field("state", _l("State"), lambda row: str(APPLICATION_STATES[row[0].state][0])),
            Field("reason", _l("Reason"), lambda row: row[0].reason),
        ),
    )
)


@bp.get("/applications")
@requires(Can.CLUB_MEMBERS)
def index() -> ResponseReturnValue:
    """All applications, the newest first."""
    return show_list(LIST, "club/applications.html", states=APPLICATION_STATES, words=club_member_words, fault="")


@bp.get("/applications/<application_id>")
@requires(Can.CLUB_MEMBERS)
def show(application_id: str) -> ResponseReturnValue:
    """One application, and what deciding it does."""
    return _page(application_id)


def _page(application_id: str, fault: str = "", status: int = 200) -> ResponseReturnValue:
    row, member, tier = applications.by_public_id(application_id)
    now = tier_on(members.spans(member.id), today())
    shown = {"row": row, "member": member, "tier": tier, "now": now, "shelf": shelf(), "states": APPLICATION_STATES, "words": club_member_words}
    return render_template("club/application.html", **shown, fault=fault), status


@bp.post("/applications/<application_id>")
@requires(Can.CLUB_MEMBERS)
def decide(application_id: str) -> ResponseReturnValue:
    """Approve or refuse."""
    applications.by_public_id(application_id)
    try:
        with transaction():
            approve = request.form.get("wish") == "approve"
            applications.decide(application_id, approve, request.form.get("reason", ""), today(), actor=current_actor(), moment=clock.now())
    except Refusal as refusal:
        return _page(application_id, _(refusal.message, **refusal.values), refusal.status)
    flash(_("Approved; the person is told.") if approve else _("Refused; the person is told why."), "success")
    return redirect(url_for("club_applications.index"), 303)


@bp.get("/grant")
@requires(Can.CLUB_MEMBERS)
def ask_for_grant() -> ResponseReturnValue:
    """An empty form; with a client's number in the address it is filled."""
    return _granting(who=request.args.get("who", "")[:80])


def _granting(*, who: str = "", fault: str = "", status: int = 200, look: dict[str, Any] | None = None) -> ResponseReturnValue:
    typed = request.form if request.method == "POST" else {"who": who, "from": today().isoformat(), "until": (today() + timedelta(days=365)).isoformat()}
    return render_template("club/grant.html", typed=typed, tiers=tiers.all_tiers(), look=look, words=club_member_words, fault=fault), status


@bp.post("/grant")
@requires(Can.CLUB_MEMBERS)
def grant() -> ResponseReturnValue:
    """Look at what a grant does; then, from there, do it."""
    actor = current_actor()
    try:
        person, days = _person(actor, request.form.get("who", "").strip()), _days()
        tier = tiers.by_key(request.form.get("tier", ""))
        if request.form.get("step") != "do":
            member = members.of_person(person.key)
            now = tier_on(members.spans(member.id), days[0]) if member is not None else None
            return _granting(look={"person": person, "tier": tier, "days": days, "now": shelf().tiers[now.tier_id] if now is not None else None})
        with transaction():
            applications.grant(person, tier.key, days, request.form.get("reason", ""), actor=actor, moment=clock.now())
    except Refusal as refusal:
        return _granting(fault=_(refusal.message, **refusal.values), status=422 if isinstance(refusal, NotFound) else refusal.status)
    found = members.of_person(person.key)
    flash(_("Given; the person is told."), "success")
    return redirect(url_for("club_members.show", member_id=found.public_id if found is not None else ""), 303)


def _person(actor: Actor, who: str) -> Person:
    """A client by his number, or a prospect by his number as a lead. Raises Refusal."""
    if who.startswith("lead:"):
        return persons.prospect(who.removeprefix("lead:"), actor)
    return persons.client(who)


def _days() -> tuple[date, date]:
    """From when, and the first day on which it does not count any more (the last day was typed). Raises Refusal."""
    try:
        start, last = (read_day(request.form.get(name, "")) for name in ("from", "until"))
        return start, last + timedelta(days=1)
    except (ValueError, OverflowError) as error:
        raise Refusal("a day is written like 2026-03-31") from error
