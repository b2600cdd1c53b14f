"""Keeping and finding what two states of knowledge pay differently; the same question is computed once."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime

import polars as pl
from sqlalchemy import select

from models import db
from models.differences import DifferenceReport
from models.values.calendar import Month
from portal.audit.recordings import last_recording_id
from portal.commission.month import Progress, quiet
from portal.commission.moved import Moved, moved
from portal.refusals import Refusal

MOST_MONTHS = 24
"""Longer ranges are asked in pieces, so that a report stays readable and its work bounded."""


@dataclass(frozen=True)
class Asked:
    """Which months are compared, as known at which two recordings."""

    before: int
    after: int
    first: Month
    last: Month

    def checked(self) -> Asked:
        """The same question. Raises Refusal where it has no answer."""
        if not 0 <= self.before <= self.after:
            raise Refusal("the first state of knowledge (%(before)s) must not be later than the second (%(after)s)", before=self.before, after=self.after)
        if self.after > last_recording_id():
            raise Refusal("recording %(asked)s does not exist yet; the newest is %(last)s", asked=self.after, last=last_recording_id())
        if self.first > self.last or self.last >= self.first.plus(MOST_MONTHS):
            raise Refusal("the months must be in order and at most %(most)s; %(first)s to %(last)s were asked", most=MOST_MONTHS, first=str(self.first), last=str(self.last))
        return self


def kept(asked: Asked) -> DifferenceReport | None:
    """The report that answers a question, if it was computed before."""
    row = DifferenceReport
    where = (row.known_before == asked.before, row.known_after == asked.after, row.first == str(asked.first), row.last == str(asked.last))
    return db.session.execute(select(row).where(*where)).scalar_one_or_none()


def compute_differences(asked: Asked, progress: Progress = quiet) -> Moved:
    """Answer a question from the facts. Raises Refusal where it has no answer."""
    asked.checked()
    return moved(asked.first, asked.last, asked.before, asked.after, progress)


def keep(asked: Asked, found: Moved, moment: datetime) -> DifferenceReport:
    """Keep an answer. Verb: runs inside a transaction; an answer that is there already stays."""
    there = kept(asked)
    if there is not None:
        return there
    buffer = io.BytesIO()
    found.rows.write_parquet(buffer, compression="zstd")
    report = DifferenceReport(
        known_before=asked.before,
        known_after=asked.after,
        first=str(asked.first),
        last=str(asked.last),
        computed_at=moment,
        rows=found.rows.height,
        totals=[list(row) for row in found.totals.iter_rows()],
        payload=buffer.getvalue(),
    )
    db.session.add(report)
    db.session.flush()
    return report


def read_report(report: DifferenceReport) -> Moved:
    """The rows and totals of a kept answer."""
    totals = pl.DataFrame([tuple(row) for row in report.totals], schema={"broker_id": pl.Int64, "before": pl.Int64, "after": pl.Int64}, orient="row")
    return Moved(pl.read_parquet(io.BytesIO(report.payload)), totals)


def moved_by_steps(recordings: list[int], account_id: int) -> dict[int, tuple[str, str, dict[int, int]]]:
    """What single steps of knowledge moved of one account, as far as it was computed: first and last month, and fen by broker_id.

    Of several reports of a step the newest is taken.
    """
    row = DifferenceReport
    query = select(row).where(row.known_after.in_(recordings), row.known_before == row.known_after - 1).order_by(row.id)
    found = {}
    for report in db.session.execute(query).scalars():
        mine = read_report(report).rows.filter((pl.col("account_id") == account_id) & pl.col("broker_id").is_not_null())
        sums = mine.group_by("broker_id").agg(pl.col("amount").sum()).sort("broker_id")
        found[report.known_after] = (report.first, report.last, dict(sums.iter_rows()))
    return found
