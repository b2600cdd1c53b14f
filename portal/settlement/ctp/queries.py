"""The portal's books that statements are held against."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy import func, select, tuple_

from models import db
from models.clients import Account
from models.settlement import Balance, Trade
from portal.settlement.ctp.compare import Books, Traded

Key = tuple[str, date]
"""Account number and trade date."""


def posted_books(keys: Collection[Key]) -> dict[Key, Books]:
    """The books of these accounts and days by their newest version; an account that has none that day is left out."""
    balances = _newest_balances(keys)
    trades = _trades(balances)
    return {
        key: Books(
            balance=row.balance,
            equity=row.equity,
            fee=row.fee,
            deposit=row.deposit,
            withdrawal=row.withdrawal,
            other_in=row.other_in,
            other_out=row.other_out,
            margin=row.margin,
            trades=trades.get((row.trade_date, row.account_id, row.version), {}),
        )
        for key, row in balances.items()
    }


def _newest_balances(keys: Collection[Key]) -> dict[Key, Balance]:
    newest = (
        select(Balance.trade_date, Balance.account_id, func.max(Balance.version))
        .join(Account, Account.id == Balance.account_id)
        .where(Account.account_no.in_({account_no for account_no, _ in keys}), Balance.trade_date.in_({day for _, day in keys}))
        .group_by(Balance.trade_date, Balance.account_id)
    )
    rows = db.session.execute(
        select(Account.account_no, Balance)
        .join(Account, Account.id == Balance.account_id)
        .where(tuple_(Balance.trade_date, Balance.account_id, Balance.version).in_(newest), Balance.gone.is_(False))
    )
    wanted = set(keys)
    return {(account_no, row.trade_date): row for account_no, row in rows if (account_no, row.trade_date) in wanted}


def _trades(balances: dict[Key, Balance]) -> dict[tuple[date, int, int], dict[tuple[str, str], Traded]]:
    """Trades belong to the balance row of the same version."""
    found: dict[tuple[date, int, int], dict[tuple[str, str], Traded]] = {(row.trade_date, row.account_id, row.version): {} for row in balances.values()}
    rows = db.session.scalars(select(Trade).where(Trade.trade_date.in_({day for day, _, _ in found}), Trade.account_id.in_({account for _, account, _ in found})))
    for row in rows:
        trades = found.get((row.trade_date, row.account_id, row.version))
        if trades is not None:
            trades[row.exchange, row.product] = Traded(row.lots, row.turnover, row.fee)
    return found
