"""Somebody fills in the form of a link: he becomes a lead of its owner, or is known already. He is told the same either way.

What he allowed and wrote is kept with his lead whosever it is; the owner of the link learns nothing that he could not see before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from models import db
from models.identity import User, UserState
from models.introductions import FormOutcome
from models.leads import IntroducerKind
from portal.actors import NOBODY
from portal.leads import lead_consents, matching, register, withdrawal
from portal.leads.introducers import Introducer
from portal.leads.links import Live
from portal.leads.matching import Indexes
from portal.leads.people import Person, index_of
from portal.leads.receipts import issue
from portal.leads.register import Answer
from portal.leads.terms import terms
from portal.notices.kinds import N_
from portal.notices.kinds import register as register_kind
from portal.notices.verbs import tell
from portal.sealing import Keyring
from portal.signing import Signer

FRIEND = register_kind("friend.registered", N_("A friend got in touch through your link."), "clients", label=N_("A friend got in touch through my link"), tone="good")
CAME = register_kind("lead.came", N_("%(number)s came in through your link."), "clients", label=N_("Somebody came in through my link"), tone="good")


@dataclass(frozen=True)
class Arrival:
    """What a visitor sent: himself, the purposes he agreed to, in which language he read them, and what a receipt may say of him."""

    person: Person
    agreed: frozenset[str]
    locale: str
    committed: Mapping[str, Any]


@dataclass(frozen=True)
class Arrived:
    """What came of it, for the firm's count; and the token with which the visitor can take back what he allowed: he gets one whatever came of it."""

    outcome: FormOutcome
    token: str


def arrive(at: Live, arrival: Arrival, *, firm: str, signer: Signer, keyring: Keyring, secret: str, moment: datetime, today: date) -> Arrived:
    """Register a visitor of a link, inside the open transaction."""
    answer = register.register(arrival.person, at.introducer, at.source, actor=NOBODY, moment=moment, today=today, keyring=keyring)
    lead = answer.lead
    if lead is None:
        lead = matching.match(Indexes(*index_of(keyring, arrival.person)), terms(), today).lead
    if lead is not None:
        lead_consents.keep(lead, arrival.agreed, locale=arrival.locale, door=at.source.door, moment=moment, on=today)
    if answer.answer is Answer.NEW and lead is not None and answer.claim is not None:
        issue(answer.claim, arrival.committed, signer, firm=firm, actor=NOBODY, moment=moment)
        _tell(at.introducer, lead.number, moment)
        return Arrived(FormOutcome.REGISTERED, withdrawal.issue(lead.id, proven=True, secret=secret, actor=NOBODY, moment=moment))
    if lead is not None:
        register.note(lead, "came_again", NOBODY, moment, words=arrival.person.note, values={"door": at.source.door.value})
    # Anybody may have typed the number of somebody who is known: this link asks, it takes nothing back by itself.
    return Arrived(FormOutcome.KNOWN, withdrawal.issue(lead.id if lead else None, proven=False, secret=secret, actor=NOBODY, moment=moment))


def _tell(introducer: Introducer, number: str, moment: datetime) -> None:
    """Tell those who are the owner of the link; a client is told no more than that a friend came."""
    column = {IntroducerKind.BROKER: User.broker_no, IntroducerKind.STAFF: User.staff_no, IntroducerKind.CLIENT: User.client_no}.get(introducer.kind)
    if column is None:
        return
    users = list(db.session.execute(select(User.id).where(column == introducer.number, User.state != UserState.DISABLED)).scalars())
    if introducer.kind is IntroducerKind.CLIENT:
        tell(users, FRIEND.kind, "/refer", {}, actor=NOBODY, moment=moment)
    else:
        tell(users, CAME.kind, "/introduce", {"number": number}, actor=NOBODY, moment=moment)
