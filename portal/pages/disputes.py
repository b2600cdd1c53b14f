"""Disputes on screen: a question put to a line, the firm's desk with its deadlines, one dispute with every word said in it."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models import db
from models.audit import Approval
from models.commission import CommissionRun
from models.disputes import Dispute, DisputeState, Outcome
from models.partners import Broker
from models.values.calendar import NotADate, parse_day
from models.values.money import NotMoney, parse_yuan
from portal import clock
from portal.commission import queries as books
from portal.commission.explain import Explained, Question, explain
from portal.commission.vocabulary import Kind
from portal.commission.wording import N_, Step
from portal.disputes import queries, verbs
from portal.disputes.evidence import frozen
from portal.disputes.policy import sides_of
from portal.disputes.states import WAITS_FOR_DESK, Side, is_overdue, steps_from
from portal.local_day import zone
from portal.pages import words
from portal.pages.commission import in_the_readers_words, said
from portal.pages.commission_lists import month_of
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.transaction import transaction
from portal.web.exports import amount
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns
from portal.web.templating import give

bp = Blueprint("disputes", __name__, url_prefix="/disputes")

STATES = {
    "open": (_l("Put"), "info"),
    "in_review": (_l("Being looked at"), "info"),
    "answered": (_l("Answered"), "warn"),
    "accepted": (_l("Answer accepted"), "good"),
    "escalated": (_l("Escalated"), "bad"),
    "closed": (_l("Closed"), "neutral"),
    "withdrawn": (_l("Withdrawn"), "neutral"),
}
"""The states with their tones."""
ACTIONS = {
    "opened": _l("Question put"),
    "take": _l("Taken up"),
    "answer": _l("Answered"),
    "accept": _l("Answer accepted"),
    "escalate": _l("Escalated"),
    "close": _l("Decided"),
    "withdraw": _l("Withdrawn"),
    "adjusted": _l("Adjustment booked"),
}
OUTCOMES = {"upheld": _l("The broker is right"), "rejected": _l("The line stands")}
COLUMNS = columns(
    Column("number", _l("Number"), sort=True),
    Column("broker_no", _l("Broker"), sort=True),
    Column("period", _l("Month"), sort=True),
    Column("line", _l("Commission line")),
    Column("amount", _l("Amount"), sort=True, number=True),
    Column("state", _l("State")),
    Column("due_on", _l("Answer due"), sort=True),
    Column("opened_at", _l("Put on"), sort=True),
)


def _today() -> date:
    return clock.now().astimezone(zone()).date()


def _waits(text: str) -> Any:
    of_desk = Dispute.state.in_([state.value for state in WAITS_FOR_DESK])
    return {"desk": of_desk, "late": of_desk & (Dispute.due_on < _today()), "broker": Dispute.state == DisputeState.ANSWERED}[text]


LISTING = Listing(
    tiebreak=Dispute.id,
    sorts={"number": Dispute.id, "broker_no": Broker.broker_no, "period": Dispute.period, "amount": Dispute.amount, "due_on": Dispute.due_on, "opened_at": Dispute.opened_at},
    default="-number",
    filters=(
        Filter("state", _l("State"), lambda text: Dispute.state == text, choices=tuple((name, label) for name, (label, _tone) in STATES.items())),
        Filter("waits", _l("Waits for"), _waits, choices=(("desk", _l("The firm")), ("late", _l("The firm, overdue")), ("broker", _l("The broker")))),
        Filter("broker", _l("Broker"), lambda text: Broker.broker_no == text),
        Filter("account", _l("Account"), lambda text: Dispute.account_no == text),
        Filter("period", _l("Month"), lambda text: Dispute.period == text),
    ),
)


LIST = declare(
    ListPage(
        "disputes.index",
        _l("Questions to lines"),
        LISTING,
        COLUMNS,
        source=lambda asked: queries.disputes(asked.actor),
        fields=(
            Field("number", _l("Number"), lambda row: row[0].number),
            Field("broker_no", _l("Broker"), lambda row: row[1]),
            Field("period", _l("Month"), lambda row: row[0].period),
            Field("line", _l("Commission line"), lambda row: line_text(row[0])),
            Field("amount", _l("Amount"), lambda row: amount(row[0].amount)),
            Field("state", _l("State"), lambda row: str(STATES[row[0].state][0])),
            Field("due_on", _l("Answer due"), lambda row: row[0].due_on),
            Field("opened_at", _l("Put on"), lambda row: row[0].opened_at),
        ),
    )
)


@bp.get("")
@requires(Can.DISPUTE_SEE)
def index() -> ResponseReturnValue:
    """Every dispute that the reader may see; the firm's desk finds what is due first."""
    actor = current_actor()
    return show_list(LIST, "disputes/index.html", waiting=queries.waiting_for_desk(actor), may_answer=actor.may(Can.DISPUTE_ANSWER))


@bp.get("/new")
@requires(Can.DISPUTE_ASK)
def new() -> ResponseReturnValue:
    """The form for a question to a line, with the line's explanation as it stands."""
    broker, run, line, lines = _asked(request.args)
    return render_template("disputes/new.html", broker=broker, run=run, line=line, lines=lines, said=said, kinds=words.KINDS, due_on=queries.due_from(_today()))


@bp.post("")
@requires(Can.DISPUTE_ASK)
def ask() -> ResponseReturnValue:
    """Put the question; what the explanation says now is kept with it."""
    question = request.form.get("question", "")
    if len(question.strip()) < 4:
        raise Refusal("say it in a few words: at least four characters")
    broker, run, line, lines = _asked(request.form)
    evidence, due_on = frozen(run, lines, zone()), queries.due_from(_today())
    with transaction():
        dispute = verbs.ask(
            db.session.merge(broker),
            line,
            db.session.merge(run),
            amount=sum(one.amount for one in lines),
            evidence=evidence,
            question=question,
            due_on=due_on,
            actor=current_actor(),
            moment=clock.now(),
        )
        number, dispute_id = dispute.number, dispute.id
    flash(_("%(number)s is put. The firm answers by %(day)s.", number=number, day=due_on), "success")
    return redirect(url_for("disputes.show", dispute_id=dispute_id), 303)


def _asked(values: Any) -> tuple[Broker, CommissionRun, verbs.Line, list[Explained]]:
    """The line that an address or a form names, with its explanation. Raises NotFound."""
    broker = books.broker_for(current_actor(), values.get("broker", ""))
    run = books.run_of(str(month_of(values.get("period", ""))))
    kind = values.get("kind", "")
    if kind not in Kind.__members__:
        raise NotFound("%(text)s is no kind of line", text=kind)
    if kind == Kind.rounding.name:
        return broker, run, verbs.Line(run.period, kind, "", None, "", ""), _rounding(run, broker)
    try:
        day = parse_day(values.get("date", ""))
    except NotADate as error:
        raise NotFound("%(text)s is no trade date", text=values.get("date", "")) from error
    line = verbs.Line(run.period, kind, values.get("account", ""), day, values.get("exchange", ""), values.get("product", ""))
    lines = explain(run, Question(broker.broker_no, line.account_no, day, line.exchange, line.product, kind, alone=True))
    return broker, run, line, lines


def _rounding(run: CommissionRun, broker: Broker) -> list[Explained]:
    """A month's rounding line: it has no day, so its explanation is one sentence. Raises NotFound where there is none."""
    lines = books.broker_lines(run, broker).filter(pl.col("kind") == Kind.rounding.name, pl.col("origin") == "")
    if lines.is_empty():
        raise NotFound("%(period)s has no rounding line for broker %(broker)s", period=run.period, broker=broker.broker_no)
    why = Step(N_("What the steps give for the whole month, less what its lines come to after each was rounded to the fen."), {})
    return [Explained(Kind.rounding, "", "", None, "", "", None, int(lines["amount_fen"].sum()), [why])]


@bp.get("/<int:dispute_id>")
@requires(Can.DISPUTE_SEE)
def show(dispute_id: int) -> ResponseReturnValue:
    """One dispute: the line, what was said, what may be done now, and the explanation as it stood."""
    actor = current_actor()
    dispute, broker_no = queries.dispute_for(actor, dispute_id)
    sides = sides_of(actor, broker_no)
    approval = db.session.get(Approval, dispute.approval_id) if dispute.approval_id else None
    return render_template(
        "disputes/show.html",
        dispute=dispute,
        broker_no=broker_no,
        entries=queries.entries(dispute.id),
        steps=[name for side in sides for name in steps_from(dispute.state, side)],
        desk=Side.DESK in sides,
        sees_people=not actor.broker_no,
        approval=approval,
        may_adjust=Side.DESK in sides and dispute.state == DisputeState.ACCEPTED and bool(dispute.granted) and (approval is None or approval.state in ("refused", "withdrawn")),
        periods=[row.period for row in books.months() if row.closed_at is None],
        actions=ACTIONS,
        outcomes=OUTCOMES,
        kinds=words.KINDS,
        in_words=in_the_readers_words,
    )


@bp.post("/<int:dispute_id>/<any(accept,escalate,withdraw):name>")
@requires(Can.DISPUTE_ASK)
def broker_step(dispute_id: int, name: str) -> ResponseReturnValue:
    """What the broker does: accept the answer, escalate it, take the question back."""
    due_on = queries.due_from(_today())
    with transaction():
        dispute = verbs.step(dispute_id, name, current_actor(), clock.now(), words=request.form.get("words", ""), due_on=due_on)
        number = dispute.number
    flash(_("%(number)s: %(action)s.", number=number, action=ACTIONS[name]), "success")
    return redirect(url_for("disputes.show", dispute_id=dispute_id), 303)


@bp.post("/<int:dispute_id>/<any(take,answer,close):name>")
@requires(Can.DISPUTE_ANSWER)
def desk_step(dispute_id: int, name: str) -> ResponseReturnValue:
    """What the firm does: take it up, answer it, decide or close it."""
    queries.dispute_for(current_actor(), dispute_id)
    answer = _answer() if request.form.get("outcome") else None
    with transaction():
        dispute = verbs.step(dispute_id, name, current_actor(), clock.now(), words=request.form.get("words", ""), answer=answer)
        number = dispute.number
    flash(_("%(number)s: %(action)s.", number=number, action=ACTIONS[name]), "success")
    return redirect(url_for("disputes.show", dispute_id=dispute_id), 303)


def _answer() -> verbs.Answer:
    outcome, text = request.form.get("outcome", ""), request.form.get("granted", "").strip()
    if outcome not in set(Outcome):
        raise Refusal("an answer says whether the line stands or the broker is right")
    try:
        return verbs.Answer(Outcome(outcome), parse_yuan(text) if text else 0)
    except NotMoney as error:
        raise Refusal("“%(given)s” is no amount in yuan, such as 12.50 or -3.00", given=text[:40]) from error


@bp.post("/<int:dispute_id>/adjust")
@requires(Can.DISPUTE_ANSWER)
def adjust(dispute_id: int) -> ResponseReturnValue:
    """Put what the dispute granted before a second person, as an adjustment of an open month."""
    queries.dispute_for(current_actor(), dispute_id)
    period = request.form.get("period", "")
    if period not in {row.period for row in books.months() if row.closed_at is None}:
        raise Refusal("“%(period)s” is no open month: choose one that is not closed", period=period[:20])
    with transaction():
        approval_id = verbs.prepare_adjustment(dispute_id, period, current_actor(), clock.now()).id
    flash(_("The adjustment waits for a second person (approval %(id)s).", id=approval_id), "success")
    return redirect(url_for("disputes.show", dispute_id=dispute_id), 303)


def line_text(dispute: Dispute) -> str:
    """A questioned line in one piece."""
    parts = [dispute.account_no, str(dispute.trade_date or ""), f"{dispute.exchange}.{dispute.product}" if dispute.product else "", str(words.KINDS[dispute.kind])]
    return " · ".join(part for part in parts if part)


give(bp, line_text=line_text, dispute_states=STATES, dispute_overdue=lambda one: is_overdue(one.state, one.due_on, _today()))
