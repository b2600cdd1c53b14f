"""Requests to erase: what would go, what must stay and by which rule, and the answer."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from models.personal import EraseRequest, EraseState
from portal import clock
from portal.i18n import spoken
from portal.jobs.law import jurisdiction
from portal.local_day import today
from portal.permissions import Can
from portal.personal import erasing
from portal.personal.gather import person_of
from portal.personal.words import KEPT, KINDS, PARTS, STATES
from portal.refusals import NotFound, Refusal
from portal.rules import book
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("erase_requests", __name__, url_prefix="/compliance/erase-requests")
LIST = declare(
    ListPage(
        "erase_requests.index",
        _l("Requests to erase"),
        Listing(
            tiebreak=EraseRequest.id,
            sorts={"asked": EraseRequest.asked_at, "number": EraseRequest.subject_no},
            default="-asked",
            filters=(
                Filter("state", _l("State"), lambda text: EraseRequest.state == text, choices=tuple((name, label) for name, (label, _tone) in STATES.items())),
                Filter("kind", _l("Kind"), lambda text: EraseRequest.subject_kind == text, choices=tuple(KINDS.items())),
            ),
        ),
        columns(
            Column("number", _l("Number"), sort=True),
            Column("kind", _l("Kind")),
            Column("asked", _l("Asked"), sort=True),
            Column("decided", _l("Answered")),
            Column("state", _l("State")),
        ),
        source=lambda asked: select(EraseRequest),
        scalars=True,
        fields=(
            Field("number", _l("Number"), lambda row: row.subject_no),
            Field("kind", _l("Kind"), lambda row: str(KINDS[row.subject_kind])),
            Field("asked", _l("Asked"), lambda row: row.asked_at),
            Field("decided", _l("Answered"), lambda row: row.decided_at),
            Field("decided_by", _l("Answered by"), lambda row: row.decided_label),
            Field("state", _l("State"), lambda row: str(STATES[row.state][0])),
            Field("why", _l("Why"), lambda row: row.why),
        ),
        file_name="erase-requests",
    )
)


@bp.get("")
@requires(Can.PERSONAL_SEE)
def index() -> ResponseReturnValue:
    """Every request, the newest first."""
    return show_list(LIST, "personal/requests.html", states=STATES, kinds=KINDS)


@bp.get("/<erase_id>")
@requires(Can.PERSONAL_SEE)
def show(erase_id: str) -> ResponseReturnValue:
    """A request with what would go and what stays."""
    return _page(erase_id)


def _page(public_id: str, fault: str = "", status: int = 200) -> ResponseReturnValue:
    row = erasing.by_public_id(public_id)
    waits = row.state in {EraseState.ASKED, EraseState.PREPARED}
    goes, stays = erasing.counted(person_of(erasing.subject_of(row))) if waits else (row.counts, {})
    language = "zh" if spoken().startswith("zh") else "en"
    rules = {name: rule.titles[language] for name, code, _tables in erasing.KEPT if (rule := book.one(jurisdiction(), code, today()))}
    shown = {"goes": goes, "stays": stays, "parts": PARTS, "kept": KEPT, "rules": rules, "kinds": KINDS, "state": STATES[row.state]}
    return render_template("personal/request.html", row=row, may=current_actor().may(Can.PERSONAL_ERASE), fault=fault, **shown), status


@bp.post("/<erase_id>/prepare")
@requires(Can.PERSONAL_ERASE)
def prepare(erase_id: str) -> ResponseReturnValue:
    """Put it before a second person."""
    return _done(erase_id, lambda: erasing.prepare(erase_id, actor=current_actor(), moment=clock.now()), _("Prepared. A second person approves exactly what you see."))


@bp.post("/<erase_id>/refuse")
@requires(Can.PERSONAL_ERASE)
def refuse(erase_id: str) -> ResponseReturnValue:
    """Answer that nothing is erased."""
    return _done(erase_id, lambda: erasing.refuse(erase_id, request.form.get("why", ""), actor=current_actor(), moment=clock.now()), _("Answered; the person is told."))


def _done(public_id: str, act: Callable[[], object], said: str) -> ResponseReturnValue:
    try:
        with transaction():
            act()
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(public_id, _(refusal.message, **refusal.values), refusal.status)
    flash(said, "success")
    return redirect(url_for("erase_requests.show", erase_id=public_id), 303)
