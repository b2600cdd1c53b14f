"""What the club brought and cost by tier: each yuan once, with the tier of its day, and no fen of an event's cost lost."""

from __future__ import annotations

import secrets
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select, update

from models import db
from models.club import Booking, ClubSession, Seat
from models.club_membership import BenefitUse, ClubDues, ClubMember, DuesState, TierPrice
from models.club_money import Payment, PaymentState, Refund
from models.identity import Role
from portal import clock
from portal.actors import TERMINAL, Actor
from portal.club import costs, door, members, points, profit
from portal.club.members import Person
from portal.club.points import Earning, Holder
from portal.club.profit import Line
from portal.local_day import today
from portal.pages.club_profit import COLUMNS
from portal.transaction import transaction
from tests.people import seat, someone
from tests.rooms.club.membership_scene import add_tiers, with_tier
from tests.rooms.club.scene import PRICE, ClubEvent, book, clients, event_of

ZONE = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)


def paid(booking_id: int | None, amount: int, at: datetime, *, back: int = 0, dues_id: int | None = None, disputed: bool = False) -> None:
    """Money that came, and of it what went back on the same day."""
    with transaction():
        key = f"test:{booking_id}:{dues_id}:{at.isoformat()}"
        shared = {"number": 9, "currency": "cny", "livemode": False, "params": {}, "url": "", "failure": "", "created_at": at, "expires_at": at, "paid_at": at}
        row = Payment(
            public_id=secrets.token_hex(8),
            booking_id=booking_id,
            dues_id=dues_id,
            state=PaymentState.PAID,
            amount=amount,
            idempotency_key=key,
            disputed_at=at if disputed else None,
            **shared,
        )
        db.session.add(row)
        db.session.flush()
        if back:
            state = {"state": "succeeded", "why": "cancelled", "asked_at": at, "asked_label": "", "settled_at": at, "failure": ""}
            db.session.add(Refund(payment_id=row.id, business_key=key, amount=back, **state))


def evening(people: list[Actor], cost: int, came: int) -> list[int]:
    """An evening yesterday for which people booked, of whom the first so many came; its cost. Returns their bookings."""
    number = event_of("night")
    made = [book(number, one) for one in people]
    start = clock.now() - DAY
    with transaction():
        db.session.execute(update(Booking).values(state="granted", starts_at=start))
        db.session.execute(update(ClubSession).values(starts_at=start, ends_at=start + timedelta(hours=2)))
        costs.record(number, "venue", cost, 0, "", actor=TERMINAL, moment=clock.now())
        for code in db.session.execute(select(Seat.code).order_by(Seat.id).limit(came)).scalars().all():
            door.check_in(db.session.get_one(ClubEvent, number), code, at=start, desk="1", scan_key=code, actor=TERMINAL, moment=clock.now())
    return list(db.session.execute(select(Booking.id).where(Booking.public_id.in_(made)).order_by(Booking.id)).scalars())


def table(first: date, last: date) -> dict[int | None, tuple[int, ...]]:
    """By tier: members, dues, tickets, refunds, disputed, cost, result, uses, points."""
    db.session.rollback()
    return {line.tier_id: tuple(getattr(line, name) for name in COLUMNS) for line in profit.lines(first, last, ZONE)}


@pytest.mark.usefixtures("database")
def test_every_amount_stands_once_with_the_tier_of_its_day(app: Flask) -> None:
    """Two silver, one without a tier: tickets, a refund, a dispute, a cost of 100.01 over three heads, points; yesterday's span has nothing of today."""
    ids, people, now = add_tiers(), clients(app, 3), clock.now()
    silver = ids["silver"]
    for one in people[:2]:
        with_tier(one, silver, today() - 30 * DAY, today() + 30 * DAY)
    bookings = evening(people, 10_001, 3)
    paid(bookings[0], PRICE, now, back=5_000)
    paid(bookings[1], PRICE, now, disputed=True)
    paid(bookings[2], PRICE, now)
    with transaction():
        moment = now
        points.hold([Holder("client:C00000", "C00000", None)])
        points.earn([Earning(Holder("client:C00000", "C00000", None), "x", 40, "x", moment, moment, moment + 90 * DAY)], actor=TERMINAL, moment=moment)
        member = db.session.execute(select(ClubMember).order_by(ClubMember.id)).scalars().first()
        assert member
        db.session.add(BenefitUse(member_id=member.id, key="room", year=now.year, at=now, actor_label="", undone_label=""))
    assert table(today() - DAY, today()) == {
        silver: (2, 0, 2 * PRICE, 5_000, PRICE, 6_667, PRICE - 5_000 - 6_667, 1, 40),
        None: (0, 0, PRICE, 0, 0, 3_334, PRICE - 3_334, 0, 0),
    }
    whole = profit.total(profit.lines(today() - DAY, today(), ZONE))
    assert (whole.cost, whole.tickets, whole.result) == (10_001, 3 * PRICE, 2 * PRICE - 15_001)
    assert table(today() - 9 * DAY, today() - 8 * DAY) == {silver: (2, 0, 0, 0, 0, 0, 0, 0, 0)}


@pytest.mark.usefixtures("database")
def test_dues_stand_with_the_tier_that_they_are_for_and_a_day_begins_by_the_firms_clock(app: Flask) -> None:
    """Paid at 23:30 in Shanghai on the 31st: of that month, though it is the same day in UTC; at 00:30 of the next."""
    ids = add_tiers()
    person = clients(app, 1)[0]
    with transaction():
        member = members.join(Person("client:C00000", "王小明", person.user_id, "C00000"), clock.now())
        price = db.session.execute(select(TierPrice).where(TierPrice.tier_id == ids["gold"])).scalars().first()
        assert price
        shared = {
            "member_id": member.id,
            "tier_price_id": price.id,
            "kind": "once",
            "state": DuesState.PAID,
            "created_at": clock.now(),
            "item_id": "",
            "status": "",
            "action_url": "",
        }
        row = ClubDues(public_id="dues", **shared)
        db.session.add(row)
        db.session.flush()
        number = row.id
    paid(None, 120_000, datetime(2026, 3, 31, 15, 30, tzinfo=UTC), dues_id=number)
    gold = ids["gold"]
    assert table(date(2026, 3, 1), date(2026, 3, 31))[gold][1] == 120_000
    assert table(date(2026, 4, 1), date(2026, 4, 30)) == {}


@pytest.mark.usefixtures("database")
def test_a_cost_of_an_event_to_which_nobody_came_is_shared_by_seats_and_without_any_stands_with_no_tier(app: Flask) -> None:
    evening(clients(app, 2), 900, 0)
    assert table(today() - 2 * DAY, today())[None][5] == 900
    assert profit.total([Line(None, cost=900), Line(1, cost=100, dues=50)]).result == -950


def test_the_page_its_file_and_what_is_refused(app: Flask) -> None:
    with app.app_context():
        evening(clients(app, 1), 900, 1)
        db.session.remove()
    desk = seat(app, someone(app, Role.AUDITOR))
    page = desk.get("/club/profit").text
    assert all(word in page for word in ("Cost of events", "9.00", "No tier"))
    assert desk.get("/club/profit?format=csv").text.count("\n") >= 3
    for wrong in ("from=x", "from=2026-05&to=2026-04", "from=2020-01&to=2026-01"):
        assert desk.get(f"/club/profit?{wrong}").status_code == 422, wrong
    assert "Cost of a yuan kept or brought" in desk.get("/club/effects").text
