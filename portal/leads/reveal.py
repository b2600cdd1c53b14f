"""A lead's phone number in the clear: only for who works on the lead, only with a reason, never without a line in both logs."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import NamedTuple

from models.leads import Lead
from portal.actors import Actor
from portal.audit import log
from portal.leads import queries
from portal.leads.register import note
from portal.permissions import Can
from portal.refusals import Refusal
from portal.sealing import Keyring

LONGEST_REASON = 300


class Why(enum.StrEnum):
    """For what a phone number is needed; `other` says it in words."""

    FIRST_CONTACT = "first_contact"
    FOLLOW_UP = "follow_up"
    ASKED = "asked"
    CHECK = "check"
    OTHER = "other"


class Shown(NamedTuple):
    """A lead with its phone number in the clear."""

    lead: Lead
    phone: str


def show_phone(public_id: str, why: str, words: str, *, actor: Actor, moment: datetime, keyring: Keyring, request_id: str = "") -> Shown:
    """Open a lead's phone number and write down who did so and why. Raises NotFound, NotAllowed, and Refusal without a reason."""
    lead = queries.lead_for(actor, public_id, can=Can.LEAD_WORK)
    said = words.strip()
    if why not in set(Why) or (why == Why.OTHER and len(said) < 4) or len(said) > LONGEST_REASON:
        raise Refusal("say why you need the phone number: the reason stands in the log of the lead and in the audit log")
    note(lead, "phone_shown", actor, moment, words=said, values={"why": why})
    # The words stand in the entry alone, which is erased with the lead.
    log.write(actor, moment, "lead.phone_shown", "lead", lead.number, after={"why": why}, reason=why, request_id=request_id)
    return Shown(lead, keyring.open(lead.phone_sealed, f"lead.phone_sealed:{lead.public_id}"))
