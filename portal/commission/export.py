"""A month's books as files: lines.csv and statements.csv, sorted, the same bytes on every run and every database."""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path

import polars as pl
from sqlalchemy import select

from models import db
from models.clients import Account
from models.commission import CommissionRun, LineSegment, Plan, RunStatement, SegmentRole
from models.partners import Broker
from portal.bulk import read_frame
from portal.commission import store
from portal.commission.statement import COLUMNS
from portal.commission.vocabulary import kind_text, reason_text

LINE_COLUMNS = ("period", "broker_no", "kind", "account_no", "trade_date", "exchange", "product", "part_fen", "amount_fen", "reason", "plan_code", "origin")
FEW = 10_000
"""So many accounts are asked for one by one; more by the range in which they lie."""
STATEMENT_COLUMNS = ("broker_no", "period", *COLUMNS)


def write_books(run: CommissionRun, folder: Path) -> list[Path]:
    """Write a run's lines.csv and statements.csv into a folder and return their paths. Amounts are whole fen."""
    folder.mkdir(parents=True, exist_ok=True)
    lines, statements = folder / "lines.csv", folder / "statements.csv"
    with lines.open("wb") as file:
        file.write((",".join(LINE_COLUMNS) + "\n").encode())
        for frame in sorted_lines(run):
            # An empty text would be written as two quotes; nothing at all reads the same and is what other programs write.
            frame.with_columns(pl.col(pl.String).replace("", None)).write_csv(file, include_header=False)
    with statements.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(STATEMENT_COLUMNS)
        writer.writerows((number, run.period, *amounts) for number, *amounts in statement_rows(run))
    return [lines, statements]


def statement_rows(run: CommissionRun) -> list[tuple[str, *tuple[int, ...]]]:
    """(broker_no, the ten amounts in fen) of every broker of a run, by broker_no byte by byte."""
    query = (
        select(Broker.broker_no, *(getattr(RunStatement, name) for name in COLUMNS)).join(RunStatement, RunStatement.broker_id == Broker.id).where(RunStatement.run_id == run.id)
    )
    return sorted((tuple(row) for row in db.session.execute(query)), key=lambda row: row[0].encode())


def sorted_lines(run: CommissionRun) -> Iterator[pl.DataFrame]:
    """A run's lines in LINE_COLUMNS, sorted by all of them, a shard of brokers at a time."""
    brokers = {row.id: row.broker_no for row in db.session.execute(select(Broker.id, Broker.broker_no))}
    names = Namer(brokers)
    corrections = names.name(store.read_lines(run.id, SegmentRole.CORRECTIONS), run.period)
    shards = db.session.execute(
        select(LineSegment.id, LineSegment.last_broker_no).where(LineSegment.run_id == run.id, LineSegment.role == SegmentRole.LINES).order_by(LineSegment.shard)
    ).all()
    layers = store.layers_of(run.id)
    left = sorted(brokers, key=lambda broker_id: brokers[broker_id].encode())
    for segment_id, last in shards:
        payload = db.session.execute(select(LineSegment.payload).where(LineSegment.id == segment_id)).scalar_one()
        here = bisect_right(left, last.encode(), key=lambda broker_id: brokers[broker_id].encode())
        lines = store.laid_over(store.decode(payload), _of(layers, left[:here]))
        up_to = pl.col("broker_no") <= last
        yield pl.concat([names.name(lines, run.period), corrections.filter(up_to)]).sort(LINE_COLUMNS, nulls_last=False)
        corrections, left = corrections.filter(~up_to), left[here:]
    rest = store.laid_over(store.nothing(), _of(layers, left))
    yield pl.concat([names.name(rest, run.period), corrections]).sort(LINE_COLUMNS, nulls_last=False)


def _of(layers: list[tuple[str, pl.DataFrame]], brokers: list[int]) -> Iterator[tuple[str, pl.DataFrame]]:
    for role, rows in layers:
        yield role, rows.filter(pl.col("broker_id").is_in(brokers))


class Namer:
    """Turns stored lines into lines with the firm's numbers and words."""

    def __init__(self, brokers: dict[int, str]) -> None:
        self._brokers = pl.DataFrame({"broker_id": list(brokers), "broker_no": list(brokers.values())}, schema={"broker_id": pl.Int64, "broker_no": pl.String})
        plans = [tuple(row) for row in db.session.execute(select(Plan.id, Plan.plan_code))]
        self._plans = pl.DataFrame(plans, schema={"plan_id": pl.Int64, "plan_code": pl.String}, orient="row")
        self._accounts = pl.DataFrame(schema={"account_id": pl.Int64, "account_no": pl.String})

    def name(self, lines: pl.DataFrame, period: str) -> pl.DataFrame:
        """Stored lines as LINE_COLUMNS."""
        self._learn(lines)
        named = lines.join(self._brokers, on="broker_id").join(self._accounts, on="account_id", how="left").join(self._plans, on="plan_id", how="left")
        return named.select(
            pl.lit(period).alias("period"),
            "broker_no",
            kind_text(),
            pl.col("account_no").fill_null(""),
            pl.col("trade_date").dt.to_string("iso").fill_null("").alias("trade_date"),
            pl.col("exchange").fill_null(""),
            pl.col("product").fill_null(""),
            pl.col("part").cast(pl.String).fill_null("").alias("part_fen"),
            pl.col("amount").alias("amount_fen"),
            reason_text(),
            pl.col("plan_code").fill_null(""),
            "origin",
        )

    def _learn(self, lines: pl.DataFrame) -> None:
        """Read the numbers of accounts not met yet, all at once."""
        fresh = lines.select("account_id").drop_nulls().unique().join(self._accounts, on="account_id", how="anti")["account_id"].to_list()
        if not fresh:
            return
        few = len(fresh) <= FEW
        wanted = Account.id.in_(fresh) if few else Account.id.between(min(fresh), max(fresh))
        rows = read_frame(select(Account.id, Account.account_no).where(wanted), dict(self._accounts.schema))
        self._accounts = pl.concat([self._accounts, rows]).unique("account_id")
