"""Response times on screen: what counts for each subject, what another time would make late, and setting it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from models import db
from models.clients import Account, AccountVersion
from portal.care import response, settings
from portal.care import response_setting as verbs
from portal.care.response import CONTACT, SUBJECTS, Allowance, ResponseTime, Unit, read
from portal.clients.queries import newest_version
from portal.local_day import today
from portal.pages import care_words
from portal.pages import question_words as words
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.paging import read_day

bp = Blueprint("care_response", __name__, url_prefix="/care/response")
SHOWN = 50
NAMES = {**{key.value: label for key, label in words.SUBJECTS.items()}, CONTACT: _l("Contacts promised, and the first reaction to a task")}
UNITS = {Unit.HOURS: _l("trading hours"), Unit.DAYS: _l("trading days")}


def said(allowance: Allowance) -> str:
    """A response time in words."""
    if allowance.unit is Unit.HOURS:
        return str(ngettext("%(num)s trading hour", "%(num)s trading hours", allowance.count))
    return str(ngettext("%(num)s trading day", "%(num)s trading days", allowance.count))


def told(value: dict[str, Any]) -> str:
    """What was set, in words."""
    usual, key = Allowance(value["count"], Unit(value["unit"])), Allowance(value["key_count"], Unit(value["key_unit"]))
    return str(_("%(usual)s; key clients %(key)s", usual=said(usual), key=said(key)))


@bp.get("")
@requires(Can.CARE_EDIT)
def index() -> ResponseReturnValue:
    """What counts today, and what was set."""
    times = read(settings.values_on(today()))
    return render_template("care/response.html", times=times, names=NAMES, said=said, told=told, history=settings.history(response.PREFIX), prefix=response.PREFIX)


@bp.get("/<subject>")
@requires(Can.CARE_EDIT)
def show(subject: str) -> ResponseReturnValue:
    """The form; with a time in the address also what it would make late, before it is set."""
    if subject not in SUBJECTS:
        raise NotFound("there is no response time for %(name)s", name=subject[:40])
    now = words.now()
    counting = read(settings.values_on(now.today))[subject]
    time = _typed(request.args) if request.args.get("count") else counting
    counts_from = _day(request.args) if request.args.get("counts_from") else now.today
    effect = verbs.effect_of(subject, time, counts_from, now) if request.args.get("count") else None
    rows = effect.late[:SHOWN] if effect else []
    return render_template(
        "care/response_subject.html", subject=subject, names=NAMES, units=UNITS, said=said, counting=counting, time=time, counts_from=counts_from, today=now.today, effect=effect,
        rows=rows, of=_clients([one.row.account_id for one in rows]), shown=SHOWN, most=response.MOST, is_contact=subject == CONTACT, kinds=care_words.KINDS,
    )  # fmt: skip


@bp.post("/<subject>")
@requires(Can.CARE_EDIT)
def put(subject: str) -> ResponseReturnValue:
    """Set it."""
    if subject not in SUBJECTS:
        raise NotFound("there is no response time for %(name)s", name=subject[:40])
    with transaction():
        effect = verbs.put(subject, _typed(request.form), _day(request.form), request.form.get("seen", -1, type=int), current_actor(), words.now())
        count = len(effect.dated_anew)
    flash(_("Set; %(count)s that wait have another time by it.", count=count), "success")
    return redirect(url_for("care_response.index"), 303)


def _typed(form: MultiDict[str, str]) -> ResponseTime:
    """A response time from the form. Raises Refusal."""
    return ResponseTime(_allowance(form, ""), _allowance(form, "key_"))


def _allowance(form: MultiDict[str, str], start: str) -> Allowance:
    count, unit = form.get(start + "count", "").strip(), form.get(start + "unit", "")
    if unit not in set(Unit) or not (count.isascii() and count.isdigit() and len(count) < 5):
        raise Refusal("write a response time as a whole number of trading hours or trading days")
    return Allowance(int(count), Unit(unit))


def _day(form: MultiDict[str, str]) -> Any:
    text = form.get("counts_from", "").strip()
    try:
        day = read_day(text)
    except ValueError as error:
        raise Refusal("“%(given)s” is no date such as 2026-03-31", given=text[:40]) from error
    if day < today():
        raise Refusal("a setting counts from today on or later: %(day)s has gone by", day=day)
    return day


def _clients(account_ids: list[int]) -> dict[int, Any]:
    """Account number and name by account."""
    query = select(Account.id, Account.account_no, AccountVersion.name).join(AccountVersion, AccountVersion.account_id == Account.id)
    return {row.id: row for row in db.session.execute(query.where(newest_version(), Account.id.in_(account_ids)))}
