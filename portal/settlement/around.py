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
BEFORE = "balances_before"
"""Where it keeps the balances of the settled day before the one that it last read about."""
AT_ONCE = 500
"""Accounts asked for in one query."""


def around(day: date, in_file: pl.Series) -> Known:
    """What is known around a day; `in_file` are the ids of the accounts that its files speak of."""
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
        last=_last(day, before, in_file),
        following=day_balances(after, ["previous_balance"]) if after is not None else pl.DataFrame(schema=NEXT),
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


def balances_before(day: date) -> pl.DataFrame:
    """Each account's balance of the settled day before a day (LAST); kept in the session until that day gets another version."""
    before = previous_settled_day(day)
    if before is None:
        return pl.DataFrame(schema=LAST)
    session = db.session()
    state = (before, session.execute(select(func.max(SettlementDay.id)).where(SettlementDay.trade_date == before)).scalar_one())
    kept = session.info.get(BEFORE)
    if kept is None or kept[0] != state:
        kept = session.info[BEFORE] = (state, day_balances(before, ["balance"]).select("account_id", pl.lit(before).alias("day"), "balance"))
    found: pl.DataFrame = kept[1]
    return found


def _last(day: date, before: date | None, in_file: pl.Series) -> pl.DataFrame:
    """Each account's last balance before the day: of the previous settled day, or of an earlier one for those silent since."""
    latest = balances_before(day)
    if before is None:
        return latest
    wanted = in_file.to_frame().filter(pl.col("account_id") > 0).join(latest, on="account_id", how="anti")["account_id"].to_list()
    earlier = [_rows(before, wanted[start : start + AT_ONCE]).select(LAST.keys()) for start in range(0, len(wanted), AT_ONCE)]
    return pl.concat([latest, *earlier])


def _rows(before: date, accounts: list[int]) -> pl.DataFrame:
    """The last balance of some accounts before a day, reading only their rows."""
    days = select(SettlementDay.trade_date).where(SettlementDay.trade_date < before).distinct().subquery()
    query = select(Balance.account_id, Balance.trade_date, Balance.version, Balance.gone, Balance.balance).join(days, days.c.trade_date == Balance.trade_date)
    schema = {"account_id": pl.Int64, "day": pl.Date, "version": pl.Int32, "gone": pl.Boolean, "balance": pl.Int64}
    frame = read_frame(query.where(Balance.account_id.in_(accounts)), schema)
    newest = frame.filter(pl.col("version") == pl.col("version").max().over("account_id", "day")).filter(~pl.col("gone"))
    return newest.filter(pl.col("day") == pl.col("day").max().over("account_id"))
