"""An applicant's own part of his application, without a sign-in: by a link that opens once, and then by the browser that opened it.

He sees how far it is and shows what only he can: his papers, his declaration, his answers. Licence, training and agreement are shown by
the firm, which also checks, and a second person approves: a link makes nobody a broker.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update

from models import db
from models.onboarding import Application, ApplicationItem, ApplicationLink, ApplicationState, Item
from models.outbox import OutboxMessage
from portal.actors import Actor
from portal.audit import log
from portal.identity import tokens
from portal.notices.kinds import KINDS, N_, register
from portal.notices.outbox import Guest, Letter, write_secret_to_guest
from portal.onboarding.queries import locked
from portal.onboarding.verbs import application_for, keep_item
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal
from portal.sealing import Keyring

OWN = (Item.DOCUMENTS, Item.DECLARATION, Item.TEST)
"""What an applicant shows himself."""
LASTS = timedelta(days=14)
"""How long a link waits to be opened."""
HOLDS = timedelta(hours=12)
"""How long the browser that opened it may go on."""
MOST_TESTS = 3
"""So often an applicant may answer the questions by himself."""
PURPOSE = "juyuan.application"
MAILED = "application.own_link"
"""The kind of the mail with an applicant's link."""
register(
    MAILED,
    N_("Your own link to your application as an introducing broker."),
    "brokers",
    mail=N_("Your own link to your application as an introducing broker."),
    urgent=True,
    listed=False,
)


class DeadLink(NotFound):
    """A link that was used, has expired, was replaced, was cut on its way, or never was: which of these is not told."""

    def __init__(self) -> None:
        super().__init__(N_("This link does not work any more: it was opened already, has expired, or was not copied whole. Ask the branch for a new one."))


def issue(public_id: str, *, secret: str, actor: Actor, moment: datetime) -> str:
    """Make an applicant's link and return its token; those before end. Raises NotFound, NotAllowed, Conflict where nothing can be shown any more. Verb."""
    actor.need(Can.ONBOARD_EDIT)
    row = application_for(actor, public_id, can=Can.ONBOARD_EDIT, lock=True)
    if row.state != ApplicationState.DRAFT:
        raise Conflict("the application is in another state by now: %(state)s", state=row.state)
    earlier = update(ApplicationLink).where(ApplicationLink.application_id == row.id, ApplicationLink.ended_at.is_(None))
    db.session.execute(earlier.values(ended_at=moment), execution_options={"synchronize_session": False})
    token = tokens.fresh(secret, PURPOSE)
    db.session.add(ApplicationLink(application_id=row.id, token_digest=tokens.digest(token), created_at=moment, created_by_id=actor.user_id, expires_at=moment + LASTS))
    db.session.flush()
    log.write(actor, moment, "application.link", "application", row.number)
    return token


def mail(public_id: str, *, given: bool, locale: str, link: Callable[[str], str], secret: str, actor: Actor, moment: datetime, keyring: Keyring) -> Application:
    """Mail an applicant a new link, in a language; those before end. `given`: the actor says that the applicant himself gave the address, and the
    log says that he said so. `link` makes the address of a token. Raises NotFound, NotAllowed, Conflict, Refusal. Verb."""
    row = application_for(actor, public_id, can=Can.ONBOARD_EDIT, lock=True)
    if not row.email:
        raise Refusal("no mail address stands in the application: make the link and hand it over")
    if not given:
        raise Refusal("a link is mailed only to an address that the person himself gave: make sure of it, or hand the link over")
    token = issue(public_id, secret=secret, actor=actor, moment=moment)
    letter = Letter(tokens.digest(token)[:24], until=moment + LASTS)
    write_secret_to_guest(Guest(row.email, locale, link(token), {}, row.number), KINDS[MAILED], letter, moment, keyring)
    log.write(actor, moment, "application.link_mailed", "application", row.number, after={"address_given_by_applicant": True, "locale": locale})
    return row


def mailed_at(row: Application) -> datetime | None:
    """When a link was last mailed to the address of an application, as far back as messages are kept."""
    to_him = (OutboxMessage.kind == MAILED, OutboxMessage.address == row.email, OutboxMessage.business_key.endswith(f":{row.number}"))
    return db.session.execute(select(func.max(OutboxMessage.created_at)).where(*to_him)).scalar() if row.email else None


def look(token: str, *, secret: str, moment: datetime) -> ApplicationLink:
    """The link of a token that was not opened yet; it is not used up. Raises DeadLink."""
    if not tokens.is_signed(token, secret, PURPOSE):
        raise DeadLink
    waits = (ApplicationLink.used_at.is_(None), ApplicationLink.ended_at.is_(None), ApplicationLink.expires_at > moment)
    found = db.session.execute(select(ApplicationLink).where(ApplicationLink.token_digest == tokens.digest(token), *waits)).scalar_one_or_none()
    if found is None:
        raise DeadLink
    return found


def open_link(token: str, *, secret: str, moment: datetime) -> str:
    """Use a link up and return the grant that its browser keeps; of two at once one wins. Raises DeadLink. Verb."""
    link, grant = look(token, secret=secret, moment=moment), secrets.token_urlsafe(24)
    used = update(ApplicationLink).where(ApplicationLink.id == link.id, ApplicationLink.used_at.is_(None))
    values = {"used_at": moment, "grant_digest": tokens.digest(grant), "expires_at": moment + HOLDS}
    if not db.session.execute(used.values(**values), execution_options={"synchronize_session": False}).rowcount:  # type: ignore[attr-defined]
        raise DeadLink
    row = locked(link.application_id)
    log.write(applicant(row), moment, "application.link_opened", "application", row.number)
    return grant


def application_of(grant: str, moment: datetime, *, lock: bool = False) -> Application:
    """The application that a browser's grant opens. Raises DeadLink."""
    holds = (ApplicationLink.ended_at.is_(None), ApplicationLink.expires_at > moment)
    query = select(Application).join(ApplicationLink, ApplicationLink.application_id == Application.id).where(ApplicationLink.grant_digest == tokens.digest(grant), *holds)
    if lock:
        query = query.with_for_update(of=Application).execution_options(populate_existing=True)
    found = db.session.execute(query).scalar_one_or_none()
    if found is None:
        raise DeadLink
    return found


def show(grant: str, item: Item, evidence: str, details: dict[str, Any], *, moment: datetime, today: date) -> ApplicationItem:
    """Keep what the applicant shows himself. Raises DeadLink, NotFound for what is not his to show, Conflict, Refusal. Verb."""
    row = application_of(grant, moment, lock=True)
    if item not in OWN:
        raise NotFound("there is no application that you may see under this address")
    if item is Item.TEST and tests_left(row) == 0:
        raise Conflict("the questions were answered %(most)s times: the branch goes through them with you", most=MOST_TESTS)
    return keep_item(row, item, evidence, today, details, actor=applicant(row), moment=moment, today=today)


def tests_left(row: Application) -> int:
    """How often the applicant may answer the questions yet."""
    own = (ApplicationItem.application_id == row.id, ApplicationItem.item == Item.TEST, ApplicationItem.actor_label == applicant(row).label)
    return max(0, MOST_TESTS - int(db.session.execute(select(func.count()).select_from(ApplicationItem).where(*own)).scalar_one()))


def leave(grant: str, moment: datetime) -> None:
    """End a browser's grant. Once more is the same as once. Verb."""
    held = update(ApplicationLink).where(ApplicationLink.grant_digest == tokens.digest(grant), ApplicationLink.ended_at.is_(None))
    db.session.execute(held.values(ended_at=moment), execution_options={"synchronize_session": False})


def applicant(row: Application) -> Actor:
    """The applicant as the log names him: by his application."""
    return Actor(user_id=None, label=f"applicant {row.number}")
