"""Scores of past days in the demonstration firm: what was drawn, and what was forecast, then."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from models import db
from models.risk import RiskRun
from models.settlement import SettlementDay
from portal.actors import Actor
from portal.risk import scoring
from portal.risk.gathering import Progress
from portal.transaction import transaction


def scored_before(day: date, zone: ZoneInfo, progress: Progress, *, actor: Actor, moment: datetime) -> date:
    """Score the clients as of the last settled day before a day, in a transaction of its own, where that was not done yet. Returns the settled day."""
    settled = db.session.execute(select(func.max(SettlementDay.trade_date)).where(SettlementDay.trade_date < day)).scalar_one()
    if db.session.execute(select(RiskRun.id).where(RiskRun.on_day == settled).limit(1)).first() is None:
        version, rows = scoring.scores(settled, zone, progress)
        db.session.rollback()
        with transaction():
            scoring.keep(settled, version, rows, actor=actor, moment=moment)
    return settled
