"""What the commission room asks about knowledge: the first month with facts, and which closed months something learnt since may change."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import aliased

from models import db
from models.attribution import Attribution
from models.clients import AccountVersion
from models.commission import Adjustment, Agreement, PlanVersion
from models.partners import BrokerStatus, BrokerVersion, Licence, Relative, Upline
from models.settlement import SettlementDay
from models.values.calendar import Month
from portal.commission.carried import closes
from portal.versions import first_day_changed

DATED = (BrokerStatus, Licence, Upline, Relative, Attribution, Agreement, PlanVersion)
"""What is dated and may change what a day earned."""


def first_month(known: int) -> Month | None:
    """The first month with a settled day, an adjustment or a closed month; None in an empty portal."""
    day = db.session.execute(select(func.min(SettlementDay.trade_date)).where(SettlementDay.recording_id <= known)).scalar()
    period = db.session.execute(select(func.min(Adjustment.period)).where(Adjustment.recording_id <= known)).scalar()
    found = [Month.of(day)] if day else []
    if period:
        found.append(Month.parse(period))
    return min(found) if found else None


def touched_months(known: int) -> list[str]:
    """The closed months for which something was recorded after they were last trued up, in order.

    Every close trues up the closed months before it with its own knowledge, so for each month only what was recorded after the
    newest close of it or of a later month can matter. A dated row touches every month from the first day on which it may count
    otherwise; a day its own month; a changed kind or ID number all.
    """
    closed = closes()
    since = {period: max(at for other, at in closed.items() if other >= period) for period in closed}
    by_since: dict[int, list[str]] = defaultdict(list)
    for period, at in since.items():
        by_since[at].append(period)
    return sorted(period for at, periods in by_since.items() for period in _touched(periods, at, known))


def _touched(periods: list[str], since: int, known: int) -> list[str]:
    """Those of some closed months that something recorded after `since` may change."""
    if identity_changed_since(since, known):
        return periods
    days = select(SettlementDay.trade_date).where(SettlementDay.recording_id > since, SettlementDay.recording_id <= known).distinct()
    months = {str(Month.of(day)) for day in db.session.execute(days).scalars()}
    starts = [first_day_changed(model, since, known) for model in DATED]
    earliest = min((day for day in starts if day), default=None)
    return [period for period in periods if period in months or (earliest and Month.parse(period).last >= earliest)]


def identity_changed_since(since: int, known: int | None = None) -> bool:
    """Whether a broker or client already known got another kind or ID number after a recording."""
    return any(_identity_changed(model, key, since, known) for model, key in ((BrokerVersion, BrokerVersion.broker_id), (AccountVersion, AccountVersion.account_id)))


def _identity_changed(model: Any, key: Any, since: int, known: int | None) -> bool:
    """Whether a person already known got another kind or ID number: these are undated and count for all days."""
    earlier = aliased(model)
    previous = select(func.max(earlier.id)).where(getattr(earlier, key.key) == key, earlier.id < model.id).scalar_subquery()
    before = aliased(model)
    differs = or_(before.kind != model.kind, before.id_no_index != model.id_no_index, before.withdrawn != model.withdrawn)
    query = select(model.id).join(before, before.id == previous).where(model.recording_id > since, differs)
    if known is not None:
        query = query.where(model.recording_id <= known)
    return bool(db.session.execute(select(exists(query))).scalar())
