"""Posting a settled day: version 1 whole, a later version only what changed, rows and columns in one transaction."""

from __future__ import annotations

import hashlib
import io
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl
from sqlalchemy import func, select

from models import db
from models.settlement import Balance, DaySegment, SegmentKind, SettlementDay, SettlementDayFile, SettlementFile, Trade
from portal.actors import Actor
from portal.audit import log
from portal.audit.recordings import open_recording
from portal.bulk import insert_frame
from portal.settlement import rollups
from portal.settlement.around import account_ids, balances_before
from portal.settlement.day import AMOUNTS, OTHER_CURRENCY, DayInput
from portal.settlement.facts import POSTED_BALANCES, POSTED_TRADES, day_frames
from portal.settlement.received import remember_file
from portal.versions import table_of
from portal.webhooks.recording import Happened, record

TRADE_VALUES = ("exchange", "product", "lots", "turnover", "fee", "exchange_fee")


@dataclass(frozen=True)
class FileSeen:
    """A file that a day was read from."""

    digest: str
    name: str
    size: int
    kind: str
    trade_date: date | None


@dataclass(frozen=True)
class Totals:
    """What a whole day adds up to; amounts in fen."""

    accounts: int
    trades: int
    equity: int
    fee: int
    retained_fee: int
    deposit: int
    withdrawal: int


@dataclass(frozen=True)
class Posted:
    """What posting came to: version 0 says that nothing differed. `changed` counts the accounts of this version, `gone` those
    of them that no longer have a row; `before` is None for a new day."""

    trade_date: date
    version: int
    changed: int
    gone: int
    before: Totals | None
    after: Totals


@dataclass(frozen=True)
class Version:
    """The rows of a version that is about to be posted, and the totals of the day as it then stands."""

    number: int
    balances: pl.DataFrame
    trades: pl.DataFrame
    before: Totals | None
    after: Totals
    was: tuple[pl.DataFrame, pl.DataFrame]
    """The balances and trades that those accounts had until now."""


def foresee(day: date) -> None:
    """Read what posting asks of all accounts, so that it is at hand by then: their numbers, their last balances and, for a new day, under
    what they count."""
    account_ids()
    if db.session.execute(select(SettlementDay.id).where(SettlementDay.trade_date == day).limit(1)).first() is None:
        rollups.everybody()
    balances_before(day)


def complete(day: DayInput) -> DayInput:
    """The day with both parts: what its files do not speak of stands as posted (without line), or is empty."""
    if day.balances is not None and day.trades is not None:
        return day
    balances, trades = day_frames(day.trade_date)
    numbers = account_ids()
    if day.balances is None:
        day.balances = balances.join(numbers, on="account_id").with_columns(pl.lit(None, pl.UInt32).alias("line")).select("account_no", *AMOUNTS, "line")
    if day.trades is None:
        day.trades = trades.join(numbers, on="account_id").select("account_no", *TRADE_VALUES, "lines")
    return day


def post_day(day: DayInput, *, files: list[FileSeen], actor: Actor, moment: datetime) -> Posted:
    """Post a complete, checked day that is `identified`. Files are kept as received also where nothing differs.

    The day's own balances and trades are let go on the way: of 300,000 accounts they are a tenth of the memory."""
    version = next_version(day)
    day.balances = day.trades = None
    recording = open_recording(actor, moment, "settlement", str(day.trade_date))
    kept = [remember_file(file.digest, file.name, file.size, file.kind, recording_id=recording.id, trade_date=file.trade_date) for file in files]
    gone = int(version.balances["gone"].sum())
    posted = Posted(day.trade_date, version.number, version.balances.height, gone, version.before, version.after)
    if version.number:
        held = version.balances.filter(~pl.col("gone")) if gone else version.balances
        work = rollups.moved(day.trade_date, version.was, (held, version.trades))
        with ThreadPoolExecutor(1) as beside:
            sums = beside.submit(work) if work else None
            _write(version, day, recording.id, kept, beside)
        if sums:
            rollups.write(day.trade_date, sums.result())
        else:
            rollups.rebuild([day.trade_date])
    after = {"version": version.number, "changed": posted.changed, "gone": gone, "totals": vars(version.after), "files": [file.digest for file in files]}
    before = vars(version.before) if version.before else None
    log.write(actor, moment, "settlement.day", "day", str(day.trade_date), before=before, after=after)
    if version.number:
        record("day.settled", [Happened(str(day.trade_date), f"/imports/days/{day.trade_date}", {"version": version.number})], moment)
    return posted


def next_version(day: DayInput) -> Version:
    """What posting this identified day would write; number 0 where nothing differs from what is posted. Reads only."""
    assert day.balances is not None
    assert day.trades is not None
    balances = _in_order(day.balances.with_columns(pl.lit(False).alias("gone")).select(POSTED_BALANCES.keys()))
    trades = _in_order(day.trades.select(POSTED_TRADES.keys())).sort("account_id", "exchange", "product")
    last = db.session.execute(select(func.max(SettlementDay.version)).where(SettlementDay.trade_date == day.trade_date)).scalar()
    after = totals(balances, trades)
    if last is None:
        return Version(1, balances, trades, None, after, (balances.clear(), trades.clear()))
    old_balances, old_trades = day_frames(day.trade_date)
    changed = _changed(balances, trades, old_balances, old_trades)
    vanished = old_balances.join(balances, on="account_id", how="anti").select("account_id")
    gone = vanished.with_columns(*(pl.lit(0, pl.Int64).alias(name) for name in AMOUNTS), gone=pl.lit(True), line=pl.lit(None, pl.UInt32))
    rows = pl.concat([balances.join(changed, on="account_id", how="semi"), gone.select(POSTED_BALANCES.keys())]).sort("account_id")
    differs = not rows.is_empty() or _other_currency_differs(day)
    was = (old_balances.join(rows, on="account_id", how="semi"), old_trades.join(rows, on="account_id", how="semi"))
    return Version(last + 1 if differs else 0, rows, trades.join(changed, on="account_id", how="semi"), totals(old_balances, old_trades), after, was)


def _in_order(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows in the order of account_id; those of unknown accounts are left out. A file that is in this order already is not copied: the
    amounts of 300,000 accounts are 36 MB."""
    if rows["account_id"].is_sorted():
        return rows if rows.is_empty() or rows["account_id"][0] > 0 else rows.filter(pl.col("account_id") > 0)
    return rows.filter(pl.col("account_id") > 0).sort("account_id")


def totals(balances: pl.DataFrame, trades: pl.DataFrame) -> Totals:
    """The totals of a whole day."""
    fee = int(trades["fee"].sum())
    return Totals(
        accounts=balances.height,
        trades=trades.height,
        equity=int(balances["equity"].sum()),
        fee=fee,
        retained_fee=fee - int(trades["exchange_fee"].sum()),
        deposit=int(balances["deposit"].sum()),
        withdrawal=int(balances["withdrawal"].sum()),
    )


def _changed(balances: pl.DataFrame, trades: pl.DataFrame, old_balances: pl.DataFrame, old_trades: pl.DataFrame) -> pl.DataFrame:
    """The accounts whose balance row or trades differ from what is posted."""
    row = ["account_id", *AMOUNTS]
    kinds = ["account_id", *TRADE_VALUES]
    parts = [
        balances.join(old_balances, on=row, how="anti"),
        trades.join(old_trades, on=kinds, how="anti"),
        old_trades.join(trades, on=kinds, how="anti"),
    ]
    return pl.concat([part.select("account_id") for part in parts]).unique().join(balances, on="account_id", how="semi")


def _other_currency_differs(day: DayInput) -> bool:
    return day.other_currency is not None and not day.other_currency.is_empty()


def _write(version: Version, day: DayInput, recording_id: int, files: list[SettlementFile], beside: Executor) -> None:
    """The version's rows; its columns are packed beside, while the database takes the rows."""
    segments = {SegmentKind.BALANCES: version.balances, SegmentKind.TRADES: version.trades}
    if day.other_currency is not None and not day.other_currency.is_empty():
        segments[SegmentKind.OTHER_CURRENCY] = day.other_currency.select(OTHER_CURRENCY.keys())
    payloads = {kind: beside.submit(_parquet, frame) for kind, frame in segments.items()}
    row = SettlementDay(trade_date=day.trade_date, version=version.number, recording_id=recording_id, **vars(version.after))
    db.session.add(row)
    db.session.flush()
    db.session.add_all(SettlementDayFile(day_id=row.id, file_id=file_id) for file_id in dict.fromkeys(file.id for file in files))
    mark = {"trade_date": pl.lit(day.trade_date), "version": pl.lit(version.number, pl.Int32)}
    balances = version.balances.with_columns(**mark)
    insert_frame(table_of(Balance), balances.select("trade_date", "account_id", "version", "gone", *AMOUNTS))
    insert_frame(table_of(Trade), version.trades.with_columns(**mark).select("trade_date", "account_id", "version", *TRADE_VALUES))
    for kind, packed in payloads.items():
        payload = packed.result()
        db.session.add(DaySegment(day_id=row.id, kind=kind, rows=segments[kind].height, digest=hashlib.sha256(payload).hexdigest(), payload=payload))
    db.session.flush()


def _parquet(frame: pl.DataFrame) -> bytes:
    sink = io.BytesIO()
    frame.write_parquet(sink, compression="zstd", compression_level=3)
    return sink.getvalue()
