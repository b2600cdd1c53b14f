"""A firm of known truth, made and graded: how good the scores are, beside the naive rule and the best that could be said."""

from __future__ import annotations

import json
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from models import db
from models.clients import Account
from portal import clock
from portal.actors import TERMINAL
from portal.cli.demo import group as demo
from portal.cli.risk import group, quietly
from portal.demo import truth
from portal.demo.truth_life import Life
from portal.demo.truth_load import load
from portal.local_day import zone
from portal.refusals import Refusal
from portal.risk import fitting, panel, truth_grades
from portal.risk.hazard import PRIORS
from portal.risk.queries import account_numbers
from portal.transaction import transaction

QUARTER = timedelta(days=90)


@demo.command("truth")
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--accounts", type=int, default=2500, show_default=True)
def make_truth(target: Path, seed: int, accounts: int) -> None:
    """Fill an empty portal with a firm whose departures, follow decisions and causes are known; the truth is written to TARGET."""
    if db.session.execute(select(Account.id).limit(1)).first():
        raise Refusal("this portal has accounts: a firm of known truth is loaded only into an empty one")
    life = Life(accounts, seed)
    life.live()
    with tempfile.TemporaryDirectory() as folder:
        load(life, truth.write(life, Path(folder) / "firm"), zone())
    truth.write_truth(life, target)
    click.echo(f"{accounts} accounts, {len(life.days)} settled days, {int((life.leaves >= 0).sum())} decided to go; the truth is in {target}")


@group.command("grade")
@click.option("--truth", "path", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
@click.option("--to", "months", type=int, default=4, show_default=True, help="How many month ends are graded: the last whose 90 days are over.")
@click.option("--priors", is_flag=True, help="Grade the stated priors, as a firm has them that has not seen enough.")
def grade(path: Path, months: int, priors: bool) -> None:
    """Learn from what was known before the graded months, score them, and print the grades beside the naive rule and the best possible."""
    known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    last = date.fromisoformat(known["last"])
    ends = [day for day in panel.month_ends(date.fromisoformat(known["first"]), last) if day + QUARTER <= last][-months:]
    weights, seen = (None, 0) if priors else fitting.learned(date.fromisoformat(known["first"]), ends[0], zone(), quietly)
    found = truth_grades.graded(known, ends, weights or PRIORS, zone(), account_numbers())
    click.echo(f"seed {known['seed']}: {f'learned from {seen} losses known by {ends[0]}' if weights else 'stated priors'}; graded {', '.join(map(str, ends))}")
    click.echo(truth_grades.table(found))


@group.command("learn")
@click.option("--first", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The first settled day to learn from.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), required=True, help="Nothing recorded after this day is used.")
def learn(first: Any, until: Any) -> None:
    """Learn from the firm's own past and keep the version; below 200 losses the stated priors stay."""
    weights, seen = fitting.learned(first.date(), until.date(), zone(), quietly)
    if weights is None:
        click.echo(f"{seen} losses seen, {fitting.ENOUGH} are needed: the stated priors stay")
        return
    with transaction():
        click.echo(f"{fitting.keep(weights, until.date(), seen, actor=TERMINAL, moment=clock.now()).version}: learned from {seen} losses")
