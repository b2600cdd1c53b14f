"""Guests of an evening long over are forgotten; the counts stay."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from models import db
from models.audit import AuditEntry
from models.club import Booking, CheckIn, ClubSession, Seat
from models.club_evenings import ClubFeedback
from models.club_guests import ClubInvitation
from portal import clock
from portal.actors import TERMINAL
from portal.club import forgetting, guests
from portal.club.events import Kind
from portal.jobs import retention
from portal.jobs.handlers import Work
from portal.local_day import today
from portal.transaction import transaction
from tests.rooms.club.scene import book, clients, event_of
from tests.rooms.club.test_points import let_in

FREE = (Kind("免费票", "Free", 0),)


def evening(app: Flask, key: str, ended: datetime) -> int:
    """An evening that ended at a moment: two came, one with a guest who has a page, and one wrote what he thought."""
    people = clients(app, 2)
    number = event_of(key, kinds=FREE)
    public_id = book(number, people[0], "李四")
    book(number, people[1])
    with transaction():
        guests.invite(public_id, 1, actor=people[0], moment=clock.now(), today=today())
    let_in(number)
    with transaction():
        booking_id = db.session.execute(select(Booking.id).where(Booking.public_id == public_id)).scalar_one()
        db.session.execute(update(Seat).where(Seat.booking_id == booking_id, Seat.position == 1).values(email="li@example.com"))
        db.session.add(ClubFeedback(event_id=number, booking_id=booking_id, score=9, words="李四也喜欢", at=clock.now()))
        db.session.execute(update(ClubSession).where(ClubSession.event_id == number).values(starts_at=ended - timedelta(hours=2), ends_at=ended))
    return number


def told(number: int) -> tuple[list[tuple[int, str, str]], list[tuple[int, str]], int]:
    """What is known of an evening: seats, answers, pages of guests."""
    db.session.rollback()
    seats = db.session.execute(select(Seat.position, Seat.name, Seat.email).where(Seat.event_id == number).order_by(Seat.id)).all()
    answers = db.session.execute(select(ClubFeedback.score, ClubFeedback.words).where(ClubFeedback.event_id == number)).all()
    pages = select(func.count()).select_from(ClubInvitation).join(Seat, Seat.id == ClubInvitation.seat_id).where(Seat.event_id == number)
    return [tuple(row) for row in seats], [tuple(row) for row in answers], db.session.execute(pages).scalar_one()


@pytest.mark.usefixtures("database")
def test_v2_guests_are_forgotten_after_their_time_and_the_counts_stay(app: Flask) -> None:
    moment = clock.now()
    old, young = evening(app, "old", moment - forgetting.KEPT), evening(app, "young", moment - forgetting.KEPT + timedelta(minutes=5))
    before = told(young)
    assert forgetting.due(moment) == [old]
    work = Work(0, "test", retention.RETENTION, {}, TERMINAL, 1)
    retention.retention_job(work)
    assert told(old) == ([(0, "王小明", ""), (1, "", ""), (0, "王小明", "")], [(9, "")], 0)
    assert told(young) == before == ([(0, "王小明", ""), (1, "李四", "li@example.com"), (0, "王小明", "")], [(9, "李四也喜欢")], 1)
    assert db.session.execute(select(func.sum(Booking.seats)).where(Booking.event_id == old)).scalar_one() == 3
    assert db.session.execute(select(func.count()).select_from(CheckIn).where(CheckIn.event_id == old)).scalar_one() == 3
    retention.retention_job(work)
    said = db.session.execute(select(AuditEntry.after).where(AuditEntry.action == "club.guests_forgotten")).scalars().all()
    assert said == [{"events": 1, "guests": 1}], "once, and the log holds no name"
