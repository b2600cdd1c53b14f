"""All events with what they did: invited, held out, came, came again, cost, and what may be told of their effect."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from models.club import ClubEvent, ClubSession, EventState
from models.club_invites import EventEffect
from models.club_waves import ClubWave
from portal import clock, local_day
from portal.club import costs, turnout
from portal.pages import club_invite_words, club_matched_words, club_words
from portal.permissions import Can
from portal.risk import effects
from portal.risk.comparing import FEWEST, cost_per
from portal.web.exports import amount
from portal.web.guard import requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns, day_filter

bp = Blueprint("club_effects", __name__, url_prefix="/club")

_first = select(ClubSession.event_id, func.min(ClubSession.starts_at).label("starts_at")).group_by(ClubSession.event_id).subquery()
_lists, _cost, _again = turnout.lists().subquery(), costs.totals().subquery(), turnout.again().subquery()
_last = select(EventEffect.event_id, func.max(EventEffect.id).label("last")).group_by(EventEffect.event_id).subquery()
_invited, _held, _spent, _repeats = (func.coalesce(column, 0) for column in (_lists.c.invited, _lists.c.held, _cost.c.cost, _again.c.again))


def _begin(day: date) -> datetime:
    return datetime.combine(day, time.min, local_day.zone())


COLUMNS = columns(
    Column("title", _l("Event"), sort=True),
    Column("starts", _l("Begins"), sort=True),
    Column("invited", _l("Invited"), number=True, sort=True),
    Column("held", _l("Held out"), number=True, sort=True),
    Column("came", _l("Came to it"), number=True),
    Column("missed", _l("Did not come"), number=True),
    Column("again", _l("Had come before"), number=True, sort=True),
    Column("cost", _l("Cost"), number=True, sort=True, money=True),
    Column("per_head", _l("Cost a head"), number=True),
    Column("per_yuan", _l("Cost of a yuan kept or brought"), number=True),
    Column("effect", _l("Still active: invited less held out")),
)
LISTING = Listing(
    tiebreak=ClubEvent.id,
    sorts={"title": ClubEvent.title, "starts": _first.c.starts_at, "invited": _invited, "held": _held, "again": _repeats, "cost": _spent},
    default="-starts",
    filters=(
        Filter("title", _l("Event"), lambda text: ClubEvent.title.contains(text, autoescape=True)),
        Filter("compared", _l("Held out"), lambda text: _held > 0 if text == "yes" else _held == 0, choices=(("yes", _l("somebody")), ("no", _l("nobody")))),
        day_filter("from", _l("From"), lambda day: _first.c.starts_at >= _begin(day)),
    ),
)


def _events(asked: Asked) -> Any:
    who = turnout.seats(clock.now()).subquery()
    query = select(
        ClubEvent,
        _first.c.starts_at,
        _invited.label("invited"),
        _held.label("held"),
        func.coalesce(who.c.came, 0).label("came"),
        func.coalesce(who.c.missed, 0).label("missed"),
        _repeats.label("again"),
        _spent.label("cost"),
        EventEffect.result,
        select(ClubWave.id).where(ClubWave.event_id == ClubEvent.id).exists().label("waves"),
    )
    query = query.join(_first, _first.c.event_id == ClubEvent.id).outerjoin(who, who.c.event_id == ClubEvent.id)
    for counted in (_lists, _cost, _again, _last):
        query = query.outerjoin(counted, counted.c.event_id == ClubEvent.id)
    return query.outerjoin(EventEffect, EventEffect.id == _last.c.last).where(ClubEvent.state == EventState.PUBLISHED, _first.c.starts_at <= clock.now())


def per_head(row: Any) -> int | None:
    """What an event cost for each who came (fen); None where nobody came or nothing is written down."""
    return int(row.cost) // int(row.came) if row.cost and row.came else None


def per_yuan(row: Any) -> str:
    """What a yuan that inviting kept or brought has cost (yuan), by the longest window; empty where it cannot be told."""
    windows = sorted((row.result or {}).get("windows", {}).items(), key=lambda one: int(one[0]))
    found = cost_per(int(row.cost), effects.gained(windows[-1][1])) if windows and row.cost else None
    return f"{found[2]:.2f}" if found is not None and found[2] is not None else ""


def effect_text(row: Any) -> str:
    """What may be told of an event by its longest window."""
    windows = sorted((row.result or {}).get("windows", {}).items(), key=lambda one: int(one[0]))
    if "matched" in (row.result or {}):
        return club_matched_words.short(row.result["matched"])
    if row.waves:
        return str(_("invited in waves: read on the plan’s page"))
    if not windows:
        return str(_("not read yet") if row.held else _("nobody was held out"))
    days, found = windows[-1][0], windows[-1][1]["active"]
    said = _("after %(days)s days", days=days)
    if not found["tells"]:
        return f"{said}{_(': ')}{club_invite_words.verdict(found, FEWEST)[0]}"
    return f"{said}{_(': ')}{club_invite_words.value_text('active', found['value'], sign=True)} ({club_invite_words.interval_text('active', found)})"


LIST = declare(
    ListPage(
        "club_effects.index",
        _l("What events did"),
        LISTING,
        COLUMNS,
        source=_events,
        fields=(
            Field("title", _l("Event"), lambda row: row[0].title),
            Field("starts", _l("Begins"), lambda row: row.starts_at),
            Field("invited", _l("Invited"), lambda row: int(row.invited)),
            Field("held", _l("Held out"), lambda row: int(row.held)),
            Field("came", _l("Came to it"), lambda row: int(row.came)),
            Field("missed", _l("Did not come"), lambda row: int(row.missed)),
            Field("again", _l("Had come before"), lambda row: int(row.again)),
            Field("cost", _l("Cost"), lambda row: amount(int(row.cost))),
            Field("per_head", _l("Cost a head"), lambda row: amount(per_head(row))),
            Field("per_yuan", _l("Cost of a yuan kept or brought"), per_yuan),
            Field("effect", _l("Still active: invited less held out"), effect_text),
        ),
        sums={"cost": _spent},
        file_name="what-events-did",
    )
)


@bp.get("/effects")
@requires(Can.CLUB_SEE)
def index() -> ResponseReturnValue:
    """Events that have begun, the newest first."""
    return show_list(LIST, "club/effects.html", words=club_words, per_head=per_head, per_yuan=per_yuan, effect_text=effect_text)
