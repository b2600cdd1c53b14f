"""`flask rules`: the rules that hold, loaded from a file, and the books held against them."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import click

from models.columns import OPEN_END
from models.values.money import yuan
from portal import clock
from portal.actors import TERMINAL
from portal.cli.attribution import Day
from portal.cli.refusing import RefusingGroup
from portal.jobs.law import jurisdiction
from portal.keys import keyring
from portal.local_day import day_of
from portal.rules import book, data, recheck, recorded
from portal.transaction import transaction


def in_yuan(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a reason with amounts in yuan."""
    return {name: yuan(value) if name.endswith("_fen") else value for name, value in values.items()}


group = RefusingGroup("rules", help="Rules of law and contract as dated data.")


@group.command("list")
@click.option("--on", type=Day(), default=None, help="Only the rules in force on this day.")
def show(on: date | None) -> None:
    """Print the rules of the rule set as CSV."""
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["code", "valid_from", "valid_to", "effect", "check", "text_en", "text_zh", "source"])
    for rule in book.rules(jurisdiction()):
        if on is None or rule.holds_on(on):
            end = "" if rule.valid_to == OPEN_END else rule.valid_to
            out.writerow([rule.code, "" if rule.valid_from == date.min else rule.valid_from, end, rule.effect, rule.check, rule.texts["en"], rule.texts["zh"], rule.source])


@group.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
def load(file: Path | None) -> None:
    """Load the rule set from a file (without one: as the portal brings it) into the table."""
    name = jurisdiction()
    rules = data.shipped(name) if file is None else data.read(file.read_text(encoding="utf-8"), name)
    with transaction():
        counts = recorded.load(rules, TERMINAL, clock.now())
    click.echo(f"{name}: {counts['new']} new, {counts['changed']} changed, {counts['same']} the same")


@group.command("check")
@click.option("--on", type=Day(), default=None, help="As of this day, without keeping what is found; without it, today.")
def check(on: date | None) -> None:
    """Hold all books against the rules and print what does not comply as CSV; a count of each rule goes to standard error."""
    moment = clock.now()
    day = on or day_of(moment)
    seen = recheck.look(day, jurisdiction(), keyring())
    if on is None:
        with transaction():
            recheck.keep(seen, TERMINAL, moment)
    found = seen.listed
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["broker_no", "account_no", "rule", "effect", "since", "reason", "source"])
    for breach in sorted(found, key=lambda one: (one.clause.code, one.broker.broker_no if one.broker else "", one.client.account_no if one.client else "")):
        clause = breach.clause
        numbers = [breach.broker.broker_no if breach.broker else "", breach.client.account_no if breach.client else ""]
        out.writerow([*numbers, clause.code, clause.rule.effect, "" if clause.since == date.min else clause.since, clause.reason % in_yuan(clause.values), clause.rule.source])
    for code, count in sorted(Counter(breach.clause.code for breach in found).items()):
        click.echo(f"{code}: {count}", err=True)
