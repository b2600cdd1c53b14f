"""Guests are forgotten when an evening is long over: their names, addresses and pages go, what everybody answered when he signed up, and what was written about the evening; how
many came and what was paid stays (个人信息保护法 Art. 19: no longer than the purpose needs)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, func, or_, select, update

from models import db
from models.club import ClubSession, Seat
from models.club_evenings import ClubFeedback
from models.club_guests import ClubInvitation
from models.club_no_shows import ClubNoShow
from models.club_questions import ClubSaid
from portal.actors import Actor
from portal.audit import log
from portal.club import answers

KEPT = timedelta(days=366)
"""So long after the end of an evening its guests are known by name: until it may have been held again."""


def due(moment: datetime) -> list[int]:
    """Events that are long over and still know a guest, or what somebody wrote."""
    over = select(ClubSession.event_id).group_by(ClubSession.event_id).having(func.max(ClubSession.ends_at) <= moment - KEPT)
    known = or_(
        select(Seat.id).where(Seat.event_id == ClubSession.event_id, Seat.position > 0, or_(Seat.name != "", Seat.email != "")).exists(),
        select(ClubFeedback.id).where(ClubFeedback.event_id == ClubSession.event_id, ClubFeedback.words != "").exists(),
        select(ClubNoShow.id).where(ClubNoShow.event_id == ClubSession.event_id, ClubNoShow.words != "").exists(),
        select(ClubSaid.id).where(ClubSaid.event_id == ClubSession.event_id, ClubSaid.said != "").exists(),
    )
    return list(db.session.execute(select(ClubSession.event_id).where(ClubSession.event_id.in_(over), known).distinct().order_by(ClubSession.event_id)).scalars())


def forget(event_ids: list[int], actor: Actor, moment: datetime) -> int:
    """Forget the guests of events, inside the open transaction. Returns how many seats were a known guest's. Verb."""
    if not event_ids:
        return 0
    guests = select(Seat.id).where(Seat.event_id.in_(event_ids), Seat.position > 0)
    db.session.execute(delete(ClubInvitation).where(ClubInvitation.seat_id.in_(guests)), execution_options={"synchronize_session": False})
    found = db.session.execute(select(func.count()).where(Seat.id.in_(guests), Seat.name != "")).scalar_one()
    db.session.execute(update(Seat).where(Seat.id.in_(guests)).values(name="", email=""), execution_options={"synchronize_session": False})
    words = update(ClubFeedback).where(ClubFeedback.event_id.in_(event_ids), ClubFeedback.words != "").values(words="")
    db.session.execute(words, execution_options={"synchronize_session": False})
    reasons = update(ClubNoShow).where(ClubNoShow.event_id.in_(event_ids), ClubNoShow.words != "").values(words="")
    db.session.execute(reasons, execution_options={"synchronize_session": False})
    answers.forget(event_ids)
    log.write(actor, moment, "club.guests_forgotten", "club_event", "", after={"events": len(event_ids), "guests": found})
    return found
