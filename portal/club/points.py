"""Points: earned, spent, given back, taken back. Each change is entries in a ledger that only grows; whoever changes somebody's lots holds his row."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, insert, or_, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from models import db
from models.club_money import Payment
from models.club_points import PointEntry, PointHolder, PointLot, PointWhat
from portal.actors import Actor
from portal.audit import log
from portal.club import point_lots
from portal.club.point_lots import Lot, Move
from portal.refusals import Conflict
from portal.transaction import on_postgresql

PART = 500


@dataclass(frozen=True)
class Holder:
    """Who has points: as one person (client:… or user:…), with what he is bound to."""

    person: str
    client_no: str
    user_id: int | None


@dataclass(frozen=True)
class Earning:
    """Something that earns points. `source` says what for, so that it earns once; it may be spent from `active_from` until `expires_at`."""

    holder: Holder
    source: str
    points: int
    title: str
    earned_at: datetime
    active_from: datetime
    expires_at: datetime
    rule_code: str = ""
    payment_id: int | None = None


def hold(holders: Iterable[Holder]) -> None:
    """Hold people's points until the open transaction ends; always in the same order. PostgreSQL locks the rows; on SQLite the
    transaction holds the one write lock already."""
    found = {holder.person: holder for holder in holders}
    if not found:
        return
    make = postgresql_insert if on_postgresql() else sqlite_insert
    rows = [{"person": one.person, "client_no": one.client_no, "user_id": one.user_id} for _person, one in sorted(found.items())]
    db.session.execute(make(PointHolder).on_conflict_do_nothing(index_elements=["person"]), rows)
    lock(found)


def lock(people: Iterable[str]) -> list[str]:
    """Hold the rows of people who have points."""
    query = select(PointHolder.person).where(PointHolder.person.in_(list(people))).order_by(PointHolder.person)
    return list(db.session.execute(query.with_for_update()).scalars())


def hold_of_payment(payment_id: int) -> list[str]:
    """Hold the points that a payment earned, before anything is written to the log: rows come before its end."""
    people = set(db.session.execute(select(PointLot.person).where(PointLot.payment_id == payment_id)).scalars())
    return lock(people) if people else []


def lots_of(people: Collection[str]) -> dict[str, list[Lot]]:
    """People's lots with what is left of each, in one statement. A lot whose payment is disputed is frozen."""
    left = select(PointEntry.lot_id, func.sum(PointEntry.points).label("left")).where(PointEntry.person.in_(list(people))).group_by(PointEntry.lot_id).subquery()
    query = select(PointLot.person, PointLot.id, left.c.left, PointLot.active_from, PointLot.expires_at, Payment.disputed_at)
    query = query.join(left, left.c.lot_id == PointLot.id).outerjoin(Payment, Payment.id == PointLot.payment_id)
    found: dict[str, list[Lot]] = {person: [] for person in people}
    for person, number, points, active_from, expires_at, disputed_at in db.session.execute(query.order_by(PointLot.id)):
        found[person].append(Lot(number, int(points), active_from, expires_at, disputed_at is not None))
    return found


def balance(person: str) -> int:
    """What the ledger says that somebody has: the sum of his entries."""
    return int(db.session.execute(select(func.coalesce(func.sum(PointEntry.points), 0)).where(PointEntry.person == person)).scalar_one())


def earn(earnings: Sequence[Earning], *, actor: Actor, moment: datetime) -> int:
    """Write down what was earned, in a few statements, inside the open transaction. What was written before under the same
    source stays as it was. A debt is paid first. Returns how many were new."""
    if not earnings:
        return 0
    hold(one.holder for one in earnings)
    make = postgresql_insert if on_postgresql() else sqlite_insert
    rows = [_lot(one, moment) for one in earnings]
    db.session.execute(make(PointLot).on_conflict_do_nothing(index_elements=["source"]), rows)
    has_entry = select(PointEntry.id).where(PointEntry.lot_id == PointLot.id).exists()
    query = select(PointLot.id, PointLot.person, PointLot.points, PointLot.title).where(PointLot.source.in_([one.source for one in earnings]), ~has_entry)
    new = db.session.execute(query.order_by(PointLot.id)).all()
    _write([(row.person, row.id, row.points, row.title) for row in new], PointWhat.EARNED, actor=actor, moment=moment)
    _settle({row.person for row in new}, actor, moment)
    if new:
        log.write(actor, moment, "club.points_earned", "club_points", new[0].person, after={"people": len(new), "points": sum(row.points for row in new)})
    return len(new)


def _lot(one: Earning, moment: datetime) -> dict[str, Any]:
    times = {"earned_at": one.earned_at, "active_from": one.active_from, "expires_at": max(one.expires_at, one.active_from + timedelta(seconds=1)), "recorded_at": moment}
    plain = {"person": one.holder.person, "source": one.source[:160], "points": one.points, "rule_code": one.rule_code, "title": one.title[:200]}
    return {**plain, **times, "payment_id": one.payment_id}


def spend(holder: Holder, points: int, what: str, *, actor: Actor, moment: datetime, reason: str, redemption_id: int | None = None) -> None:
    """Take points, what expires first before the rest, inside the open transaction. Raises Conflict where there are not so many."""
    hold([holder])
    _bring_up({holder.person}, actor, moment)
    lots = lots_of([holder.person])[holder.person]
    have = point_lots.available(lots, moment)
    if points > have:
        raise Conflict("that takes %(wanted)s points, and you have %(have)s", wanted=points, have=have)
    moves = point_lots.take(lots, points, moment)
    _write([(holder.person, lot_id, part, reason) for lot_id, part in moves], what, actor=actor, moment=moment, redemption_id=redemption_id)


def give_back(holder: Holder, redemption_id: int, *, actor: Actor, moment: datetime, reason: str) -> None:
    """Give back what a redemption took: to the same lots, which keep their old expiry. Once: what came back already is left out."""
    hold([holder])
    query = select(PointEntry.lot_id, func.sum(PointEntry.points).label("points")).where(PointEntry.redemption_id == redemption_id).group_by(PointEntry.lot_id)
    rows = db.session.execute(query.order_by(PointEntry.lot_id)).all()
    back = [(holder.person, row.lot_id, -int(row.points), reason) for row in rows if row.points < 0]
    _write(back, PointWhat.RESTORED, actor=actor, moment=moment, redemption_id=redemption_id)
    _bring_up({holder.person}, actor, moment)


def reverse_of_payment(payment_id: int, *, actor: Actor, moment: datetime, reason: str) -> int:
    """Take back what a payment earned: it went back to who paid. What was spent of it becomes a debt. Returns how many points."""
    return _turn(payment_id, PointWhat.REVERSED, actor, moment, reason)


def reinstate_of_payment(payment_id: int, *, actor: Actor, moment: datetime, reason: str) -> int:
    """Give again what was taken back with a payment: the money stayed after all. Returns how many points."""
    return _turn(payment_id, PointWhat.REINSTATED, actor, moment, reason)


def _turn(payment_id: int, what: PointWhat, actor: Actor, moment: datetime, reason: str) -> int:
    """Reverse the lots of a payment, or undo that. A reversal takes what the lot gave less what it lost by expiring: nobody owes
    points that he never could use any more."""
    people = hold_of_payment(payment_id)
    if not people:
        return 0
    _bring_up(set(people), actor, moment)
    counted = PointEntry.what.in_([PointWhat.EARNED, PointWhat.EXPIRED, PointWhat.REVERSED, PointWhat.REINSTATED])
    turned = func.coalesce(func.sum(PointEntry.points).filter(PointEntry.what.in_([PointWhat.REVERSED, PointWhat.REINSTATED])), 0)
    query = select(PointLot.person, PointLot.id, func.sum(PointEntry.points).label("net"), turned.label("turned")).join(PointEntry, PointEntry.lot_id == PointLot.id)
    rows = db.session.execute(query.where(PointLot.payment_id == payment_id, counted).group_by(PointLot.person, PointLot.id).order_by(PointLot.id)).all()
    if what is PointWhat.REVERSED:
        moves = [(row.person, row.id, -int(row.net), reason) for row in rows if row.turned == 0 and row.net > 0]
    else:
        moves = [(row.person, row.id, -int(row.turned), reason) for row in rows if row.turned < 0]
    _write(moves, what, actor=actor, moment=moment)
    _bring_up(set(people), actor, moment)
    return sum(points for _person, _lot, points, _reason in moves)


def due_to_expire(moment: datetime, most: int = PART) -> list[str]:
    """People who have points that expired and whom nobody has written that down for. It counts for nothing already: this only tidies."""
    left = select(PointEntry.lot_id).group_by(PointEntry.lot_id).having(func.sum(PointEntry.points) > 0)
    query: Select[str] = select(PointLot.person).where(PointLot.expires_at <= moment, PointLot.id.in_(left)).distinct()
    return list(db.session.execute(query.order_by(PointLot.person).limit(most)).scalars())


def expire(people: Collection[str], *, actor: Actor, moment: datetime) -> int:
    """Write down what has expired, inside the open transaction. Returns how many people lost something."""
    held = set(lock(people))
    return _bring_up(held, actor, moment) if held else 0


def _bring_up(people: set[str], actor: Actor, moment: datetime) -> int:
    """Write what the clock has decided: debts are paid by what is there, then what expired goes. Their rows must be held."""
    _settle(people, actor, moment)
    gone = [(person, lot_id, points, "") for person, lots in lots_of(people).items() for lot_id, points in point_lots.expiring(lots, moment)]
    _write(gone, PointWhat.EXPIRED, actor=actor, moment=moment)
    return len({person for person, *_rest in gone})


def _settle(people: Collection[str], actor: Actor, moment: datetime) -> None:
    found = lots_of(people) if people else {}
    moves = [(person, lot_id, points, "") for person, lots in found.items() for lot_id, points in point_lots.settling(lots, moment)]
    _write(moves, PointWhat.SETTLED, actor=actor, moment=moment)


def _write(moves: Sequence[tuple[str, int, int, str]], what: str, *, actor: Actor, moment: datetime, redemption_id: int | None = None) -> None:
    """Write entries: (person, lot, points, reason) each."""
    if moves:
        shared = {"what": PointWhat(what), "at": moment, "redemption_id": redemption_id, "actor_id": actor.user_id, "actor_label": actor.label[:200]}
        db.session.execute(
            insert(PointEntry), [{**shared, "person": person, "lot_id": lot_id, "points": points, "reason": reason[:200]} for person, lot_id, points, reason in moves]
        )


def earned_in_month(people: Collection[str], rule_code: str, first: datetime, end: datetime) -> Mapping[str, int]:
    """What people earned by a rule in a span of moments: the month of what it is for, not of when it was written down."""
    query = select(PointLot.person, func.sum(PointLot.points)).where(PointLot.person.in_(list(people)), PointLot.rule_code == rule_code)
    return {person: int(points) for person, points in db.session.execute(query.where(PointLot.earned_at >= first, PointLot.earned_at < end).group_by(PointLot.person))}


def known_sources(sources: Collection[str]) -> set[str]:
    """Which of these have earned already."""
    return set(db.session.execute(select(PointLot.source).where(or_(PointLot.source.in_(list(sources))))).scalars())


__all__ = ["Earning", "Holder", "Move", "balance", "earn", "expire", "give_back", "hold", "lots_of", "reinstate_of_payment", "reverse_of_payment", "spend"]
