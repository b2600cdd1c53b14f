"""`flask overview`: the sums that overviews read, made anew from the facts or compared with them."""

from __future__ import annotations

from datetime import date

import click

from portal.cli.refusing import RefusingGroup
from portal.departures import books
from portal.settlement import rollups, windows
from portal.transaction import transaction

group = RefusingGroup("overview", help="The sums of settled days.")


@group.command("rebuild")
@click.option("--missing", is_flag=True, help="Only days that have none.")
def rebuild(missing: bool) -> None:
    """Make the sums of every settled day anew, a transaction each."""
    days = rollups.missing_days() if missing else rollups.settled_from(date.min)
    for day in days:
        with transaction():
            rollups.rebuild([day])
    found = windows.made(whole=not missing)
    if found is not None:
        with transaction():
            windows.keep(found)
    spread = books.stale_days() if missing else days
    for start in range(0, len(spread), books.AT_ONCE):
        with transaction():
            books.keep(spread[start : start + books.AT_ONCE])
    click.echo(f"{len(days)} days added up")


@group.command("verify")
def verify() -> None:
    """Compare the sums of every settled day with its facts; ends with 1 where one differs."""
    days = rollups.settled_from(date.min)
    found = [line for day in days for line in rollups.differences(day)] + windows.differences() + books.differences()
    for line in found:
        click.echo(line)
    click.echo(f"{len(days)} days compared, {len(found)} differences")
    if found:
        raise SystemExit(1)
