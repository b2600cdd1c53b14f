"""The club's pages: whom they open to, a whole evening from signing up to the door, and the file for the calendar."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from flask.testing import FlaskClient
from icalendar import Calendar
from sqlalchemy import func, select

from models import db
from models.club import CheckIn, ClubEvent, ClubSession, Seat
from models.identity import Role
from portal import clock, create_app
from portal.actors import Actor
from portal.club.calendar_file import calendar_file
from portal.club.events import Kind
from portal.gateways import stripe as gateway
from portal.settings import BadSetting, Settings
from tests.people import hidden_in, post, seat, someone
from tests.rooms.club.scene import PRICE, Shop, book, booking_of, clients, event_of, shop_in


@pytest.fixture
def shop(settings: Settings) -> Iterator[Shop]:
    """A portal with a stand-in of its own."""
    with shop_in(settings) as open_shop:
        yield open_shop


def test_an_evening_from_preparing_to_the_door(shop: Shop) -> None:
    """C8 K1 K3 K5 N1: prepared, opened, booked with a guest, paid, renamed, let in, let in again, taken back, given back."""
    admin, [one] = seat(shop.app, someone(shop.app, Role.ADMIN)), clients(shop.app, 1)
    client = seat(shop.app, one.user_id)
    key = opened_event(shop, admin)
    where = booked_and_paid(shop, client, key)
    assert post(client, f"{where}/seats/1", "/me", wish="rename", name="赵六", agreed="yes").status_code == 303
    at_the_door(shop, admin, key)
    given_back(shop, client, where)
    code = codes_of(shop)[0]
    assert "given back" in said_at_door(admin, key, code=code, scan="h")
    assert "¥396.00" in seat(shop.app, someone(shop.app, Role.FINANCE)).get("/club/money").text


def opened_event(shop: Shop, admin: FlaskClient) -> str:
    """An event typed into the form, with each field wrong once, and opened for booking. Its key."""
    stranger = shop.app.test_client()
    day = (datetime.now(UTC) + timedelta(days=9)).date().isoformat()
    typed = {"title": "铜与美元", "title_en": "Copper", "about": "x", "day": day, "begins": "19:00", "ends": "21:00", "zone": "Asia/Shanghai", "venue": "陆家嘴", "capacity": "2"}
    typed |= {"party_most": "2", "hold_minutes": "30", "sales_day": day, "sales_time": "18:00", "kind_1": "标准票", "price_1": "198.00", "hours_1": "72", "percent_1": "100"}
    for wrong in (
        {"title": ""},
        {"ends": "18:00"},
        {"zone": "Mars"},
        {"price_1": "NaN"},
        {"price_1": "-1"},
        {"capacity": "-1"},
        {"hours_2": "24", "percent_2": "100", "percent_1": "50"},
    ):
        assert post(admin, "/club/events/new", "/club/events/new", **typed | wrong).status_code == 422, wrong
    made = post(admin, "/club/events/new", "/club/events/new", **typed)
    key = made.headers["Location"].rsplit("/", 1)[-1]
    assert stranger.get(f"/events/{key}").status_code == 404, "a draft is nobody's business"
    assert post(admin, f"/club/events/{key}/publish", "/me").status_code == 303
    page = stranger.get(f"/events/{key}")
    assert "Copper" in page.text
    assert f"/sign-in?next=/events/{key}" in page.text.replace("%2F", "/")
    assert f"/events/{key}" in stranger.get("/events").text
    return key


def booked_and_paid(shop: Shop, client: FlaskClient, key: str) -> str:
    """Two seats, the guest's only once he agrees, and paid for. The booking's address."""
    kind = hidden_in(client.get(f"/events/{key}").text.replace('name="kind" value', 'name="kind" x="" value'), "kind")
    wish = {"kind": kind, "name": "王小明", "guest_1": "李四"}
    assert "agrees" in post(client, f"/events/{key}/book", f"/events/{key}", **wish).text
    booked = post(client, f"/events/{key}/book", f"/events/{key}", **wish, agreed_1="yes")
    assert booked.status_code == 303, booked.text
    where = booked.headers["Location"]
    address = re.search(r'href="(http[^"]*/pay/(cs_test_\w+))"', client.get(where).text)
    assert address, client.get(where).text
    shop.pays(address[2])
    assert client.get(f"{where}/paid").status_code == 303
    assert "Hedging" not in client.get(where).text
    assert client.get(where).text.count('class="club-code"') == 2
    return where


def codes_of(shop: Shop) -> dict[int, str]:
    """The codes of the event's seats, by position; before somebody else takes one elsewhere."""
    first = select(Seat.position, Seat.code).where(Seat.event_id == select(func.min(Seat.event_id)).scalar_subquery())
    found: dict[int, str] = shop.read(lambda: {row[0]: row[1] for row in db.session.execute(first)})
    return found


def said_at_door(admin: FlaskClient, key: str, **form: str) -> str:
    """What desk 2 of the door is told."""
    answer = post(admin, f"/club/door/{key}", f"/club/door/{key}", desk="2", **form)
    assert answer.status_code == 200
    return re.sub(r"<[^>]+>", " ", answer.text.partition('aria-live="assertive">')[2].partition("</div>")[0])


def at_the_door(shop: Shop, admin: FlaskClient, key: str) -> None:
    """Let in, let in again, another event's ticket, a forged one, taken back twice, let in."""
    codes = codes_of(shop)
    [person] = clients(shop.app, 1)
    other = shop.read(lambda: booking_codes(person, "other-night"))
    own = shop.read(lambda: db.session.execute(select(Seat.id).where(Seat.code == codes[0])).scalar_one())
    moment = datetime.now(UTC)
    with time_machine.travel(moment, tick=False):
        assert "Welcome" in said_at_door(admin, key, code=codes[0], scan="a")
    since = f"{moment.astimezone(ZoneInfo('Asia/Shanghai')):%H:%M}"
    assert re.search(rf"Already in\s+王小明\s+since {since}, 2", said_at_door(admin, key, code=f"JUYUAN:{codes[0].lower()}", scan="b"))
    assert "another event" in said_at_door(admin, key, code=other["granted"], scan="c")
    assert "no such ticket" in said_at_door(admin, key, code="FORGED", scan="d")
    assert "Taken back" in said_at_door(admin, key, undo=str(own), scan="e")
    assert "is not in" in said_at_door(admin, key, undo=str(own), scan="f").lower()
    assert "Welcome" in said_at_door(admin, key, code=codes[0], scan="g")
    assert shop.read(lambda: len(db.session.execute(select(CheckIn)).scalars().all())) == 4
    assert "赵六" in admin.get(f"/club/events/{key}").text
    assert "赵六" in admin.get(f"/club/door/{key}?name=赵").text


def given_back(shop: Shop, client: FlaskClient, where: str) -> None:
    """Cancelled after a look at what comes back, and refunded."""
    preview = client.get(f"{where}/cancel").text
    assert "¥396.00" in preview
    assert post(client, f"{where}/cancel", f"{where}/cancel", back=hidden_in(preview, "back")).status_code == 303
    shop.read(shop.work)
    assert shop.back() == 2 * PRICE
    assert "Refunded" in client.get(where).text
    assert "METHOD:CANCEL" in client.get(f"{where}/calendar.ics").text


def booking_codes(person: Actor, key: str) -> dict[str, str]:
    """Codes of a seat that is granted, at another event."""
    number = event_of(key, kinds=(Kind("免费", "", 0),))
    public_id = book(number, person)
    found = booking_of(public_id)
    return {found.state: db.session.execute(select(Seat.code).where(Seat.booking_id == found.id)).scalar_one()}


@pytest.mark.usefixtures("database")
def test_n1_the_calendar_file_keeps_its_uid_counts_changes_and_spells_its_zone_out() -> None:
    """N1: the same UID whatever changes, a growing SEQUENCE, VTIMEZONE with the change of clocks, CANCEL where it is called off."""
    chicago = ZoneInfo("America/Chicago")
    start = datetime(2026, 3, 8, 1, tzinfo=chicago).astimezone(UTC)  # in that night the clocks go on
    event = ClubEvent(key="night", zone="America/Chicago", sequence=0, state="published")
    rows = [ClubSession(starts_at=start, ends_at=start + timedelta(hours=3), venue="Loop; 3rd, floor", address="", online_url="")]
    text = calendar_file(event, rows, "一个很长的标题" * 12, "firm.example", "https://firm.example/events/night", clock.now())
    event.sequence = 1
    later = calendar_file(event, rows, "x", "firm.example", "https://firm.example/events/night", clock.now(), gone=True)
    assert "UID:club-night-0@firm.example" in text
    assert "UID:club-night-0@firm.example" in later
    assert ("SEQUENCE:0" in text, "SEQUENCE:1" in later, "METHOD:CANCEL" in later, "STATUS:CANCELLED" in later) == (True,) * 4
    assert "DTSTART;TZID=America/Chicago:20260308T010000\r\nDTEND;TZID=America/Chicago:20260308T050000" in text
    clocks = Calendar.from_ical(text).walk("VTIMEZONE")
    assert [str(one["TZID"]) for one in clocks] == ["America/Chicago"]
    assert "TZOFFSETTO:-0500" in text.partition("BEGIN:DAYLIGHT")[2].partition("END:DAYLIGHT")[0]
    assert "LOCATION:Loop\\; 3rd\\, floor" in text
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert text.replace("\r\n ", "").count("一个很长的标题" * 12) == 1


WRONG = [
    ({"stripe_key": "pk_test_x"}, "sk_test"),
    ({"stripe_key": "sk_live_x", "stripe_api_base": "http://127.0.0.1:1/standin", "testing": False}, "live key"),
    ({"stripe_key": "sk_live_x", "stripe_webhook_secrets": "whsec_" + "a" * 30}, "no live key"),
    ({"stripe_key": "sk_test_x"}, "WEBHOOK_SECRETS"),
    ({"stripe_key": "sk_test_x", "stripe_webhook_secrets": "whsec_…"}, "WEBHOOK_SECRETS"),
    ({"stripe_key": "sk_test_x", "stripe_webhook_secrets": f"whsec_{'a' * 30}, "}, "WEBHOOK_SECRETS"),
]


@pytest.mark.parametrize(("more", "why"), WRONG)
def test_s13_keys_that_do_not_belong_together_keep_the_portal_from_starting(settings: Settings, more: dict[str, str], why: str) -> None:
    """S13 S14 P11: a live key with another address, a publishable key, a placeholder secret; a stand-in takes no live key either."""
    with pytest.raises(BadSetting, match=why):
        gateway.check(Settings(**{**vars(settings), **more}))
    assert "sk_" not in repr(gateway.Stripe("sk_test_secret", "", ("whsec_secret",), "x")), "no secret in a log"


def test_the_stand_in_is_served_to_a_demonstration_and_never_beside_a_key(settings: Settings) -> None:
    """S13: with a key, or without a demonstration, there is no such page; a live key opens nothing there."""
    plain = {name: value for name, value in vars(settings).items() if name != "testing"}
    served = {}
    for name, more in (
        ("demo", {"demo": True}),
        ("tests", {"testing": True}),
        ("nothing", {}),
        ("key", {"demo": True, "stripe_key": "sk_test_x", "stripe_webhook_secrets": "whsec_" + "a" * 30}),
    ):
        app = create_app(Settings(**plain | more))
        served[name] = app.test_client().get("/standin/").status_code
        if name == "demo":
            assert app.test_client().get("/standin/v1/refunds", headers={"Authorization": "Bearer sk_live_x"}).status_code == 401
        with app.app_context():
            db.engine.dispose()
    assert served == {"demo": 200, "tests": 200, "nothing": 404, "key": 404}
