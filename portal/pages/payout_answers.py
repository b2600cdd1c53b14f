"""The bank's answer to a payment run handed in: looked at line by line before anything is written down, then taken in whole."""

from __future__ import annotations

import hashlib
import json

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from models import db
from models.jobs import Job
from models.payouts import Payout, PayoutState
from portal import clock
from portal.commission import payout_answer, payout_settling, payouts
from portal.commission.payout_answer import Answers, Sent
from portal.imports import parcels
from portal.local_day import today
from portal.pages.payout_words import ANSWER_COLUMNS, ANSWER_FAULTS
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires

bp = Blueprint("payout_answers", __name__, url_prefix="/commission/payouts/<batch_no>/answer")
LARGEST = 8 * 2**20


def _mark(batch_no: str) -> dict[str, str]:
    """What marks a parcel of this desk and run: the import desk has its own."""
    return {"for": "commission.payout", "batch": batch_no}


def sent_of(batch_no: str) -> dict[str, Sent]:
    """The payments of a run that were handed to the bank, by reference."""
    batch = payouts.batch_of(batch_no)
    rows = db.session.execute(select(Payout.reference, Payout.amount, Payout.state).where(Payout.batch_id == batch.id))
    return {row.reference: Sent(row.amount, row.state == PayoutState.APPROVED) for row in rows}


@bp.get("")
@requires(Can.PAYOUT_PREPARE)
def index(batch_no: str) -> ResponseReturnValue:
    """The form, and what an answer may look like."""
    return _form(batch_no)


def _form(batch_no: str, fault: str = "", status: int = 200) -> ResponseReturnValue:
    batch = payouts.batch_of(batch_no)
    return render_template("payouts/answer_new.html", batch=batch, known=payout_answer.NAMES, named=ANSWER_COLUMNS, limit=LARGEST // 2**20, fault=fault), status


@bp.post("")
@requires(Can.PAYOUT_PREPARE)
def hand_in(batch_no: str) -> ResponseReturnValue:
    """Keep the answer until somebody has seen what it would do; nothing is written down yet."""
    file, sent = request.files.get("file"), sent_of(batch_no)
    try:
        if file is None or not file.filename:
            raise Refusal("no file was chosen: choose one")
        content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise Refusal("this file is larger than %(limit)s MB: split it", limit=LARGEST // 2**20)
        payout_answer.read(file.filename, content, sent, today())
    except Refusal as refusal:
        return _form(batch_no, _(refusal.message, **refusal.values), refusal.status)
    with transaction():
        parcel = parcels.begin(current_actor(), clock.now(), [file.filename])
        parcel.arguments = _mark(batch_no)
        parcels.add(parcel.id, file.filename, parcels.pack(content))
        public_id = parcel.public_id
    return redirect(url_for("payout_answers.show", batch_no=batch_no, parcel_id=public_id), 303)


def _kept(batch_no: str, parcel_id: str) -> Job:
    found = parcels.named(parcel_id)
    if found is None or found.arguments != _mark(batch_no):
        raise NotFound("this answer is no longer kept: hand it in again")
    return found


def _read(batch_no: str, parcel_id: str) -> tuple[str, Answers]:
    file = next(iter(parcels.files_in(_kept(batch_no, parcel_id))))
    return file.name, payout_answer.read(file.name, file.read(), sent_of(batch_no), today())


def _digest(found: Answers) -> str:
    rows = [[line, one.reference, one.paid_on.isoformat() if one.paid_on else "", one.serial, one.why] for line, one in found.lines]
    return hashlib.sha256(json.dumps(rows, ensure_ascii=False).encode()).hexdigest()


@bp.get("/<parcel_id>")
@requires(Can.PAYOUT_PREPARE)
def show(batch_no: str, parcel_id: str) -> ResponseReturnValue:
    """What the answer would do, and every line that is refused."""
    batch, sent = payouts.batch_of(batch_no), sent_of(batch_no)
    name, found = _read(batch_no, parcel_id)
    paid = [one for _line, one in found.lines if one.paid_on]
    sums = {"paid": sum(sent[one.reference].amount for one in paid), "returned": sum(sent[one.reference].amount for _line, one in found.lines if not one.paid_on)}
    failed = [(line, one, sent[one.reference].amount) for line, one in found.lines if not one.paid_on]
    words = {"faults": ANSWER_FAULTS, "named": ANSWER_COLUMNS}
    shown = {"batch": batch, "name": name, "parcel_id": parcel_id, "digest": _digest(found), "found": found}
    return render_template("payouts/answer.html", paid=paid, failed=failed, sums=sums, **shown, **words)


@bp.post("/<parcel_id>")
@requires(Can.PAYOUT_PREPARE)
def take_in(batch_no: str, parcel_id: str) -> ResponseReturnValue:
    """Write down what the preview showed; or throw the file away."""
    _name, found = _read(batch_no, parcel_id)
    made: tuple[int, int] | None = None
    try:
        with transaction():
            parcel = _kept(batch_no, parcel_id)
            if request.form.get("wish") != "throw_away":
                if _digest(found) != request.form.get("digest", ""):
                    raise Conflict("something else would happen by now: look at the preview again, nothing was recorded")
                made = payout_settling.settle(batch_no, [one for _line, one in found.lines], today(), actor=current_actor(), moment=clock.now())
            parcels.throw_away(parcel, current_actor(), clock.now(), "brought_in" if made else "thrown_away")
    except NotFound:
        raise
    except Refusal as refusal:
        flash(_(refusal.message, **refusal.values), "error")
        return redirect(url_for("payout_answers.show", batch_no=batch_no, parcel_id=parcel_id), 303)
    flash(_("Kept: %(paid)s paid, %(returned)s returned.", paid=made[0], returned=made[1]) if made else _("Thrown away; nothing was recorded."), "success")
    return redirect(url_for("payouts.show", batch_no=batch_no), 303)
