"""What happened, kept for good: the history of a booking, and what about money fits nothing we know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from models import Base, db
from models.club import Booking, ClubEntry
from models.club_money import MoneyIncident
from models.identity import Role, User, UserRole, UserState
from portal.actors import Actor
from portal.audit import log
from portal.club.telling import INCIDENTS
from portal.notices import verbs as notices
from portal.permissions import PERMISSIONS, Can
from portal.transaction import on_postgresql


def note(event_id: int, booking: Booking | None, what: str, actor: Actor, moment: datetime, **details: Any) -> None:
    """Write a line of history, and its line in the audit log."""
    row = {"event_id": event_id, "booking_id": booking.id if booking else None, "what": what, "at": moment, "actor_id": actor.user_id, "actor_label": actor.label}
    db.session.execute(insert(ClubEntry), [{**row, "details": details}])
    subject = ("booking", booking.public_id) if booking else ("club_event", str(event_id))
    log.write(actor, moment, f"club.{what}", *subject, after=details or None)


def incident(key: str, kind: str, moment: datetime, *, actor: Actor, payment_id: int | None = None, **details: Any) -> bool:
    """Write down what somebody must look at, and tell who keeps the money. The same thing once; returns whether it is new."""
    if not insert_new(MoneyIncident, "key", {"key": key[:200], "kind": kind, "at": moment, "payment_id": payment_id, "details": details}):
        return False
    log.write(actor, moment, "club.incident", "money_incident", key[:200], after={"kind": kind})
    notices.tell(money_people(), "club.incident", "/club/money", {"what": INCIDENTS[kind]}, actor=actor, moment=moment)
    return True


def money_people() -> list[int]:
    """Who keeps the club's money."""
    roles = [role for role in Role if Can.CLUB_MONEY in PERMISSIONS[role]]
    query = select(User.id).join(UserRole, UserRole.user_id == User.id).where(UserRole.role.in_(roles), User.state != UserState.DISABLED)
    return list(db.session.execute(query.distinct()).scalars())


def insert_new(model: type[Base], unique: str, row: Mapping[str, Any]) -> bool:
    """Insert a row unless one with the same unique value is there already. Returns whether it was."""
    make = postgresql_insert if on_postgresql() else sqlite_insert
    statement = make(model).values(**row).on_conflict_do_nothing(index_elements=[unique]).returning(model.id)  # type: ignore[attr-defined]
    return db.session.execute(statement).scalar_one_or_none() is not None


def insert_missing(model: type[Base], unique: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows whose unique value is not there yet; in one statement."""
    if rows:
        make = postgresql_insert if on_postgresql() else sqlite_insert
        db.session.execute(make(model).on_conflict_do_nothing(index_elements=[unique]), [dict(row) for row in rows])
