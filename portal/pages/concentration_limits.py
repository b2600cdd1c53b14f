"""Limits on concentration: what counts, what is broken, what turned when; setting one, with what it would have said before it is set."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from models.concentration import LimitName, LimitTurn
from portal import clock
from portal.departures import concentration as kept
from portal.departures import limits
from portal.local_day import today
from portal.pages.taken_out import taken_out
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.transaction import transaction
from portal.web.downloads import wants_file
from portal.web.guard import current_actor, requires
from portal.web.listing import read_day

bp = Blueprint("concentration_limits", __name__, url_prefix="/overview/concentration/limits")
SHARE = re.compile(r"(\d{1,3})(?:\.(\d{1,2}))?")
TURNS = {LimitTurn.BROKEN.value: "bad", LimitTurn.HEALED.value: "good"}


@bp.get("")
@requires(Can.AUDIT_READ)
def index() -> ResponseReturnValue:
    """Every limit held against the newest settled day; what turned and what was set."""
    day = kept.last_day()
    found = kept.standing(day) if day else None
    allowed = limits.limits_on(today())
    held = [limits.held_against(name, found, allowed.get(name)) for name in LimitName]
    turned = limits.events()
    if wants_file():
        rows = [
            [str(_(limits.NAMES[LimitName(row.name)])), row.turn, str(row.trade_date), limits.said(LimitName(row.name), row.value), _allowed(row), str(row.at)] for row in turned
        ]
        return taken_out(wants_file(), "limits-of-concentration", [_("Limit"), _("What happened"), _("Day"), _("Value"), _("At most"), _("Written down at")], rows)
    since = {row.name: row.trade_date for row in limits.broken_now()}
    shown: dict[str, Any] = {"held": held, "day": day, "since": since, "turned": turned, "history": limits.history(), "tones": TURNS}
    return render_template("overview/limits.html", names=limits.NAMES, said=limits.said, may_set=current_actor().may(Can.LIMIT_EDIT), **shown)


def _allowed(row: Any) -> str:
    return limits.said(LimitName(row.name), row.allowed)


@bp.get("/<limit_name>")
@requires(Can.LIMIT_EDIT)
def show(limit_name: str) -> ResponseReturnValue:
    """The form; with a value in the address also what it would say of the newest day and of the months before."""
    return _looked(_name(limit_name), request.args)


def _looked(name: LimitName, given: MultiDict[str, str], fault: str = "", status: int = 200) -> ResponseReturnValue:
    value, counts_from, looked = None, today(), "value" in given and not fault
    if looked:
        try:
            value, counts_from = _value(name, given), _day(given)
            limits.checked(name.value, value, counts_from, today())
        except Refusal as refusal:
            fault, status, looked = _(refusal.message, **refusal.values), refusal.status, False
    day = kept.last_day()
    ends = list(kept.standings(kept.month_ends(day)).values()) if day else []
    now = limits.limits_on(today()).get(name)
    seen = [(one.day, limits.held_against(name, one, value)) for one in reversed(ends)] if looked else []
    return render_template(
        "overview/limit.html", name=name, names=limits.NAMES, said=limits.said, is_index=name in limits.INDEXES, now=now, value=value, counts_from=counts_from, given=given,
        looked=looked, seen=seen, over=sum(held.over for _day, held in seen), fault=fault, today=today(),
        newest=limits.held_against(name, ends[-1] if ends else None, now),
    ), status  # fmt: skip


@bp.post("/<limit_name>")
@requires(Can.LIMIT_EDIT)
def put(limit_name: str) -> ResponseReturnValue:
    """Set it."""
    name = _name(limit_name)
    try:
        with transaction():
            form = request.form
            limits.put(name.value, _value(name, form), _day(form), form.get("reason", ""), actor=current_actor(), moment=clock.now(), today=today())
    except Refusal as refusal:
        return _looked(name, request.form, _(refusal.message, **refusal.values), refusal.status)
    flash(_("The limit is set."), "success")
    return redirect(url_for("concentration_limits.index"), 303)


def _name(text: str) -> LimitName:
    if text not in set(LimitName):
        raise NotFound("there is no limit %(name)s", name=text[:40])
    return LimitName(text)


def _value(name: LimitName, given: MultiDict[str, str]) -> int | None:
    """The limit that was typed, hundredths of a per cent or points of an index; None where none is wanted. Raises Refusal."""
    text = given.get("value", "").strip().removesuffix("%").strip()
    if not text:
        return None
    if name in limits.INDEXES:
        if not (text.isascii() and text.isdigit() and len(text) <= 5):
            raise Refusal("write an index as a whole number from 0 to 10000")
        return int(text)
    found = SHARE.fullmatch(text) if text.isascii() else None
    if found is None:
        raise Refusal("write a share in per cent with at most two decimals, such as 15 or 12.5")
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))


def _day(given: MultiDict[str, str]) -> date:
    text = given.get("counts_from", "").strip()
    if not text:
        return today()
    try:
        return read_day(text)
    except ValueError as error:
        raise Refusal("“%(given)s” is no date such as 2026-03-31", given=text[:40]) from error
