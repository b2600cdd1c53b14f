"""A scoring for lists and pages, on the firm in tests/rooms/pages/firm.py: its two accounts, one likely to leave."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from models import db
from models.clients import Account
from models.risk import RiskBacktest, RiskModel, RiskRun, RiskScore
from portal import clock
from portal.transaction import transaction
from tests.rooms.pages.firm import ACCOUNTS, DAY


def scored() -> None:
    """Two scores of the settled day: 30 % of 1,000,000.00 and 1 % of 50,000.00."""
    with transaction():
        model = RiskModel(version="priors-2", method="priors", made_at=clock.now(), seen=0, weights={})
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


def graded() -> None:
    """A backtest as it is kept: 900 client-months of which 61 left, two tenths of them, one channel, one month end."""
    grades = {"auc": 0.634, "brier": 0.069, "slope": 0.76, "lift": None}
    result = {"named": {"model": grades, "naive": grades, "base": grades}, "clients": 900, "left": 61, "untold": 2, "bins": [[10_000, 5_000, 450], [90_000, 130_000, 450]]}
    result |= {"days": [["2025-08-29", "priors-2", 900, 61, 0.634]], "held": [4, 7], "agreed": [1, 2], "survival": [["broker", 30, 4, [1_000_000, 900_000]]]}
    with transaction():
        day = date.fromisoformat(DAY)
        db.session.add(RiskBacktest(from_day=day, to_day=day, until_day=day, made_at=clock.now(), result=result))
