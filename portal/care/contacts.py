"""Recording a contact with a client, and correcting it by a later one; what was promised becomes a task."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from models import db
from models.care import CareTask, Contact, ContactChannel, ContactOutcome
from models.clients import Account
from portal.actors import Actor
from portal.audit import log
from portal.care.tasks import Wanted, set_task
from portal.permissions import Can
from portal.refusals import Conflict, Refusal

LONGEST = 2000


@dataclass(frozen=True)
class Said:
    """A contact as somebody tells of it."""

    at: datetime
    channel: ContactChannel
    outcome: ContactOutcome
    note: str = ""


@dataclass(frozen=True)
class Promise:
    """What the client was promised, and by when."""

    words: str
    due_on: date


def record(account: Account, staff_id: int, said: Said, actor: Actor, moment: datetime) -> Contact:
    """Record a contact that `staff_id` had about an account. Raises Refusal where it lies ahead or its note is too long, NotAllowed."""
    actor.need(Can.CARE_WORK)
    return _write(account, staff_id, said, actor, moment, None)


def correct(contact: Contact, account: Account, said: Said, actor: Actor, moment: datetime) -> Contact:
    """Record the same contact as it really was; the earlier row stays and counts no more. Raises Conflict where it was corrected already."""
    actor.need(Can.CARE_WORK)
    db.session.execute(select(Account.id).where(Account.id == account.id).with_for_update())  # of two at once, the second finds the first
    if db.session.execute(select(Contact.id).where(Contact.replaces_id == contact.id)).first() is not None:
        raise Conflict("this contact was corrected already: look at the newer one")
    return _write(account, contact.staff_id, said, actor, moment, contact.id)


def promise(contact: Contact, account: Account, what: Promise, actor: Actor, moment: datetime, today: date) -> CareTask:
    """Keep what was promised in a contact as a task of who promised it. Raises Refusal without words or for a day gone by."""
    words = what.words.strip()
    if len(words) < 2:
        raise Refusal("say what was promised")
    if what.due_on < today:
        raise Refusal("a promise is due today or later: %(day)s has gone by", day=what.due_on)
    wanted = Wanted(f"promise:{contact.id}", "promise", account.id, contact.staff_id, what.due_on, words)
    return set_task(wanted, actor, moment, today)


def _write(account: Account, staff_id: int, said: Said, actor: Actor, moment: datetime, replaces: int | None) -> Contact:
    note = said.note.strip()
    if said.at > moment:
        raise Refusal("a contact is recorded after it took place, not before")
    if len(note) > LONGEST:
        raise Refusal("this is too long: %(length)s characters, at most %(most)s", length=len(note), most=LONGEST)
    contact = Contact(
        account_id=account.id,
        staff_id=staff_id,
        at=said.at,
        channel=said.channel,
        outcome=said.outcome,
        note=note,
        recorded_at=moment,
        recorded_by_id=actor.user_id,
        replaces_id=replaces,
    )
    db.session.add(contact)
    db.session.flush()
    after = {"contact": contact.id, "channel": said.channel, "outcome": said.outcome, "replaces": replaces}
    log.write(actor, moment, "care.contact_corrected" if replaces else "care.contact", "account", account.account_no, after=after)
    return contact
