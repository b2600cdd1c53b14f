"""One import, from what was handed in to its summary. Each master file and each day is a transaction of its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from flask import current_app

from models import db
from models.comparisons import ImportStep
from models.settlement import ImportFinding, ImportRun, ImportState
from portal.actors import NOBODY, Actor
from portal.bulk import insert_rows
from portal.clock import now
from portal.imports.adjustments import import_adjustments
from portal.imports.arrivals import bring_in_clients
from portal.imports.contacts import import_contacts
from portal.imports.context import Context, Result
from portal.imports.days import import_day
from portal.imports.departures import import_departures
from portal.imports.leads import import_leads
from portal.imports.masters import master_files
from portal.imports.moves import what_moves
from portal.imports.order import Plan, in_order
from portal.imports.receive import Handed
from portal.imports.recognise import family_named, recognise
from portal.imports.steps import import_master
from portal.refusals import Findings, Refusal
from portal.rehearsal import rehearsal
from portal.sealing import Keyring
from portal.settlement import calendar
from portal.transaction import transaction
from portal.versions import table_of

ACCOUNTS = "accounts.csv"
Progress = Callable[[str, int, int], None]
"""Called with the step, how many are done and how many there are."""


@dataclass(frozen=True)
class Options:
    """How an import is to be done. A dry run does everything and keeps nothing but its findings."""

    keyring: Keyring
    overrides_allowed: bool = False
    dry_run: bool = False
    replace: bool = False
    approver: Actor | None = None
    progress: Progress = lambda step, done, total: None
    cancelled: Callable[[], bool] = lambda: False
    origin: Mapping[str, Any] = field(default_factory=dict)
    """What asked for the import, as plain data; kept in its summary."""


@dataclass
class Outcome:
    """What an import came to."""

    import_id: int
    state: ImportState
    results: list[Result]
    findings: Findings
    summary: dict[str, Any] = field(default_factory=dict)


def run_import(handed: Handed, *, actor: Actor, options: Options, findings: Findings | None = None) -> Outcome:
    """Import files. Commits step by step, so it is for doors alone; `findings` are those of receiving the files."""
    findings = findings if findings is not None else Findings()
    known = [(kind, file) for file in handed.files if (kind := recognise(file)) is not None]
    plan = in_order(known, findings)
    import_id = _begin(actor, plan, options)
    results: list[Result] = []
    state, more = ImportState.FAILED, dict(options.origin)
    try:
        with _kept(options.dry_run):
            state = _steps(import_id, plan, actor, options, findings=findings, results=results)
            if not options.dry_run and any(result.kind == ACCOUNTS and result.state == "posted" for result in results):
                more["converted"] = len(bring_in_clients(actor, now()).conversions)
            if options.dry_run and state == ImportState.DONE:
                more["moves"] = what_moves(results, options.progress, options.cancelled)
    except KeyboardInterrupt:
        state = ImportState.CANCELLED
        raise
    finally:
        summary = summary_of(plan, handed, results, findings)
        _end(import_id, state, results, {**summary, **more}, findings)
    return Outcome(import_id, state, results, findings, summary)


def _steps(import_id: int, plan: Plan, actor: Actor, options: Options, *, findings: Findings, results: list[Result]) -> ImportState:
    """Every step in order; between two steps an import can be cancelled."""
    for key, label, step in _todo(plan, options):
        if options.cancelled():
            return ImportState.CANCELLED
        options.progress(label, len(results), plan.steps)
        own = Findings()
        context = Context(actor, now(), options.keyring, options.overrides_allowed, options.replace, options.approver)
        result = _answered(label, step, context, own)
        own.listed = [replace(finding, step=key) for finding in own.listed]
        findings.extend(own)
        results.append(replace(result, step=key))
        if not options.dry_run:
            _advance(import_id, label, len(results))
    options.progress("", plan.steps, plan.steps)
    return ImportState.DONE


def _answered(label: str, step: Callable[[Context, Findings], Result], context: Context, findings: Findings) -> Result:
    """Run a step; a rule that says no is a refusal of this step, not the end of the import."""
    try:
        return step(context, findings)
    except Refusal as error:
        findings.refuse("rule", label, found=error, expected="")
        return Result(label, label)


def _todo(plan: Plan, options: Options) -> Iterator[tuple[str, str, Callable[[Context, Findings], Result]]]:
    """What it is about (a day, a kind of file), what to call it, and how to do it."""
    specs = master_files(options.overrides_allowed)
    dry = options.dry_run
    for file in plan.masters:
        yield file.base.lower(), file.name, partial(import_master, specs[file.base.lower()], file, dry_run=dry)
    for day, family, files in plan.days:
        yield str(day), str(day), partial(import_day, day, family_named(family), files, dry_run=dry)
    for file in plan.adjustments:
        yield file.base.lower(), file.name, partial(import_adjustments, file, dry_run=dry)
    for file in plan.leads:
        yield file.base.lower(), file.name, partial(import_leads, file, dry_run=dry)
    for file in plan.contacts:
        yield file.base.lower(), file.name, partial(import_contacts, file, dry_run=dry)
    for file in plan.departures:
        yield file.base.lower(), file.name, partial(import_departures, file, dry_run=dry)


@contextmanager
def _kept(dry_run: bool) -> Iterator[None]:
    """A dry run is a rehearsal of all its steps: nothing of it is kept, and others write meanwhile."""
    if not dry_run:
        yield
        return
    with rehearsal(Path(current_app.config["PORTAL"].instance) / "rehearsals"):
        if not calendar.is_sown():
            calendar.sow(NOBODY, now())
        yield


def _begin(actor: Actor, plan: Plan, options: Options) -> int:
    moment = now()
    if plan.days and not options.dry_run:
        with transaction():
            if not calendar.is_sown():
                calendar.sow(actor, moment)
    with transaction():
        run = ImportRun(
            started_at=moment,
            actor_id=actor.user_id,
            actor_label=actor.label,
            state=ImportState.RUNNING,
            dry_run=options.dry_run,
            step="",
            total=plan.steps,
            summary=dict(options.origin),
        )
        db.session.add(run)
        db.session.flush()
        return run.id


def _advance(import_id: int, step: str, done: int) -> None:
    with transaction():
        run = db.session.get_one(ImportRun, import_id)
        run.step, run.done = step[:200], done


def _end(import_id: int, state: ImportState, results: list[Result], summary: dict[str, Any], findings: Findings) -> None:
    with transaction():
        run = db.session.get_one(ImportRun, import_id)
        run.state, run.finished_at, run.done, run.summary = state, now(), len(results), summary
        run.refusals, run.warnings = findings.refused, findings.warned
        steps = {result.step: result for result in results if result.step}
        db.session.add_all(ImportStep(import_id=import_id, step=key, **_came_to(result)) for key, result in steps.items())
        columns = ("import_id", "severity", "code", "file", "step", "line", "field", "found", "expected")
        rows = (
            (import_id, item.severity.value, item.code, item.file[-400:], item.step or None, item.line, item.field[:120], item.found, item.expected) for item in findings.listed
        )
        insert_rows(table_of(ImportFinding), columns, rows)


def _came_to(result: Result) -> dict[str, Any]:
    day = date.fromisoformat(result.name) if result.kind == "day" else None
    return {"trade_date": day, "outcome": result.state, "version": result.detail.get("version")}


def summary_of(plan: Plan, handed: Handed, results: list[Result], findings: Findings) -> dict[str, Any]:
    """What an import came to, as plain data: per kind of file, per outcome of a day, and what was left alone."""
    kinds: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(("files", "rows", "new", "changed", "same", "vanished"), 0))
    days: dict[str, list[str]] = defaultdict(list)
    for result in results:
        kind = kinds[result.kind]
        for name, number in {"files": result.files, "rows": result.rows, **result.counts}.items():
            kind[name] = kind.get(name, 0) + number
        if result.kind == "day":
            days[result.state].append(result.name)
    by_state = {state: [result.name for result in results if result.state == state and result.kind != "day"] for state in ("same_bytes", "waiting", "refused")}
    return {
        "kinds": dict(kinds),
        "days": dict(days),
        **by_state,
        "again": plan.again,
        "left_alone": [*handed.left_alone, *(f"{file.name} ({kind.name})" for kind, file in plan.left_alone)],
        "details": {result.name: result.detail for result in results if result.detail},
        "refusals": findings.refused,
        "warnings": findings.warned,
    }
