"""`flask departures`: what speaks for somebody's leaving, as of a day."""

from __future__ import annotations

import csv
import json
import sys
from datetime import date

import click

from portal import clock, local_day
from portal.actors import TERMINAL
from portal.cli.attribution import Day
from portal.cli.refusing import RefusingGroup
from portal.cli.risk import quietly
from portal.commission.queries import last_settled_day
from portal.departures import signal_rules, signals
from portal.refusals import Refusal
from portal.transaction import transaction

group = RefusingGroup("departures", help="Who may be about to leave.")
HEAD = ("person_kind", "person_no", "signal", "evidence", "on", "rule_version")


@group.command("signals")
@click.option("--on", type=Day(), default=None, help="The day (the last settled one unless said): nothing recorded after it is used.")
@click.option("--format", "form", type=click.Choice(["csv"]), default="csv", show_default=True)
@click.option("--keep", is_flag=True, help="Store them too.")
def show(on: date | None, form: str, keep: bool) -> None:
    """Print every signal that somebody may leave, with its evidence as JSON (amounts in fen), as CSV."""
    day = on or last_settled_day()
    if day is None:
        raise Refusal("no day is settled yet: name one with --on")
    persons, found = signals.raised(day, local_day.zone(), quietly)
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(HEAD)
    for who, kind, evidence in found:
        out.writerow([who.kind, who.number, kind, json.dumps(evidence, sort_keys=True), day, signal_rules.VERSION])
    if keep:
        with transaction():
            signals.keep(day, persons, found, actor=TERMINAL, moment=clock.now())
