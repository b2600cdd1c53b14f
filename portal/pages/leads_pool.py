"""The pool (公海): leads on which nobody works, without their names; who picks one sees it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.leads import Lead
from portal import clock, local_day
from portal.leads import owners, pool
from portal.leads.introducers import staff
from portal.leads.terms import terms
from portal.pages import leads_words as words
from portal.permissions import Can
from portal.refusals import Conflict
from portal.sealing import masked
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("leads_pool", __name__, url_prefix="/leads/pool")
COLUMNS = columns(
    Column("number", _l("Number"), sort=True),
    Column("name", _l("Name")),
    Column("state", _l("State"), sort=True),
    Column("door", _l("Came by")),
    Column("registered_at", _l("Registered on"), sort=True),
    Column("pool_since", _l("In the pool since"), sort=True),
    Column("pick", _l("Pick")),
)
LIST = declare(
    ListPage(
        "leads_pool.index",
        _l("Pool of leads"),
        Listing(
            tiebreak=Lead.id,
            sorts={"number": Lead.id, "state": Lead.state, "registered_at": Lead.registered_at, "pool_since": Lead.pool_since},
            default="-pool_since",
            filters=(
                Filter("state", _l("State"), lambda text: Lead.state == text, choices=tuple((name, label) for name, (label, _tone) in words.STATES.items())[:4]),
                Filter("door", _l("Came by"), lambda text: Lead.door == text, choices=tuple(words.DOORS.items())),
            ),
        ),
        COLUMNS,
        source=lambda asked: pool.in_pool(asked.actor),
        fields=(
            Field("number", _l("Number"), lambda row: row.number),
            Field("state", _l("State"), lambda row: str(words.STATES[row.state][0])),
            Field("door", _l("Came by"), lambda row: str(words.DOORS[row.door])),
            Field("registered_at", _l("Registered on"), lambda row: row.registered_at),
            Field("pool_since", _l("In the pool since"), lambda row: row.pool_since),
        ),
        scalars=True,
        file_name="lead-pool",
    )
)


@bp.get("")
@requires(Can.LEAD_WORK)
def index() -> ResponseReturnValue:
    """What can be picked, and how many one may pick yet."""
    actor, rules = current_actor(), terms()
    more: dict[str, Any] = {"picks": pool.picks_left(actor, words.midnight(), rules), "room": None, "cooling": {}}
    if actor.staff_no:
        more["cooling"] = pool.cooling(actor.staff_no, clock.now(), rules)
        more["room"] = owners.seen_room(staff(actor.staff_no).id or 0, rules)
    return show_list(LIST, "leads/pool.html", terms=rules, hidden=lambda name: masked(name, 1, 0), words=words, **more)


@bp.post("/<lead_public_id>")
@requires(Can.LEAD_WORK)
def pick(lead_public_id: str) -> ResponseReturnValue:
    """Take a lead out of the pool; where another was quicker or a limit is reached the pool says so."""
    try:
        with transaction():
            lead = pool.pick(lead_public_id, words.version_seen(), actor=current_actor(), moment=clock.now(), today=local_day.today(), since=words.midnight())
            number = lead.number
    except Conflict as conflict:
        flash(_(conflict.message, **conflict.values), "warning")
        return redirect(url_for("leads_pool.index"), 303)
    flash(_("%(number)s is yours to look after.", number=number), "success")
    return redirect(url_for("leads.show", lead_public_id=lead_public_id), 303)
