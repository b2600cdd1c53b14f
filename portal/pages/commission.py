"""Commission on screen: months, statements, lines, and why each amount is what it is."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from models import db
from models.values.calendar import NotADate, parse_day
from models.values.rates import decimal_text
from portal import local_day
from portal.clock import now
from portal.commission import blocks, one_statement, publication, queries, runs
from portal.commission.close import prepare_close
from portal.commission.explain import Question, explain
from portal.commission.statement import COLUMNS as AMOUNTS
from portal.commission.vocabulary import Kind
from portal.commission.wording import Step
from portal.pages import asking, month_desk, statement_states, words
from portal.pages.commission_lists import LINE_LIST, MONTH_LIST, STATEMENT_LIST, lines_of, month_of
from portal.pages.kept_lines import broker_lines
from portal.pages.payout_words import HOLDS
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.transaction import lock_months, transaction
from portal.web.guard import current_actor, requires
from portal.web.list_pages import asked_now, show_list
from portal.web.remembered import kept_part
from portal.web.templating import give

bp = Blueprint("commission", __name__, url_prefix="/commission")


@bp.get("/statements")
@requires(Can.COMMISSION_SEE)
def statements() -> ResponseReturnValue:
    """Every statement that the reader may see."""
    return show_list(
        STATEMENT_LIST.for_actor(current_actor()), "commission/statements.html", amounts=AMOUNTS, prepared=statement_states.prepared(), own_no=current_actor().broker_no
    )


@bp.get("/statements/<period>/<broker_no>")
@requires(Can.COMMISSION_SEE)
def statement(period: str, broker_no: str) -> ResponseReturnValue:
    """A broker's month in the order of the rules, each amount with its lines behind it."""
    actor = current_actor()
    try:
        month = month_of(period)
    except NotFound:
        queries.broker_for(actor, broker_no)  # whose statement it is not is said first: else foreign and missing brokers could be told apart
        raise
    found = one_statement.statement_of(actor, str(month), broker_no)
    paying = one_statement.paying_of(found)
    shown = render_template(
        "commission/statement.html",
        broker_no=found.Broker.broker_no,
        broker_name=found.name,
        run=found,
        row=found.RunStatement,
        state=statement_states.state_now(found.closed_at, found.published_at, found.period, actor, paying.standing),
        paying=paying,
        holds=HOLDS,
        books=kept_part(
            ("books", found.RunStatement.run_id, found.digest, found.Broker.broker_no),
            "commission/_statement_books.html",
            lambda: {"run": found, "row": found.RunStatement, "broker_no": found.Broker.broker_no, "amounts": AMOUNTS, "labels": words.COLUMNS},
        ),
    )
    if one_statement.is_first_sight(found, actor):
        with transaction():
            publication.seen(found.period, db.session.merge(found.Broker), actor, now())
    return shown


@bp.get("/lines")
@requires(Can.COMMISSION_SEE)
def lines() -> ResponseReturnValue:
    """A broker's lines of a month: his own, or those of the broker named in the address."""
    computed = queries.computed_months()
    which = lines_of(asked_now(), computed)
    if which is None:
        return render_template("commission/lines_of_whom.html", periods=computed, period=request.args.get("period") or (computed[0] if computed else ""))
    run, broker = which
    frame = broker_lines(run, broker)
    return show_list(LINE_LIST, "commission/lines.html", source=frame, run=run, broker=broker, periods=computed, kinds=words.KINDS, reasons=words.REASONS)


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
    question = Question(broker.broker_no, args.get("account", ""), day, args.get("exchange", ""), args.get("product", ""), kind, alone=bool(current_actor().broker_no))
    return render_template(
        "commission/explain.html",
        lines=explain(run, question),
        said=said,
        ask_href=asking.of_explained(run.period, question),
        run=run,
        broker=broker,
        question=question,
        kinds=words.KINDS,
    )


def said(step: Step) -> dict[str, Any]:
    """A step's values in the reader's language and time zone."""
    return in_the_readers_words(step.shown(local_day.zone()))


def in_the_readers_words(shown: dict[str, Any]) -> dict[str, Any]:
    """A step's values with the vocabulary's codes in the reader's language."""
    words_of = {"state": words.STATES, "measure": words.MEASURES}
    return {name: words_of[name].get(value, value) if name in words_of else value for name, value in shown.items()}


@bp.get("/months")
@requires(Can.MONTH_SEE)
def months() -> ResponseReturnValue:
    """Every month and how far it is."""
    return show_list(MONTH_LIST, "commission/months.html")


@bp.get("/months/<period>")
@requires(Can.MONTH_SEE)
def month(period: str) -> ResponseReturnValue:
    """The month-end desk: how far the month is, what blocks its close, what to do now."""
    return month_desk.show(month_of(period))


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
    """Put the preview before a second person, with everything that was accepted by name."""
    which = month_of(period)
    if request.form.get("typed", "").strip() != str(which):
        raise Refusal("type %(period)s to say that you mean this month", period=str(which))
    run = runs.fresh_run(which)
    if run is None or run.digest != request.form.get("digest", ""):
        raise Refusal("the preview changed since you looked at it: preview %(period)s again", period=str(which))
    standing = blocks.blocks_of(which, run, fresh=True)
    accepted = blocks.accepted(standing, request.form.getlist("accept"))
    with transaction():
        lock_months()
        run = db.session.merge(run)
        approval = prepare_close(run, current_actor(), now(), accept_missing="accepted_missing_days" in accepted, accepted=accepted)
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


give(
    bp,
    line_address=line_address,
    question_address=asking.of_line,
    statement_states=statement_states.STATES,
    state_of_statement=lambda row, waiting: statement_states.state_of_row(row, waiting, current_actor()),
    person_may=lambda right: current_actor().may(Can(right)),
    share_text=lambda share: f"{decimal_text(share, 4)} %",
)
