"""A run's lines in the database: immutable column segments that commit, back up and replicate with everything else."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl
from sqlalchemy import insert, select

from models import db
from models.commission import LineSegment, MonthClose, SegmentRole

STORED = {
    "broker_id": pl.Int64,
    "kind": pl.UInt8,
    "account_id": pl.Int64,
    "trade_date": pl.Date,
    "exchange": pl.String,
    "product": pl.String,
    "part": pl.Int64,
    "amount": pl.Int64,
    "reason": pl.UInt8,
    "plan_id": pl.Int64,
    "plan_version_id": pl.Int64,
    "level": pl.UInt8,
    "downline_id": pl.Int64,
    "origin": pl.String,
}
"""Columns of a segment. Ids are the database's; kind and reason are the codes of vocabulary.py; origin is empty for the month's own lines."""


@dataclass(frozen=True)
class Segment:
    """One encoded segment, ready to be stored."""

    role: SegmentRole
    shard: int
    first_broker_no: str
    last_broker_no: str
    rows: int
    digest: str
    payload: bytes


@dataclass(frozen=True)
class Names:
    """How the engine's numbers and the database's ids translate: brokers (b, broker_id, broker_no) and products (pid, exchange, product)."""

    brokers: pl.DataFrame
    products: pl.DataFrame


def encode(lines: pl.DataFrame, names: Names, role: SegmentRole, shard: int) -> Segment:
    """Turn engine lines (sorted by broker) into a segment."""
    broker_ids, products = names.brokers["broker_id"], names.products
    # Brokers and products are numbered from 0 in the order of their rows, so a number is a place: no join is needed.
    stored = lines.select(
        broker_ids.gather(lines["b"]),
        broker_ids.gather(lines["downline"]).alias("downline_id"),
        products["exchange"].gather(lines["pid"]),
        products["product"].gather(lines["pid"]),
        pl.col("origin") if "origin" in lines.columns else pl.lit("").alias("origin"),
        *(pl.col(name) for name in ("kind", "part", "amount", "reason", "level")),
        account_id="account",
        trade_date="day",
        plan_id="plan",
        plan_version_id="version",
    ).select(pl.col(name).cast(dtype) for name, dtype in STORED.items())
    buffer = io.BytesIO()
    stored.write_parquet(buffer, compression="zstd", compression_level=1, statistics=True, row_group_size=32_768)
    payload = buffer.getvalue()
    numbers = names.brokers["broker_no"].gather([lines["b"].min(), lines["b"].max()])
    return Segment(role, shard, numbers[0], numbers[1], stored.height, hashlib.sha256(payload).hexdigest(), payload)


def decode(payload: bytes, where: pl.Expr | None = None) -> pl.DataFrame:
    """The rows of a segment, or those that a condition on STORED columns leaves; it is applied while reading."""
    source = io.BytesIO(payload)
    return pl.read_parquet(source) if where is None else pl.scan_parquet(source).filter(where).collect()


def save(run_id: int, segments: Iterable[Segment]) -> None:
    """Write segments one by one, so that only one lies in memory."""
    for segment in segments:
        db.session.execute(insert(LineSegment).values(run_id=run_id, **vars(segment)))


def read_lines(run_id: int, role: SegmentRole | None = None, brokers: dict[str, int] | None = None, where: pl.Expr | None = None) -> pl.DataFrame:
    """The lines of a run in STORED columns; of some brokers only if a map broker_no → broker_id names them, and only those
    that `where` leaves."""
    conditions = [] if where is None else [where]
    if brokers is not None:
        conditions.append(pl.col("broker_id").is_in(list(brokers.values())))
    wanted = pl.all_horizontal(conditions) if conditions else None
    frames = [decode(payload, wanted) for payload in _payloads(run_id, role, None if brokers is None else list(brokers))]
    return pl.concat([pl.DataFrame(schema=STORED), *frames])


def _payloads(run_id: int, role: SegmentRole | None, broker_nos: list[str] | None) -> Iterable[bytes]:
    query = select(LineSegment.id, LineSegment.first_broker_no, LineSegment.last_broker_no).where(LineSegment.run_id == run_id)
    if role is not None:
        query = query.where(LineSegment.role == role)
    wanted = []
    for segment_id, first, last in db.session.execute(query.order_by(LineSegment.role.desc(), LineSegment.shard)):
        # Byte order, which is not every database's order of text.
        if broker_nos is None or any(first.encode() <= number.encode() <= last.encode() for number in broker_nos):
            wanted.append(segment_id)
    for segment_id in wanted:
        yield db.session.execute(select(LineSegment.payload).where(LineSegment.id == segment_id)).scalar_one()


def posted_for(origin: str, before: str = "9999-12", brokers: dict[str, int] | None = None) -> pl.DataFrame:
    """Everything posted for a closed month by closes before the month `before`, in that order: its own lines, then corrections.

    Of some brokers only if a map broker_no → broker_id names them.
    """
    closes = select(MonthClose.period, MonthClose.run_id).where(MonthClose.period >= origin, MonthClose.period < before).order_by(MonthClose.period)
    frames = [pl.DataFrame(schema=STORED)]
    for period, run_id in db.session.execute(closes).all():
        if period == origin:
            frames.append(read_lines(run_id, SegmentRole.LINES, brokers))
        else:
            frames.append(read_lines(run_id, SegmentRole.CORRECTIONS, brokers).filter(pl.col("origin") == origin))
    return pl.concat(frames)
