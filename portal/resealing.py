"""Sealing anew what an older key sealed: in chunks, each in a transaction of its own, while the portal serves.

A value keeps its meaning and its blind index; only the key changes. A value that does not open (changed, or moved from
another row) is left as it is and counted: rotation never hides that somebody touched it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import FromClause, String, bindparam, cast, func, select, update

from models import db
from models.append_only import SEALED
from models.audit import Approval, ApprovalState
from models.clients import Account, AccountVersion
from models.club_visitors import ClubVisitor, ClubVisitorLink
from models.identity import User
from models.leads import Lead
from models.onboarding import Application
from models.outbox import MessageContact, OutboxMessage
from models.partners import Broker, BrokerVersion, Relative, Staff, StaffVersion
from models.payouts import Payee
from models.webhooks import WebhookEndpoint
from portal.sealing import Keyring, Unreadable

CHUNK = 2_000


@dataclass(frozen=True)
class Place:
    """A sealed column, and where the number stands that its values are bound to."""

    table: FromClause
    column: str
    number: Any
    source: Any

    @property
    def name(self) -> str:
        """What its values are bound to, up to the number: `<table>.<column>`."""
        return f"{self.table.name}.{self.column}"  # type: ignore[attr-defined]


def _places() -> tuple[Place, ...]:
    version_of: tuple[tuple[Any, Any, str, Any], ...] = (
        (StaffVersion, Staff, "staff_id", Staff.staff_no),
        (BrokerVersion, Broker, "broker_id", Broker.broker_no),
        (Relative, Broker, "broker_id", Broker.broker_no),
        (AccountVersion, Account, "account_id", Account.account_no),
    )
    places = []
    for version, thing, key, number in version_of:
        rows, things = version.__table__, thing.__table__
        source = rows.join(things, rows.c[key] == things.c.id)
        places += [Place(rows, name, number, source) for name in SEALED[rows.name]]
    users, leads = User.__table__, Lead.__table__
    of_leads = (Place(leads, name, Lead.public_id, leads) for name in ("phone_sealed", "id_no_sealed"))
    applications = Application.__table__
    of_applications = (Place(applications, name, Application.public_id, applications) for name in ("phone_sealed", "id_no_sealed"))
    contacts, outbox = MessageContact.__table__, OutboxMessage.__table__
    of_messages = (
        Place(contacts, "phone_sealed", User.public_id, contacts.join(users, contacts.c.user_id == users.c.id)),
        Place(outbox, "secret_sealed", OutboxMessage.business_key, outbox),
    )
    visitors, links = ClubVisitor.__table__, ClubVisitorLink.__table__
    of_visitors = (Place(visitors, "phone_sealed", ClubVisitor.public_id, visitors), Place(links, "asked_sealed", ClubVisitorLink.public_id, links))
    payees = Payee.__table__
    of_payees = Place(payees, "account_no_sealed", Payee.public_id, payees)
    endpoints = WebhookEndpoint.__table__
    of_webhooks = (Place(endpoints, name, WebhookEndpoint.public_id, endpoints) for name in ("secret_sealed", "previous_sealed"))
    return (*places, *of_leads, *of_applications, *of_messages, *of_visitors, *of_webhooks, of_payees, Place(users, "totp_secret", User.public_id, users))


PLACES = _places()
"""Every sealed column of the portal."""


def reseal_chunk(place: Place, ring: Keyring, after: int, size: int = CHUNK) -> tuple[int, int, int] | None:
    """Seal anew the next values of a column, inside the open transaction. Returns the last row looked at, how many were
    sealed anew and how many did not open; None where nothing is left behind row `after`."""
    held, rows = place.table.c[place.column], place.table.c.id
    found = select(rows, held, place.number).select_from(place.source).where(rows > after, _not_newest(held, ring)).order_by(rows).limit(size)
    # Locked, or on PostgreSQL a value written meanwhile would be overwritten by the old one.
    chunk = db.session.execute(found.with_for_update(of=place.table)).all()
    if not chunk:
        return None
    changed, unreadable = [], 0
    for row_id, sealed, number in chunk:
        about = f"{place.name}:{number}"
        try:
            changed.append({"row": row_id, "anew": ring.seal(ring.open(sealed, about), about)})
        except Unreadable:
            unreadable += 1
    if changed:
        statement = update(place.table).where(rows == bindparam("row")).values({place.column: bindparam("anew")})  # type: ignore[arg-type]
        db.session.connection().execute(statement, changed)
    return chunk[-1][0], len(changed), unreadable


def left_behind(name: str) -> dict[str, int]:
    """How many values of each column the key of this name seals; columns with none are not there."""
    counts = {}
    for place in PLACES:
        held = place.table.c[place.column]
        count = db.session.execute(select(func.count()).select_from(place.table).where(held.startswith(name + ".", autoescape=True))).scalar_one()
        if count:
            counts[place.name] = count
    # What waits for a second person cannot be sealed anew: its digest covers it. It has to be decided first.
    payload = cast(Approval.payload, String)
    waiting = select(func.count()).where(Approval.state == ApprovalState.WAITING, payload.contains(f'"{name}.', autoescape=True))
    count = db.session.execute(waiting).scalar_one()
    return counts | {"approval.payload": count} if count else counts


def _not_newest(held: Any, ring: Keyring) -> Any:
    return held.is_not(None) & (held != "") & ~held.startswith(ring.newest + ".", autoescape=True)
