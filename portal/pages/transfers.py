"""Transfers on screen: what is asked, which rows it writes, what it moves in money, and the second person it waits for."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select
from sqlalchemy.orm import aliased

from models.jobs import Job, JobState
from models.partners import Broker
from models.transfers import Transfer, TransferState
from models.values.rates import decimal_text
from portal import clock
from portal.jobs import queries as jobs
from portal.jobs import transfer as door
from portal.jobs.law import jurisdiction
from portal.pages import words
from portal.pages.attribution.differences import owners_of
from portal.pages.attribution.wording import CAUSES, STATES
from portal.pages.taken_out import taken_out
from portal.pages.transfer_form import KINDS, REASONS, TransferForm
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.transfers import verbs
from portal.transfers.policy import visible_to
from portal.web.downloads import wants_file
from portal.web.exports import amount
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("transfers", __name__, url_prefix="/transfers")

PROGRESS = {
    "draft": (_l("Drafted"), "info"),
    "previewed": (_l("Previewed"), "info"),
    "waiting": (_l("Waits for a second person"), "warn"),
    "done": (_l("Done"), "good"),
    "refused": (_l("Refused"), "bad"),
    "withdrawn": (_l("Withdrawn"), "neutral"),
}
"""The states with their tones."""
COLUMNS = columns(
    Column("number", _l("Number"), sort=True),
    Column("what", _l("What")),
    Column("from_no", _l("From"), sort=True),
    Column("to_no", _l("To"), sort=True),
    Column("effective_on", _l("Counts from"), sort=True),
    Column("accounts", _l("Accounts"), number=True),
    Column("reason", _l("Reason")),
    Column("state", _l("State")),
    Column("prepared", _l("Prepared by")),
)
_from, _to = aliased(Broker), aliased(Broker)
LISTING = Listing(
    tiebreak=Transfer.id,
    sorts={"number": Transfer.id, "from_no": _from.broker_no, "to_no": _to.broker_no, "effective_on": Transfer.effective_on},
    default="-number",
    filters=(
        Filter("state", _l("State"), lambda text: Transfer.state == text, choices=tuple((name, label) for name, (label, _tone) in PROGRESS.items())),
        Filter("reason", _l("Reason"), lambda text: Transfer.reason == text, choices=tuple(REASONS.items())),
        Filter("broker", _l("Broker"), lambda text: or_(_from.broker_no == text, _to.broker_no == text)),
    ),
)


def _listed(asked: Asked) -> Any:
    query = select(Transfer, _from.broker_no.label("from_no"), _to.broker_no.label("to_no"))
    return query.outerjoin(_from, _from.id == Transfer.from_broker_id).outerjoin(_to, _to.id == Transfer.to_broker_id).where(visible_to(asked.actor))


LIST = declare(
    ListPage(
        "transfers.index",
        _l("Transfers"),
        LISTING,
        COLUMNS,
        source=_listed,
        fields=(
            Field("number", _l("Number"), lambda row: row[0].number),
            Field("kind", _l("What"), lambda row: str(KINDS[row[0].kind])),
            Field("from_no", _l("From"), lambda row: row.from_no or ""),
            Field("to_no", _l("To"), lambda row: row.to_no or ""),
            Field("effective_on", _l("Counts from"), lambda row: row[0].effective_on),
            Field("accounts", _l("Accounts"), lambda row: len(row[0].rows["accounts"])),
            Field("reason", _l("Reason"), lambda row: str(REASONS[row[0].reason])),
            Field("state", _l("State"), lambda row: str(PROGRESS[row[0].state][0])),
            Field("prepared", _l("Prepared by"), lambda row: row[0].prepared_label),
            Field("done_at", _l("Done"), lambda row: row[0].done_at),
        ),
    )
)


@bp.get("")
@requires(Can.TRANSFER_SEE)
def index() -> ResponseReturnValue:
    """Every transfer that the reader may see."""
    return show_list(LIST, "transfers/index.html", kinds=KINDS, progress_words=PROGRESS, reasons=REASONS, may_prepare=current_actor().may(Can.TRANSFER_PREPARE))


@bp.get("/new")
@requires(Can.TRANSFER_PREPARE)
def new() -> ResponseReturnValue:
    """The form; an account or a broker may come along in the address."""
    form = TransferForm(kind="book" if request.args.get("broker") else "accounts", from_broker=request.args.get("broker", ""), accounts=request.args.get("account", ""))
    return render_template("transfers/new.html", form=form, fault="")


@bp.post("")
@requires(Can.TRANSFER_PREPARE)
def begin() -> ResponseReturnValue:
    """Write down what is asked, and rehearse it. What cannot be is said above the form, which keeps what was typed."""
    form = TransferForm()
    if not form.validate_on_submit():
        return render_template("transfers/new.html", form=form, fault=""), 422
    try:
        with transaction():
            actor, moment = current_actor(), clock.now()
            row = verbs.draft(form.asked(), actor, moment, jurisdiction())
            job, public_id = door.ask_for_preview(row, actor, moment), row.public_id
    except Refusal as refusal:
        return render_template("transfers/new.html", form=form, fault=_(refusal.message, **refusal.values)), refusal.status
    return redirect(url_for("transfers.show", public_id=public_id, job=job), 303)


@bp.get("/<public_id>")
@requires(Can.TRANSFER_SEE)
def show(public_id: str) -> ResponseReturnValue:
    """One transfer: what was asked, what it moves, and what may be done now."""
    actor = current_actor()
    row = verbs.transfer_for(actor, public_id)
    job = jobs.job(actor, request.args["job"]) if row.state == TransferState.DRAFT and request.args.get("job") else None
    if request.headers.get("HX-Request"):
        if row.state != TransferState.DRAFT or job is None:
            return "", 204, {"HX-Redirect": url_for("transfers.show", public_id=public_id)}
        return render_template("transfers/_progress.html", transfer=row, job=job, **said_of_job(job))
    if wants_file():
        return _spans_file(row, wants_file())
    return render_template(
        "transfers/show.html",
        transfer=row,
        asked=row.asked,
        rows=row.rows,
        money_moved=row.money,
        digest=verbs.rows_digest(row),
        state=PROGRESS[row.state],
        kinds=KINDS,
        reasons=REASONS,
        causes=CAUSES,
        states=STATES,
        may_prepare=actor.may(Can.TRANSFER_PREPARE),
        job=job,
        labels=words.COLUMNS,
        told=door.TOLD,
        owners_of=owners_of,
        share_of=lambda share: f"{decimal_text(share, 4)} %",
        **(said_of_job(job) if job else {}),
    )


@bp.post("/<public_id>/preview")
@requires(Can.TRANSFER_PREPARE)
def preview(public_id: str) -> ResponseReturnValue:
    """Rehearse it once more, with what is known now."""
    actor = current_actor()
    with transaction():
        row = verbs.transfer_for(actor, public_id, lock=True)
        if row.state not in (TransferState.DRAFT, TransferState.PREVIEWED):
            raise Refusal("%(number)s is in another state by now: %(state)s", number=row.number, state=row.state)
        row.state = TransferState.DRAFT
        job = door.ask_for_preview(row, actor, clock.now())
    return redirect(url_for("transfers.show", public_id=public_id, job=job), 303)


@bp.post("/<public_id>/ask")
@requires(Can.TRANSFER_PREPARE)
def ask(public_id: str) -> ResponseReturnValue:
    """Put exactly this preview before a second person."""
    with transaction():
        approval = verbs.ask(public_id, request.form.get("digest", ""), current_actor(), clock.now())
        number = approval.id
    flash(_("It waits for a second person (approval %(id)s).", id=number), "success")
    return redirect(url_for("transfers.show", public_id=public_id), 303)


@bp.post("/<public_id>/withdraw")
@requires(Can.TRANSFER_PREPARE)
def withdraw(public_id: str) -> ResponseReturnValue:
    """Take it back before it waits for anybody."""
    with transaction():
        number = verbs.withdraw(public_id, current_actor(), clock.now()).number
    flash(_("%(number)s is withdrawn.", number=number), "success")
    return redirect(url_for("transfers.index"), 303)


def _spans_file(row: Transfer, form: str) -> ResponseReturnValue:
    """What each account and span pays differently, as a file."""
    headers = [_("Account"), _("First day"), _("Last day"), _("Days"), _("Why"), _("Owners before"), _("Owners after"), _("Broker"), _("Amount")]
    spans = row.money["spans"] if row.money else []
    rows = (
        [
            one["account"],
            one["first_day"],
            one["last_day"],
            one["days"],
            str(CAUSES[one["cause"]]),
            owners_of(one["before"]),
            owners_of(one["after"]),
            one["broker_no"],
            amount(one["amount"]),
        ]
        for one in spans
    )
    return taken_out(form, row.number, headers, rows)


def said_of_job(job: Job) -> dict[str, Any]:
    """How far the rehearsal is, in words."""
    result = job.result if isinstance(job.result, dict) else {}
    running = job.state in {JobState.WAITING, JobState.RUNNING}
    if "refused" in result:
        return {"running": running, "sentence": _(result["refused"], **result.get("values", {})), "tone": "bad"}
    if job.state == JobState.CANCELLED:
        return {"running": running, "sentence": _("Cancelled"), "tone": "warn"}
    waiting = _("Waiting for the worker") if job.state == JobState.WAITING else _("Reading the facts")
    return {"running": running, "sentence": _(job.step) if job.step else waiting, "tone": "info"}
