"""Taking seats without an account: who gives a mail address proves it by a link that opens once, and is a visitor from then on. Before that nothing is held,
nobody is registered, and nothing tells whether the firm knows the address.

A visitor holds no role and no password. His browser may take seats, pay, show the ticket and cancel, by the same verbs as a client's, and nothing else.
"""

from __future__ import annotations

import enum
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

from sqlalchemy import select, text, update

from models import db
from models.club import Admitted, ClubEvent, EventState
from models.club_visitors import ClubVisitor, ClubVisitorLink
from models.identity import User, UserState
from models.introductions import LeadPurpose
from portal.actors import VISITING, Actor
from portal.audit import log
from portal.clients.consents import ConsentText, newest, read_texts
from portal.club.mailbox import mailbox_digest
from portal.identity import sessions, tokens
from portal.identity.queries import normal_email, user_by_email
from portal.leads.people import Person
from portal.leads.people import person as checked_person
from portal.notices.kinds import KINDS, N_, Group, register
from portal.notices.outbox import Guest, Letter, write_secret_to_guest
from portal.refusals import NotFound, Refusal
from portal.sealing import Keyring
from portal.transaction import on_postgresql

LASTS = timedelta(minutes=30)
"""How long a link waits to be opened."""
PURPOSE = "juyuan.club.visitor"
TEXTS = Path(__file__).with_name("consent_texts.json")


_LINK = N_("Your link for %(title)s: open it within half an hour, then choose your seat.")
_AGAIN = N_("Your link to your seats: open it within half an hour.")
_KNOWN = N_("You have a sign-in with this address: sign in to take seats at %(title)s.")
_KNOWN_HERE = N_("You have a sign-in with this address: sign in to see your seats.")
_UNKNOWN = N_("Nobody has taken seats with this address: choose an event.")
for _kind, _sentence in {"link": _LINK, "again": _AGAIN, "known": _KNOWN, "known_here": _KNOWN_HERE, "unknown": _UNKNOWN}.items():
    register(f"club.visitor_{_kind}", _sentence, Group.CLUB, mail=_sentence, urgent=True, listed=False)


class VisitPurpose(enum.StrEnum):
    """What a visitor allows."""

    VISIT = "visit"


class DeadLink(NotFound):
    """A link that was used, has expired, was cut on its way, or never was: which of these is not told."""

    def __init__(self) -> None:
        super().__init__(N_("This link does not work any more: it was opened already, has expired, or was not copied whole. Have a new one sent to you."))


@dataclass(frozen=True)
class Keys:
    """What signs links and seals numbers."""

    secret: str
    keyring: Keyring


@dataclass(frozen=True)
class Asked:
    """What somebody typed: himself, what he allows beside the visit, and in which language he read it."""

    who: Person
    agreed: frozenset[str]
    locale: str


@dataclass(frozen=True)
class Links:
    """Whole addresses: of a token, of where one signs in, and of the list of events."""

    of_token: Callable[[str], str]
    sign_in: str
    events: str


@cache
def texts() -> tuple[ConsentText, ...]:
    """Every version of the words to which a visitor agrees."""
    return read_texts(TEXTS, VisitPurpose)


def text_on(day: date) -> ConsentText:
    """The words that count on a day."""
    return newest(texts(), VisitPurpose.VISIT.value, day)


def welcome(event: ClubEvent, moment: datetime) -> bool:
    """Whether somebody without an account may take seats of an event: it is open, and asks for no tier and no test."""
    admits = not event.admitted or Admitted.PROSPECT in event.admitted
    return event.state == EventState.PUBLISHED and event.sales_end_at > moment and admits and not event.tiers and not event.grade_least


def need_welcome(event: ClubEvent, moment: datetime) -> None:
    """Raises Refusal where an event is for others, or nobody can sign up."""
    if not welcome(event, moment):
        raise Refusal("this event cannot be booked without an account: sign in, or ask the firm")


def ask(event: ClubEvent, asked: Asked, links: Links, *, keys: Keys, moment: datetime) -> None:
    """Mail a link to the address that was typed, inside the open transaction; to an address with a sign-in a mail that says so. Nobody is registered and
    nothing is held by it. Raises Refusal where the event is for others. Verb."""
    need_welcome(event, moment)
    token, row = _fresh(asked.who.email, event.id, keys, moment)
    plain = {"name": asked.who.name, "phone": asked.who.phone, "email": asked.who.email, "agreed": sorted(asked.agreed), "locale": asked.locale}
    row.asked_sealed = keys.keyring.seal(json.dumps(plain, ensure_ascii=False), f"club_visitor_link.asked_sealed:{row.public_id}")
    has_sign_in = _with_sign_in(asked.who.email)
    kind, link = ("club.visitor_known", links.sign_in) if has_sign_in else ("club.visitor_link", links.of_token(token))
    _send(kind, asked.who.email, asked.locale, {"title": event.title}, link, row, keys.keyring, moment)


def ask_again(email: str, locale: str, links: Links, *, keys: Keys, moment: datetime) -> None:
    """Mail a visitor a new link to his seats, inside the open transaction; whoever is none is told so, by mail alone. Verb."""
    token, row = _fresh(email, None, keys, moment)
    visitor = _of_mailbox(row.mailbox)
    user = db.session.get(User, visitor.user_id) if visitor is not None else None
    if user is not None and user.visitor:
        _send("club.visitor_again", user.email, locale, {}, links.of_token(token), row, keys.keyring, moment)  # to the address that was proven
    elif _with_sign_in(email):
        _send("club.visitor_known_here", email, locale, {}, links.sign_in, row, keys.keyring, moment)
    else:
        _send("club.visitor_unknown", email, locale, {}, links.events, row, keys.keyring, moment)


def _fresh(email: str, event_id: int | None, keys: Keys, moment: datetime) -> tuple[str, ClubVisitorLink]:
    token = tokens.fresh(keys.secret, PURPOSE)
    made = {"public_id": secrets.token_hex(8), "event_id": event_id, "mailbox": mailbox_digest(email), "token_digest": tokens.digest(token)}
    row = ClubVisitorLink(**made, created_at=moment, expires_at=moment + LASTS)
    db.session.add(row)
    return token, row


def _send(kind: str, address: str, locale: str, values: dict[str, str | int], link: str, row: ClubVisitorLink, keyring: Keyring, moment: datetime) -> None:
    """One mail for every address, whatever is known of it: which words and which link its owner gets is for him alone to read."""
    letter = Letter(row.token_digest[:24], until=row.expires_at)
    write_secret_to_guest(Guest(address, locale, link, values, row.public_id), KINDS[kind], letter, moment, keyring)


def _with_sign_in(email: str) -> bool:
    """Whether an address belongs to a sign-in of the portal; a visitor's is none."""
    user = user_by_email(email)
    return user is not None and not user.visitor


def look(token: str, *, secret: str, moment: datetime) -> ClubVisitorLink:
    """The link of a token that was not opened yet; it is not used up. Raises DeadLink."""
    if not tokens.is_signed(token, secret, PURPOSE):
        raise DeadLink
    waits = (ClubVisitorLink.token_digest == tokens.digest(token), ClubVisitorLink.used_at.is_(None), ClubVisitorLink.expires_at > moment)
    found = db.session.execute(select(ClubVisitorLink).where(*waits)).scalar_one_or_none()
    if found is None:
        raise DeadLink
    return found


def typed(token: str, *, keys: Keys, moment: datetime) -> Asked | None:
    """What was typed for a link that was not opened yet; None where a known visitor asked for it. Raises DeadLink."""
    link = look(token, secret=keys.secret, moment=moment)
    return _opened(link.asked_sealed, link, keys.keyring) if link.asked_sealed else None


def use(token: str, *, keys: Keys, moment: datetime, today: date) -> tuple[ClubVisitor, ClubVisitorLink, Asked | None]:
    """Use a link up, inside the open transaction; of two at once one wins. Returns the visitor, made where he is new, the link, and what he had typed
    (None where he was known). Raises DeadLink; also where the address has got a sign-in meanwhile. Verb."""
    link = look(token, secret=keys.secret, moment=moment)
    _lock(link.mailbox)
    used = update(ClubVisitorLink).where(ClubVisitorLink.id == link.id, ClubVisitorLink.used_at.is_(None))
    sealed = link.asked_sealed
    if not db.session.execute(used.values(used_at=moment, asked_sealed=None), execution_options={"synchronize_session": False}).rowcount:  # type: ignore[attr-defined]
        raise DeadLink
    visitor = _of_mailbox(link.mailbox)
    asked = _opened(sealed, link, keys.keyring) if sealed else None
    if asked is not None:
        visitor = _made(asked, link.mailbox, moment) if visitor is None else visitor
        _told(visitor, asked, keys.keyring, moment, today)
    if visitor is None or visitor.forgotten_at is not None or not db.session.get_one(User, visitor.user_id).visitor:
        raise DeadLink
    visitor.seen_at = moment
    log.write(actor_of(visitor), moment, "club.visitor_confirmed", "club_visitor", visitor.public_id, after={"event": link.event_id, "text": visitor.consent_version})
    return visitor, link, asked


def enter(visitor: ClubVisitor, *, user_agent: str, address: str, moment: datetime) -> str:
    """Let the browser that opened a link go on as the visitor; returns what it keeps. Verb."""
    return sessions.begin(user=db.session.get_one(User, visitor.user_id), moment=moment, user_agent=user_agent, address=address, whole=True)[1]


def event_of(link: ClubVisitorLink) -> ClubEvent | None:
    """The event for which a link was asked; None where a visitor asked for his seats."""
    return db.session.get(ClubEvent, link.event_id) if link.event_id is not None else None


def _lock(mailbox: str) -> None:
    """Hold a mailbox until the transaction ends. SQLite's write lock does so already."""
    if on_postgresql():
        db.session.execute(text("SELECT pg_advisory_xact_lock(727006, hashtext(:value))"), {"value": mailbox})


def _of_mailbox(mailbox: str) -> ClubVisitor | None:
    return db.session.execute(select(ClubVisitor).where(ClubVisitor.mailbox == mailbox)).scalar_one_or_none()


def _opened(sealed: str, link: ClubVisitorLink, keyring: Keyring) -> Asked:
    plain = json.loads(keyring.open(sealed, f"club_visitor_link.asked_sealed:{link.public_id}"))
    who = checked_person(name=plain["name"], phone=plain["phone"], email=plain["email"])
    return Asked(who, frozenset(plain["agreed"]), plain["locale"])


def _made(asked: Asked, mailbox: str, moment: datetime) -> ClubVisitor:
    """A visitor with the row under which his seats stand. Raises DeadLink where the address has got a sign-in meanwhile."""
    if user_by_email(asked.who.email) is not None:
        raise DeadLink
    plain = {"public_id": secrets.token_hex(8), "email": normal_email(asked.who.email), "name": asked.who.name, "locale": asked.locale, "theme": "auto"}
    user = User(**plain, state=UserState.ACTIVE, visitor=True, created_at=moment)
    db.session.add(user)
    db.session.flush()
    return ClubVisitor(public_id=secrets.token_hex(8), user_id=user.id, mailbox=mailbox, created_at=moment)


def _told(visitor: ClubVisitor, asked: Asked, keyring: Keyring, moment: datetime, today: date) -> None:
    """Keep what a visitor said of himself last, with the words to which he agreed."""
    words = text_on(today)
    visitor.phone_sealed = keyring.seal(asked.who.phone, f"club_visitor.phone_sealed:{visitor.public_id}")
    visitor.consent_version, visitor.consent_digest, visitor.consented_at, visitor.seen_at = words.version, words.digest, moment, moment
    db.session.add(visitor)
    user = db.session.get_one(User, visitor.user_id)
    if user.visitor:
        user.name = asked.who.name
    db.session.flush()


def wants_contact(event: ClubEvent, asked: Asked) -> bool:
    """Whether the firm may call him: he said so, and the event is not one that only teaches."""
    return LeadPurpose.CONTACT.value in asked.agreed and not event.education_only


def actor_of(visitor: ClubVisitor) -> Actor:
    """The visitor as the log names him."""
    return Actor(user_id=visitor.user_id, label=f"visitor {visitor.public_id}", lent=VISITING)
