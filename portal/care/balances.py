"""The balance of an account that counts on a settled day."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ColumnElement, exists, func, select, true
from sqlalchemy.orm import aliased

from models import db
from models.clients import Account
from models.settlement import Balance, SettlementDay


def held(day: date) -> ColumnElement[bool]:
    """The condition that joins to an Account its Balance of a day, in the newest version. A day that was never corrected needs none."""
    return (Balance.trade_date == day) & (Balance.account_id == Account.id) & ~Balance.gone & _newest(day)


def _newest(day: date) -> ColumnElement[bool]:
    if (db.session.execute(select(func.max(SettlementDay.version)).where(SettlementDay.trade_date == day)).scalar() or 1) == 1:
        return true()
    newer = aliased(Balance)
    return ~exists().where(newer.trade_date == Balance.trade_date, newer.account_id == Balance.account_id, newer.version > Balance.version)
