"""`flask calendar …`: the trading calendar from the terminal."""

from __future__ import annotations

from datetime import date

import click

from models.values.calendar import NotADate, parse_day
from portal.actors import TERMINAL
from portal.cli.refusing import RefusingGroup
from portal.clock import now
from portal.refusals import Refusal
from portal.settlement import calendar
from portal.transaction import transaction

group = RefusingGroup("calendar", help="The trading calendar: sow, show, correct.")


def _day(text: str) -> date:
    try:
        return parse_day(text)
    except NotADate as error:
        raise click.BadParameter(f"{text!r}; expected {error}") from error


@group.command()
def seed() -> None:
    """Add every year whose public holidays are known."""
    with transaction():
        years = calendar.sow(TERMINAL, now())
    click.echo(f"added: {', '.join(map(str, years)) or 'nothing, all years are there'}")


@group.command()
@click.argument("year", type=click.IntRange(1990, 9998))
def show(year: int) -> None:
    """Show the weekdays of a year without trading, and weekends with."""
    days = calendar.days_of_year(year)
    if not days:
        raise Refusal("the trading calendar does not have %(year)s: add the year first", year=year)
    for day in days:
        if day.trading == (day.day.weekday() >= calendar.SATURDAY) or day.note:
            click.echo(f"{day.day} {day.day:%a} {'trading' if day.trading else 'closed'} {day.note}".rstrip())
    click.echo(f"{year}: {sum(day.trading for day in days)} trading days")


@group.command("set")
@click.argument("day")
@click.option("--trading/--closed", "trading", default=None, required=True)
@click.option("--note", default="", help="Why.")
def set_day(day: str, trading: bool, note: str) -> None:
    """Correct one day (YYYY-MM-DD)."""
    with transaction():
        calendar.set_day(_day(day), trading, actor=TERMINAL, moment=now(), note=note)
    click.echo(f"{day}: {'trading' if trading else 'closed'}")


@group.command("add-year")
@click.argument("year", type=click.IntRange(1990, 9998))
@click.option("--closed", "closed", multiple=True, metavar="DAY", help="A weekday without trading; give it once for each day.")
@click.option("--source", required=True, help="Where the holidays were published.")
def add_year(year: int, closed: tuple[str, ...], source: str) -> None:
    """Add a year: every weekday trades but the closed ones."""
    with transaction():
        calendar.add_year(year, [_day(day) for day in closed], actor=TERMINAL, moment=now(), source=source)
    click.echo(f"{year} added")
