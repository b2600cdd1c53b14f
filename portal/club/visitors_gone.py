"""Visitors are forgotten a year after their last evening: name, address and number go; seats, payments and how many came stay (个人信息保护法 Art. 19)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, select, update

from models import db
from models.club import Booking, ClubSession, Seat
from models.club_questions import ClubSaid
from models.club_visitors import ClubVisitor, ClubVisitorLink
from models.identity import User, UserSession, UserState
from portal.actors import Actor
from portal.audit import log
from portal.club.forgetting import KEPT
from portal.club.visitors import LASTS


def forget(actor: Actor, moment: datetime) -> int:
    """Forget the visitors whose time is over, and links nobody can open any more, inside the open transaction. Returns how many visitors. Verb."""
    db.session.execute(delete(ClubVisitorLink).where(ClubVisitorLink.expires_at < moment - LASTS), execution_options={"synchronize_session": False})
    found = db.session.execute(select(ClubVisitor.id, ClubVisitor.user_id).where(*_due(moment))).all()
    if not found:
        return 0
    ids, users = [row.id for row in found], [row.user_id for row in found]
    quietly = {"synchronize_session": False}
    db.session.execute(
        update(ClubVisitor).where(ClubVisitor.id.in_(ids)).values(phone_sealed=None, mailbox="gone:" + ClubVisitor.public_id, forgotten_at=moment), execution_options=quietly
    )
    theirs = select(Booking.id).where(Booking.user_id.in_(users))
    db.session.execute(update(Seat).where(Seat.booking_id.in_(theirs)).values(name="", email=""), execution_options=quietly)
    seats = select(Seat.id).where(Seat.booking_id.in_(theirs))
    db.session.execute(update(ClubSaid).where(ClubSaid.seat_id.in_(seats), ClubSaid.said != "").values(said=""), execution_options=quietly)
    of_visitors = update(User).where(User.id.in_(users), User.visitor)
    db.session.execute(of_visitors.values(name="–", email="visitor-" + User.public_id + "@invalid", state=UserState.DISABLED), execution_options=quietly)
    db.session.execute(update(UserSession).where(UserSession.user_id.in_(users)).values(address="", user_agent=""), execution_options=quietly)
    log.write(actor, moment, "club.visitors_forgotten", "club_visitor", "", after={"visitors": len(ids)})
    return len(ids)


def _due(moment: datetime) -> tuple[ColumnElement[bool], ...]:
    """The conditions, on ClubVisitor, that nobody was seen and no evening of his ended for a year. Who has a sign-in by now is known by that."""
    over = select(ClubSession.event_id).group_by(ClubSession.event_id).having(func.max(ClubSession.ends_at) <= moment - KEPT)
    lately = select(Booking.id).where(Booking.user_id == ClubVisitor.user_id, Booking.event_id.not_in(over)).exists()
    still = select(User.id).where(User.id == ClubVisitor.user_id, User.visitor).exists()
    return (ClubVisitor.forgotten_at.is_(None), ClubVisitor.seen_at <= moment - KEPT, ~lately, still)
