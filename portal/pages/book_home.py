"""The first page of who looks after clients: how much there is, whom to call first, and what moved since the day before."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, case, cast, func, select
from sqlalchemy.orm import aliased

from models import db
from models.clients import Account, AccountVersion
from models.settlement import Balance, SettlementDay
from portal.actors import Actor
from portal.clients.queries import newest_version, visible_to
from portal.pages import words
from portal.settlement.risk_degree import CALL, TIGHT, band, risk_degree

MOST = 8
"""How many clients each list names; the rest stands in the list of clients."""


def book_home(actor: Actor, day: date) -> dict[str, Any]:
    """Everything that the page shows: the accounts that somebody may see, as they stood on a settled day."""
    previous = db.session.execute(select(func.max(SettlementDay.trade_date)).where(SettlementDay.trade_date < day)).scalar_one()
    now, before = aliased(Balance), aliased(Balance)
    mine = select(Account.account_no, AccountVersion.name, now.equity, now.margin, (now.deposit - now.withdrawal).label("paid_in"), before.equity.label("before"))
    mine = mine.join(AccountVersion, AccountVersion.account_id == Account.id).where(newest_version(), visible_to(actor, day))
    mine = mine.outerjoin(now, _held(now, day)).outerjoin(before, _held(before, previous or day))
    # Whose they are is found first: from a condition on balances PostgreSQL would begin with those of the whole firm.
    rows = mine.cte("book").prefix_with("MATERIALIZED", dialect="postgresql").c
    accounts, equity = db.session.execute(select(func.count(rows.account_no), cast(func.coalesce(func.sum(rows.equity), 0), BigInteger))).one()
    book = select(rows.account_no, rows.name, rows.equity, rows.margin, rows.paid_in, rows.before)
    missing = (case((rows.equity > 0, 1), else_=0), rows.equity - rows.margin, rows.account_no)
    pressed = book.where(rows.margin > 0, rows.margin * CALL >= rows.equity * TIGHT).order_by(*missing)
    change = rows.equity - rows.before
    moved = book.where(change != 0).order_by(func.abs(change).desc(), rows.account_no)
    return {
        "as_of": day,
        "previous": previous,
        "count": accounts,
        "equity": equity,
        "pressed": [_pressed(*row) for row in db.session.execute(pressed.limit(MOST))],
        "moved": db.session.execute(moved.limit(MOST)).all() if previous else [],
        "bands": words.BANDS,
    }


def _held(balance: type[Balance], day: date) -> ColumnElement[bool]:
    """The version of an account's balance that counts on a day."""
    newer = aliased(Balance)
    newest = select(func.max(newer.version)).where(newer.trade_date == day, newer.account_id == Account.id).scalar_subquery()
    return (balance.trade_date == day) & (balance.account_id == Account.id) & (balance.version == newest) & ~balance.gone


def _pressed(account_no: str, name: str, equity: int, margin: int, _paid_in: int, _before: int | None) -> dict[str, Any]:
    return {"account_no": account_no, "name": name, "equity": equity, "missing": max(0, margin - equity), "degree": risk_degree(margin, equity), "band": band(margin, equity).value}
