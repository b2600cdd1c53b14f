"""What a correction moves: each broker's statement with the corrected days beside the one that stands, before anything is brought in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from sqlalchemy import select

from models import db
from models.commission import RunStatement
from models.partners import Broker
from models.values.calendar import Month
from portal.audit.recordings import last_recording_id
from portal.commission import runs
from portal.commission.compute import Computed
from portal.commission.statement import COLUMNS
from portal.imports.context import Result
from portal.jobs.refresh import open_months
from portal.refusals import Refusal

SHOWN = 500
"""So many brokers are listed, those first whose payable moves most; the rest is counted."""
MOVED = ("earned", "corrections", "payable", "net")
Amounts = dict[str, int]


class _Stopped(Exception):
    pass


def what_moves(results: Iterable[Result], progress: Callable[[str, int, int], None], cancelled: Callable[[], bool]) -> list[dict[str, Any]]:
    """For each open month that corrected days reach, what they move by broker. Only inside the rehearsal that posted them.

    A month whose stored preview was stale before is named with `stale`, since its difference would be more than the correction's.
    """

    def said(label: str, done: int, total: int) -> None:
        if cancelled():
            raise _Stopped
        progress(label, done, total)

    days = [date.fromisoformat(result.name) for result in results if result.kind == "day" and result.state == "corrected"]
    try:
        return [of_month(month, origins, said) for month, origins in reached(days).items()]
    except (_Stopped, Refusal):
        return []


def reached(days: list[date]) -> dict[Month, list[str]]:
    """The open months in which corrections of these days are paid: their own, or the first open one after a closed."""
    still_open = open_months()
    found: dict[Month, list[str]] = {}
    for day in sorted(days):
        paid = next((month for month in still_open if month >= Month.of(day)), still_open[0] if still_open else None)
        if paid is not None:
            found.setdefault(paid, []).append(str(day))
    return found


def of_month(month: Month, days: list[str], progress: Callable[[str, int, int], None], names: tuple[str, ...] = MOVED) -> dict[str, Any]:
    """What moves in the statements of an open month against its stored preview: `names` are the columns that are told, with their
    totals and by broker as [before, after] (fen). Only inside a rehearsal."""
    run = runs.newest_run(month)
    moved: dict[str, Any] = {
        "period": str(month),
        "days": days,
        "brokers": 0,
        "totals": dict.fromkeys(names, 0),
        "rows": [],
        "stale": run is None or not _was_fresh(run.known_recording_id),
    }
    if run is None or moved["stale"]:
        return moved
    computed = runs.compute_now(month, progress)
    stood = {row.broker_id: row for row in db.session.scalars(select(RunStatement).where(RunStatement.run_id == run.id))}
    brokers = {row.id: row.broker_no for row in db.session.execute(select(Broker.id, Broker.broker_no))}
    whole = isinstance(computed, Computed)
    touched = computed.statements.keys() | stood.keys() if whole else computed.statements.keys()
    rows: list[dict[str, Any]] = []
    for broker_id in touched:
        before, after = _amounts(stood.get(broker_id)), _amounts(computed.statements.get(broker_id))
        if before != after:
            rows.append({"broker_no": brokers[broker_id], **{name: [before[name], after[name]] for name in names}})
    rows.sort(key=lambda row: (-abs(row["payable"][1] - row["payable"][0]), row["broker_no"]))
    moved |= {"brokers": len(rows), "rows": rows[:SHOWN], "totals": {name: sum(row[name][1] - row[name][0] for row in rows) for name in names}}
    return moved


def _was_fresh(known: int) -> bool:
    """Whether nothing real was recorded after a preview: in a rehearsal the clock still shows the real last recording."""
    return known == last_recording_id(real=True)


def _amounts(row: Any) -> Amounts:
    return {name: getattr(row, name) if row is not None else 0 for name in COLUMNS}
