"""The balance of an account that counts on a settled day."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select, true
from sqlalchemy.orm import aliased

from models import db
from models.clients import Account
from models.settlement import Balance, SettlementDay


def held(day: date, counts: ColumnElement[bool] | None = None) -> ColumnElement[bool]:
    """The condition that joins to an Account its Balance of a day, in the newest version; `counts` where `newest` was asked already."""
    return (Balance.trade_date == day) & (Balance.account_id == Account.id) & ~Balance.gone & (newest(day) if counts is None else counts)


def newest(day: date, row: Any = Balance) -> ColumnElement[bool]:
    """The condition that a Balance `row` of a day is the newest of its account. A day that was never corrected needs none."""
    if (db.session.execute(select(func.max(SettlementDay.version)).where(SettlementDay.trade_date == day)).scalar() or 1) == 1:
        return true()
    return is_newest(row)


def is_newest(row: Any = Balance) -> ColumnElement[bool]:
    """The same whatever the day, for who asks one question and no other."""
    newer = aliased(Balance)
    return ~exists().where(newer.trade_date == row.trade_date, newer.account_id == row.account_id, newer.version > row.version)
