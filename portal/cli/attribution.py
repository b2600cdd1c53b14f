"""`flask attribution …`: who has which share of an account on a day, as known on a day; what is wrong; what two states of knowledge
pay differently."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import click
import polars as pl

from models.clients import Account
from models.columns import OPEN_END
from models.partners import Broker
from models.values.calendar import Month, NotADate, parse_day
from models.values.money import yuan
from models.values.rates import decimal_text
from portal import local_day
from portal.attribution.queries import account_id_of, spans
from portal.audit.recordings import known_at, last_recording_id
from portal.cli.progress import progress
from portal.cli.refusing import RefusingGroup
from portal.commission.findings import FOUND, KINDS, summary
from portal.commission.findings import findings as all_findings
from portal.commission.holdings import firm, holdings
from portal.commission.queries import last_settled_day
from portal.commission.reports import Asked, compute_differences, kept, read_report
from portal.refusals import Refusal
from portal.versions import numbers

group = RefusingGroup("attribution", help="Whom clients came from, as of a day and as known on a day.")


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
        zone = local_day.zone()
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


KNOWN = click.option("--known", type=click.IntRange(min=0), default=None, help="As known at this recording; without it, as known now.")


@group.command()
@click.option("--on", type=Day(), default=None, help="On this trade date; without it, the last settled day.")
@KNOWN
@click.option("--within", type=click.IntRange(0, 3650), default=30, show_default=True, help="What ends within so many days is named.")
@click.option("--kind", type=click.Choice(KINDS), default=None, help="Only findings of this kind.")
def findings(on: date | None, known: int | None, within: int, kind: str | None) -> None:
    """Print what is wrong, or soon will be, with the firm's attribution, as CSV; a count of each kind goes to standard error."""
    day = on or last_settled_day()
    if day is None:
        raise Refusal("there is no settled day yet: import the firm's daily files first")
    found = all_findings(holdings(day, firm(_recording(known))), within)
    click.echo("kind,account_no,broker_no,since,until,days,accounts,equity")
    for row in (found if kind is None else found.filter(pl.col("kind") == kind)).iter_rows(named=True):
        equity = "" if row["equity"] is None else yuan(row["equity"])
        click.echo(",".join([*("" if row[name] is None else str(row[name]) for name in list(FOUND)[:-1]), equity]))
    for name, (count, fen) in summary(found).items():
        click.echo(f"{name}: {count}, {yuan(fen)}", err=True)


@group.command()
@click.option("--from", "before", type=click.IntRange(min=0), required=True, help="The recording K1 that is compared from.")
@click.option("--to", "after", type=click.IntRange(min=0), required=True, help="The recording K2 that is compared to.")
@click.option("--period", type=str, default=None, help="A month such as 2026-03, or two: 2026-03..2026-05. Without it, the last settled month.")
def differences(before: int, after: int, period: str | None) -> None:
    """Print what two states of knowledge pay differently, as CSV; the sum goes to standard error."""
    first, last = _months(period)
    asked = Asked(before, after, first, last)
    report = kept(asked)
    with progress() as shown:
        found = read_report(report) if report else compute_differences(asked, shown)
    accounts = {key: number for number, key in numbers(Account, "account_no").items()}
    brokers = {key: number for number, key in numbers(Broker, "broker_no").items()}
    click.echo("account_no,first_day,last_day,days,cause,before,after,broker_no,amount")
    for account, start, end, days, cause, old, new, broker, amount in found.rows.iter_rows():
        click.echo(f"{accounts.get(account, '')},{start},{end},{days},{cause},{old},{new},{brokers.get(broker, '')},{yuan(amount)}")
    click.echo(f"{found.rows.height} rows, {yuan(int(found.rows['amount'].sum() or 0))} moved", err=True)


def _recording(known: int | None) -> int:
    newest = last_recording_id()
    if known is not None and known > newest:
        raise Refusal("recording %(asked)s does not exist yet; the newest is %(last)s", asked=known, last=newest)
    return newest if known is None else known


def _months(period: str | None) -> tuple[Month, Month]:
    day = last_settled_day()
    text = period or (str(Month.of(day)) if day else "")
    first, _, last = text.partition("..")
    try:
        return Month.parse(first), Month.parse(last or first)
    except NotADate as error:
        raise Refusal("%(text)s is no month; expected one such as 2026-03, or 2026-03..2026-05", text=text or "—") from error
