"""Who looks after a lead, changed where it stands: the page of the lead with that one value as a form, at an address of its own."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal import clock, local_day
from portal.leads import pool, queries
from portal.leads.states import OPEN
from portal.pages import leads_words as words
from portal.pages.leads import OwnerForm, shown
from portal.permissions import Can
from portal.refusals import Conflict, Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires

bp = Blueprint("owner", __name__)


@bp.get("/<lead_public_id>/assign")
@requires(Can.LEAD_ASSIGN)
def edit(lead_public_id: str) -> ResponseReturnValue:
    """The lead with the form open. A lead on which nobody works any more is given to nobody."""
    lead = queries.lead_for(current_actor(), lead_public_id, can=Can.LEAD_ASSIGN)
    if lead.state not in OPEN:
        raise Conflict("%(number)s is in another state by now: %(state)s", number=lead.number, state=lead.state)
    return shown(lead, owner_form=OwnerForm())


@bp.post("/<lead_public_id>/assign")
@requires(Can.LEAD_ASSIGN)
def give(lead_public_id: str) -> ResponseReturnValue:
    """Give the lead to somebody. What speaks against it stands beside the field, with the lead as it is by now."""
    actor, staff_no = current_actor(), request.form.get("staff_no", "")
    queries.lead_for(actor, lead_public_id, can=Can.LEAD_ASSIGN)
    try:
        if not staff_no:
            raise Refusal("choose to whom the lead is given")
        with transaction():
            pool.assign(lead_public_id, staff_no, words.version_seen(), actor=actor, moment=clock.now(), today=local_day.today())
    except Refusal as refusal:
        form = OwnerForm(given=staff_no, error=_(refusal.message, **refusal.values))
        return shown(queries.lead_for(actor, lead_public_id, can=Can.LEAD_ASSIGN), owner_form=form), 409 if isinstance(refusal, Conflict) else 422
    flash(_("%(number)s looks after it now.", number=staff_no), "success")
    return redirect(url_for("leads.show", lead_public_id=lead_public_id), 303)
