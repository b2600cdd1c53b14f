"""`flask attribution show ACCOUNT`: who has which share of an account on a day, as known on a day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import click
from flask import Flask, current_app

from models.columns import OPEN_END
from models.values.calendar import NotADate, parse_day
from models.values.rates import decimal_text
from portal.attribution.queries import account_id_of, spans
from portal.audit.recordings import known_at
from portal.cli.refusing import RefusingGroup

group = RefusingGroup("attribution", help="Whom clients came from, as of a day and as known on a day.")


def install(app: Flask) -> None:
    """Register the commands."""
    app.cli.add_command(group)


class Day(click.ParamType[date]):
    """A date on the command line."""

    name = "YYYY-MM-DD"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The date, or a usage error that says what was expected."""
        try:
            return parse_day(value)
        except NotADate as error:
            self.fail(f"{value!r} is no date; expected {error}", param, ctx)


class MomentOrDay(click.ParamType[datetime]):
    """A moment (ISO 8601) or a date, which means the end of that day in the firm's time zone."""

    name = "YYYY-MM-DD[THH:MM[:SS]]"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The moment in UTC, or a usage error."""
        zone = ZoneInfo(current_app.config["PORTAL"].timezone)
        try:
            if len(value) == len("2026-03-31"):
                return datetime.combine(parse_day(value) + timedelta(days=1), time(), zone).astimezone(UTC) - timedelta(microseconds=1)
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is neither a date nor a moment such as 2026-03-31T18:00", param, ctx)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


@group.command()
@click.argument("account_no", metavar="ACCOUNT")
@click.option("--on", type=Day(), default=None, help="Only the rows of this trade date.")
@click.option("--known", type=MomentOrDay(), default=None, help="As the firm knew it then; without it, as known now.")
def show(account_no: str, on: date | None, known: datetime | None) -> None:
    """Show an account's attribution rows."""
    found = spans(account_id_of(account_no), None if known is None else known_at(known), on)
    click.echo("broker_no,share,state,valid_from,valid_to,confirmed_on,recorded_at,recorded_by")
    for span in found:
        end = "" if span.valid_to == OPEN_END else span.valid_to
        state = span.state if on is None else span.state_on(on)
        click.echo(f"{span.broker_no},{decimal_text(span.share, 4)},{state},{span.valid_from},{end},{span.confirmed_on or ''},{span.recorded_at.isoformat()},{span.recorded_by}")
    if not found:
        click.echo("no attribution row: the account is the house's own", err=True)
