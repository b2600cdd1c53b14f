"""Registering a lead: is the person new, and if so, whose claim is it from now on? Asked and answered in one transaction.

    answer = register(person, introducer, LeadDoor.FORM, branch_id=…, actor=…, moment=…, today=…, keyring=…)

The introducer learns one word and, where somebody else's claim holds, its last day: never whose it is.
"""

from __future__ import annotations

import enum
import secrets
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from models import db
from models.leads import Claim, ClaimState, Lead, LeadDoor, LeadEntry, LeadState
from portal.actors import Actor
from portal.audit import log
from portal.leads import look_ups, matching
from portal.leads.deadlines import contact_due
from portal.leads.introducers import Introducer, of_claim
from portal.leads.look_ups import Limits
from portal.leads.matching import Indexes, Match
from portal.leads.owners import first_owner, room, users_of
from portal.leads.people import Person, index_of
from portal.leads.protection import HOLDING, first_end
from portal.leads.states import end_of, starts_of
from portal.leads.telling import tell_assigned
from portal.leads.terms import Terms, terms
from portal.sealing import Keyring
from portal.webhooks.recording import Happened, record


class Answer(enum.StrEnum):
    """What an introducer is told about a person."""

    NEW = "new"
    PROTECTED = "protected"
    CLIENT = "client"
    YOURS = "yours"
    LATER = "later"


@dataclass(frozen=True)
class Registered:
    """The answer; the last day of the claim that holds (one's own or, unnamed, another's); and the lead and claim where they are the introducer's."""

    answer: Answer
    until: date | None = None
    lead: Lead | None = None
    claim: Claim | None = None


@dataclass(frozen=True)
class Source:
    """Through which door a lead comes, for which branch, and from which campaign or link if any."""

    door: LeadDoor
    branch_id: int
    campaign_id: int | None = None
    link_id: int | None = None

    @property
    def came_himself(self) -> bool:
        """Whether the person came by himself, through a link: then its owner has asked nothing, and is told nothing either."""
        return self.link_id is not None


def look_up(person: Person, introducer: Introducer, *, actor: Actor, moment: datetime, today: date, keyring: Keyring) -> Registered:
    """What the introducer would be told, without registering anything. Counts as a question, and leaves a line in the log."""
    rules = terms()
    if look_ups.over_limit(introducer, rules, moment):
        return _told(Registered(Answer.LATER), introducer, "lead.asked", actor, moment)
    found = matching.match(Indexes(*index_of(keyring, person)), rules, today)
    return _told(_known(found, introducer, today) or Registered(Answer.NEW), introducer, "lead.asked", actor, moment)


def register(person: Person, introducer: Introducer, source: Source, *, actor: Actor, moment: datetime, today: date, keyring: Keyring, limits: Limits = Limits.ALL) -> Registered:
    """Register a person as introduced by somebody, inside the open transaction; exactly one of many at once is `new`.

    A person whose earlier claim has run out keeps his lead: it gets a new claim, and the old one stays as lapsed.
    """
    rules = terms()
    if not source.came_himself and look_ups.over_limit(introducer, rules, moment, limits):
        return _told(Registered(Answer.LATER), introducer, "lead.refused", actor, moment)
    indexes = Indexes(*index_of(keyring, person))
    matching.lock(indexes)
    found = matching.match(indexes, rules, today)
    known = _known(found, introducer, today)
    if known is not None:
        return _told(known, introducer, "lead.refused", actor, moment, asked=not source.came_himself)
    lead = _lead(found, person, indexes, source, moment, keyring)
    _lapse_old(lead, moment)
    place(lead, introducer, rules, actor=actor, moment=moment, today=today)
    claim = _claim(lead, introducer, source, rules, moment, today)
    note(lead, "claimed" if found.lead else "registered", actor, moment, claim=claim, values={"introducer": introducer.key, "door": source.door.value})
    return _told(Registered(Answer.NEW, claim.protected_until, lead, claim), introducer, "lead.registered", actor, moment, asked=not source.came_himself)


def note(lead: Lead, action: str, actor: Actor, moment: datetime, *, claim: Claim | None = None, words: str = "", values: Any = None) -> LeadEntry:
    """Write down what was done about a lead; the words stand here and nowhere else."""
    entry = LeadEntry(
        lead_id=lead.id, claim_id=claim.id if claim else None, at=moment, actor_id=actor.user_id, actor_label=actor.label, action=action, text=words, details=values or {}
    )
    db.session.add(entry)
    db.session.flush()
    return entry


def place(lead: Lead, introducer: Introducer, rules: Terms, *, actor: Actor, moment: datetime, today: date) -> None:
    """Say who looks after a lead that has come in, and by when he is to speak with it. Without anybody who is there and has room
    it waits to be assigned, and goes to the pool like any other on which nobody works."""
    lead.contact_due_on, lead.contacted_at, lead.pool_since = contact_due(today, rules), None, None
    owner = first_owner(introducer, today)
    if owner is None or room(owner, rules) == 0:
        lead.owner_staff_id = lead.owned_since = None
        return
    lead.owner_staff_id, lead.owned_since = owner, moment
    tell_assigned(lead, users_of(owner), actor, moment)


def _known(found: Match, introducer: Introducer, today: date) -> Registered | None:
    """The answer where the person is known; None where he is free."""
    if found.account_ids:
        own = matching.belongs_to(introducer, found.account_ids, today)
        return Registered(Answer.YOURS if own else Answer.CLIENT)
    if found.claim is not None:
        if of_claim(found.claim) == introducer:
            lead = next(lead for lead in found.leads if lead.id == found.claim.lead_id)
            return Registered(Answer.YOURS, found.until, lead, found.claim)
        return Registered(Answer.PROTECTED, found.until)
    if any(lead.suppressed or lead.state == LeadState.REFUSED for lead in found.leads):
        return Registered(Answer.PROTECTED)
    return None


def _lead(found: Match, person: Person, indexes: Indexes, source: Source, moment: datetime, keyring: Keyring) -> Lead:
    """The person's lead: his old one taken up again, or a new one."""
    if found.lead is not None:
        lead = found.lead
        if lead.state in starts_of("take_up"):
            lead.state, lead.state_since, lead.state_reason = end_of("take_up"), moment, "take_up"
        lead.last_activity_at = moment
        lead.version += 1
        return lead
    lead = Lead(
        public_id=secrets.token_urlsafe(12),
        name=person.name,
        kind=person.kind,
        phone_sealed="",
        phone_index=indexes.phone,
        id_no_sealed="",
        id_no_index=indexes.id_no,
        email=person.email,
        note=person.note,
        state=LeadState.REGISTERED,
        state_since=moment,
        state_reason="",
        registered_at=moment,
        door=source.door,
        campaign_id=source.campaign_id,
        branch_id=source.branch_id,
        last_activity_at=moment,
        risk_grade="",
        suppressed=False,
        version=1,
    )
    lead.phone_sealed = keyring.seal(person.phone, f"lead.phone_sealed:{lead.public_id}")
    lead.id_no_sealed = keyring.seal(person.id_no, f"lead.id_no_sealed:{lead.public_id}")
    db.session.add(lead)
    db.session.flush()
    return lead


def _lapse_old(lead: Lead, moment: datetime) -> None:
    """A claim that has run out but was not tidied up yet makes room for the next."""
    for claim in db.session.query(Claim).filter(Claim.lead_id == lead.id, Claim.state.in_(HOLDING)):
        claim.state, claim.ended_at, claim.ended_why = ClaimState.LAPSED, moment, "time"
    db.session.flush()


def _claim(lead: Lead, introducer: Introducer, source: Source, rules: Terms, moment: datetime, today: date) -> Claim:
    claim = Claim(
        public_id=secrets.token_urlsafe(12),
        lead_id=lead.id,
        **introducer.columns,
        door=source.door,
        campaign_id=source.campaign_id,
        link_id=source.link_id,
        state=ClaimState.PROTECTED,
        registered_at=moment,
        protected_until=first_end(today, rules),
        last_activity_on=today,
        ended_why="",
    )
    db.session.add(claim)
    db.session.flush()
    return claim


def _told(answer: Registered, introducer: Introducer, action: str, actor: Actor, moment: datetime, *, asked: bool = True) -> Registered:
    """Count the question (where he `asked` one) and leave its line in the log: who asked, what he was told, and the lead only where it is his."""
    if asked:
        look_ups.remember(introducer, answer.answer.value, actor.user_id, moment)
    subject = answer.lead.number if answer.lead is not None else introducer.key
    log.write(actor, moment, action, "lead", subject, after={"introducer": introducer.key, "answer": answer.answer.value, "until": str(answer.until or "")})
    if answer.answer is Answer.NEW and answer.lead is not None and answer.claim is not None:
        record("lead.registered", [Happened(answer.lead.number, f"/leads/{answer.lead.public_id}", {"door": answer.claim.door})], moment)
    return answer
