"""`flask import`: files in, from the terminal."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import click
from flask import current_app

from models.settlement import ImportState
from portal.actors import TERMINAL, Actor
from portal.cli.progress import progress
from portal.cli.refusing import refusing
from portal.identity.queries import user_by_email
from portal.imports.receive import receive
from portal.imports.recognise import recognise
from portal.imports.run import Options, Outcome, run_import
from portal.imports.second_person import second_person
from portal.keys import keyring
from portal.refusals import Finding, Findings, Severity
from portal.settlement.wording import expected, remedy, sentence

SHOWN = 50
NOTHING_READABLE = 2


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path), metavar="PATH…")
@click.option("--dry-run", is_flag=True, help="Check everything and keep nothing.")
@click.option("--replace", is_flag=True, help="Rows missing from a dated file are taken out; needs a second person.")
@click.option("--approved-by", metavar="EMAIL", help="The second person who approves replacements and adjustments.")
@click.option("--findings", "findings_file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.csv", help="Write every refusal and warning here.")
@refusing
def import_files(paths: tuple[Path, ...], dry_run: bool, replace: bool, approved_by: str | None, findings_file: Path | None) -> None:
    """Import files, folders and archives. Exit status 0: all went in; 1: something was refused; 2: nothing to read."""
    approver = _approver(approved_by)
    findings = Findings()
    handed = receive(list(paths), lambda file: recognise(file) is not None, findings)
    if not handed.files and not findings.refused:
        raise click.UsageError(f"nothing that the portal reads in {', '.join(map(str, paths))}")
    with progress() as report:
        options = Options(
            keyring=keyring(),
            overrides_allowed=current_app.config["PORTAL"].allow_overrides,
            dry_run=dry_run,
            replace=replace,
            approver=approver,
            progress=report,
        )
        outcome = run_import(handed, actor=TERMINAL, options=options, findings=findings)
    _print(outcome, dry_run=dry_run)
    if findings_file:
        write_findings(findings_file, outcome.findings)
    if outcome.findings.refused or outcome.summary["days"].get("refused") or outcome.state != ImportState.DONE:
        click.get_current_context().exit(1)


def _approver(email: str | None) -> Actor | None:
    return second_person(user_by_email(email), email) if email else None


def _print(outcome: Outcome, *, dry_run: bool) -> None:
    summary = outcome.summary
    for name, kind in summary["kinds"].items():
        if name != "day":
            click.echo(f"{name}: {_numbers(kind)}")
    for state, days in summary["days"].items():
        click.echo(f"days {state}: {len(days)} ({days[0]}{' … ' + days[-1] if len(days) > 1 else ''})")
    _print_names("received before, nothing changed", summary["same_bytes"] + summary["again"])
    _print_names("waits for a second person", summary["waiting"])
    _print_names("left alone", summary["left_alone"])
    for note in _notes(summary):
        click.echo(note)
    for severity in (Severity.REFUSAL, Severity.WARNING):
        _print_findings([item for item in outcome.findings.listed if item.severity == severity], outcome.findings.counts[severity])
    click.echo(f"import {outcome.import_id}: {summary['refusals']} refusals, {summary['warnings']} warnings" + ("; dry run: nothing was kept" if dry_run else ""))


def _numbers(kind: dict[str, int]) -> str:
    words = {"files": "files", "rows": "rows", "new": "new", "changed": "changed", "same": "unchanged", "vanished": "taken out"}
    return ", ".join(f"{number} {words.get(name, name)}" for name, number in kind.items() if number or name in ("files", "rows"))


def _print_names(what: str, names: list[str]) -> None:
    if names:
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        click.echo(f"{what}: {', '.join(names[:SHOWN])}{more}")


def _notes(summary: dict[str, Any]) -> list[str]:
    return [f"{name}: {note}" for name, detail in summary["details"].items() for note in detail.get("notes", [])]


def _print_findings(items: list[Finding], count: int) -> None:
    for item in items[:SHOWN]:
        click.echo(describe(item), err=True)
    if count > SHOWN:
        click.echo(f"… and {count - SHOWN} more", err=True)


def describe(item: Finding) -> str:
    """A finding on one line: file:line field: what is wrong, what was found, what was expected, what to do."""
    place = f"{item.file}:{item.line}" if item.line else item.file
    found = f" found {item.found!r}" if item.found else ""
    wanted = f", expected {expected(item)}" if item.expected else ""
    return f"{item.severity.value} {place} {item.field}: {sentence(item)}{found}{wanted}. {remedy(item)} [{item.code}]"


def write_findings(path: Path, findings: Findings) -> None:
    """Write findings as CSV; a cell that a spreadsheet would run as a formula is quoted."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["severity", "code", "file", "line", "field", "found", "expected", "sentence", "remedy"])
        for item in findings.listed:
            row = [item.severity.value, item.code, item.file, item.line or "", item.field, item.found, expected(item), sentence(item), remedy(item)]
            writer.writerow([f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell for cell in row])
