"""Adjustments of a month: what was entered by hand, what waits, and one more; what cannot be booked is said beside what was typed."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from models import db
from models.commission import Adjustment, CommissionRun
from models.values.calendar import Month
from models.values.money import NotMoney, parse_yuan
from portal.clock import now
from portal.commission import adjusting, queries, runs
from portal.commission.adjust import Entry
from portal.pages import month_words, words
from portal.pages.commission_lists import month_of
from portal.pages.months import bp
from portal.pages.taken_out import taken_out
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.downloads import wants_file
from portal.web.exports import amount
from portal.web.guard import current_actor, requires


@bp.get("/<period>/adjustments")
@requires(Can.MONTH_SEE)
def adjustments(period: str) -> ResponseReturnValue:
    """What was entered by hand, what waits, and the form for one more."""
    which = month_of(period)
    form = wants_file()
    if form:
        rows = db.session.execute(adjusting.booked(str(which)).order_by(Adjustment.id)).all()
        headers = ["broker_no", "period", "amount", "reason", "note", "approval"]
        return taken_out(form, f"adjustments-{which}", headers, ((b.broker_no, a.period, amount(a.amount), a.reason, a.note, a.approval_id) for a, b, *_x in rows))
    return _page(which, {})


@bp.post("/<period>/adjustments")
@requires(Can.MONTH_PREPARE)
def adjust(period: str) -> ResponseReturnValue:
    """Show what an adjustment would do, or put it before a second person."""
    which = month_of(period)
    given = {name: request.form.get(name, "").strip()[:500] for name in ("broker_no", "amount", "reason", "note", "evidence")}
    run = queries.run_of(str(which))
    try:
        entry = _entry(given, which)
        if request.form.get("do") != "prepare":
            return _page(which, given, adjusting.effect(entry, run))
        with transaction():
            approval = adjusting.prepare(entry, given["evidence"], db.session.merge(run), current_actor(), now())
            number = approval.id
    except Refusal as refusal:
        return _page(which, given, error=_(refusal.message, **refusal.values)), refusal.status
    flash(_("The adjustment waits for a second person (approval %(number)s).", number=number), "success")
    return redirect(url_for("months.adjustments", period=str(which)), 303)


def _entry(given: dict[str, str], which: Month) -> Entry:
    try:
        fen = parse_yuan(given["amount"].replace(",", ""))
    except NotMoney as error:
        raise Refusal("an adjustment is an amount in yuan other than 0, such as -120.50") from error
    return Entry(given["broker_no"], str(which), fen, given["reason"], given["note"])


def _page(which: Month, given: dict[str, str], effect: Any = None, error: str = "") -> str:
    period = str(which)
    return render_template(
        "months/adjustments.html",
        period=period,
        booked=db.session.execute(adjusting.booked(period).order_by(Adjustment.id)).all(),
        waiting=adjusting.waiting(period),
        given=given,
        effect=effect,
        error=error,
        reasons=month_words.REASONS,
        labels=words.COLUMNS,
        closed=runs.closed_run(which) is not None,
        may=current_actor().may(Can.MONTH_PREPARE),
        run=db.session.get(CommissionRun, found.run_id) if (found := _row_of(period)) and found.run_id else None,
    )


def _row_of(period: str) -> queries.MonthRow | None:
    return next((row for row in queries.months() if row.period == period), None)
