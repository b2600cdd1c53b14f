"""The desk's members: who has which tier since when and why, what they have used, and what the desk gives or writes down."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Date, bindparam, case, func, literal, select

from models.club_membership import Cause, ClubMember, ClubTier
from portal import clock
from portal.club import applications, benefits, members
from portal.club.membership import State, state_on
from portal.club.own_membership import of_member, shelf
from portal.local_day import today
from portal.pages import club_member_words, club_words
from portal.pages.club_member_words import CAUSES, STATES
from portal.pages.club_membership import CARD
from portal.pages.club_words import PAYMENT_STATES
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("club_members", __name__, url_prefix="/club/members")

_day = bindparam("today", callable_=today, type_=Date)
_now = members.standing_on(_day).subquery()
_state = case((_now.c.valid_to > _day, State.ACTIVE.value), (_now.c.valid_to.is_not(None), State.GRACE.value), else_="")
NONE = "none"
SHOWN = {State.ACTIVE.value: STATES[State.ACTIVE.value], State.GRACE.value: STATES[State.GRACE.value], "": (_l("No tier"), "neutral")}


def card_code(text: str) -> str:
    """A card's code as it is kept, from what was scanned or typed. Raises ValueError where it is none."""
    code = text.strip().upper().removeprefix(CARD).replace("-", "").replace(" ", "")
    if not 0 < len(code) <= 16:
        raise ValueError(text)
    return code


COLUMNS = columns(
    Column("name", _l("Name"), sort=True),
    Column("client", _l("Client"), sort=True),
    Column("tier", _l("Tier"), sort=True),
    Column("state", _l("State")),
    Column("cause", _l("Why")),
    Column("until", _l("Last day"), sort=True),
)
LISTING = Listing(
    tiebreak=ClubMember.id,
    sorts={"name": ClubMember.name, "client": ClubMember.client_no, "tier": func.coalesce(ClubTier.rank, -1), "until": func.coalesce(_now.c.valid_to, literal(date.min, Date))},
    default="-tier",
    filters=(
        Filter("code", _l("Card"), lambda code: ClubMember.code == code, read=card_code),
        Filter("name", _l("Name"), lambda text: ClubMember.name.contains(text, autoescape=True), personal=True),
        Filter("client", _l("Client"), lambda text: ClubMember.client_no == text),
        Filter("tier", _l("Tier"), lambda text: (ClubTier.key == text) | (ClubTier.name == text) | (ClubTier.name_en == text)),
        Filter(
            "state",
            _l("State"),
            lambda text: _state == ("" if text == NONE else text),
            choices=((State.ACTIVE.value, STATES[State.ACTIVE.value][0]), (State.GRACE.value, STATES[State.GRACE.value][0]), (NONE, _l("No tier"))),
        ),
        Filter("cause", _l("Why"), lambda text: _now.c.cause == text, choices=tuple(CAUSES.items())),
    ),
)


def _listed(asked: Asked) -> Any:
    query = select(ClubMember, ClubTier, _state.label("state"), _now.c.cause, _now.c.valid_to)
    return query.outerjoin(_now, _now.c.member_id == ClubMember.id).outerjoin(ClubTier, ClubTier.id == _now.c.tier_id)


LIST = declare(
    ListPage(
        "club_members.index",
        _l("Members"),
        LISTING,
        COLUMNS,
        source=_listed,
        fields=(
            Field("name", _l("Name"), lambda row: row[0].name),
            Field("client", _l("Client"), lambda row: row[0].client_no),
            Field("tier", _l("Tier"), lambda row: club_member_words.name(row[1]) if row[1] else ""),
            Field("state", _l("State"), lambda row: str(SHOWN[row.state][0])),
            Field("cause", _l("Why"), lambda row: str(CAUSES[row.cause]) if row.cause else ""),
            Field("until", _l("Last day"), lambda row: club_member_words.last_day(row.valid_to) if row.valid_to else ""),
            Field("since", _l("Known since"), lambda row: row[0].created_at),
        ),
    )
)


@bp.get("")
@requires(Can.CLUB_SEE)
def index() -> ResponseReturnValue:
    """All members; those with the highest tier first."""
    waiting = applications.waiting_count() if current_actor().may(Can.CLUB_MEMBERS) else 0
    shown: dict[str, Any] = {"states": SHOWN, "causes": CAUSES, "words": club_member_words, "may_keep": current_actor().may(Can.CLUB_MEMBERS), "waiting": waiting}
    return show_list(LIST, "club/members.html", **shown)


@bp.get("/<member_id>")
@requires(Can.CLUB_SEE)
def show(member_id: str) -> ResponseReturnValue:
    """One member."""
    return page(member_id)


def page(member_id: str, *, fault: str = "", status: int = 200) -> ResponseReturnValue:
    """A member's page, with what cannot be done on top."""
    member, day, actor = members.by_public_id(member_id), today(), current_actor()
    found = of_member(member, day)
    states = {span.id: state_on(span, day).value for span in members.spans(member.id)}
    return (
        render_template(
            "club/member.html",
            own=found,
            shelf=shelf(),
            states=states,
            uses=benefits.uses_of(member),
            code=club_words.code_text(member.code),
            day=day,
            may_keep=actor.may(Can.CLUB_MEMBERS),
            may_use=actor.may(Can.CLUB_DOOR),
            by_hand=(Cause.GRANTED.value, Cause.APPLIED.value),
            payment_states=PAYMENT_STATES,
            words=club_member_words,
            fault=fault,
        ),
        status,
    )


@bp.post("/<member_id>/use")
@requires(Can.CLUB_SEE, Can.CLUB_DOOR)
def use(member_id: str) -> ResponseReturnValue:
    """Write down that a benefit is used, or take that back."""
    number, actor = members.by_public_id(member_id).id, current_actor()
    back = request.form.get("taken", "")
    try:
        with transaction():
            if back:
                benefits.take_back(number, int(back) if back.isascii() and back.isdigit() and len(back) < 18 else 0, actor=actor, moment=clock.now())
            else:
                benefits.use(number, request.form.get("benefit", ""), today(), actor=actor, moment=clock.now())
    except Refusal as refusal:
        return page(member_id, fault=_(refusal.message, **refusal.values), status=refusal.status)
    flash(_("Taken back.") if back else _("Written down."), "success")
    return redirect(url_for("club_members.show", member_id=member_id), 303)


@bp.post("/<member_id>/end")
@requires(Can.CLUB_SEE, Can.CLUB_MEMBERS)
def end(member_id: str) -> ResponseReturnValue:
    """End what was given by hand or asked for, today, with a reason."""
    number, actor = members.by_public_id(member_id).id, current_actor()
    span = request.form.get("membership", "")
    try:
        with transaction():
            wanted = int(span) if span.isascii() and span.isdigit() and len(span) < 18 else 0
            applications.take_away(number, wanted, today(), request.form.get("reason", ""), actor=actor, moment=clock.now())
    except Refusal as refusal:
        return page(member_id, fault=_(refusal.message, **refusal.values), status=refusal.status)
    flash(_("Ended."), "success")
    return redirect(url_for("club_members.show", member_id=member_id), 303)
