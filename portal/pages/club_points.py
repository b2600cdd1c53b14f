"""A member's own points: what he has and when it expires, why, and what he can have for it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from models import db
from models.club_points import PointEntry, PointLot, PointRedemption, PointReward
from portal import clock
from portal.actors import Actor
from portal.club import point_lots, point_rules, points, rewards
from portal.club.booking import person_of
from portal.pages import club_points_words as say
from portal.pages.club_points_words import REDEMPTIONS, WHATS
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("club_points", __name__, url_prefix="/club/points")

COLUMNS = columns(
    Column("at", _l("When"), sort=True),
    Column("what", _l("What")),
    Column("why", _l("For what")),
    Column("points", _l("Club points"), number=True, sort=True),
    Column("expires", _l("Expires")),
)
LISTING = Listing(
    tiebreak=PointEntry.id,
    sorts={"at": PointEntry.at, "points": PointEntry.points},
    default="-at",
    filters=(Filter("what", _l("What"), lambda text: PointEntry.what == text, choices=tuple((name, label) for name, (label, _tone) in WHATS.items())),),
)


def entries_of(person: str) -> Any:
    """The entries of somebody, each with its lot."""
    return select(PointEntry, PointLot).join(PointLot, PointLot.id == PointEntry.lot_id).where(PointEntry.person == person)


def why_of(row: Any) -> str:
    """What an entry is about."""
    return str(row[0].reason or row[1].title or "–")


FIELDS = (
    Field("at", _l("When"), lambda row: row[0].at),
    Field("what", _l("What"), lambda row: str(WHATS[row[0].what][0])),
    Field("why", _l("For what"), why_of),
    Field("rule", _l("Rule"), lambda row: row[1].rule_code),
    Field("points", _l("Club points"), lambda row: row[0].points),
    Field("active", _l("Counts from"), lambda row: row[1].active_from),
    Field("expires", _l("Expires"), lambda row: row[1].expires_at),
)
LIST = declare(
    ListPage(
        "club_points.index",
        _l("My points"),
        LISTING,
        COLUMNS,
        source=lambda asked: entries_of(_person(asked)),
        fields=FIELDS,
        sums={"points": PointEntry.points},
        file_name="points",
    )
)


def _person(asked: Asked) -> str:
    return person_of(asked.actor)


@bp.get("")
@requires(Can.CLUB_BOOK)
def index() -> ResponseReturnValue:
    """What one has, what can be had for it, and everything that happened."""
    actor, moment = current_actor(), clock.now()
    person = person_of(actor)
    mine = select(PointRedemption, PointReward).join(PointReward, PointReward.id == PointRedemption.reward_id).where(PointRedemption.person == person)
    return show_list(
        LIST,
        "club/points.html",
        **standing(person),
        rewards=rewards.offered(moment),
        redemptions=db.session.execute(mine.order_by(PointRedemption.id.desc()).limit(20)).all(),
        states=REDEMPTIONS,
        whats=WHATS,
        why_of=why_of,
        say=say,
        rules=point_rules.rules(),
    )


def standing(person: str) -> dict[str, Any]:
    """What somebody has at this moment: to spend, waiting, kept back, owed; and the lots that are left, in the order in which they are spent."""
    moment = clock.now()
    lots = points.lots_of([person])[person]
    left = [lot for lot in point_lots.in_order(lots) if lot.left < 0 or (lot.left > 0 and lot.expires_at > moment)]
    query = select(PointLot.id, PointLot.title, PointLot.rule_code).where(PointLot.id.in_([lot.id for lot in left]))
    return {
        "have": point_lots.available(lots, moment),
        "pending": point_lots.pending(lots, moment),
        "frozen": point_lots.frozen(lots, moment),
        "debt": point_lots.debt(lots),
        "lots": left,
        "titles": {row.id: row for row in db.session.execute(query)},
        "now": moment,
        "by_code": say.rules_by_code(point_rules.rules()),
    }


@bp.get("/rewards/<int:reward_id>")
@requires(Can.CLUB_BOOK)
def look(reward_id: int) -> ResponseReturnValue:
    """What a reward costs, and what is left then."""
    return _look(reward_id, current_actor())


def _look(reward_id: int, actor: Actor, fault: str = "", status: int = 200) -> ResponseReturnValue:
    found = next((pair for pair in rewards.offered(clock.now()) if pair[0].id == reward_id), None)
    if found is None and not fault:
        raise NotFound("there is no such reward")
    have = standing(person_of(actor))["have"]
    return render_template("club/reward.html", reward=found[0] if found else None, left=found[1] if found else None, have=have, fault=fault, say=say), status


@bp.post("/rewards/<int:reward_id>")
@requires(Can.CLUB_BOOK)
def redeem(reward_id: int) -> ResponseReturnValue:
    """Give points for a reward."""
    shown = request.form.get("cost", "")
    cost = int(shown) if shown.isascii() and shown.isdigit() and len(shown) < 10 else 0
    try:
        with transaction():
            rewards.redeem(reward_id, cost, actor=current_actor(), moment=clock.now())
    except NotFound:
        raise
    except Refusal as refusal:
        return _look(reward_id, current_actor(), _(refusal.message, **refusal.values), refusal.status)
    flash(_("Redeemed. Ask for it at the next event."), "success")
    return redirect(url_for("club_points.index"), 303)
