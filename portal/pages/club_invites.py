"""Inviting to an event: who is eligible, what a draw would do, and the draw. Nothing is written before the draw, and nobody is told by it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from models import db
from models.club import ClubEvent
from models.partners import Branch, BranchVersion
from models.values.money import parse_yuan
from portal import clock
from portal.clients.segment_keeping import segment_for
from portal.club import events, invites, tiers, waves
from portal.club.invites import Terms
from portal.commission.queries import last_settled_day
from portal.local_day import today
from portal.pages import club_invite_words, club_member_words, club_words, segment_words
from portal.permissions import Can, Scope
from portal.refusals import Conflict, Refusal
from portal.risk import inviting
from portal.risk.comparing import FEWEST
from portal.risk.inviting import CHANCES, CLASSES, MOST_SILENT, Criteria, Found
from portal.transaction import transaction
from portal.versions import current
from portal.web.guard import current_actor, requires

bp = Blueprint("club_invites", __name__, url_prefix="/club/events")


@bp.get("/<event_key>/invitations")
@requires(Can.CLUB_EDIT)
def index(event_key: str) -> ResponseReturnValue:
    """The lists of an event, and the form of another; with what was asked, what a draw would do."""
    event = events.event_for(current_actor(), event_key)
    if not request.args.get("look"):
        return _page(event)
    try:
        asked, terms = asked_of(request.args), _terms(request.args)
        invites.check(terms)
        return _page(event, found=found_by(event, asked), terms=terms)
    except Refusal as refusal:
        return _page(event, fault=_(refusal.message, **refusal.values), status=refusal.status)


def _page(event: ClubEvent, *, found: Found | None = None, terms: Terms | None = None, fault: str = "", status: int = 200) -> ResponseReturnValue:
    promised = invites.promised(event.id)
    owed = sum(1 for one in found.candidates if one.client_no in promised or (terms and terms.contractual)) if found else 0
    told: dict[str, Any] = {}
    if found and terms:
        told = {"owed": owed, "held": invites.held_of(len(found.candidates) - owed, terms.percent), "digest": invites.digest_of(found.candidates), "terms": terms}
    lists = {"lists": invites.of_event(event.id), "plans": waves.plans_of(event.id), "usual": invites.USUAL, "fewest": FEWEST}
    return render_template("club/invites.html", event=event, found=found, fault=fault, **asking(), **told, **lists), status


def asking() -> dict[str, Any]:
    """What the form of who may be invited offers, and what was typed into it."""
    named = {"tiers": {tier.key: club_member_words.name(tier) for tier in tiers.all_tiers()}, "branches": branch_names(), "segments": segment_words.offers()}
    scores = {"may_score": current_actor().may(Can.RISK_SEE), "classes": {key: club_invite_words.CLASSES[key] for key in CLASSES}, "chances": CHANCES}
    typed = {"typed": request.values, "chosen": request.values.getlist("tier"), "settled": last_settled_day()}
    return {**named, **scores, **typed, "say": club_invite_words, "words": club_words}


@bp.post("/<event_key>/invitations")
@requires(Can.CLUB_EDIT)
def draw(event_key: str) -> ResponseReturnValue:
    """Draw the list that the preview showed, and store it."""
    event = events.event_for(current_actor(), event_key)
    try:
        asked, terms = asked_of(request.form), _terms(request.form)
        found = found_by(event, asked)
        if request.form.get("digest", "") != invites.digest_of(found.candidates):
            raise Conflict("other clients fit by now: look at the preview again, nothing was drawn")
        with transaction():
            public_id = invites.draw(event.id, found.candidates, terms, actor=current_actor(), moment=clock.now()).public_id
    except Refusal as refusal:
        return _page(events.event_for(current_actor(), event_key), fault=_(refusal.message, **refusal.values), status=refusal.status)
    flash(_("The list is drawn and stored. Nobody was told anything yet."), "success")
    return redirect(url_for("club_invited.show", list_id=public_id), 303)


def found_by(event: ClubEvent, asked: Criteria) -> Found:
    """Who is eligible now, for the reader."""
    return inviting.eligible(event, asked, settled_day(), actor=current_actor(), moment=clock.now(), today=today())


def settled_day() -> date:
    """The last settled day. Raises Refusal where there is none."""
    day = last_settled_day()
    if day is None:
        raise Refusal("no settled day stands: nobody's equity is known")
    return day


def whole(typed: Mapping[str, str], name: str, most: int) -> int:
    """A whole number; nothing typed is 0. Raises Refusal."""
    text = typed.get(name, "").strip()
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < 7 and int(text) <= most):
        raise Refusal("“%(found)s” is no whole number from 0 to %(most)s", found=text[:40], most=most)
    return int(text)


def asked_of(typed: Any) -> Criteria:
    """What the form asks of clients. Raises Refusal."""
    amount = typed.get("equity", "").strip().replace(",", "")
    try:
        equity = parse_yuan(amount) if amount else 0
    except ValueError as error:
        raise Refusal("an amount is written like 1200.00") from error
    wanted = tuple(tiers.known_keys(key for key in typed.getlist("tier") if key))
    kind = typed.get("class", "")
    if (kind and kind not in CLASSES) or equity < 0:
        raise Refusal("choose from what the form offers")
    asked = Criteria(tiers=wanted, branch=typed.get("branch", "")[:40], equity_from=equity, key=typed.get("key") == "yes", risk_class=kind)
    segment = segment_for(current_actor(), typed["segment"]).conditions if typed.get("segment") else {}
    return Criteria(**{**vars(asked), "segment": segment, "silent_days": whole(typed, "silent", MOST_SILENT), "chance_from": whole(typed, "chance", 100)})


def _terms(typed: Any) -> Terms:
    """How the list is to be drawn. Raises Refusal."""
    asked = asked_of(typed)
    share = {"percent": whole(typed, "percent", 100), "why_none": typed.get("why", ""), "contractual": typed.get("owed") == "yes"}
    return Terms(**share, criteria=asked.plain(), by_score=asked.by_score, settled_on=settled_day())


def branch_names() -> dict[str, str]:
    """The branches whose clients the reader may see, by number."""
    actor = current_actor()
    version = current(BranchVersion).subquery()
    query = select(Branch.branch_no, version.c.name).join(version, version.c.branch_id == Branch.id).order_by(Branch.branch_no)
    if actor.scope(Can.ACCOUNT_SEE) is not Scope.ALL:
        query = query.where(Branch.branch_no == (actor.branch_no or ""))
    return {row.branch_no: row.name for row in db.session.execute(query)}
