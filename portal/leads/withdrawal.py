"""Taking consents back (个人信息保护法 Art. 15): as easily as they were given, by a link, without a sign-in and without a reason.

Whoever takes back that he may be contacted is left alone from that moment on: no pool, no task, no claim, no new registration.
Whoever takes back that his introducer is told disappears from the introducer's list. What was done before stays lawful and stays written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date, datetime, timedelta

from sqlalchemy import select, update

from models import db
from models.introductions import ConsentLink, LeadPurpose
from models.leads import HAS_PHONE, Lead, LeadDoor, LeadTask
from portal.actors import NOBODY, Actor
from portal.audit import log
from portal.identity import tokens
from portal.leads import lead_consents
from portal.leads.deadlines import contact_due
from portal.leads.left_alone import leave_alone
from portal.leads.queries import lead_for
from portal.leads.register import note
from portal.leads.states import CONSENT
from portal.leads.steps import changed
from portal.leads.terms import terms
from portal.notices.kinds import KINDS, N_, register
from portal.notices.outbox import Guest, Letter, write_secret_to_guest
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal
from portal.sealing import Keyring

LASTS = timedelta(days=366)
"""How long a link works: as long as a lead is usually kept."""
PURPOSE = "juyuan.consents"
MAILED = "lead.consent_link"
"""The kind of the mail with such a link."""
register(
    MAILED,
    N_("Your link for taking back what you allowed us."),
    "clients",
    mail=N_("Your link for taking back what you allowed us."),
    urgent=True,
    listed=False,
)
TAKEN_BACK, ASKED = "consent_withdrawn", "withdrawal_asked"
"""Entries of a lead: consents taken back by the person, or somebody who says that he is he asks for it."""
TO_DO = N_("Asks to be left alone: call back, make sure that it is the person, and take the consents back")


class DeadLink(NotFound):
    """A link that was used, has expired, was cut on its way, or never was: which of these is not told."""

    def __init__(self) -> None:
        super().__init__(
            N_(
                "This link does not work any more: it was used already, is too old, or was not copied whole. You can still take your consents back: give your number on the page for it."
            )
        )


def token_of(secret: str) -> str:
    """A token that is signed and kept nowhere: a link made of it looks like any other."""
    return tokens.fresh(secret, PURPOSE)


def issue(lead_id: int | None, *, proven: bool, secret: str, actor: Actor, moment: datetime) -> str:
    """Make a link and return its token; `proven` where only the person himself gets it. Verb."""
    token = token_of(secret)
    db.session.add(ConsentLink(lead_id=lead_id, token_digest=tokens.digest(token), proven=proven, created_at=moment, created_by_id=actor.user_id, expires_at=moment + LASTS))
    db.session.flush()
    return token


def hand_out(public_id: str, *, secret: str, actor: Actor, moment: datetime) -> str:
    """A link that one of the firm hands to the person himself; returns its token. Raises NotFound, Conflict. Verb."""
    lead = _to_hand_out(public_id, actor)
    note(lead, "consent_link", actor, moment)
    log.write(actor, moment, "lead.consent_link", "lead", lead.number)
    return issue(lead.id, proven=True, secret=secret, actor=actor, moment=moment)


def mail(public_id: str, *, given: bool, locale: str, link: Callable[[str], str], secret: str, actor: Actor, moment: datetime, keyring: Keyring) -> None:
    """Mail a person a link, in a language. `given`: the actor says that the person himself gave the address, and the log says that he said so.
    `link` makes the address of a token. Raises NotFound, Conflict, Refusal. Verb."""
    lead = _to_hand_out(public_id, actor)
    if not lead.email:
        raise Refusal("no mail address of this person is known: make the link and hand it over")
    if not given:
        raise Refusal("a link is mailed only to an address that the person himself gave: make sure of it, or hand the link over")
    token = issue(lead.id, proven=True, secret=secret, actor=actor, moment=moment)
    _write(lead.email, locale, link(token), tokens.digest(token)[:24], lead.number, moment, keyring)
    note(lead, "consent_mailed", actor, moment)
    log.write(actor, moment, "lead.consent_link_mailed", "lead", lead.number, after={"address_given_by_person": True, "locale": locale})


def mail_visitor(address: str, locale: str, link: str, today: date, moment: datetime, keyring: Keyring) -> None:
    """Mail a visitor of the public form the link that he is shown, to the address that he typed there. Whoever types it, an address gets one
    such mail a day: nobody can fill a stranger's box with them. The same is done whether the person is known or not. Verb."""
    _write(address, locale, link, f"form:{today}", "", moment, keyring)


def _to_hand_out(public_id: str, actor: Actor) -> Lead:
    lead = lead_for(actor, public_id, can=Can.LEAD_WORK, lock=True)
    if lead.erased_at is not None:
        raise Conflict("the person's data was deleted because its time was over: nothing is left to sign")
    return lead


def _write(address: str, locale: str, link: str, key: str, ref: str, moment: datetime, keyring: Keyring) -> None:
    write_secret_to_guest(Guest(address, locale, link, {}, ref), KINDS[MAILED], Letter(key, until=moment + LASTS), moment, keyring)


def look(token: str, *, secret: str, moment: datetime) -> ConsentLink:
    """The link of a token that works; it is not used up. Raises DeadLink."""
    if not tokens.is_signed(token, secret, PURPOSE):
        raise DeadLink
    found = db.session.execute(
        select(ConsentLink).where(ConsentLink.token_digest == tokens.digest(token), ConsentLink.used_at.is_(None), ConsentLink.expires_at > moment)
    ).scalar_one_or_none()
    if found is None:
        raise DeadLink
    return found


def use(token: str, purposes: Collection[str], *, secret: str, locale: str, moment: datetime, today: date) -> None:
    """Take consents back by a link, inside the open transaction; of two at once one wins. Raises DeadLink, and Refusal for no purpose. Verb."""
    wanted = {purpose.value for purpose in LeadPurpose} & set(purposes)
    if not wanted:
        raise Refusal("tick at least one of them")
    link = look(token, secret=secret, moment=moment)
    used = update(ConsentLink).where(ConsentLink.id == link.id, ConsentLink.used_at.is_(None)).values(used_at=moment)
    if not db.session.execute(used, execution_options={"synchronize_session": False}).rowcount:  # type: ignore[attr-defined]
        raise DeadLink
    lead = _locked(Lead.id == link.lead_id) if link.lead_id is not None else None
    if lead is None:
        return
    if link.proven:
        take_back(lead, wanted, locale=locale, actor=NOBODY, moment=moment, today=today)
    else:
        _ask(lead, moment, today)


def ask(phone: str, *, keyring: Keyring, moment: datetime, today: date) -> None:
    """Somebody without a link gives his number (E.164): who looks after it calls back and makes sure. Nothing is told. Verb."""
    lead = _locked(Lead.phone_index == keyring.blind_index(phone), HAS_PHONE)
    if lead is not None:
        _ask(lead, moment, today)


def take_back(lead: Lead, purposes: Collection[str], *, locale: str, actor: Actor, moment: datetime, today: date) -> None:
    """Write down that a person took consents back, with what follows from it. The lead is locked. Verb."""
    lead_consents.keep(lead, purposes, locale=locale, door=LeadDoor(lead.door), moment=moment, on=today, given=False)
    note(lead, TAKEN_BACK, actor, moment, values={"purposes": sorted(purposes)})
    if LeadPurpose.CONTACT in purposes and lead.account_id is None:
        leave_alone(lead, CONSENT, actor, moment, today)
    log.write(actor, moment, "lead.consent_withdrawn", "lead", lead.number, after={"purposes": sorted(purposes), "suppressed": lead.suppressed, "state": lead.state})
    changed(lead)


def _ask(lead: Lead, moment: datetime, today: date) -> None:
    """Whoever looks after the lead is to call back, once: a second asking says nothing new."""
    if lead.suppressed or lead.erased_at is not None:
        return
    waits = select(LeadTask.id).where(LeadTask.lead_id == lead.id, LeadTask.what == TO_DO, LeadTask.done_at.is_(None))
    if db.session.execute(waits.limit(1)).first() is not None:
        return
    due = contact_due(today, terms())
    db.session.add(LeadTask(lead_id=lead.id, what=TO_DO, due_on=due, owner_staff_id=lead.owner_staff_id, created_at=moment, outcome=""))
    note(lead, ASKED, NOBODY, moment)
    log.write(NOBODY, moment, "lead.withdrawal_asked", "lead", lead.number)
    changed(lead)


def _locked(*conditions: object) -> Lead | None:
    query = select(Lead).where(*conditions).with_for_update().execution_options(populate_existing=True)  # type: ignore[arg-type]
    return db.session.execute(query).scalars().first()
