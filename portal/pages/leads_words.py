"""The leads pages' words, and what all of them share: today where the portal stands, and how a version comes back from a form."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from flask import request
from flask_babel import lazy_gettext as _l

from models.identity import Role
from portal.actors import Actor
from portal.identity.wording import ROLES
from portal.leads import withdrawal
from portal.local_day import today, zone
from portal.permissions import PERMISSIONS, Can
from portal.web.in_place import version_seen
from portal.web.listing import read_day

STATES = {
    "registered": (_l("Newly registered"), "info"),
    "contacted": (_l("Contacted"), "info"),
    "qualified": (_l("Qualified"), "info"),
    "suitability_passed": (_l("Suitability passed"), "good"),
    "account_opened": (_l("Account opened"), "good"),
    "active": (_l("Active client"), "good"),
    "lapsed": (_l("Lapsed"), "neutral"),
    "refused": (_l("Closed: no contact"), "neutral"),
    "withdrawn": (_l("Taken back"), "neutral"),
    "merged": (_l("Merged"), "neutral"),
}
"""The states with their tones."""
CLAIM_STATES = {
    "protected": (_l("Protected"), "good"),
    "disputed": (_l("Disputed"), "warn"),
    "converted": (_l("Became a client"), "good"),
    "decided": (_l("Decided"), "info"),
    "lapsed": (_l("Lapsed"), "neutral"),
}
INTRODUCERS = {"broker": _l("Broker"), "staff": _l("Staff"), "client": _l("Client"), "firm": _l("The firm")}
DOORS = {
    "form": _l("Broker’s form"),
    "upload": _l("List of leads"),
    "link": _l("Personal link"),
    "staff_form": _l("Staff form"),
    "api": _l("Program"),
    "event": _l("Event"),
    "campaign": _l("Campaign"),
    "file": _l("File"),
}
KINDS = {"person": _l("Individual"), "institution": _l("Institution")}
CAMPAIGN_KINDS = {"campaign": _l("Campaign"), "event": _l("Event"), "research": _l("Research")}
PURPOSES = {"contact": _l("May be contacted"), "introducer": _l("The introducer may be told"), "marketing": _l("Invitations and education")}
"""What somebody allows."""
NEXT = {
    "contact": _l("Speak with the person, and write it down"),
    "qualify": _l("Find out whether he wants an account, and write down why"),
    "pass_suitability": _l("Have the suitability questions answered"),
    "open_account": _l("Name the account that was opened"),
    "activate": _l("Wait for the first deposit"),
    "take_up": _l("Register the person anew, if he wants it"),
}
"""What is to be done so that a step can be taken."""
TASKS = {withdrawal.TO_DO: _l(withdrawal.TO_DO)}
"""Tasks that the portal itself sets; what people write stays as they wrote it."""
WAYS = {"call": _l("Call"), "visit": _l("Visit"), "message": _l("Message")}
OUTCOMES = {
    "reached": _l("Spoken to"),
    "call_back": _l("Spoken to, wants to be called again"),
    "no_answer": _l("Nobody answered"),
    "wrong_number": _l("Wrong number"),
}
ACTIONS = {
    "registered": _l("Newly registered"),
    "claimed": _l("Claimed anew"),
    "contact": _l("Contact"),
    "attempt": _l("Tried to reach"),
    "report": _l("The introducer reports a contact"),
    "note": _l("Note"),
    "task": _l("Task"),
    "task_done": _l("Task done"),
    "assigned": _l("Given to somebody"),
    "picked": _l("Picked from the pool"),
    "pooled": _l("Went to the pool"),
    "extended": _l("Claim extended"),
    "claim_lapsed": _l("Claim lapsed"),
    "phone_shown": _l("Phone number shown"),
    "qualify": _l("Qualified"),
    "pass_suitability": _l("Suitability passed"),
    "open_account": _l("Account opened"),
    "arrive": _l("Account opened"),
    "activate": _l("Active"),
    "lapse": _l("Lapsed"),
    "refuse": _l("Closed: no contact"),
    "unsuitable": _l("Closed kindly: futures do not suit the person"),
    "consent": _l("Closed: the person took back that he may be contacted"),
    "withdraw": _l("Taken back"),
    "take_up": _l("Taken up again"),
    "merge": _l("Merged into another lead"),
    "tested": _l("Suitability test taken"),
    "came_again": _l("Came again through a link"),
    "consent_link": _l("Link for taking consents back handed out"),
    "consent_mailed": _l("Link for taking consents back mailed"),
    "consent_withdrawn": _l("The person took consents back"),
    "withdrawal_asked": _l("Somebody asks to take consents back"),
}
"""What the entries of a lead are called; another room's is shown as it is."""
ANSWERS = {
    "new": (_l("New person"), "good"),
    "yours": (_l("Yours already"), "info"),
    "protected": (_l("Protected"), "warn"),
    "client": (_l("Already a client"), "neutral"),
    "later": (_l("Later: too many questions"), "warn"),
}
PHONE_FOR = {
    "first_contact": _l("First contact"),
    "follow_up": _l("To follow up"),
    "asked": _l("The person asked to be called back"),
    "check": _l("To check the data"),
    "other": _l("Something else, in words"),
}
"""For what a phone number may be shown (portal/leads/reveal.py)."""
OUTSIDE = {Role.BROKER, Role.CLIENT}
__all__ = ["version_seen"]


def holders_of(right: Can) -> str:
    """The roles that hold a right, as a reader is told who may take a step."""
    return " · ".join(str(ROLES[role]) for role, rights in PERMISSIONS.items() if right in rights)


def is_outside(actor: Actor) -> bool:
    """Whether somebody is no employee: he reads his own leads and learns nothing of the firm's people."""
    return bool(actor.roles) and set(actor.roles) <= OUTSIDE


def is_client(actor: Actor) -> bool:
    """Whether somebody is a client alone: of his friends he reads given names and progress."""
    return set(actor.roles) == {Role.CLIENT}


def midnight() -> datetime:
    """The moment at which today began."""
    return datetime.combine(today(), time(), zone()).astimezone(UTC)


def day_given(name: str) -> date | None:
    """A day from the form; None where it is empty or none."""
    try:
        return read_day(request.form.get(name, ""))
    except ValueError:
        return None
