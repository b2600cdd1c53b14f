"""`flask commission …`: preview, close, explain and export a month from the terminal."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click
from flask import current_app
from flask_babel import gettext

from models import db
from models.commission import CommissionRun
from models.values.calendar import Month, NotADate
from models.values.money import yuan
from portal import local_day
from portal.actors import Actor, actor_of
from portal.audit import approvals, heads
from portal.cli.progress import progress
from portal.cli.refusing import RefusingGroup
from portal.clock import now
from portal.commission import runs
from portal.commission.close import prepare_close
from portal.commission.explain import Question
from portal.commission.explain import explain as explain_lines
from portal.commission.export import statement_rows, write_books
from portal.commission.statement import COLUMNS
from portal.commission.vocabulary import Kind
from portal.identity.queries import user_by_email
from portal.jobs.refresh import refresh as refresh_previews
from portal.refusals import Refusal
from portal.transaction import lock_months, transaction

group = RefusingGroup("commission", help="A month's commission: preview, close, explain, export.")


class Period(click.ParamType[Month]):
    """A month on the command line."""

    name = "YYYY-MM"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Month:
        """The month, or a usage error that says what was expected."""
        try:
            return Month.parse(value)
        except NotADate as error:
            self.fail(f"{value!r} is no month; expected {error}", param, ctx)


PERIOD = click.option("--period", type=Period(), required=True, help="The month, such as 2026-03.")


def current_run(period: Month) -> CommissionRun:
    """The closed run of a month, or a preview with everything known now."""
    run = runs.fresh_run(period)
    if run is None:
        with progress() as report:
            computed = runs.compute_now(period, report)
        with transaction():
            lock_months()
            run = runs.fresh_run(period) or runs.store_run(computed, now(), overrides_allowed=current_app.config["PORTAL"].allow_overrides)
    _say_what_was_assumed(run)
    return run


def _say_what_was_assumed(run: CommissionRun) -> None:
    if runs.closed_run(Month.parse(run.period)):
        click.echo(f"{run.period} is closed; these are its frozen books.", err=True)
        return
    earlier = f" {', '.join(run.assumed_open)} taken as if closed as previewed." if run.assumed_open else ""
    click.echo(f"{run.period} is open: a preview of what is known now.{earlier}", err=True)


@group.command()
@PERIOD
def preview(period: Month) -> None:
    """Show what every broker's month comes to."""
    run = current_run(period)
    rows = statement_rows(run)
    click.echo("broker_no," + ",".join(COLUMNS))
    for number, *amounts in rows:
        click.echo(",".join([number, *(yuan(amount) for amount in amounts)]))
    click.echo(f"{len(rows)} brokers, {run.lines} lines, {len(run.settled_days)} settled days, digest {run.digest}", err=True)


@group.command()
def refresh() -> None:
    """Preview every open month anew that something was recorded for since."""
    with progress() as report:
        months = refresh_previews(report)
    click.echo(f"previewed: {', '.join(months)}" if months else "every preview is current")


@group.command()
@PERIOD
@click.option("--prepared-by", required=True, metavar="EMAIL")
@click.option("--approved-by", required=True, metavar="EMAIL")
@click.option("--accept-missing", is_flag=True, help="Close although settled days are missing; they are named in the books.")
def close(period: Month, prepared_by: str, approved_by: str, accept_missing: bool) -> None:
    """Close a month: two different people who hold the right."""
    preparer, approver = _person(prepared_by), _person(approved_by)
    closed = runs.closed_run(period)
    if closed:
        click.echo(f"{period} was closed already with digest {closed.digest}; nothing was done.")
        return
    run = current_run(period)
    with transaction():
        lock_months()
        run = db.session.merge(run)
        approval = prepare_close(run, preparer, now(), accept_missing=accept_missing)
        approvals.approve(approval.id, approver, now(), digest=approval.digest)
        missing = approval.payload["missing_days"]
    heads.publish_current(current_app.config["PORTAL"].instance, now())
    click.echo(f"{period} closed: {run.lines} lines, digest {run.digest}" + (f"; without the days {', '.join(missing)}" if missing else ""))


def _person(email: str) -> Actor:
    user = user_by_email(email)
    if user is None or user.state == "disabled":
        raise Refusal("%(email)s is no active user", email=email)
    return actor_of(user)


@group.command()
@PERIOD
@click.option("--format", "form", type=click.Choice(["csv"]), default="csv", show_default=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, metavar="DIR")
def export(period: Month, form: str, out: Path) -> None:
    """Write lines.csv and statements.csv of a month."""
    for path in write_books(current_run(period), out):
        click.echo(path)


@group.command()
@PERIOD
@click.option("--broker", required=True, metavar="BROKER_NO")
@click.option("--account", required=True, metavar="ACCOUNT_NO")
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The trade date.")
@click.option("--exchange", default="", help="Only this exchange.")
@click.option("--product", default="", help="Only this product.")
@click.option("--kind", default="", type=click.Choice(["", *Kind.__members__]), help="Only this kind of line.")
def explain(period: Month, broker: str, account: str, day: datetime, exchange: str, product: str, kind: str) -> None:
    """Say in words how a line came to its amount, also when it is 0."""
    question = Question(broker, account, day.date(), exchange, product, kind)
    zone = local_day.zone()
    for line in explain_lines(current_run(period), question):
        place = f"{line.exchange}.{line.product}" if line.product else ""
        click.echo(f"{line.kind.name} {line.account_no} {line.trade_date} {place} {yuan(line.amount)}" + (f" (correction of {line.origin})" if line.origin else ""))
        for number, step in enumerate(line.steps, 1):
            click.echo(f"  {number}. {gettext(step.message, **step.shown(zone)) if step.values else gettext(step.message)}")
