"""How far a lead is, changed where it stands: a plain step is taken at once, one that asks for more leads to its form on the page."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from models.leads import Lead
from portal import clock, local_day
from portal.jobs.law import jurisdiction
from portal.leads import next_steps, queries
from portal.leads.conversion_suitability import pass_suitability
from portal.leads.steps import held
from portal.pages import leads_words as words
from portal.pages.leads import shown
from portal.pages.leads_places import PLAIN, STATE, ways
from portal.permissions import Can
from portal.refusals import Conflict, Refusal
from portal.web.guard import current_actor, requires
from portal.web.in_place import Kept, Typed, keep

bp = Blueprint("state", __name__)


@bp.get("/<lead_public_id>/state")
@requires(Can.LEAD_WORK)
def edit(lead_public_id: str) -> ResponseReturnValue:
    """The lead with the form open. Where it can go nowhere from here, that is said."""
    lead = queries.lead_for(current_actor(), lead_public_id, can=Can.LEAD_WORK)
    if not _ways(lead):
        raise Conflict("%(number)s is in another state by now: %(state)s", number=lead.number, state=lead.state)
    return shown(lead, typed=Typed(STATE))


@bp.post("/<lead_public_id>/state")
@requires(Can.LEAD_WORK)
def take(lead_public_id: str) -> ResponseReturnValue:
    """Take a plain step, or lead to the form of one that asks for more."""
    actor, name = current_actor(), request.form.get("value", "")
    lead = queries.lead_for(actor, lead_public_id, can=Can.LEAD_WORK)
    if _ways(lead).get(name):
        return redirect(url_for("leads.show", lead_public_id=lead_public_id, step=name, _anchor=f"step-{name}"), 303)

    def show(typed: Typed) -> str:
        return shown(queries.lead_for(actor, lead_public_id, can=Can.LEAD_WORK), typed=typed)

    return keep(STATE, lambda name, version: _take(lead_public_id, name, version), show, url_for("leads.show", lead_public_id=lead_public_id))


def _ways(lead: Lead) -> dict[str, bool]:
    rights = queries.rights_over(lead, current_actor())
    return ways(lead, next_steps.next_steps(lead, rights, local_day.today(), jurisdiction()), rights)


def _take(lead_public_id: str, name: str, version: int) -> Kept:
    """Take a step for which nothing is to be said; there is none back."""
    actor, moment, today = current_actor(), clock.now(), local_day.today()
    if name == "pass_suitability":
        lead = held(lead_public_id, version, actor, Can.SUITABILITY_TAKE)
        pass_suitability(lead, actor, moment, today, jurisdiction())
    elif name in PLAIN:
        lead = next_steps.activate(lead_public_id, version, actor=actor, moment=moment, today=today)
    else:
        raise Refusal("choose where the lead goes")
    return Kept(str(words.STATES[lead.state][0]))
