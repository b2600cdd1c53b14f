"""`flask risk`: scores of a day, what the firm's own past teaches, and how good the scores were."""

from __future__ import annotations

import csv
import sys
from datetime import date
from typing import Any

import click

from models.partners import Broker, Staff
from models.values.money import yuan
from portal import clock
from portal.actors import TERMINAL
from portal.cli.attribution import Day
from portal.cli.refusing import RefusingGroup
from portal.local_day import zone
from portal.risk import backtest as backtesting
from portal.risk import scoring
from portal.risk.queries import account_numbers
from portal.transaction import transaction
from portal.versions import numbers

group = RefusingGroup("risk", help="Which clients are about to leave.")
HEAD = ("account_no", "probability_90d", "expected_loss", "cause", "follow_probability", "introducer_no", "servicer_no", "model_version")


def quietly(step: str, done: int, total: int) -> None:
    """No progress is shown where the output is a file."""


def by_id(model: type[Any], column: str) -> dict[int, str]:
    """The numbers of things by their ids."""
    return {key: number for number, key in numbers(model, column).items()}


@group.command("scores")
@click.option("--on", type=Day(), required=True, help="The day: nothing recorded after it is used.")
@click.option("--format", "form", type=click.Choice(["csv"]), default="csv", show_default=True)
@click.option("--keep", is_flag=True, help="Store them too.")
def scores(on: date, form: str, keep: bool) -> None:
    """Print every client's probability of leaving within 90 days as CSV."""
    version, rows = scoring.scores(on, zone(), quietly)
    accounts, brokers, staff = account_numbers(), by_id(Broker, "broker_no"), by_id(Staff, "staff_no")
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(HEAD)
    for row in rows.iter_rows(named=True):
        share, goes = (f"{row[name] // 1_000_000}.{row[name] % 1_000_000:06d}" for name in ("probability", "follow"))
        out.writerow(
            [accounts[row["account_id"]], share, yuan(row["expected_loss"]), row["cause"], goes, brokers.get(row["broker_id"], ""), staff.get(row["servicer_id"], ""), version]
        )
    if keep:
        with transaction():
            scoring.keep(on, version, rows, actor=TERMINAL, moment=clock.now())


@group.command("backtest")
@click.option("--from", "first", type=Day(), required=True, help="The first day of the month ends to be graded.")
@click.option("--to", "last", type=Day(), required=True, help="The last. Only those whose 90 days are over and can be told are graded.")
@click.option("--keep", is_flag=True, help="Store it, so that the model's page shows it.")
def backtest(first: date, last: date, keep: bool) -> None:
    """Hold scores of past month ends against what happened, beside the naive rule and the base rate."""
    found = backtesting.backtest(first, last, zone(), quietly)
    click.echo(backtesting.table(found))
    if keep:
        with transaction():
            backtesting.keep(found, first, last, actor=TERMINAL, moment=clock.now())
