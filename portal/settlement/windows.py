"""What each account came to over the last 30, 90 and 365 days up to a settled day, kept in columns: whoever asks for thousands of accounts
reads no day again.

Derived from the facts and made by a job after files came in. A newer day's window is the one before it, plus the days that came in, less
those that fell out. Where days of it were corrected since, what they said then is taken out and what they say now put in, so that the cost follows
the days that changed; until that is done the window is not trusted. `flask overview verify` compares it with the facts.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

import polars as pl
from sqlalchemy import delete, func, select

from models import db
from models.rollups import AccountWindow
from models.settlement import Balance, SettlementDay, Trade
from portal.audit.recordings import last_recording_id
from portal.bulk import IN_BYTES, among, read_frame
from portal.clients.segments import AsOf
from portal.settlement.facts import day_balances, day_frames

AVERAGE, FLOW, FEE = 90, 30, 365
"""Days, the settled one included: of the average equity and the longer flow, of the shorter flow, and of the retained fee and the last trade."""
SUMS = ("equity", "total", "days", "flow_30", "flow_90", "fee")
WINDOW: dict[str, type[pl.DataType]] = {"account": pl.Int64, **dict.fromkeys(SUMS, pl.Int64), "traded_on": pl.Date}
"""One row an account that had a balance in 90 days or a trade in 365: its equity on the day and over the `days` with one in all, deposits less
withdrawals, retained fee (fen), and its last day with a trade."""
SOON_READ, AT_ONCE = 10, 5_000
"""So few settled days are not worth reading anew; ids in one statement."""
KEPT = 3
"""Windows that are kept: of the newest settled day, and what the next one is made from."""
Read = Callable[[date, bool], tuple[pl.DataFrame, pl.DataFrame]]
"""Gives a day's balances (account_id, equity, deposit, withdrawal) and, where asked for, its trades (account_id, fee, exchange_fee)."""
LastTrades = Callable[[Sequence[int]], pl.DataFrame]
"""Gives of some accounts the last day with a trade (account_id, traded_on); those without one are missing."""


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
    if before is not None and before.day == day:
        return before.rows
    rows = pl.DataFrame(schema=WINDOW) if before is None else before.rows.with_columns(equity=pl.lit(0, pl.Int64))
    for one in settled:
        average, flow, fee = (_enters(one, day, back) - (_enters(one, before.day, back) if before else 0) for back in (AVERAGE, FLOW, FEE))
        if average or flow or fee:
            balances, trades = read(one, fee != 0)
            rows = _added(pl.concat([rows, _held(balances, int(one == day), average, flow), _traded(trades, one, fee)]))
    fallen = pl.when(pl.col("traded_on") >= since(day, FEE)).then(pl.col("traded_on"))
    return _tidied(rows.with_columns(traded_on=fallen))


def corrected(before: Made, changed: Sequence[date], then: Read, now: Read, last_trades: LastTrades) -> pl.DataFrame:
    """The window `before` after days of it changed: less what they said `then`, with what they say `now`. Pure."""
    rows, cancelled = before.rows, []
    for one in changed:
        average, flow, fee = (_enters(one, before.day, back) for back in (AVERAGE, FLOW, FEE))
        newest = int(one == before.day)
        (held, traded), (held_now, traded_now) = then(one, True), now(one, True)
        parts = [_held(held, -newest, -average, -flow), _traded(traded, one, -fee), _held(held_now, newest, average, flow), _traded(traded_now, one, fee)]
        cancelled += traded.join(traded_now, on="account_id", how="anti")["account_id"].to_list()
        rows = _added(pl.concat([rows, *parts]))
    if cancelled:
        found = last_trades(sorted(set(cancelled))).select(account="account_id", found="traded_on")
        rows = rows.join(found, on="account", how="left").with_columns(traded_on=pl.when(pl.col("account").is_in(cancelled)).then("found").otherwise("traded_on")).drop("found")
    return _tidied(rows)


def _tidied(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter((pl.col("days") > 0) | pl.col("traded_on").is_not_null()).sort("account")


def _enters(one: date, day: date, back: int) -> int:
    return int(since(day, back) <= one <= day)


def _added(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by("account").agg(pl.col(SUMS).sum(), pl.col("traded_on").max())


def _held(balances: pl.DataFrame, newest: int, average: int, flow: int) -> pl.DataFrame:
    paid = pl.col("deposit") - pl.col("withdrawal")
    sums = {"equity": pl.col("equity") * newest, "total": pl.col("equity") * average, "days": pl.lit(average), "flow_30": paid * flow, "flow_90": paid * average}
    return _as_window(balances, sums)


def _traded(trades: pl.DataFrame, day: date, fee: int) -> pl.DataFrame:
    return _as_window(trades, {"fee": (pl.col("fee") - pl.col("exchange_fee")) * fee, "traded_on": pl.lit(day if fee > 0 else None, pl.Date)})


def _as_window(rows: pl.DataFrame, sums: dict[str, pl.Expr]) -> pl.DataFrame:
    none = {name: pl.lit(None, pl.Date) if name == "traded_on" else pl.lit(0) for name in WINDOW if name not in sums}
    return rows.select(**{**none, **sums, "account": pl.col("account_id")}).select(pl.col(name).cast(kind) for name, kind in WINDOW.items())


def made(day: date | None = None, *, whole: bool = False) -> Made | None:
    """The window up to a settled day (None: the newest) from what is known now, from one that is kept where not the `whole` is asked for. None
    where there is no settled day. Reads only; `keep` stores it."""
    day = day or db.session.execute(select(func.max(SettlementDay.trade_date))).scalar()
    if day is None:
        return None
    known = last_recording_id()
    before = None if whole else _earlier(day, known)
    first = since(min(day, before.day) if before else day, FEE)
    return Made(day, known, window(day, _settled(first, day), _reader(known), before))


def _settled(first: date, last: date) -> Sequence[date]:
    return db.session.execute(select(SettlementDay.trade_date).where(SettlementDay.trade_date.between(first, last)).distinct().order_by(SettlementDay.trade_date)).scalars().all()


def _reader(known: int) -> Read:
    def read(one: date, with_trades: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
        balances = day_balances(one, ["equity", "deposit", "withdrawal"], known)
        return balances, day_frames(one, known, lean=True)[1] if with_trades else pl.DataFrame(schema=dict.fromkeys(("account_id", "fee", "exchange_fee"), pl.Int64))

    return read


def _earlier(day: date, known: int) -> Made | None:
    """The newest kept window up to a day, brought up to `known`; None where there is none, or where so much changed that all of it is read sooner."""
    kept = select(AccountWindow.trade_date, AccountWindow.known_recording_id, AccountWindow.payload).where(
        AccountWindow.trade_date <= day, AccountWindow.known_recording_id <= known
    )
    row = db.session.execute(kept.order_by(AccountWindow.trade_date.desc()).limit(1), execution_options=IN_BYTES).first()
    if row is None:
        return None
    before, first = Made(row.trade_date, row.known_recording_id, pl.read_parquet(io.BytesIO(row.payload))), since(row.trade_date, FEE)
    newer = select(SettlementDay.trade_date).where(SettlementDay.trade_date.between(first, before.day), SettlementDay.recording_id.between(before.known + 1, known))
    changed = db.session.execute(newer.distinct().order_by(SettlementDay.trade_date)).scalars().all()
    if 2 * len(changed) >= len(_settled(first, before.day)) > SOON_READ:
        return None
    rows = corrected(before, changed, _reader(before.known), _reader(known), lambda accounts: _last_trades(accounts, first, before.day, known)) if changed else before.rows
    return Made(before.day, known, rows)


def _last_trades(accounts: Sequence[int], first: date, last: date, known: int) -> pl.DataFrame:
    """The last day from `first` to `last` on which each of some accounts traded, of the version of its day that counts. Looked up by key."""
    version = select(func.max(Balance.version)).join(SettlementDay, (SettlementDay.trade_date == Balance.trade_date) & (SettlementDay.version == Balance.version))
    counts = version.where(Balance.trade_date == Trade.trade_date, Balance.account_id == Trade.account_id, SettlementDay.recording_id <= known).scalar_subquery()
    schema = {"account_id": pl.Int64, "traded_on": pl.Date}
    found = [pl.DataFrame(schema=schema)]
    for start in range(0, len(accounts), AT_ONCE):
        here = (Trade.trade_date.in_(_settled(first, last)), among(Trade.account_id, accounts[start : start + AT_ONCE]), Trade.version == counts)
        found.append(read_frame(select(Trade.account_id, func.max(Trade.trade_date)).where(*here).group_by(Trade.account_id), schema))
    return pl.concat(found)


def _held_up_to(day: date) -> bytes | None:
    """The window up to a day, unless something was recorded since about one of its days."""
    newest = select(func.max(SettlementDay.recording_id)).where(SettlementDay.trade_date.between(since(day, FEE), day)).scalar_subquery()
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


def of_all(day: date, columns: Sequence[str]) -> pl.DataFrame | None:
    """Some columns of the WINDOW of every account; None where there is none that holds."""
    held = _held_up_to(day)
    return None if held is None else pl.read_parquet(io.BytesIO(held), columns=list(columns))


def differences() -> list[str]:
    """Where the newest window differs from the facts, in words; empty where it agrees or does not hold any more."""
    held = None if is_stale() else made(whole=True)
    if held is None:
        return []
    kept = of_accounts(held.day, held.rows["account"].to_list())
    stored = pl.DataFrame(schema=WINDOW) if kept is None else kept
    wrong = pl.concat([held.rows.join(stored, on=list(WINDOW), how="anti", nulls_equal=True), stored.join(held.rows, on=list(WINDOW), how="anti", nulls_equal=True)])
    return [f"{held.day} account_window {number}: differs from the facts" for number in wrong["account"].unique().sort().to_list()]


def as_of_day(day: date, moment: datetime, settled: date | None) -> AsOf:
    """As of when segments are looked at, with the settled days up to one: what every account came to is read once, when a condition first asks."""
    kept = cache(lambda: of_all(settled, ("account", "fee", "traded_on")) if settled else None)
    return AsOf(day, moment, settled or date.min, kept=kept)
