"""What became of the clients who were handed over, and the forecast held beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import case, func, select

from models import db
from models.care import CareTask, TaskOutcome, TaskState
from models.clients import Account
from models.departures import Departure
from models.handovers import ClientOutcome, Handover, HandoverBroker, HandoverClient, HandoverState
from models.partners import Staff
from models.settlement import Balance
from portal.actors import Actor
from portal.audit import log
from portal.care import tasks
from portal.clients.balances import held
from portal.commission.queries import last_settled_day
from portal.departures.figures import settled_up_to
from portal.handover.policy import visible_to
from portal.handover.verbs import client_of, handover_for
from portal.local_day import day_of
from portal.permissions import Can
from portal.refusals import Conflict, Refusal

LONGEST = 1000


def record(handover_id: int, account_no: str, outcome: ClientOutcome, reason: str, *, actor: Actor, moment: datetime) -> HandoverClient:
    """Say what became of a client; it may be corrected until the handover is closed. His newest equity by then is kept with it.

    Raises NotFound, Conflict before he was handed over or once it is closed, Refusal where somebody left without a reason."""
    actor.need(Can.HANDOVER_WORK)
    handover = handover_for(actor, handover_id, Can.HANDOVER_WORK, lock=True)
    row = client_of(actor, handover.id, account_no, Can.HANDOVER_WORK)
    if handover.state != HandoverState.OPEN:
        raise Conflict("%(number)s is closed", number=handover.number)
    if row.decided_id is None:
        raise Conflict("%(number)s was not handed over yet: decide who gets him first", number=account_no)
    words = reason.strip()
    if outcome is not ClientOutcome.KEPT and len(words) < 4:
        raise Refusal("say in a few words why he left, or left in part: at least four characters")
    if len(words) > LONGEST:
        raise Refusal("this is too long: %(length)s characters, at most %(most)s", length=len(words), most=LONGEST)
    before = row.outcome
    row.outcome, row.outcome_reason, row.outcome_at, row.outcome_by_id = outcome, words, moment, actor.user_id
    row.outcome_equity = equity_now(row.account_id, day_of(moment))
    _finish_call(handover.id, row.account_id, outcome, moment, actor)
    log.write(
        actor, moment, "handover.outcome", "handover", handover.number, before={"outcome": before}, after={"account": account_no, "outcome": outcome, "equity": row.outcome_equity}
    )
    return row


def equity_now(account_id: int, until: date | None = None) -> int:
    """The equity of an account on the last settled day (that is not after `until`) in fen; 0 where it has none."""
    day = last_settled_day() if until is None else settled_up_to(until)
    if day is None:
        return 0
    found = db.session.execute(select(Balance.equity).select_from(Account).join(Balance, held(day)).where(Account.id == account_id)).scalar()
    return 0 if found is None else int(found)


def _finish_call(handover_id: int, account_id: int, outcome: ClientOutcome, moment: datetime, actor: Actor) -> None:
    task = db.session.execute(select(CareTask).where(CareTask.business_key == f"handover:{handover_id}:{account_id}")).scalar()
    if task is not None and task.state == TaskState.OPEN:
        tasks.finish(task, TaskOutcome(outcome.value), "", actor, moment)


def close(handover_id: int, *, actor: Actor, moment: datetime) -> Handover:
    """Close a handover in which every outcome stands and every broker has a new manager. Raises NotFound, NotAllowed, Conflict with how many are missing."""
    actor.need(Can.HANDOVER_DECIDE)
    handover = handover_for(actor, handover_id, Can.HANDOVER_DECIDE, lock=True)
    if handover.state != HandoverState.OPEN:
        raise Conflict("%(number)s is closed", number=handover.number)
    missing = db.session.execute(select(func.count()).select_from(HandoverClient).where(HandoverClient.handover_id == handover.id, HandoverClient.outcome == "")).scalar_one()
    if missing:
        raise Conflict("of %(count)s clients nobody has said yet what became of them", count=missing)
    waiting = select(func.count()).select_from(HandoverBroker).where(HandoverBroker.handover_id == handover.id, HandoverBroker.decided_id.is_(None))
    without = db.session.execute(waiting).scalar_one()
    if without:
        raise Conflict("%(count)s brokers have no new manager yet", count=without)
    handover.state, handover.closed_at = HandoverState.CLOSED, moment
    log.write(actor, moment, "handover.closed", "handover", handover.number)
    return handover


@dataclass(frozen=True)
class Result:
    """Outcomes of some clients beside their forecast. Amounts are fen: `equity` at the opening, `forecast` the part expected to go, `lost` what went."""

    name: str
    clients: int
    kept: int
    partly: int
    left: int
    equity: int
    forecast: int
    lost: int
    scored: int
    decided: int

    @property
    def known(self) -> int:
        """How many outcomes stand."""
        return self.kept + self.partly + self.left

    @property
    def save_rate(self) -> int | None:
        """Clients kept, whole or in part, of those whose outcome stands, in hundredths of a per cent; None where there is none."""
        return None if not self.known else (self.kept + self.partly) * 10_000 // self.known


_left = case((HandoverClient.outcome == ClientOutcome.LEFT.value, HandoverClient.equity), else_=0)
_gone = HandoverClient.equity - func.coalesce(HandoverClient.outcome_equity, HandoverClient.equity)
_partly = case(((HandoverClient.outcome == ClientOutcome.PARTLY_KEPT.value) & (_gone > 0), _gone), else_=0)


def _count(outcome: ClientOutcome) -> Any:
    return func.coalesce(func.sum(case((HandoverClient.outcome == outcome.value, 1), else_=0)), 0)


def _sums() -> tuple[Any, ...]:
    # Per account first, in whole fen: the sum of rounded parts, as it stands on each client's page.
    forecast = case((HandoverClient.follow.is_(None), 0), else_=HandoverClient.equity * HandoverClient.follow // 1_000_000)
    return (
        func.count(),
        *(_count(outcome) for outcome in ClientOutcome),
        func.coalesce(func.sum(HandoverClient.equity), 0),
        func.coalesce(func.sum(forecast), 0),
        func.coalesce(func.sum(_left + _partly), 0),
        func.count(HandoverClient.follow),
        func.count(HandoverClient.decided_id),
    )


def of_handover(handover_id: int, actor: Actor) -> Result:
    """What stands of one handover."""
    row = db.session.execute(select(*_sums()).where(HandoverClient.handover_id == handover_id, visible_to(actor))).one()
    return Result("", *map(int, row))


def by_successor(actor: Actor) -> list[Result]:
    """Of everybody who got clients: how many were kept, and the forecast beside it."""
    query = select(Staff.staff_no, *_sums()).select_from(HandoverClient).join(Staff, Staff.id == HandoverClient.decided_id).where(visible_to(actor))
    return [Result(row[0], *map(int, row[1:])) for row in db.session.execute(query.group_by(Staff.staff_no).order_by(Staff.staff_no)).all()]


def by_kind(actor: Actor) -> list[Result]:
    """The same by kind of departure."""
    query = select(Departure.kind, *_sums()).select_from(HandoverClient).join(Handover, Handover.id == HandoverClient.handover_id)
    query = query.join(Departure, Departure.id == Handover.departure_id).where(visible_to(actor), HandoverClient.decided_id.is_not(None))
    return [Result(row[0], *map(int, row[1:])) for row in db.session.execute(query.group_by(Departure.kind).order_by(Departure.kind)).all()]
