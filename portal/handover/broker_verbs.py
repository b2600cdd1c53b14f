"""Managers for the brokers of one who goes: proposed by points, changed by a person, decided exactly as looked at, and written into the firm's books
on the day from which the handover counts: a broker's manager is not dated there."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from models import db
from models.departures import Departure, DepartureState
from models.handovers import Handover, HandoverBroker, HandoverState
from models.identity import User, UserState
from models.partners import Broker, BrokerVersion, Staff
from portal.actors import Actor
from portal.audit import log
from portal.audit.recordings import open_recording
from portal.handover import broker_facts as facts
from portal.handover.managers import propose
from portal.handover.policy import brokers_visible_to
from portal.handover.verbs import handover_for
from portal.notices.kinds import N_, register
from portal.notices.verbs import tell_each
from portal.permissions import Can
from portal.refusals import Conflict, NotAllowed, NotFound, Refusal
from portal.versions import Difference, columns_of, current, write

GIVEN = "handover.brokers"
register(GIVEN, N_("From %(day)s on you manage %(count)s more brokers (%(number)s)."), "brokers", label=N_("Brokers are given to you to manage"))


@dataclass(frozen=True)
class Row:
    """A broker of a handover with his number and name, and the numbers of who is proposed and who was decided."""

    row: HandoverBroker
    broker_no: str
    name: str
    proposed: str
    decided: str


def rows_of(handover: Handover, actor: Actor, can: Can = Can.HANDOVER_SEE) -> list[Row]:
    """The brokers of a handover whom an actor sees, the largest first. Two queries."""
    version = current(BrokerVersion).subquery()
    query = select(HandoverBroker, Broker.broker_no, version.c.name).join(Broker, Broker.id == HandoverBroker.broker_id).join(version, version.c.broker_id == Broker.id)
    query = query.where(HandoverBroker.handover_id == handover.id, brokers_visible_to(actor, can)).order_by(HandoverBroker.equity.desc(), Broker.broker_no)
    found = db.session.execute(query).all()
    staff = {key for row, _no, _name in found for key in (row.proposed_id, row.decided_id) if key is not None}
    numbers = dict(db.session.execute(select(Staff.id, Staff.staff_no).where(Staff.id.in_(staff))).all())
    return [Row(row, number, name, numbers.get(row.proposed_id, ""), numbers.get(row.decided_id, "")) for row, number, name in found]


def propose_managers(handover_id: int, *, actor: Actor, moment: datetime, today: date) -> int:
    """Propose a manager for every broker who has none decided. Returns for how many nobody is there. Raises NotFound, NotAllowed, Conflict."""
    handover = _open(handover_id, actor)
    waiting = [one.row for one in rows_of(handover, actor, Can.HANDOVER_DECIDE) if one.row.decided_id is None]
    day = max(today, handover.counts_from)
    found = propose(facts.brokers(waiting, day), facts.people(handover, day))
    for row in waiting:
        one = found.get(row.broker_id)
        row.proposed_id, row.reasons = (None, []) if one is None else (one[0], [list(why) for why in one[1]])
    log.write(actor, moment, "handover.managers_proposed", "handover", handover.number, after={"brokers": len(found)})
    return len(waiting) - len(found)


def choose_manager(handover_id: int, broker_no: str, staff_no: str, *, actor: Actor, moment: datetime, today: date) -> None:
    """Propose somebody else for one broker. Raises NotFound, Conflict where it was decided already, NotAllowed for who may not be given any."""
    handover = _open(handover_id, actor)
    row = next((one.row for one in rows_of(handover, actor, Can.HANDOVER_DECIDE) if one.broker_no == broker_no), None)
    if row is None:
        raise NotFound("there is no broker %(number)s in this handover", number=broker_no[:40])
    if row.decided_id is not None:
        raise Conflict("a manager for %(number)s was decided already", number=broker_no)
    staff_id = db.session.execute(select(Staff.id).where(Staff.staff_no == staff_no.strip())).scalar()
    if staff_id is None:
        raise NotFound("there is no staff member %(number)s", number=staff_no[:40])
    if staff_id not in {one.staff_id for one in facts.people(handover, max(today, handover.counts_from))}:
        raise NotAllowed("staff member %(number)s leaves or has left: nobody can be given to him", number=staff_no)
    row.proposed_id, row.reasons = staff_id, [["chosen", 0]]
    log.write(actor, moment, "handover.manager_chosen", "handover", handover.number, after={"broker": broker_no, "staff": staff_no})


@dataclass(frozen=True)
class Look:
    """What deciding would do: by the number of each new manager how many brokers and how much equity (fen) he gets; how many have no proposal; the digest
    of exactly this."""

    shares: tuple[tuple[str, int, int], ...]
    open: int
    digest: str


def look_at(handover: Handover, actor: Actor) -> Look:
    """What deciding would do now, of what one may decide."""
    waiting = [one for one in rows_of(handover, actor, Can.HANDOVER_DECIDE) if one.row.decided_id is None]
    proposed = [one for one in waiting if one.row.proposed_id is not None]
    numbers = sorted({one.proposed for one in proposed})
    shares = tuple((number, *_sums([one.row for one in proposed if one.proposed == number])) for number in numbers)
    return Look(shares, len(waiting) - len(proposed), _digest([one.row for one in proposed]))


def _sums(rows: Sequence[HandoverBroker]) -> tuple[int, int]:
    return len(rows), sum(row.equity for row in rows)


def decide_managers(handover_id: int, digest: str, *, actor: Actor, moment: datetime, today: date) -> int:
    """Decide every proposal exactly as it was looked at; what counts already is written into the books at once. Returns how many.

    Raises NotFound, NotAllowed, Conflict where a proposal changed since, Refusal where somebody proposed has left by then."""
    handover = _open(handover_id, actor)
    rows = [one.row for one in rows_of(handover, actor, Can.HANDOVER_DECIDE) if one.row.decided_id is None and one.row.proposed_id is not None]
    if not rows or _digest(rows) != digest:
        raise Conflict("the proposals of %(number)s changed since you looked: look again, then decide", number=handover.number)
    there = {one.staff_id for one in facts.people(handover, max(today, handover.counts_from))}
    if any(row.proposed_id not in there for row in rows):
        raise Refusal("somebody who is proposed leaves or has left: propose again")
    for row in rows:
        row.decided_id, row.decided_at, row.decided_by_id = row.proposed_id, moment, actor.user_id
    db.session.flush()
    log.write(actor, moment, "handover.managers_decided", "handover", handover.number, after={"brokers": len(rows), "people": len({row.proposed_id for row in rows})})
    _tell(handover, rows, actor, moment)
    write_due(actor=actor, moment=moment, today=today)
    return len(rows)


def due_rows(today: date) -> list[tuple[HandoverBroker, Handover, int | None]]:
    """What was decided and has to stand in the books by now, each with its handover and who goes."""
    query = select(HandoverBroker, Handover, Departure.staff_id).join(Handover, Handover.id == HandoverBroker.handover_id).join(Departure, Departure.id == Handover.departure_id)
    going = Departure.state != DepartureState.WITHDRAWN.value
    where = (HandoverBroker.decided_id.is_not(None), HandoverBroker.written_at.is_(None), Handover.counts_from <= today, going)
    rows = db.session.execute(query.where(*where).order_by(HandoverBroker.handover_id, HandoverBroker.broker_id)).all()
    return [(row, handover, going_id) for row, handover, going_id in rows]


def write_due(*, actor: Actor, moment: datetime, today: date) -> int:
    """Write the new managers whose day has come into the firm's books. A broker who has another manager than the one who goes by then keeps him.
    Returns how many changed. Verb; once more is the same as once."""
    due = due_rows(today)
    if not due:
        return 0
    recording = open_recording(actor, moment, "handover", ", ".join(sorted({handover.number for _row, handover, _going in due}))[:200])
    names = columns_of(BrokerVersion)
    ids = [row.broker_id for row, _handover, _going in due]
    version = current(BrokerVersion, None, BrokerVersion.broker_id.in_(ids)).subquery()
    held = {row["broker_id"]: row for row in db.session.execute(select(*(version.c[name] for name in names))).mappings()}
    numbers = dict(db.session.execute(select(Broker.id, Broker.broker_no).where(Broker.id.in_(ids))).all())
    found, changed = Difference(BrokerVersion), 0
    for row, handover, going in due:
        before = held.get(row.broker_id)
        if before is not None and before["manager_staff_id"] == going:
            found.changed.append({**before, "manager_staff_id": row.decided_id})
            log.write(
                actor, moment, "handover.manager_written", "broker", numbers[row.broker_id], before={"staff": going}, after={"staff": row.decided_id, "handover": handover.number}
            )
            changed += 1
        row.written_at = moment
    write(found, recording.id)
    db.session.flush()
    return changed


def _tell(handover: Handover, rows: Sequence[HandoverBroker], actor: Actor, moment: datetime) -> None:
    counts = Counter(row.decided_id for row in rows)
    people = select(User.id, Staff.id).join(Staff, Staff.staff_no == User.staff_no).where(Staff.id.in_(counts), User.state == UserState.ACTIVE.value)
    told: list[tuple[int, str, Mapping[str, str | int]]] = [
        (user, f"/handovers/{handover.id}/brokers", {"count": counts[staff], "number": handover.number, "day": str(handover.counts_from)})
        for user, staff in db.session.execute(people).all()
    ]
    tell_each(told, GIVEN, actor=actor, moment=moment)


def _open(handover_id: int, actor: Actor) -> Handover:
    actor.need(Can.HANDOVER_DECIDE)
    handover = handover_for(actor, handover_id, Can.HANDOVER_DECIDE, lock=True)
    if handover.state != HandoverState.OPEN:
        raise Conflict("%(number)s is closed", number=handover.number)
    return handover


def _digest(rows: Sequence[HandoverBroker]) -> str:
    return hashlib.sha256(repr(sorted((row.broker_id, row.proposed_id) for row in rows)).encode()).hexdigest()[:32]
