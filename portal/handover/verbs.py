"""Handing over the clients of one who goes: opened for a departure, proposed by points, decided by a person, then held against what happened."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select, update

from models import db
from models.clients import Account
from models.departures import Departure, DepartureState
from models.handovers import Handover, HandoverBroker, HandoverClient, HandoverState
from models.partners import Staff
from portal.actors import Actor
from portal.audit import log
from portal.bulk import insert_rows
from portal.handover import facts
from portal.handover.broker_facts import managed_by
from portal.handover.policy import brokers_visible_to, visible_to
from portal.handover.successors import Candidate, propose
from portal.handover.writing import Decided, hand_over
from portal.permissions import Can
from portal.refusals import Conflict, NotAllowed, NotFound, Refusal
from portal.versions import table_of


class Exposed(NamedTuple):
    """An account that the departure leaves without somebody: its equity (fen) and its chance to go along (parts per million; None: no score), as it is
    told and as the model alone says it."""

    account_id: int
    equity: int
    follow: int | None
    modelled: int | None = None


def open_handover(departure_id: int, exposed: Iterable[Exposed], counts_from: date, *, actor: Actor, moment: datetime, by: Mapping[str, Any] | None = None) -> Handover:
    """Open the handover of a departure, or find the one there is; `by`: what the chances were made by. Raises NotFound, NotAllowed, Conflict where the departure is not certain."""
    actor.need(Can.HANDOVER_DECIDE)
    departure = db.session.execute(select(Departure).where(Departure.id == departure_id).with_for_update()).scalar()
    if departure is None:
        raise NotFound("there is no such departure")
    held = db.session.execute(select(Handover).where(Handover.departure_id == departure_id)).scalar()
    if held is not None:
        return held
    if departure.state not in (DepartureState.ANNOUNCED, DepartureState.EFFECTIVE):
        raise Conflict("%(number)s is %(state)s: clients are handed over once a departure is announced or effective", number=departure.number, state=departure.state)
    handover = Handover(departure_id=departure_id, state=HandoverState.OPEN, counts_from=counts_from, opened_at=moment, opened_by_id=actor.user_id, forecast_by=by)
    db.session.add(handover)
    db.session.flush()
    rows: list[tuple[Any, ...]] = [(handover.id, one.account_id, one.equity, one.follow, one.modelled, [], "", "") for one in exposed]
    insert_rows(table_of(HandoverClient), ("handover_id", "account_id", "equity", "follow", "model_follow", "reasons", "outcome", "outcome_reason"), rows)
    managed: list[tuple[Any, ...]] = [(handover.id, *one, []) for one in managed_by(departure.staff_id)] if departure.staff_id is not None else []
    insert_rows(table_of(HandoverBroker), ("handover_id", "broker_id", "accounts", "equity", "reasons"), managed)
    after = {"departure": departure.number, "accounts": len(rows), "brokers": len(managed), "counts_from": str(counts_from)}
    log.write(actor, moment, "handover.opened", "handover", handover.number, after=after)
    return handover


def handover_for(actor: Actor, handover_id: int, can: Can = Can.HANDOVER_SEE, *, lock: bool = False) -> Handover:
    """A handover of which somebody sees a client or a broker. Raises NotFound."""
    query = select(Handover).where(Handover.id == handover_id)
    handover = db.session.execute(query.with_for_update() if lock else query).scalar()
    clients = select(HandoverClient.handover_id).where(HandoverClient.handover_id == handover_id, visible_to(actor, can))
    brokers = select(HandoverBroker.handover_id).where(HandoverBroker.handover_id == handover_id, brokers_visible_to(actor, can))
    seen = handover is not None and db.session.execute(clients.union_all(brokers).limit(1)).first()
    if handover is None or not seen:
        raise NotFound("there is no such handover")
    return handover


def propose_again(handover_id: int, *, actor: Actor, moment: datetime, today: date) -> int:
    """Propose a successor for everybody who has none yet. Returns for how many nobody has room. Raises NotFound, NotAllowed, Conflict."""
    handover = _open(handover_id, actor)
    mine = (HandoverClient.handover_id == handover.id, HandoverClient.decided_id.is_(None), visible_to(actor, Can.HANDOVER_DECIDE))
    waiting = db.session.execute(select(HandoverClient.account_id, HandoverClient.equity, HandoverClient.follow).where(*mine)).all()
    stakes = {row.account_id: row.equity * (1_000_000 if row.follow is None else row.follow) // 1_000_000 for row in waiting}
    found = propose(facts.clients(stakes, today), candidates(handover, today))
    db.session.execute(
        update(HandoverClient),
        [
            {"handover_id": handover.id, "account_id": account, "proposed_id": None if one is None else one[0], "reasons": [] if one is None else [list(why) for why in one[1]]}
            for account, one in ((account, found.chosen.get(account)) for account in stakes)
        ],
    )
    log.write(actor, moment, "handover.proposed", "handover", handover.number, after={"accounts": len(found.chosen), "open": len(found.open)})
    return len(found.open)


def choose(handover_id: int, account_no: str, staff_no: str, *, actor: Actor, moment: datetime, today: date) -> None:
    """Propose somebody else for one client. Raises NotFound, NotAllowed, Conflict; Refusal for who may not be given any."""
    handover = _open(handover_id, actor)
    row = client_of(actor, handover.id, account_no, Can.HANDOVER_DECIDE)
    if row.decided_id is not None:
        raise Conflict("%(number)s was handed over already: a transfer changes who looks after him now", number=account_no)
    staff_id = _one_of(candidates(handover, today), staff_no)
    before = row.proposed_id
    row.proposed_id, row.reasons = staff_id, [["chosen", 0]]
    log.write(actor, moment, "handover.chosen", "handover", handover.number, before={"staff": before}, after={"account": account_no, "staff": staff_no})


@dataclass(frozen=True)
class Share:
    """What one successor would get: how many clients, their equity (fen), his room before."""

    staff_no: str
    accounts: int
    equity: int
    room: int


@dataclass(frozen=True)
class Look:
    """What deciding would do: who gets how many, how many stay open, and the digest of exactly this."""

    shares: tuple[Share, ...]
    open: int
    digest: str


def look(handover: Handover, actor: Actor, today: date) -> Look:
    """What deciding would do now, of what one may decide."""
    rows = _proposed(handover, actor)
    room = {one.staff_id: one.room for one in candidates(handover, today)}
    numbers = dict(db.session.execute(select(Staff.id, Staff.staff_no).where(Staff.id.in_({row.proposed_id for row in rows}))).all())
    held: dict[int, list[Any]] = {}
    for row in rows:
        held.setdefault(row.proposed_id, []).append(row)
    shares = tuple(Share(numbers[key], len(some), sum(row.equity for row in some), room.get(key, 0)) for key, some in sorted(held.items(), key=lambda one: numbers[one[0]]))
    undecided = (HandoverClient.handover_id == handover.id, HandoverClient.decided_id.is_(None), HandoverClient.proposed_id.is_(None))
    without = db.session.execute(select(func.count()).select_from(HandoverClient).where(*undecided, visible_to(actor, Can.HANDOVER_DECIDE))).scalar_one()
    return Look(shares, without, _digest(rows))


def decide(handover_id: int, digest: str, *, actor: Actor, moment: datetime, today: date) -> int:
    """Hand over everybody for whom somebody is proposed, exactly as it was looked at. Returns how many.

    Raises NotFound, NotAllowed, Conflict where a proposal changed since, Refusal where somebody would get more than he has room for."""
    handover = _open(handover_id, actor)
    rows = _proposed(handover, actor)
    if not rows or _digest(rows) != digest:
        raise Conflict("the proposals of %(number)s changed since you looked: look again, then decide", number=handover.number)
    room = {one.staff_id: one.room for one in candidates(handover, today)}
    counts: dict[int, int] = {}
    for row in rows:
        counts[row.proposed_id] = counts.get(row.proposed_id, 0) + 1
    full = sorted(staff for staff, count in counts.items() if count > max(room.get(staff, 0), 0))
    if full:
        number = db.session.execute(select(Staff.staff_no).where(Staff.id == full[0])).scalar_one()
        raise Refusal(
            "staff member %(number)s has room for %(room)s more clients and would get %(count)s: propose again or choose somebody else",
            number=number,
            room=max(room.get(full[0], 0), 0),
            count=counts[full[0]],
        )
    hand_over(handover, [Decided(row.account_id, row.proposed_id) for row in rows], actor=actor, moment=moment, today=today)
    return len(rows)


def client_of(actor: Actor, handover_id: int, account_no: str, can: Can = Can.HANDOVER_SEE) -> HandoverClient:
    """One client of a handover. Raises NotFound where there is none whom the actor may see."""
    query = select(HandoverClient).join(Account, Account.id == HandoverClient.account_id)
    row = db.session.execute(query.where(HandoverClient.handover_id == handover_id, Account.account_no == account_no, visible_to(actor, can))).scalar()
    if row is None:
        raise NotFound("there is no account %(number)s in this handover", number=account_no)
    return row


def _open(handover_id: int, actor: Actor) -> Handover:
    actor.need(Can.HANDOVER_DECIDE)
    handover = handover_for(actor, handover_id, Can.HANDOVER_DECIDE, lock=True)
    if handover.state != HandoverState.OPEN:
        raise Conflict("%(number)s is closed", number=handover.number)
    return handover


def candidates(handover: Handover, today: date) -> list[Candidate]:
    """Who may be given clients: never the person who goes."""
    going = db.session.execute(select(Departure.staff_id).where(Departure.id == handover.departure_id)).scalar()
    return [one for one in facts.candidates(max(today, handover.counts_from)) if one.staff_id != going]


def _one_of(people: Sequence[Candidate], staff_no: str) -> int:
    staff_id = db.session.execute(select(Staff.id).where(Staff.staff_no == staff_no)).scalar()
    if staff_id is None:
        raise NotFound("there is no staff member %(number)s", number=staff_no)
    if staff_id not in {one.staff_id for one in people}:
        raise NotAllowed("staff member %(number)s leaves or looks after no clients: nobody can be given to him", number=staff_no)
    return staff_id


def _proposed(handover: Handover, actor: Actor) -> Sequence[Any]:
    mine = (HandoverClient.handover_id == handover.id, HandoverClient.decided_id.is_(None), HandoverClient.proposed_id.is_not(None), visible_to(actor, Can.HANDOVER_DECIDE))
    query = select(HandoverClient.account_id, HandoverClient.proposed_id, HandoverClient.equity).where(*mine).order_by(HandoverClient.account_id)
    return db.session.execute(query).all()


def _digest(rows: Sequence[Any]) -> str:
    return hashlib.sha256(repr([(row.account_id, row.proposed_id) for row in rows]).encode()).hexdigest()[:32]
