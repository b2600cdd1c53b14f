"""What the portal knows around a trade date: account numbers, each account's last balance, the days beside it."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
from sqlalchemy import func, select

from models import db
from models.clients import Account
from models.settlement import Balance, SettlementDay
from portal.bulk import read_frame, read_table
from portal.refusals import Refusal
from portal.settlement.calendar import is_trading, trading_days
from portal.settlement.day_checks import ACCOUNTS, LAST, NEXT, Known
from portal.settlement.facts import day_balances, next_settled_day, previous_settled_day, settled_days

SEEN = "accounts_seen"
"""Where a session keeps the account numbers that it read."""
AT_ONCE = 500
"""Accounts asked for in one query."""


def around(day: date, in_file: pl.Series) -> Known:
    """What is known around a day; `in_file` are the account numbers that its files speak of."""
    accounts = account_ids()
    before, after = previous_settled_day(day), next_settled_day(day)
    posted = db.session.execute(select(SettlementDay.id).where(SettlementDay.trade_date == day).limit(1)).first() is not None
    trading = is_trading(day)
    missing: list[date] = []
    if before is not None:
        try:
            settled = set(settled_days(before, day))
            missing = [one for one in trading_days(before + timedelta(days=1), day - timedelta(days=1)) if one not in settled]
        except Refusal:
            trading = None
    return Known(
        accounts=accounts,
        last=_last(before, accounts, in_file),
        following=_following(after, accounts),
        previous_day=before,
        next_day=after,
        missing=missing,
        trading=trading,
        posted=posted,
    )


def account_ids() -> pl.DataFrame:
    """Every account's number and id. Accounts are only ever added, so they are read anew only where some were."""
    session = db.session()
    state = tuple(session.execute(select(func.count(), func.max(Account.id)).select_from(Account)).one())
    kept = session.info.get(SEEN)
    if kept is None or kept[0] != state:
        kept = session.info[SEEN] = (state, read_table(select(Account.account_no, Account.id), dict(ACCOUNTS)))
    found: pl.DataFrame = kept[1]
    return found


def _last(before: date | None, accounts: pl.DataFrame, in_file: pl.Series) -> pl.DataFrame:
    """Each account's last balance before the day: of the previous settled day, or of an earlier one for those silent since."""
    if before is None:
        return pl.DataFrame(schema=LAST)
    latest = day_balances(before, ["balance"]).with_columns(pl.lit(before).alias("day"))
    wanted = accounts.filter(pl.col("account_no").is_in(in_file.implode())).join(latest, on="account_id", how="anti")["account_id"].to_list()
    earlier = [_rows(before, wanted[start : start + AT_ONCE]) for start in range(0, len(wanted), AT_ONCE)]
    names = ["account_id", "day", "balance"]
    found = pl.concat([latest.select(names), *(frame.select(names) for frame in earlier)])
    return found.join(accounts, on="account_id").select(LAST.keys())


def _rows(before: date, accounts: list[int]) -> pl.DataFrame:
    """The last balance of some accounts before a day, reading only their rows."""
    days = select(SettlementDay.trade_date).where(SettlementDay.trade_date < before).distinct().subquery()
    query = select(Balance.account_id, Balance.trade_date, Balance.version, Balance.gone, Balance.balance).join(days, days.c.trade_date == Balance.trade_date)
    schema = {"account_id": pl.Int64, "day": pl.Date, "version": pl.Int32, "gone": pl.Boolean, "balance": pl.Int64}
    frame = read_frame(query.where(Balance.account_id.in_(accounts)), schema)
    newest = frame.filter(pl.col("version") == pl.col("version").max().over("account_id", "day")).filter(~pl.col("gone"))
    return newest.filter(pl.col("day") == pl.col("day").max().over("account_id"))


def _following(after: date | None, accounts: pl.DataFrame) -> pl.DataFrame:
    if after is None:
        return pl.DataFrame(schema=NEXT)
    return day_balances(after, ["previous_balance"]).join(accounts, on="account_id").select(NEXT.keys())
