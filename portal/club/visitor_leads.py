"""A visitor comes in through the leads room like anybody else: matched, claimed for the firm with the event as his source, with his own consents."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from models import db
from models.club import ClubEvent
from models.club_visitors import ClubVisitor
from portal.actors import NOBODY
from portal.club.guests import code_of
from portal.club.visitors import Asked, Keys, wants_contact
from portal.leads import arrivals, campaigns, links, matching, withdrawal
from portal.leads.arrivals import Arrival
from portal.leads.links import DeadLink
from portal.leads.matching import Indexes
from portal.leads.people import index_of
from portal.leads.terms import terms
from portal.signing import Signer


def come(visitor: ClubVisitor, asked: Asked, event: ClubEvent, *, keys: Keys, committed: Mapping[str, Any], signer: Signer, firm: str, moment: datetime, today: date) -> str:
    """Hold a visitor against the leads, and register him with the event as his source where he lets the firm call him. Returns the token with which he takes
    that back; empty where he allowed nothing. The same for who is known and who is not. `committed`: what a receipt may say of him. Verb."""
    token = ""
    if wants_contact(event, asked):
        campaign = campaigns.of_event(code_of(event.id), event.title, event.branch_id, actor=NOBODY, moment=moment, today=today)
        arrival = Arrival(asked.who, asked.agreed, asked.locale, committed)
        try:
            at = links.live(links.of_firm(campaign, moment, today).code, today)
            token = arrivals.arrive(at, arrival, firm=firm, signer=signer, keyring=keys.keyring, secret=keys.secret, moment=moment, today=today).token
        except DeadLink:  # a firm without a branch has nobody who could call
            token = withdrawal.token_of(keys.secret)
    lead = matching.match(Indexes(*index_of(keys.keyring, asked.who)), terms(), today).lead
    if lead is not None:
        visitor.lead_id = lead.id
        db.session.flush()
    return token
