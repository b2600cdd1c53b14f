"""One master file, from its text to its assertions: read, referred, compared, and asserted in the open transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from models.attribution import Attribution
from models.clients import AccountVersion
from portal.actors import Actor
from portal.attribution import files as attribution
from portal.audit import log
from portal.audit.recordings import open_recording
from portal.clients import files as clients
from portal.commission import files as commission
from portal.fields import span_text
from portal.imports.context import Context
from portal.jobs.rebuild import REBUILD
from portal.jobs.verbs import enqueue
from portal.masters import Line, MasterFile, Numbered, read_lines, to_rows
from portal.partners import files as partners
from portal.refusals import Findings
from portal.rules.attributing import tell_changed
from portal.settlement import files as settlement
from portal.settlement import rollups
from portal.settlement.received import remember_file
from portal.versions import Difference, bring, difference, numbers, write

DAYS_AT_ONCE = 31
"""Settled days whose sums are made anew while the import waits."""
SHOWN = 200
"""Vanished rows that a preview lists."""


@dataclass(frozen=True)
class MasterInput:
    """A master file as received: its text has been decoded."""

    spec: MasterFile
    name: str
    digest: str
    size: int
    text: str


def master_files(overrides_allowed: bool) -> dict[str, MasterFile]:
    """Every master file by its name."""
    plans = (commission.plans_file(overrides_allowed), commission.AGREEMENTS)
    return {spec.name: spec for spec in (*partners.FILES, *clients.FILES, *attribution.FILES, *settlement.FILES, *plans)}


def compared(given: MasterInput, lines: list[Line], context: Context, findings: Findings) -> Difference | None:
    """What the lines of a file would change; None where a reference is unknown. Gives numbers that the file brings their ids."""
    spec = given.spec
    referred: dict[type[Any], Numbered] = {field.refers.model: field.refers for field in spec.fields if field.refers}
    ids = {model: numbers(model, thing.column) for model, thing in referred.items()}
    for field in spec.fields:
        if field.refers is None or field.refers == spec.brings:
            continue
        known = ids[field.refers.model]
        for line in lines:
            value = line.values[field.name]
            if value and value not in known:
                findings.refuse(f"unknown_{field.refers.model.__tablename__}", given.name, line.number, field=field.name, found=value, expected=f"import {field.refers.file} first")
    if findings.refused:
        return None
    if spec.brings:
        column = next(field.name for field in spec.fields if field.refers == spec.brings)
        ids[spec.brings.model] = bring(spec.brings.model, spec.brings.column, ids[spec.brings.model], [line.values[column] for line in lines])
    return difference(spec.model, to_rows(spec, lines, ids, context.keyring), context.keyring)


def vanished_rows(spec: MasterFile, found: Difference) -> list[str]:
    """The rows that a dated file no longer has, as text without phone or ID numbers."""
    if not spec.dated or not found.vanished:
        return []
    named = {field.target: {key: number for number, key in numbers(field.refers.model, field.refers.column).items()} for field in spec.fields if field.refers}
    return [_described(row, spec, named) for row in found.vanished]


def assert_master(given: MasterInput, found: Difference, rows: int, context: Context, *, replace: bool, approver: Actor | None = None) -> None:
    """Write what changed under a new recording, keep the file's digest, and leave a line in the log."""
    recording = open_recording(context.actor, context.moment, "import", given.name)
    branches = rollups.branches_of([row["account_id"] for row in found.changed]) if given.spec.model is AccountVersion and found.changed else {}
    # What a file says is what the firm did: it is kept whatever it is, and the next re-check names what no rule allows.
    write(found, recording.id, replace=replace and given.spec.dated, keyring=context.keyring, ruled=True)
    if given.spec.model is Attribution:
        tell_changed(found, recording.id, replace=replace and given.spec.dated)
    renew_sums(rollups.touched(found, branches, recording.id), context)
    if rows:
        remember_file(given.digest, given.name, given.size, given.spec.name, recording_id=recording.id)
    after = {"digest": given.digest, "rows": rows, **found.counts, "approved_by": approver.label if approver else None}
    log.write(context.actor, context.moment, "import.master", "file", given.spec.name, after=after)


def renew_sums(first: date | None, context: Context) -> None:
    """Make the sums of the settled days from a day on anew: a few at once, many by a job. None: of no day."""
    days = rollups.settled_from(first) if first is not None else []
    if len(days) <= DAYS_AT_ONCE:
        rollups.rebuild(days)
        return
    rollups.forget(days)
    enqueue(context.actor, context.moment, REBUILD, {})


def lines_of(given: MasterInput, findings: Findings) -> list[Line]:
    """The rows of a file; every fault is added to the findings."""
    return read_lines(given.spec, given.text, given.name, findings)


def _described(row: dict[str, Any], spec: MasterFile, named: dict[str, dict[int, str]]) -> str:
    parts = [named[name].get(row[name], "") if name in named else str(row[name]) for name in spec.model.KEY if name not in ("valid_from", "id_no_index")]
    start, end = row["valid_from"], row["valid_to"]
    assert isinstance(start, date)
    assert isinstance(end, date)
    return " · ".join([*parts, span_text(start, end)])
