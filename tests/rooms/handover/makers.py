"""Handovers for the permission matrix, on the firm in tests/rooms/pages/firm.py: of a client whom one's own branch has, or another."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select

from models import db
from models.clients import Account
from models.departures import Departure
from models.handovers import Handover, HandoverClient
from models.identity import User
from models.partners import Broker, Staff
from portal import clock
from portal.transaction import transaction
from tests.matrix import Which, maker
from tests.rooms.pages.firm import ACCOUNTS, BROKERS


def made(which: Which) -> int:
    """A closed handover, so that nothing more can be done with it: the broker moved away, S001 got the client (of the other branch: nobody)."""
    with transaction():
        broker = db.session.execute(select(Broker.id).where(Broker.broker_no == BROKERS[which])).scalar_one()
        account = db.session.execute(select(Account.id).where(Account.account_no == ACCOUNTS[which])).scalar_one()
        staff = db.session.execute(select(Staff.id).where(Staff.staff_no == "S001")).scalar_one()
        words = {"cause": "", "destination": "", "evidence": "x"}
        departure = Departure(kind="broker_moves", broker_id=broker, state="settled", effective_on=date(2026, 3, 1), recorded_at=clock.now(), **words)
        db.session.add(departure)
        db.session.flush()
        handover = Handover(departure_id=departure.id, state="closed", counts_from=date(2026, 3, 1), opened_at=clock.now(), closed_at=clock.now())
        db.session.add(handover)
        db.session.flush()
        given: dict[str, Any] = {"decided_id": staff, "decided_at": clock.now()} if which == "own" else {}
        db.session.add(HandoverClient(handover_id=handover.id, account_id=account, equity=1_000_000, reasons=[["branch", 20]], outcome="", outcome_reason="", **given))
        return handover.id


@maker("handover_id")
def handover_id(user: User | None, which: Which) -> str:
    """A handover."""
    return "987654321" if which == "missing" else str(made(which))
