"""A run's lines in the database: immutable column segments that commit, back up and replicate with everything else."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl
from sqlalchemy import insert, select

from models import db
from models.commission import LineSegment, MonthClose, RunTier, SegmentRole
from portal.bulk import IN_BYTES
from portal.commission.facts import MonthFacts
from portal.commission.tiers import TierResult, result_of

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


IDENTITY = ["broker_id", "kind", "account_id", "trade_date", "exchange", "product", "plan_version_id", "level", "downline_id"]
"""What tells the lines of a month apart."""


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
        _words(products["exchange"]).gather(lines["pid"]),
        _words(products["product"]).gather(lines["pid"]),
        pl.col("origin") if "origin" in lines.columns else pl.lit("", pl.Enum([""])).alias("origin"),
        *(pl.col(name) for name in ("kind", "part", "amount", "reason", "level")),
        account_id="account",
        trade_date="day",
        plan_id="plan",
        plan_version_id="version",
    ).select(pl.col(name) if dtype == pl.String else pl.col(name).cast(dtype) for name, dtype in STORED.items())
    buffer = io.BytesIO()
    stored.write_parquet(buffer, compression="zstd", compression_level=1, statistics=False, row_group_size=65_536)
    payload = buffer.getvalue()
    numbers = names.brokers["broker_no"].gather(list(lines.select(pl.min("b"), last=pl.max("b")).row(0)))
    return Segment(role, shard, numbers[0], numbers[1], stored.height, hashlib.sha256(payload).hexdigest(), payload)


def _words(texts: pl.Series) -> pl.Series:
    """Texts of which there are few, as numbers with a vocabulary: written and read several times as fast."""
    return texts.cast(pl.Enum(texts.unique(maintain_order=True)))


def decode(payload: bytes, where: pl.Expr | None = None) -> pl.DataFrame:
    """The rows of a segment, or those that a condition on STORED columns leaves; it is applied while reading."""
    source = io.BytesIO(payload)
    rows = pl.read_parquet(source) if where is None else pl.scan_parquet(source).filter(where).collect()
    return rows.cast({"exchange": pl.String, "product": pl.String, "origin": pl.String})


def save(run_id: int, segments: Iterable[Segment]) -> None:
    """Write segments one by one, so that only one lies in memory."""
    for segment in segments:
        db.session.execute(insert(LineSegment).values(run_id=run_id, **vars(segment)))


def read_lines(run_id: int, role: SegmentRole | None = None, brokers: dict[str, int] | None = None, where: pl.Expr | None = None) -> pl.DataFrame:
    """The lines of a run in STORED columns: the month's own (LINES), CORRECTIONS, or both; of some brokers only if a map
    broker_no → broker_id names them, and only those that `where` leaves."""
    conditions = [] if where is None else [where]
    if brokers is not None:
        conditions.append(pl.col("broker_id").is_in(list(brokers.values())))
    wanted = pl.all_horizontal(conditions) if conditions else None
    roles = [SegmentRole.LINES, SegmentRole.OUT, SegmentRole.IN, SegmentRole.CORRECTIONS]
    if role is not None:
        roles = roles[3:] if role is SegmentRole.CORRECTIONS else roles[:3]
    segments = _payloads(run_id, roles, None if brokers is None else list(brokers))
    return laid_over(pl.DataFrame(schema=STORED), ((role, decode(payload, wanted)) for role, payload in segments))


def laid_over(lines: pl.DataFrame, layers: Iterable[tuple[str, pl.DataFrame]]) -> pl.DataFrame:
    """Lines after layers of lines were put in or taken out, one after the other. Raises ValueError where a line to take out is not there."""
    parts = [lines]
    for role, rows in layers:
        if role != SegmentRole.OUT:
            parts.append(rows)
        elif rows.height:
            before = pl.concat(parts)
            parts = [before.join(rows, on=IDENTITY, how="anti", nulls_equal=True, maintain_order="left")]
            if parts[0].height != before.height - rows.height:
                raise ValueError("the stored lines do not hold every line that a correction takes out")
    return pl.concat(parts)


def _payloads(run_id: int, roles: list[SegmentRole], broker_nos: list[str] | None) -> Iterable[tuple[str, bytes]]:
    """The segments of a run in the order in which they are laid over each other, that may hold a line of the brokers."""
    query = select(LineSegment.id, LineSegment.role, LineSegment.shard, LineSegment.first_broker_no, LineSegment.last_broker_no)
    rows = db.session.execute(query.where(LineSegment.run_id == run_id, LineSegment.role.in_(roles))).all()
    wanted = []
    for row in sorted(rows, key=lambda row: _place(row.role, row.shard)):
        # Byte order, which is not every database's order of text.
        if broker_nos is None or any(row.first_broker_no.encode() <= number.encode() <= row.last_broker_no.encode() for number in broker_nos):
            wanted.append((row.id, row.role))
    for segment_id, role in wanted:
        yield role, db.session.execute(select(LineSegment.payload).where(LineSegment.id == segment_id), execution_options=IN_BYTES).scalar_one()


def _place(role: str, shard: int) -> tuple[int, int, bool]:
    """Where a segment stands: the month's lines by shard, then what corrected days took out and put in, then corrections."""
    return {SegmentRole.LINES: 0, SegmentRole.CORRECTIONS: 2}.get(SegmentRole(role), 1), shard, role == SegmentRole.IN


def nothing() -> pl.DataFrame:
    """No lines, in STORED columns."""
    return pl.DataFrame(schema=STORED)


def layers_of(run_id: int) -> list[tuple[str, pl.DataFrame]]:
    """What corrected days took out of a run's lines and put in, in order."""
    return [(role, decode(payload)) for role, payload in _payloads(run_id, [SegmentRole.OUT, SegmentRole.IN], None)]


def segments_of(run_id: int) -> list[tuple[str, int, str]]:
    """(role, shard, digest) of a run's segments in their order."""
    rows = db.session.execute(select(LineSegment.role, LineSegment.shard, LineSegment.digest).where(LineSegment.run_id == run_id)).all()
    return [(row.role, row.shard, row.digest) for row in sorted(rows, key=lambda row: _place(row.role, row.shard))]


def read_tiers(run_id: int, period: str, facts: MonthFacts) -> dict[tuple[int, int], TierResult]:
    """The tiers of a month's brokers as a run measured them, keyed by (b, version)."""
    ranks = dict(facts.brokers.select("broker_id", "b").iter_rows())
    stored = select(RunTier.broker_id, RunTier.plan_version_id, RunTier.summed, RunTier.days)
    stored = stored.where(RunTier.run_id == run_id, RunTier.period == period, RunTier.broker_id.in_(list(ranks)))
    found = {}
    for broker_id, version, summed, days in db.session.execute(stored):
        term = facts.terms.get(version)
        if term is not None and term.tiers is not None:
            found[(ranks[broker_id], version)] = result_of(term, int(summed), facts.plan_of_version[version], days)
    return found


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
