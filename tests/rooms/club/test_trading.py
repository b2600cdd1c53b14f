"""Events beside the trading calendar, and the same event again: weekly, monthly, at the same hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from models import db
from models.club import ClubEvent, ClubSession, EventState
from models.club_membership import TierKind
from models.club_reserve import PoolPerson, SeatPool
from models.club_waitlist import SeatLot, SeatRule
from models.identity import Role
from portal import clock
from portal.actors import TERMINAL
from portal.club import lot, pools, tiers, waitlist_desk
from portal.club.events import Kind, When
from portal.club.series import Every, days, moved, series
from portal.club.tiers import TierDraft
from portal.club.trading import Clash, calendar_around, clashes, in_delivery
from portal.refusals import Refusal
from portal.settlement import calendar
from portal.transaction import transaction
from tests.people import post, seat, someone
from tests.rooms.club.scene import draft, event_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
HOLIDAY = {date(2026, 10, day) for day in range(1, 9)}


def weekdays(year: int) -> dict[date, bool]:
    """A year in which the exchanges trade on weekdays, but for the week of the national day."""
    all_days = [date(year, 1, 1) + timedelta(days=number) for number in range(365)]
    return {day: day.weekday() < 5 and day not in HOLIDAY for day in all_days}


def at(text: str, hours: float = 2) -> list[tuple[datetime, datetime]]:
    start = datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)
    return [(start, start + timedelta(hours=hours))]


@pytest.mark.parametrize(
    ("text", "hours", "said"),
    [
        ("2026-09-02T10:00", 2, {Clash.DAY}),
        ("2026-09-02T15:00", 6, set()),  # from the last second of the day session to the first of the night session
        ("2026-09-02T20:00", 2, {Clash.NIGHT}),
        ("2026-09-05T01:00", 1, {Clash.NIGHT}),  # the night of Friday
        ("2026-09-05T10:00", 8, set()),
        ("2026-09-06T21:30", 2, set()),  # no night session on a Sunday
        ("2026-09-30T21:30", 1, set()),  # nor before a public holiday
        ("2026-10-02T10:00", 2, set()),
        ("2026-09-16T16:00", 2, {Clash.DELIVERY}),
        ("2026-09-19T16:00", 2, {Clash.DELIVERY}),  # a weekend within it
        ("2026-09-14T10:00", 2, {Clash.DAY, Clash.DELIVERY}),
        ("2026-09-11T16:00", 2, set()),
        ("2026-09-23T16:00", 2, set()),
        ("2027-01-05T10:00", 2, {Clash.UNKNOWN}),
    ],
)
def test_an_event_is_held_against_the_sessions_and_the_weeks_of_delivery(text: str, hours: float, said: set[Clash]) -> None:
    """Sessions by the second, the night that belongs to Friday, no night before a holiday, delivery by trading days; nothing is guessed."""
    assert {one.clash for one in clashes(at(text, hours), weekdays(2026))} == said


def test_where_an_event_takes_place_makes_no_difference_to_when_the_exchanges_trade() -> None:
    """An evening in Chicago is the morning of the exchanges."""
    start = datetime(2026, 9, 1, 20, tzinfo=ZoneInfo("America/Chicago"))
    assert [one.clash for one in clashes([(start, start + timedelta(hours=2))], weekdays(2026))] == [Clash.DAY]


def test_a_series_keeps_its_hours_and_its_day_of_the_month() -> None:
    """M6: the 31st is the last of a shorter month, and the 31st again afterwards; hours stay where the clocks are changed; sales end with it."""
    assert days(date(2028, 1, 31), Every.MONTH, 3) == [date(2028, 1, 31), date(2028, 2, 29), date(2028, 3, 31)]
    assert days(date(2026, 12, 28), Every.WEEK, 2)[1] == date(2027, 1, 4)
    chicago = ZoneInfo("America/Chicago")
    start = datetime(2026, 10, 28, 19, tzinfo=chicago).astimezone(UTC)
    plain = draft(zone="America/Chicago", when=(When(start, start + timedelta(hours=2)),), sales_end_at=start - timedelta(hours=1))
    later = moved(plain, date(2026, 11, 4))
    assert [one.astimezone(chicago).hour for one in (later.when[0].starts_at, later.when[0].ends_at, later.sales_end_at)] == [19, 21, 18]
    assert later.when[0].starts_at - start == timedelta(days=7, hours=1)
    for count, first in ((0, 9), (13, 9), (1, -9)):
        with pytest.raises(Refusal):
            series(plain, clock.now().date() + timedelta(days=first), Every.WEEK, count, clock.now())


def known_years(app: Flask) -> dict[date, bool]:
    """This year and the next trade on every weekday. Returns the calendar from now on."""
    with app.app_context():
        with transaction():
            for year in (clock.now().year, clock.now().year + 1):
                calendar.add_year(year, [], actor=TERMINAL, moment=clock.now(), source="test")
        known = calendar_around([(clock.now(), clock.now() + timedelta(days=40))])
        db.session.remove()
    return known


def typed(day: date, begins: str, ends: str) -> dict[str, str]:
    """The form of an event."""
    plain = {
        "title": "铜",
        "about": "x",
        "zone": "Asia/Shanghai",
        "capacity": "9",
        "party_most": "2",
        "hold_minutes": "30",
        "kind_1": "票",
        "price_1": "0",
        "hours_1": "72",
        "percent_1": "100",
    }
    return plain | {"day": str(day), "begins": begins, "ends": ends, "sales_day": str(day), "sales_time": "08:00"}


def confirmed(admin: FlaskClient, path: str, **fields: str) -> str:
    """Send a form that is warned of. Returns what is to be confirmed."""
    answer = post(admin, path, "/me", **fields)
    assert answer.status_code == 409, answer.text
    return str(BeautifulSoup(answer.text, "html.parser").find(id="confirmed")["value"])


def test_a_clash_is_confirmed_and_not_refused(app: Flask) -> None:
    """A warning at creating and at moving, for just these days; other changes of an event are not asked about again."""
    known = known_years(app)
    admin = seat(app, someone(app, Role.ADMIN))
    ahead = [day for day in sorted(known) if clock.now().date() + timedelta(days=3) < day and not in_delivery(day, known)]
    first, second = [day for day in ahead if day.weekday() == 2][:2]
    value = confirmed(admin, "/club/events/new", **typed(first, "10:00", "12:00"))
    assert confirmed(admin, "/club/events/new", **typed(second, "10:00", "12:00"), confirmed=value) != value, "another day is confirmed anew"
    made = post(admin, "/club/events/new", "/me", **typed(first, "10:00", "12:00"), confirmed=value)
    assert made.status_code == 303
    edit = made.headers["Location"] + "/edit"
    assert post(admin, edit, "/me", **typed(first, "10:00", "12:00"), version="1").status_code == 303, "nothing new about its times"
    confirmed(admin, edit, **typed(second, "20:00", "22:00"), version="2")
    saturday = next(day for day in ahead if day.weekday() == 5)
    assert post(admin, edit, "/me", **typed(saturday, "10:00", "12:00"), version="2").status_code == 303


def test_an_event_is_held_again_every_month_as_drafts_of_their_own(app: Flask) -> None:
    """The days are looked at first, with what they fall into; then each is a draft under an address of its own, without anybody's booking."""
    known_years(app)
    with app.app_context():
        event_of("night", kinds=(Kind("免费", "Free", 0),))
        db.session.remove()
    admin = seat(app, someone(app, Role.ADMIN))
    monday = clock.now().date() + timedelta(days=21 - clock.now().date().weekday())
    page = admin.get(f"/club/events/night/copy?first={monday}&every=week&count=3").text
    assert "3 drafts will be written" in page
    for wrong in ({"first": "soon"}, {"every": "day"}, {"count": "13"}, {"first": "2020-01-01"}):
        answer = post(admin, "/club/events/night/copy", "/me", **{"first": str(monday), "every": "week", "count": "3"} | wrong)
        assert answer.status_code == 422, wrong
    assert post(admin, "/club/events/night/copy", "/me", first=str(monday), every="week", count="3").status_code == 303
    with app.app_context():
        rows = db.session.execute(
            select(ClubEvent.key, ClubEvent.state, ClubSession.starts_at).join(ClubSession, ClubSession.event_id == ClubEvent.id).order_by(ClubEvent.id)
        ).all()
        db.session.remove()
    assert len({row.key for row in rows}) == 4
    assert [row.starts_at.astimezone(SHANGHAI).date() for row in rows[1:]] == [monday + timedelta(weeks=number) for number in range(3)]
    assert {row.state for row in rows[1:]} == {EventState.DRAFT}


def test_a_copy_is_for_the_same_members_and_gives_its_seats_the_same_way(app: Flask) -> None:
    """A members' evening stays one: tiers, kept seats, the rule of the waitlist and the draw come along; who may take kept seats does not."""
    with app.app_context():
        with transaction():
            tiers.keep(TierDraft("gold", TierKind.FREE, 2, "金卡", "Gold"), actor=TERMINAL, moment=clock.now())
        night = event_of("night", tiers=("gold",))
        event = db.session.get_one(ClubEvent, night)
        before = timedelta(hours=5)
        with transaction():
            waitlist_desk.set_rule(night, "wait", 90, actor=TERMINAL, moment=clock.now())
            pool = pools.create(night, 3, 48, "speaker", actor=TERMINAL, moment=clock.now())
            pools.add_people(pool.public_id, ["C1"], actor=TERMINAL, moment=clock.now())
            lot.set_up(night, event.sales_end_at - before, actor=TERMINAL, moment=clock.now())
        db.session.remove()
    admin = seat(app, someone(app, Role.ADMIN))
    first = clock.now().date() + timedelta(days=20)
    assert post(admin, "/club/events/night/copy", "/me", first=str(first), every="week", count="2").status_code == 303
    with app.app_context():
        copies = db.session.execute(select(ClubEvent).where(ClubEvent.id != night).order_by(ClubEvent.id)).scalars().all()
        for one in copies:
            assert one.tiers == ["gold"]
            rule = db.session.execute(select(SeatRule).where(SeatRule.event_id == one.id)).scalar_one()
            kept = db.session.execute(select(SeatPool).where(SeatPool.event_id == one.id)).scalar_one()
            drawn = db.session.execute(select(SeatLot).where(SeatLot.event_id == one.id)).scalar_one()
            assert (rule.parties, rule.offer_minutes, kept.seats, kept.release_hours, kept.reason) == ("wait", 90, 3, 48, "speaker")
            assert one.sales_end_at - drawn.entries_until == before
            assert db.session.execute(select(PoolPerson.id).where(PoolPerson.pool_id == kept.id)).all() == []
        assert len({db.session.execute(select(SeatLot.seed).where(SeatLot.event_id == one.id)).scalar_one() for one in copies}) == 2, "each draw has a seed of its own"
        db.session.remove()
