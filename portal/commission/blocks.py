"""What stands before a month's close: what blocks it outright, and what may be accepted by name. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import func, select

from models import db
from models.audit import Approval, ApprovalState
from models.commission import CommissionRun
from models.comparisons import ImportStep
from models.settlement import ImportRun
from models.values.calendar import Month
from portal.audit.recordings import last_recording_id
from portal.commission import checks
from portal.commission.close import CLOSE, blockers
from portal.refusals import Refusal
from portal.settlement.comparisons import open_differences
from portal.settlement.continuity import broken_links


@dataclass(frozen=True)
class Block:
    """One thing before the close. A `hard` one must be mended; another may be accepted by name, and then stands in the books."""

    code: str
    hard: bool
    count: int = 0
    items: tuple[Any, ...] = ()
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def said(self) -> str:
        """What the second person is shown of it: its items, or how many there are."""
        return ", ".join(str(item) for item in self.items) or str(self.count)


def blocks_of(period: Month, run: CommissionRun | None, *, fresh: bool) -> list[Block]:
    """Everything that stands before the close of an open month, in the order of the desk."""
    earlier, missing = blockers(period, last_recording_id())
    refused = open_refusals(period.first, period.last)
    found = [Block("earlier_open", hard=True, count=len(earlier), items=tuple(earlier))]
    found.append(Block("missing_days", hard=False, count=len(missing), items=tuple(missing)))
    found.append(Block("refused_days", hard=False, count=len(refused), items=tuple(sorted(refused)), values={"imports": refused}))
    links = broken_links(period)
    found.append(Block("broken_links", hard=False, count=sum(links.values()), items=tuple(links)))
    differences = open_differences(period.first, period.last)
    found.append(Block("differences", hard=False, count=sum(differences.values()), values={"comparisons": differences}))
    waiting = waiting_approvals(str(period))
    found.append(Block("approvals", hard=False, count=len(waiting), items=tuple(f"#{row.id}" for row in waiting), values={"approvals": waiting}))
    found.append(Block("no_preview", hard=True, count=int(run is None)))
    found.append(Block("stale", hard=True, count=int(run is not None and not fresh)))
    if run is not None:
        sums = checks.broken_sums(run)
        found.append(Block("sums", hard=True, count=len(sums), values={"sums": sums}))
        found.append(Block("statements", hard=True, count=checks.broken_statements(run)))
    return [block for block in found if block.count]


def accepted(blocks: Iterable[Block], names: Iterable[str]) -> dict[str, str]:
    """What a preparer accepts by name, as the second person is shown it. Raises Refusal for what blocks outright, and for what may be
    accepted and was not."""
    wanted = set(names)
    for block in blocks:
        if block.hard:
            raise Refusal("something blocks this close outright: look at the desk and mend it first")
        if block.code not in wanted:
            raise Refusal("accept each thing that stands before the close by name, or mend it first")
    return {f"accepted_{block.code}": block.said for block in blocks}


def open_refusals(first: date, last: date) -> dict[date, int]:
    """The days whose newest real attempt to bring them in was refused, with the import that refused them."""
    real = select(ImportStep.trade_date, func.max(ImportStep.import_id).label("import_id")).join(ImportRun, ImportRun.id == ImportStep.import_id)
    newest = real.where(ImportRun.dry_run.is_(False), ImportStep.trade_date.between(first, last)).group_by(ImportStep.trade_date).subquery()
    query = select(ImportStep.trade_date, ImportStep.import_id).join(newest, (newest.c.trade_date == ImportStep.trade_date) & (newest.c.import_id == ImportStep.import_id))
    return {row.trade_date: row.import_id for row in db.session.execute(query.where(ImportStep.outcome == "refused").order_by(ImportStep.trade_date))}


def waiting_approvals(period: str) -> list[Approval]:
    """What waits for a second person and could change this month: everything but closes, and adjustments of other months."""
    rows = db.session.scalars(select(Approval).where(Approval.state == ApprovalState.WAITING, Approval.kind != CLOSE).order_by(Approval.id))
    return [row for row in rows if _concerns(row, period)]


def _concerns(row: Approval, period: str) -> bool:
    """Whether something that waits concerns a month: by its own month, or by being a change of what the firm believes."""
    if row.kind in {"import.adjustments", "commission.adjustment"}:
        entries = row.payload["rows"] if row.kind == "import.adjustments" else [row.payload["entry"]]
        return any(entry[1] == period for entry in entries)
    return row.kind.startswith(("import.", "settlement.", "commission.", "attribution.", "plan"))


def waiting_close(period: str) -> Approval | None:
    """The close of a month that waits for a second person."""
    query = select(Approval).where(Approval.kind == CLOSE, Approval.subject == period, Approval.state == ApprovalState.WAITING)
    return db.session.scalars(query.order_by(Approval.id.desc()).limit(1)).first()
