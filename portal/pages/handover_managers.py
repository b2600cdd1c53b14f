"""The brokers of one who goes: who is proposed to manage each of them and why, somebody else, and the decision with its preview."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from models.handovers import HandoverState
from portal import clock
from portal.handover import broker_verbs as verbs
from portal.handover.verbs import handover_for
from portal.local_day import today
from portal.pages.handover_words import why
from portal.pages.handovers import leaver
from portal.pages.taken_out import taken_out
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.downloads import wants_file
from portal.web.exports import amount
from portal.web.guard import current_actor, requires

bp = Blueprint("handover_managers", __name__, url_prefix="/handovers/<int:handover_id>/brokers")


@bp.get("")
@requires(Can.HANDOVER_SEE)
def index(handover_id: int) -> ResponseReturnValue:
    """The brokers with who is proposed for each, and why; the same as a file."""
    return _shown(handover_id)


def _shown(handover_id: int, fault: str = "", status: int = 200) -> ResponseReturnValue:
    actor = current_actor()
    handover = handover_for(actor, handover_id)
    rows = verbs.rows_of(handover, actor)
    if wants_file():
        headers = [_("Broker"), _("Name"), _("Accounts"), _("Equity then"), _("Proposed"), _("Decided"), _("Why")]
        cells = [[one.broker_no, one.name, one.row.accounts, amount(one.row.equity), one.proposed, one.decided, why(one.row.reasons)] for one in rows]
        return taken_out(wants_file(), f"brokers-of-{handover.number}", headers, cells)
    may_decide = actor.may(Can.HANDOVER_DECIDE) and handover.state == HandoverState.OPEN
    waiting = [one for one in rows if not one.decided]
    return render_template("handover/brokers.html", handover=handover, rows=rows, waiting=waiting, may_decide=may_decide, why=why, leaver=leaver(handover)[0], fault=fault), status


@bp.post("/propose")
@requires(Can.HANDOVER_DECIDE)
def propose(handover_id: int) -> ResponseReturnValue:
    """Propose a manager for every broker who has none decided."""
    with transaction():
        without = verbs.propose_managers(handover_id, actor=current_actor(), moment=clock.now(), today=today())
    if without:
        flash(ngettext("For %(num)s broker there is nobody.", "For %(num)s brokers there is nobody.", without), "warning")
    else:
        flash(_("Every broker has a proposal."), "success")
    return redirect(url_for("handover_managers.index", handover_id=handover_id), 303)


@bp.post("/choose")
@requires(Can.HANDOVER_DECIDE)
def choose(handover_id: int) -> ResponseReturnValue:
    """Propose somebody else for one of them."""
    try:
        with transaction():
            broker, staff = request.form.get("broker", ""), request.form.get("staff", "")
            verbs.choose_manager(handover_id, broker, staff, actor=current_actor(), moment=clock.now(), today=today())
    except Refusal as refusal:
        return _shown(handover_id, _(refusal.message, **refusal.values), refusal.status)
    return redirect(url_for("handover_managers.index", handover_id=handover_id), 303)


@bp.get("/decide")
@requires(Can.HANDOVER_DECIDE)
def look(handover_id: int) -> ResponseReturnValue:
    """What deciding would do. Nothing is written."""
    return _looked(handover_id)


def _looked(handover_id: int, fault: str = "", status: int = 200) -> ResponseReturnValue:
    actor = current_actor()
    handover = handover_for(actor, handover_id, Can.HANDOVER_DECIDE)
    found = verbs.look_at(handover, actor)
    return render_template("handover/brokers_decide.html", handover=handover, found=found, fault=fault, leaver=leaver(handover)[0], today=today()), status


@bp.post("/decide")
@requires(Can.HANDOVER_DECIDE)
def decide(handover_id: int) -> ResponseReturnValue:
    """Decide exactly what was looked at, all of it or nothing."""
    try:
        with transaction():
            count = verbs.decide_managers(handover_id, request.form.get("digest", ""), actor=current_actor(), moment=clock.now(), today=today())
    except Refusal as refusal:
        return _looked(handover_id, _(refusal.message, **refusal.values), refusal.status)
    flash(ngettext("A manager is decided for %(num)s broker.", "A manager is decided for %(num)s brokers.", count), "success")
    return redirect(url_for("handover_managers.index", handover_id=handover_id), 303)
