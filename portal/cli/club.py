"""`flask club`: the tiers that follow the equity."""

from __future__ import annotations

import csv
import sys
from datetime import date

import click

from models.values.money import yuan
from portal import clock
from portal.actors import TERMINAL
from portal.cli.attribution import Day
from portal.cli.refusing import RefusingGroup
from portal.club import equity_tiers
from portal.transaction import transaction

group = RefusingGroup("club", help="The club's members.")


@group.command("tiers")
@click.option("--on", type=Day(), required=True, help="The day from which the tiers count; the equity is that of the last settled day of the month before.")
@click.option("--apply", "applied", is_flag=True, help="Let them move; without it, only what would happen is printed.")
def tiers(on: date, applied: bool) -> None:
    """Print as CSV who would reach or lose a tier by equity; with --apply let them move, once for each month."""
    with transaction():
        found = equity_tiers.moves(on)
        out = csv.writer(sys.stdout, lineterminator="\n")
        out.writerow(["client_no", "old", "new", "equity_now", "equity_before"])
        for row in found.listed():
            before = "" if row["equity_before"] is None else yuan(row["equity_before"])
            out.writerow([row["client_no"], row["old"], row["new"], yuan(row["equity_now"]), before])
        click.echo(f"{found.month}: equity of {found.trade_date}, {found.rows.height} move from {found.counts_from} on", err=True)
        if applied:
            counts = equity_tiers.apply(found, actor=TERMINAL, moment=clock.now())
            click.echo(f"applied: {counts['reached']} reached, {counts['lost']} lost, {counts['changed']} changed", err=True)
