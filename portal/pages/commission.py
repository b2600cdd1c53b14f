"""Commission on screen: months, statements, lines, and why each amount is what it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models import db
from models.audit import Approval, ApprovalState
from models.commission import CommissionRun, MonthClose, RunStatement
from models.partners import Broker
from models.values.calendar import Month, NotADate, parse_day
from models.values.rates import decimal_text
from portal.audit.recordings import last_recording_id
from portal.clock import now
from portal.commission import queries, runs
from portal.commission.close import CLOSE, blockers, prepare_close
from portal.commission.explain import Question, explain
from portal.commission.statement import COLUMNS as AMOUNTS
from portal.commission.vocabulary import Kind
from portal.commission.wording import Step
from portal.pages import words
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.transaction import lock_months, transaction
from portal.web.downloads import as_file, wants_file
from portal.web.exports import amount
from portal.web.frames import narrowed, page_of_frame
from portal.web.guard import current_actor, requires
from portal.web.paging import Column, Filter, Listing, columns, day_filter, page_of, read

bp = Blueprint("commission", __name__, url_prefix="/commission")

LINE_COLUMNS = columns(
    Column("trade_date", _l("Trade date"), sort=True),
    Column("account_no", _l("Account"), sort=True),
    Column("kind", _l("Paid on")),
    Column("product", _l("Product"), sort=True),
    Column("part_fen", _l("Broker's part"), number=True),
    Column("amount_fen", _l("Amount"), sort=True, number=True),
    Column("reason", _l("Result")),
    Column("why", _l("Why")),
)
LINES = Listing(
    tiebreak="row",
    sorts={"trade_date": "trade_date", "account_no": "account_no", "product": "product", "amount_fen": "amount_fen"},
    default="-trade_date",
    filters=(
        Filter("account", _l("Account"), lambda text: pl.col("account_no") == text),
        day_filter("day", _l("Trade date"), lambda day: pl.col("trade_date") == str(day)),
        Filter("kind", _l("Paid on"), lambda text: pl.col("kind") == text, choices=tuple(words.KINDS.items())),
        Filter(
            "reason",
            _l("Result"),
            lambda text: pl.col("reason") == ("" if text == "earns" else text),
            choices=(("earns", words.REASONS[""]), *[pair for pair in words.REASONS.items() if pair[0]]),
        ),
    ),
)
STATEMENT_COLUMNS = columns(
    Column("broker_no", _l("Broker"), sort=True),
    Column("period", _l("Month"), sort=True),
    *(Column(name, words.COLUMNS[name], sort=True, number=True) for name in AMOUNTS),
    Column("state", _l("State")),
)
STATEMENTS = Listing(
    tiebreak=RunStatement.broker_id,
    sorts={"broker_no": Broker.broker_no, "period": CommissionRun.period, **{name: getattr(RunStatement, name) for name in AMOUNTS}},
    default="-period",
    filters=(
        Filter("period", _l("Month"), lambda text: CommissionRun.period == text),
        Filter("broker", _l("Broker"), lambda text: Broker.broker_no == text),
        Filter("state", _l("State"), lambda text: MonthClose.closed_at.is_not(None) == (text == "closed"), choices=(("open", _l("Open")), ("closed", _l("Closed")))),
    ),
)

OF_A_MONTH = replace(STATEMENTS, default="broker_no", filters=tuple(one for one in STATEMENTS.filters if one.name == "broker"))
"""The statements of one month: what all of them share is neither shown nor asked."""


def month_of(text: str) -> Month:
    """A month in an address. Raises NotFound where it is none."""
    try:
        return Month.parse(text)
    except NotADate as error:
        raise NotFound("%(text)s is no month", text=text) from error


@bp.get("/statements")
@requires(Can.COMMISSION_SEE)
def statements() -> ResponseReturnValue:
    """Every statement that the reader may see."""
    wanted = read(STATEMENTS, request.args, request.path)
    statement = queries.statements(current_actor())
    form = wants_file()
    if form:
        rows = db.session.execute(wanted.order(wanted.narrow(statement)))
        headers = [str(column.label) for key, column in STATEMENT_COLUMNS.items() if key != "state"]
        return as_file(
            form, "statements", headers, ((row.Broker.broker_no, row.CommissionRun.period, *(amount(getattr(row.RunStatement, name)) for name in AMOUNTS)) for row in rows)
        )
    return render_template("commission/statements.html", page=page_of(statement, wanted), columns=STATEMENT_COLUMNS, amounts=AMOUNTS)


@bp.get("/statements/<period>/<broker_no>")
@requires(Can.COMMISSION_SEE)
def statement(period: str, broker_no: str) -> ResponseReturnValue:
    """A broker's month in the order of the rules, each amount with its lines behind it."""
    broker = queries.broker_for(current_actor(), broker_no)
    run = queries.run_of(str(month_of(period)))
    row = db.session.get(RunStatement, (run.id, broker.id))
    if row is None:
        raise NotFound("%(broker)s has no statement for %(period)s", broker=broker_no, period=period)
    close = db.session.get(MonthClose, run.period)
    return render_template("commission/statement.html", broker=broker, run=run, row=row, close=close, amounts=AMOUNTS, labels=words.COLUMNS, digest=run.digest)


@bp.get("/lines")
@requires(Can.COMMISSION_SEE)
def lines() -> ResponseReturnValue:
    """A broker's lines of a month: his own, or those of the broker named in the address."""
    actor = current_actor()
    found = queries.months()
    computed = [row.period for row in found if row.run_id]
    period = request.args.get("period") or (computed[0] if computed else "")
    broker_no = request.args.get("broker") or actor.broker_no or ""
    if not period or not broker_no:
        return render_template("commission/lines_of_whom.html", periods=computed, period=period)
    broker = queries.broker_for(actor, broker_no)
    run = queries.run_of(str(month_of(period)))
    frame = queries.broker_lines(run, broker)
    wanted = read(LINES, request.args, request.path, keep=("period", "broker"))
    form = wants_file()
    if form:
        rows = narrowed(frame, wanted).select(
            "period", "broker_no", "kind", "account_no", "trade_date", "exchange", "product", "part_fen", "amount_fen", "reason", "plan_code", "origin"
        )
        return as_file(form, f"lines-{run.period}-{broker.broker_no}", rows.columns, rows.iter_rows())
    return render_template(
        "commission/lines.html", page=page_of_frame(frame, wanted), columns=LINE_COLUMNS, run=run, broker=broker, periods=computed, kinds=words.KINDS, reasons=words.REASONS
    )


@bp.get("/explain")
@requires(Can.COMMISSION_SEE)
def why() -> ResponseReturnValue:
    """Why a line is what it is, in words."""
    args = request.args
    broker = queries.broker_for(current_actor(), args.get("broker", ""))
    run = queries.run_of(str(month_of(args.get("period", ""))))
    try:
        day = parse_day(args.get("date", ""))
    except NotADate as error:
        raise NotFound("%(text)s is no trade date", text=args.get("date", "")) from error
    kind = args.get("kind", "")
    if kind and kind not in Kind.__members__:
        raise NotFound("%(text)s is no kind of line", text=kind)
    question = Question(broker.broker_no, args.get("account", ""), day, args.get("exchange", ""), args.get("product", ""), kind)
    return render_template(
        "commission/explain.html",
        lines=explain(run, question),
        said=_said,
        run=run,
        broker=broker,
        question=question,
        kinds=words.KINDS,
    )


def _said(step: Step) -> dict[str, Any]:
    """A step's values in the reader's language and time zone."""
    shown = step.shown(ZoneInfo(current_app.config["PORTAL"].timezone))
    words_of = {"state": words.STATES, "measure": words.MEASURES}
    return {name: words_of[name].get(value, value) if name in words_of else value for name, value in shown.items()}


@bp.get("/months")
@requires(Can.MONTH_SEE)
def months() -> ResponseReturnValue:
    """Every month and how far it is."""
    return render_template("commission/months.html", months=queries.months())


@bp.get("/months/<period>")
@requires(Can.MONTH_SEE)
def month(period: str) -> ResponseReturnValue:
    """One month: what blocks its close, what it comes to, every broker's statement."""
    which = month_of(period)
    row = next((row for row in queries.months() if row.period == str(which)), None)
    if row is None:
        raise NotFound("%(period)s has no settled day", period=period)
    run = db.session.get(CommissionRun, row.run_id) if row.run_id else None
    close = db.session.get(MonthClose, str(which))
    earlier, missing = ([], []) if close else blockers(which, last_recording_id())
    waiting = db.session.execute(db.select(Approval).where(Approval.kind == CLOSE, Approval.subject == str(which), Approval.state == ApprovalState.WAITING)).scalars().first()
    stale = run is not None and close is None and runs.fresh_run(which) is None
    wanted = read(OF_A_MONTH, request.args, request.path)
    page = page_of(queries.statements(current_actor()).where(CommissionRun.period == str(which)), wanted)
    return render_template(
        "commission/month.html",
        row=row,
        run=run,
        close=close,
        earlier=earlier,
        missing=missing,
        waiting=waiting,
        stale=stale,
        page=page,
        columns={key: column for key, column in STATEMENT_COLUMNS.items() if key not in {"period", "state"}},
        amounts=AMOUNTS,
        labels=words.COLUMNS,
    )


@bp.post("/months/<period>/preview")
@requires(Can.MONTH_PREPARE)
def preview(period: str) -> ResponseReturnValue:
    """Compute a month anew from everything known now."""
    which = month_of(period)
    current_actor().need(Can.MONTH_PREPARE)
    if runs.fresh_run(which) is None:
        computed = runs.compute_now(which)
        with transaction():
            lock_months()
            runs.store_run(computed, now(), overrides_allowed=current_app.config["PORTAL"].allow_overrides)
    flash(_("%(period)s was previewed with everything known now.", period=str(which)), "success")
    return redirect(url_for("commission.month", period=str(which)), 303)


@bp.post("/months/<period>/prepare")
@requires(Can.MONTH_PREPARE)
def prepare(period: str) -> ResponseReturnValue:
    """Put the preview before a second person."""
    which = month_of(period)
    run = runs.fresh_run(which)
    if run is None or run.digest != request.form.get("digest", ""):
        raise Refusal("the preview changed since you looked at it: preview %(period)s again", period=str(which))
    with transaction():
        lock_months()
        run = db.session.merge(run)
        approval = prepare_close(run, current_actor(), now(), accept_missing=request.form.get("accept_missing") == "yes")
        approval_id = approval.id
    flash(_("%(period)s waits for a second person (approval %(id)s).", period=str(which), id=approval_id), "success")
    return redirect(url_for("commission.month", period=str(which)), 303)


def line_address(row: dict[str, Any]) -> str:
    """Where a line is explained; empty for a line without a day (rounding)."""
    if not row["trade_date"]:
        return ""
    asked = {
        "period": row["period"],
        "broker": row["broker_no"],
        "account": row["account_no"],
        "date": row["trade_date"],
        "exchange": row["exchange"],
        "product": row["product"],
        "kind": row["kind"],
    }
    return url_for("commission.why", **asked)


@bp.app_context_processor
def addresses() -> dict[str, Any]:
    """What the templates of this room call."""
    actor = current_actor()
    return {"line_address": line_address, "person_may": lambda right: actor.may(Can(right)), "share_text": lambda share: f"{decimal_text(share, 4)} %"}
