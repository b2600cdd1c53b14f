"""What each account came to over the last 30, 90 and 365 days up to a settled day, kept in columns: whoever asks for thousands of accounts
reads no day again.

Derived from the facts and made by a job after files came in. A newer day's window is the one before it, plus the days that came in, less
those that fell out; it is trusted only while nothing was recorded since about its days. `flask overview verify` compares it with the facts.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl
from sqlalchemy import delete, func, select

from models import db
from models.rollups import AccountWindow
from models.settlement import SettlementDay
from portal.audit.recordings import last_recording_id
from portal.bulk import IN_BYTES
from portal.settlement.facts import day_balances, day_frames

AVERAGE, FLOW, FEE = 90, 30, 365
"""Days, the settled one included: of the average equity and the longer flow, of the shorter flow, and of the retained fee and the last trade."""
SUMS = ("equity", "total", "days", "flow_30", "flow_90", "fee")
WINDOW: dict[str, type[pl.DataType]] = {"account": pl.Int64, **dict.fromkeys(SUMS, pl.Int64), "traded_on": pl.Date}
"""One row an account that had a balance in 90 days or a trade in 365: its equity on the day and over the `days` with one in all, deposits less
withdrawals, retained fee (fen), and its last day with a trade."""
KEPT = 3
"""Windows that are kept: of the newest settled day, and what the next one is made from."""
Read = Callable[[date, bool], tuple[pl.DataFrame, pl.DataFrame]]
"""Gives a day's balances (account_id, equity, deposit, withdrawal) and, where asked for, its trades (account_id, fee, exchange_fee)."""


@dataclass(frozen=True)
class Made:
    """A window, and what was known when its facts were read."""

    day: date
    known: int
    rows: pl.DataFrame


def since(day: date, back: int) -> date:
    """The first of so many days up to a day."""
    return day - timedelta(days=back - 1)


def window(day: date, settled: Sequence[date], read: Read, before: Made | None = None) -> pl.DataFrame:
    """The WINDOW up to `day`; `settled` are the settled days of the year before it and of that before `before`, an earlier window. Pure."""
    rows = pl.DataFrame(schema=WINDOW) if before is None else before.rows.with_columns(equity=pl.lit(0, pl.Int64))
    for one in settled:
        average, flow, fee = (_enters(one, day, back) - (_enters(one, before.day, back) if before else 0) for back in (AVERAGE, FLOW, FEE))
        if average or flow or fee:
            balances, trades = read(one, fee != 0)
            rows = _added(pl.concat([rows, _held(balances, one == day, average, flow), _traded(trades, one, fee)]))
    fallen = pl.when(pl.col("traded_on") >= since(day, FEE)).then(pl.col("traded_on"))
    return rows.with_columns(traded_on=fallen).filter((pl.col("days") > 0) | pl.col("traded_on").is_not_null()).sort("account")


def _enters(one: date, day: date, back: int) -> int:
    return int(since(day, back) <= one <= day)


def _added(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by("account").agg(pl.col(SUMS).sum(), pl.col("traded_on").max())


def _held(balances: pl.DataFrame, newest: bool, average: int, flow: int) -> pl.DataFrame:
    paid = pl.col("deposit") - pl.col("withdrawal")
    sums = {"equity": pl.col("equity") * newest, "total": pl.col("equity") * average, "days": pl.lit(average), "flow_30": paid * flow, "flow_90": paid * average}
    return _as_window(balances, sums)


def _traded(trades: pl.DataFrame, day: date, fee: int) -> pl.DataFrame:
    return _as_window(trades, {"fee": (pl.col("fee") - pl.col("exchange_fee")) * fee, "traded_on": pl.lit(day if fee > 0 else None, pl.Date)})


def _as_window(rows: pl.DataFrame, sums: dict[str, pl.Expr]) -> pl.DataFrame:
    none = {name: pl.lit(None, pl.Date) if name == "traded_on" else pl.lit(0) for name in WINDOW if name not in sums}
    return rows.select(**{**none, **sums, "account": pl.col("account_id")}).select(pl.col(name).cast(kind) for name, kind in WINDOW.items())


def made(day: date | None = None, *, whole: bool = False) -> Made | None:
    """The window up to a settled day (None: the newest) from what is known now, from an earlier one where that still holds and not the
    `whole` is asked for. None where there is no settled day. Reads only; `keep` stores it."""
    day = day or db.session.execute(select(func.max(SettlementDay.trade_date))).scalar()
    if day is None:
        return None
    known = last_recording_id()
    before = None if whole else _earlier(day, known)
    first = since(min(day, before.day) if before else day, FEE)
    query = select(SettlementDay.trade_date).where(SettlementDay.trade_date.between(first, day)).distinct().order_by(SettlementDay.trade_date)

    def read(one: date, with_trades: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
        balances = day_balances(one, ["equity", "deposit", "withdrawal"], known)
        return balances, day_frames(one, known, lean=True)[1] if with_trades else pl.DataFrame(schema=dict.fromkeys(("account_id", "fee", "exchange_fee"), pl.Int64))

    return Made(day, known, window(day, db.session.execute(query).scalars().all(), read, before))


def _earlier(day: date, known: int) -> Made | None:
    query = select(AccountWindow.trade_date).where(AccountWindow.trade_date < day).order_by(AccountWindow.trade_date.desc())
    for one in db.session.execute(query).scalars().all():
        held = _held_up_to(one, known)
        if held is not None:
            return Made(one, known, pl.read_parquet(io.BytesIO(held)))
    return None


def _held_up_to(day: date, known: int | None = None) -> bytes | None:
    """The window up to a day, unless something was recorded since about one of its days (up to `known`: None is now)."""
    newer = select(func.max(SettlementDay.recording_id)).where(SettlementDay.trade_date.between(since(day, FEE), day))
    newest = (newer if known is None else newer.where(SettlementDay.recording_id <= known)).scalar_subquery()
    query = select(AccountWindow.payload).where(AccountWindow.trade_date == day, AccountWindow.known_recording_id >= newest)
    found: bytes | None = db.session.execute(query, execution_options=IN_BYTES).scalar()
    return found


def is_stale() -> bool:
    """Whether the newest settled day has no window, or one that does not hold any more."""
    day = db.session.execute(select(func.max(SettlementDay.trade_date))).scalar()
    return day is not None and _held_up_to(day) is None


def keep(found: Made) -> None:
    """Store a window, and let go of those that nobody asks for any more. Verb: runs inside a transaction."""
    sink = io.BytesIO()
    found.rows.write_parquet(sink, compression="zstd", compression_level=1)
    days = db.session.execute(select(AccountWindow.trade_date).order_by(AccountWindow.trade_date.desc())).scalars().all()
    left = [found.day, *[day for day in days if day != found.day][KEPT - 1 :]]
    db.session.execute(delete(AccountWindow).where(AccountWindow.trade_date.in_(left)))
    db.session.add(AccountWindow(trade_date=found.day, known_recording_id=found.known, payload=sink.getvalue()))


def of_accounts(day: date, accounts: Sequence[int]) -> pl.DataFrame | None:
    """The WINDOW rows of some accounts; None where there is no window that holds: then the days themselves have to be asked."""
    held = _held_up_to(day)
    if held is None:
        return None
    return pl.scan_parquet(io.BytesIO(held)).filter(pl.col("account").is_in(list(accounts))).collect()


def differences() -> list[str]:
    """Where the newest window differs from the facts, in words; empty where it agrees or does not hold any more."""
    held = None if is_stale() else made(whole=True)
    if held is None:
        return []
    kept = of_accounts(held.day, held.rows["account"].to_list())
    stored = pl.DataFrame(schema=WINDOW) if kept is None else kept
    wrong = pl.concat([held.rows.join(stored, on=list(WINDOW), how="anti", nulls_equal=True), stored.join(held.rows, on=list(WINDOW), how="anti", nulls_equal=True)])
    return [f"{held.day} account_window {number}: differs from the facts" for number in wrong["account"].unique().sort().to_list()]
