"""Bank transfers at the door that knows the day: what an approved one sets off, and whether they all add up."""

from __future__ import annotations

from datetime import datetime

from models.audit import Approval
from portal import clock
from portal.actors import TERMINAL, Actor
from portal.audit import approvals
from portal.club import bank_in, bank_sums
from portal.jobs.outbox import ask_where_due
from portal.local_day import day_of
from portal.notices.kinds import N_
from portal.permissions import Can
from portal.transaction import transaction


def compare() -> dict[str, int]:
    """Hold transfers, payments and what goes back against each other; what differs becomes an incident. Returns what was found."""
    with transaction():
        return bank_sums.compare(actor=TERMINAL, moment=clock.now())


def _effect(approval: Approval, approver: Actor, moment: datetime) -> None:
    bank_in.take_in(approval, approver, moment, day_of(moment))
    ask_where_due(moment)


approvals.register(bank_in.INCOMING, Can.CLUB_MONEY, _effect, label=N_("Incoming bank transfer"), amounts=("amount", "asked", "back"), hold=bank_in.hold)
