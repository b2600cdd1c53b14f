"""A scoring for lists and pages, on the firm in tests/rooms/pages/firm.py: its two accounts, one likely to leave."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from models import db
from models.clients import Account
from models.risk import RiskModel, RiskRun, RiskScore
from portal import clock
from portal.transaction import transaction
from tests.rooms.pages.firm import ACCOUNTS, DAY


def scored() -> None:
    """Two scores of the settled day: 30 % of 1,000,000.00 and 1 % of 50,000.00."""
    with transaction():
        model = RiskModel(version="priors-1", method="priors", made_at=clock.now(), seen=0, weights={})
        db.session.add(model)
        db.session.flush()
        run = RiskRun(on_day=date.fromisoformat(DAY), model_id=model.id, made_at=clock.now(), accounts=2)
        db.session.add(run)
        db.session.flush()
        keys = dict(db.session.execute(select(Account.account_no, Account.id)).all())
        drivers = [["silence", 10, 0], ["departure", 900, 1000], ["contact", 300, 1200], ["size", -200, 5], ["rest", 40, 0]]
        for number, chance, equity in ((ACCOUNTS["own"], 300_000, 100_000_000), (ACCOUNTS["foreign"], 10_000, 5_000_000)):
            more = {"cause": "taken_by_broker", "drivers": drivers, "equity": equity, "contacted": chance // 2}
            db.session.add(RiskScore(run_id=run.id, account_id=keys[number], probability=chance, follow=chance, expected_loss=equity * chance // 1_000_000, **more))
