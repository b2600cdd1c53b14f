"""A broker's book: the accounts attributed to him, their names, and what happened in them over days. Reads in bulk, never by account."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl
from sqlalchemy import Select, func, select

from models import db
from models.attribution import Attribution
from models.clients import Account, AccountVersion
from models.partners import Broker
from models.settlement import Balance, SettlementDay, Trade
from portal.bulk import read_frame
from portal.clients.queries import newest_version
from portal.commission.attribute import split_amounts
from portal.versions import current

SPANS = {
    "account": pl.Int64,
    "broker": pl.Int64,
    "broker_no": pl.String,
    "share": pl.Int64,
    "state": pl.String,
    "valid_from": pl.Date,
    "valid_to": pl.Date,
    "confirmed_on": pl.Date,
    "recording": pl.Int64,
}
BALANCES = {
    "day": pl.Date,
    "account": pl.Int64,
    "version": pl.Int32,
    "gone": pl.Boolean,
    "equity": pl.Int64,
    "paid_in": pl.Int64,
    "gain": pl.Int64,
    "fee": pl.Int64,
    "margin": pl.Int64,
    "available": pl.Int64,
}
TRADES = {
    "day": pl.Date,
    "account": pl.Int64,
    "version": pl.Int32,
    "exchange": pl.String,
    "product": pl.String,
    "lots": pl.Int64,
    "turnover": pl.Int64,
    "fee": pl.Int64,
    "exchange_fee": pl.Int64,
}


def touched_by(broker_id: int) -> Select[int]:
    """The ids of all accounts that a broker ever had a row on."""
    return select(Attribution.account_id).where(Attribution.broker_id == broker_id)


def spans_of(broker_id: int, known: int | None = None) -> pl.DataFrame:
    """The attribution rows, of all brokers, on the accounts that a broker ever had a row on: SPANS, as known (None: now)."""
    row = current(Attribution, known, Attribution.account_id.in_(touched_by(broker_id))).subquery()
    columns = (row.c.account_id, row.c.broker_id, Broker.broker_no, row.c.share, row.c.state, row.c.valid_from, row.c.valid_to, row.c.confirmed_on, row.c.recording_id)
    return read_frame(select(*columns).join(Broker, Broker.id == row.c.broker_id), SPANS)


def last_days(day: date, count: int) -> list[date]:
    """The last `count` settled days up to and including a day, the oldest first."""
    found = select(SettlementDay.trade_date).where(SettlementDay.trade_date <= day).distinct().order_by(SettlementDay.trade_date.desc()).limit(count)
    return sorted(db.session.execute(found).scalars())


def balances_on(days: Sequence[date], accounts: Select[int] | Sequence[int], known: int | None = None) -> pl.DataFrame:
    """BALANCES of some accounts on some days, of each the version that counts as known (None: now), those that are gone left out."""
    row = Balance
    columns = (row.trade_date, row.account_id, row.version, row.gone, row.equity, row.deposit - row.withdrawal, row.realized_pnl + row.mtm_pnl, row.fee, row.margin, row.available)
    frame = read_frame(select(*columns).where(row.trade_date.in_(days), row.account_id.in_(accounts)), BALANCES)
    if known is not None:
        day = SettlementDay
        query = select(day.trade_date, func.max(day.version)).where(day.trade_date.in_(days), day.recording_id <= known).group_by(day.trade_date)
        frame = frame.join(read_frame(query, {"day": pl.Date, "newest": pl.Int32}), on="day").filter(pl.col("version") <= pl.col("newest")).drop("newest")
    newest = frame.filter(pl.col("version") == pl.col("version").max().over("day", "account"))
    return newest.filter(~pl.col("gone")).drop("gone")


def trades_on(days: Sequence[date], accounts: Select[int] | Sequence[int], balances: pl.DataFrame) -> pl.DataFrame:
    """TRADES of some accounts on some days; `balances` say which version counts."""
    row = Trade
    columns = (row.trade_date, row.account_id, row.version, row.exchange, row.product, row.lots, row.turnover, row.fee, row.exchange_fee)
    frame = read_frame(select(*columns).where(row.trade_date.in_(days), row.account_id.in_(accounts)), TRADES)
    return frame.join(balances, on=["day", "account", "version"], how="semi").drop("version")


def held_on(spans: pl.DataFrame, days: Sequence[date]) -> pl.DataFrame:
    """SPANS over days: one row per day, account and broker, with the state that counts that day and `owners`, the rows of the account."""
    grid = pl.DataFrame({"day": list(days)}, schema={"day": pl.Date}).join(spans, how="cross")
    held = grid.filter((pl.col("valid_from") <= pl.col("day")) & (pl.col("valid_to") > pl.col("day")))
    waits = (pl.col("state") == "confirmed") & (pl.col("confirmed_on") > pl.col("day"))
    state = pl.when(waits).then(pl.lit("pending")).otherwise(pl.col("state"))
    return held.with_columns(state=state, owners=pl.len().over("day", "account"))


def book_of(broker_id: int, days: Sequence[date], spans: pl.DataFrame, balances: pl.DataFrame) -> pl.DataFrame:
    """A broker's book on some days: day, account, share, state, equity (the client's), part (the broker's of max(equity, 0), §2).

    Accounts attributed without a balance that day have equity and part empty.
    """
    numbers = spans["broker_no"].unique().sort().to_list()  # ties of the split go by number, byte by byte
    held = held_on(spans, days).with_columns(b=pl.col("broker_no").replace_strict(numbers, range(len(numbers)), return_dtype=pl.Int32))
    wanted = held.filter(pl.col("broker") == broker_id).select("day", "account", "b", "share", "state")
    whole = balances.select("day", "account", whole=pl.col("equity").clip(lower_bound=0))
    parts = split_amounts(whole.join(held.select("day", "account", "b", "share", "owners"), on=["day", "account"]), "whole", ["day", "account"])
    mine = wanted.join(parts.select("day", "account", "b", "part"), on=["day", "account", "b"], how="left").drop("b")
    return mine.join(balances.drop("version"), on=["day", "account"], how="left").sort("day", "account")


def named(accounts: Select[int] | Sequence[int]) -> pl.DataFrame:
    """account, account_no, name and opened_on of accounts as known now."""
    schema = {"account": pl.Int64, "account_no": pl.String, "name": pl.String, "opened_on": pl.Date}
    query = select(Account.id, Account.account_no, AccountVersion.name, AccountVersion.opened_on).join(AccountVersion, AccountVersion.account_id == Account.id)
    return read_frame(query.where(newest_version(), Account.id.in_(accounts)), schema)
