"""Who looks after a lead, changed where it stands."""

from __future__ import annotations

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal import clock, local_day
from portal.leads import owners, pool, queries
from portal.leads.states import OPEN
from portal.pages.leads import shown
from portal.pages.leads_places import OWNER
from portal.permissions import Can
from portal.refusals import Conflict, Refusal
from portal.web.guard import current_actor, requires
from portal.web.in_place import Kept, Typed, keep

bp = Blueprint("owner", __name__)


@bp.get("/<lead_public_id>/assign")
@requires(Can.LEAD_ASSIGN)
def edit(lead_public_id: str) -> ResponseReturnValue:
    """The lead with the form open. A lead on which nobody works any more is given to nobody."""
    lead = queries.lead_for(current_actor(), lead_public_id, can=Can.LEAD_ASSIGN)
    if lead.state not in OPEN:
        raise Conflict("%(number)s is in another state by now: %(state)s", number=lead.number, state=lead.state)
    return shown(lead, typed=Typed(OWNER))


@bp.post("/<lead_public_id>/assign")
@requires(Can.LEAD_ASSIGN)
def give(lead_public_id: str) -> ResponseReturnValue:
    """Give the lead to somebody."""
    actor = current_actor()
    queries.lead_for(actor, lead_public_id, can=Can.LEAD_ASSIGN)

    def act(staff_no: str, version: int) -> Kept:
        if not staff_no:
            raise Refusal("choose to whom the lead is given")
        before = owners.number_of(queries.lead_for(actor, lead_public_id, can=Can.LEAD_ASSIGN).owner_staff_id)
        lead = pool.assign(lead_public_id, staff_no, version, actor=actor, moment=clock.now(), today=local_day.today())
        return Kept(_("%(number)s looks after it now.", number=staff_no), before, lead.version)

    def show(typed: Typed) -> str:
        return shown(queries.lead_for(actor, lead_public_id, can=Can.LEAD_ASSIGN), typed=typed)

    return keep(OWNER, act, show, url_for("leads.show", lead_public_id=lead_public_id))
