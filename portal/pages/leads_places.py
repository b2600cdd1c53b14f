"""The values of a lead that are changed where they stand on its page: who looks after it, and how far it is."""

from __future__ import annotations

from collections.abc import Sequence

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from models.leads import Lead
from portal.leads.next_steps import Next
from portal.leads.owners import Colleague
from portal.leads.states import OPEN, STEPS
from portal.pages import leads_words as words
from portal.permissions import Can
from portal.web.in_place import Choice, Place

OWNER, STATE = "lead-owner", "lead-state"
PLAIN = ("pass_suitability", "activate")
"""Steps for which nothing is to be said: taken by choosing them, where nothing is missing."""
AWAITED = ("activate", "take_up")
"""Steps that are not offered while something is missing: nobody can bring it here."""
ENDINGS = ("lapse", "refuse")


def owner_place(lead: Lead, colleagues: Sequence[Colleague], most: int) -> list[Place]:
    """Who looks after a lead, where its reader may give it to `colleagues`, who have at most `most` leads each."""
    if not colleagues:
        return []
    at, back = url_for("leads_work.owner.edit", lead_public_id=lead.public_id), url_for("leads.show", lead_public_id=lead.public_id)
    change, label = _("Change who looks after it"), _("Give it to somebody")
    return [Place(OWNER, at, back, lead.version, change, label, owners(colleagues, lead, most), save=_("Give"))]


def owners(colleagues: Sequence[Colleague], lead: Lead, most: int) -> list[Choice]:
    """To whom a lead may be given, each with how many he has; who has no room is named and cannot be chosen."""
    told = [(one, ngettext("%(num)s open lead", "%(num)s open leads", one.leads)) for one in colleagues if one.id != lead.owner_staff_id]
    return [Choice(one.staff_no, f"{one.staff_no} {one.name} ({leads}{_(', no room') if one.leads >= most else ''})", one.leads >= most) for one, leads in told]


def state_place(lead: Lead, steps: dict[str, bool]) -> list[Place]:
    """How far a lead is, where its reader may take one of some steps (`ways`)."""
    if not steps:
        return []
    at, back = url_for("leads_work.state.edit", lead_public_id=lead.public_id), url_for("leads.show", lead_public_id=lead.public_id)
    hint = _("What ends with … asks for more first: choosing it leads there.") if any(steps.values()) else ""
    ends = {name: STEPS[state, name].to for state, name in STEPS if state == lead.state}
    choices = [Choice(name, str(words.STATES[ends[name]][0]) + ("…" if asks else "")) for name, asks in steps.items()]
    return [Place(STATE, at, back, lead.version, _("Change the state"), _("Where the lead goes"), choices, hint=hint, save=_("Go on"))]


def ways(lead: Lead, nexts: Sequence[Next], held: set[Can]) -> dict[str, bool]:
    """The steps that somebody with these rights can take from the page of a lead, and whether one asks for words, a choice or evidence first.
    `nexts` are those that lead on for him."""
    if Can.LEAD_WORK not in held or lead.erased_at is not None or (lead.suppressed and lead.account_id is None):
        return {}
    found = {one.name: one.name not in PLAIN or bool(one.missing) for one in nexts if one.may and not (one.missing and one.name in AWAITED)}
    return found | {name: True for name in ENDINGS if lead.state in OPEN and (lead.state, name) in STEPS}
