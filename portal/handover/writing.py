"""What a decided handover writes: the dated servicing, the tasks that move along, the first calls, a word to each successor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select, update

from models import db
from models.clients import Servicing, ServicingRole
from models.columns import OPEN_END
from models.departures import Departure
from models.handovers import Handover, HandoverClient
from models.identity import User, UserState
from models.partners import Staff
from portal.actors import Actor
from portal.audit import log
from portal.audit.recordings import open_recording
from portal.care import questions, service_plans, tasks
from portal.disputes.queries import due_from
from portal.notices.kinds import N_, register
from portal.notices.verbs import tell_each
from portal.versions import Difference, current, write

FIRST_CALL = "handover.first_call"
"""The kind of the task that a handover sets."""
CALL_WITHIN = 2
"""Trading days within which who got a client calls him."""
TOLD = "handover.given"
register(TOLD, N_("%(count)s clients were handed over to you (%(number)s): the first calls are due on %(due)s."), "clients", label=N_("Clients are handed over to you"))


class Decided(NamedTuple):
    """An account and who of the staff gets it."""

    account_id: int
    staff_id: int


def first_call_due(counts_from: date, today: date) -> date:
    """The day by which a first call is due: the second trading day from the handover on."""
    return due_from(max(counts_from, today) - timedelta(days=1), CALL_WITHIN)


def hand_over(handover: Handover, decided: Sequence[Decided], *, actor: Actor, moment: datetime, today: date) -> None:
    """Write a decision in the open transaction: nothing is lost, and doing it for the same accounts again changes nothing."""
    departure = db.session.get_one(Departure, handover.departure_id)
    recording = open_recording(actor, moment, "handover", handover.number)
    write(_servicing(handover, decided, departure.staff_id), recording.id, replace=True)
    db.session.execute(
        update(HandoverClient),
        [{"handover_id": handover.id, "account_id": one.account_id, "decided_id": one.staff_id, "decided_at": moment, "decided_by_id": actor.user_id} for one in decided],
    )
    if departure.staff_id is not None:
        to = {one.account_id: one.staff_id for one in decided}
        tasks.hand_on(departure.staff_id, to, actor, moment)
        questions.hand_on(departure.staff_id, to, actor, moment)
        service_plans.hand_on(departure.staff_id, to)
    due = first_call_due(handover.counts_from, today)
    _set_first_calls(handover, decided, due, actor, moment)
    log.write(actor, moment, "handover.decided", "handover", handover.number, after={"accounts": len(decided), "people": len({one.staff_id for one in decided}), "due": str(due)})
    _tell(handover, decided, due, actor, moment)


def _servicing(handover: Handover, decided: Sequence[Decided], leaver: int | None) -> Difference:
    """The rows of servicing: the leaver's end where they still run, the successor's begin where he does not look after the account already."""
    day = handover.counts_from
    row = current(Servicing, None, Servicing.account_id.in_([one.account_id for one in decided])).subquery()
    running = (row.c.role == ServicingRole.SERVICER.value) & (row.c.valid_to > day)
    found, held = Difference(Servicing), set()
    for one in db.session.execute(select(row.c.account_id, row.c.staff_id, row.c.role, row.c.valid_from, row.c.valid_to).where(running)).mappings():
        if one["staff_id"] == leaver and one["valid_from"] < day:
            found.changed.append({**one, "valid_to": day})
        elif one["staff_id"] == leaver:
            found.vanished.append(dict(one))
        elif one["valid_from"] <= day:
            held.add((one["account_id"], one["staff_id"]))
    found.new += [
        {"account_id": one.account_id, "staff_id": one.staff_id, "role": ServicingRole.SERVICER.value, "valid_from": day, "valid_to": OPEN_END}
        for one in decided
        if one not in held
    ]
    return found


def _set_first_calls(handover: Handover, decided: Sequence[Decided], due: date, actor: Actor, moment: datetime) -> None:
    tasks.set_many([tasks.Wanted(f"handover:{handover.id}:{one.account_id}", FIRST_CALL, one.account_id, one.staff_id, due) for one in decided], actor, moment)


def _tell(handover: Handover, decided: Sequence[Decided], due: date, actor: Actor, moment: datetime) -> None:
    counts = Counter(one.staff_id for one in decided)
    people = select(User.id, Staff.id).join(Staff, Staff.staff_no == User.staff_no).where(Staff.id.in_(counts), User.state == UserState.ACTIVE.value)
    rows: list[tuple[int, str, Mapping[str, str | int]]] = [
        (user, f"/handovers/{handover.id}", {"count": counts[staff], "number": handover.number, "due": str(due)}) for user, staff in db.session.execute(people).all()
    ]
    tell_each(rows, TOLD, actor=actor, moment=moment)
