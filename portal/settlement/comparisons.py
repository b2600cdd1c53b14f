"""Comparisons kept as evidence, and their differences explained by one person and confirmed by a second."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import polars as pl
from sqlalchemy import Select, select

from models import db
from models.audit import Approval
from models.comparisons import Comparison, DifferenceExplained, DifferenceReason
from portal.actors import Actor
from portal.audit import approvals, log
from portal.audit.recordings import last_recording_id
from portal.bulk import insert_rows
from portal.permissions import Can
from portal.refusals import Conflict, Finding, NotFound, Refusal
from portal.settlement import against
from portal.versions import table_of

EXPLAIN = "settlement.differences.explain"
"""The kind of the approval that explains differences."""
SHOWN = 50
"""So many lines are shown to the second person; the rest is counted."""
OPEN = (against.DIFFERS, against.ONLY_HERE, against.ONLY_THERE)


@dataclass(frozen=True)
class Paper:
    """A file that was held against the books: its kind (ctp, cfmmc, or the title of a list), and what was wrong with it."""

    kind: str
    file: str
    digest: str
    findings: Sequence[Finding] = field(default_factory=tuple)


def keep(paper: Paper, lines: pl.DataFrame, actor: Actor, moment: datetime, job: str) -> Comparison:
    """Keep a comparison inside the open transaction, as evidence against its days."""
    sink = io.BytesIO()
    lines.write_parquet(sink, compression="zstd", compression_level=3)
    days = lines["trade_date"]
    row = Comparison(
        compared_at=moment,
        actor_id=actor.user_id,
        actor_label=actor.label,
        job=job,
        kind=paper.kind,
        file=paper.file[-400:],
        file_digest=paper.digest,
        known_recording_id=last_recording_id(),
        first_day=days.min(),
        last_day=days.max(),
        findings=[{"severity": one.severity.value, "code": one.code, "line": one.line, "field": one.field, "found": one.found, "expected": one.expected} for one in paper.findings],
        digest=hashlib.sha256(sink.getvalue()).hexdigest(),
        payload=sink.getvalue(),
        **against.counts(lines),
    )
    db.session.add(row)
    db.session.flush()
    log.write(actor, moment, "comparison.kept", "comparison", str(row.id), after={"kind": paper.kind, "digest": row.digest, **against.counts(lines)})
    return row


def listed() -> Select[*tuple[Any, ...]]:
    """Every comparison without its lines, one row each."""
    names = ("id", "compared_at", "actor_label", "kind", "file", "first_day", "last_day", "equal", "differs", "only_here", "only_there")
    return select(*(getattr(Comparison, name) for name in names))


def comparison(number: int) -> Comparison:
    """One comparison. Raises NotFound."""
    row = db.session.get(Comparison, number)
    if row is None:
        raise NotFound("there is no comparison %(number)s", number=number)
    return row


def lines_of(row: Comparison) -> pl.DataFrame:
    """Every line of a comparison, with why it differs where that was explained (`reason`, `note`, else empty)."""
    lines = pl.read_parquet(io.BytesIO(row.payload))
    query = select(DifferenceExplained.line, DifferenceExplained.reason, DifferenceExplained.note).where(DifferenceExplained.comparison_id == row.id)
    why = pl.DataFrame([tuple(one) for one in db.session.execute(query)], schema={"line": pl.Int64, "reason": pl.String, "note": pl.String}, orient="row")
    joined = lines.join(why, on="line", how="left", maintain_order="left").with_columns(pl.col("reason", "note").fill_null(""))
    return joined.with_columns(delta=pl.col("there").fill_null(0) - pl.col("here").fill_null(0), open=pl.col("state").is_in(OPEN) & (pl.col("reason") == ""))


def open_differences(first: date, last: date) -> dict[int, int]:
    """How many differences of these days are neither explained nor overtaken by a newer comparison of the same number, by comparison."""
    rows = db.session.execute(select(Comparison.id, Comparison.payload).where(Comparison.first_day <= last, Comparison.last_day >= first).order_by(Comparison.id)).all()
    newest = against.newest_of_each((row.id, pl.read_parquet(io.BytesIO(row.payload))) for row in rows)
    differing = newest.filter(pl.col("state").is_in(OPEN), pl.col("trade_date").is_between(first, last)).select("comparison", "line")
    query = select(DifferenceExplained.comparison_id, DifferenceExplained.line).where(DifferenceExplained.comparison_id.in_([row.id for row in rows]))
    explained = pl.DataFrame([tuple(one) for one in db.session.execute(query)], schema={"comparison": pl.Int64, "line": pl.Int64}, orient="row")
    left = differing.join(explained, on=["comparison", "line"], how="anti")
    return dict(sorted(left.group_by("comparison").len().iter_rows()))


def prepare_explanation(row: Comparison, chosen: Iterable[int], reason: str, note: str, actor: Actor, moment: datetime) -> Approval:
    """Put the explanation of some differing lines before a second person. Raises Refusal where nothing differs or no reason is coded."""
    actor.need(Can.IMPORT_FILES)
    lines = lines_of(row)
    wanted = sorted(set(chosen))
    told = lines.filter(pl.col("line").is_in(wanted), "open")
    if told.is_empty():
        raise Refusal("choose at least one line that differs and is not explained yet")
    check_reason(reason, note)
    numbers = told["line"].to_list()
    shown = told.head(SHOWN).select(pl.col("trade_date").cast(pl.String), "account_no", "item", "exchange", "product", "here", "there", "delta").to_dicts()
    preview = {"file": row.file, "reason": reason, "note": note, "count": len(numbers), "rows": shown}
    return approvals.prepare(actor, moment, kind=EXPLAIN, subject=f"#{row.id}", payload={"comparison": row.id, "lines": numbers, "reason": reason, "note": note}, preview=preview)


def check_reason(reason: str, note: str) -> None:
    """Raises Refusal for a reason that is none of the coded ones, or `other` without a note."""
    if reason not in set(DifferenceReason):
        raise Refusal("choose one of the coded reasons")
    if reason == DifferenceReason.OTHER and not note.strip():
        raise Refusal("the reason “other” needs a note that says why")


def waiting_lines(row: Comparison) -> set[int]:
    """The lines of a comparison whose explanation waits for a second person."""
    query = select(Approval.payload).where(Approval.kind == EXPLAIN, Approval.subject == f"#{row.id}", Approval.state == "waiting")
    return {line for payload in db.session.execute(query).scalars() for line in payload["lines"]}


def _explain(approval: Approval, approver: Actor, moment: datetime) -> None:
    """Keep the explanation that a second person confirmed."""
    payload: Mapping[str, Any] = approval.payload
    held = set(db.session.scalars(select(DifferenceExplained.line).where(DifferenceExplained.comparison_id == payload["comparison"])))
    lines = [line for line in payload["lines"] if line not in held]
    if not lines:
        raise Conflict("these differences are explained already")
    rows = ((payload["comparison"], line, payload["reason"], payload["note"], approval.id, moment) for line in lines)
    insert_rows(table_of(DifferenceExplained), ("comparison_id", "line", "reason", "note", "approval_id", "explained_at"), rows)
    log.write(approver, moment, EXPLAIN, "comparison", str(payload["comparison"]), after={"approval": approval.id, "lines": len(lines), "reason": payload["reason"]})


approvals.register(EXPLAIN, Can.IMPORT_APPROVE, _explain, label="Explanation of differences", amounts=("here", "there", "delta"))
