"""At the desk: choosing, looking at the preview, drawing, sending, and reading what an evening did."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event as sql_event
from sqlalchemy import select

from models import db
from models.club import Booking, Seat
from models.club_invites import EventCost, EventEffect, Invitee, InviteList, InviteSending
from models.identity import Role
from portal import clock
from portal.actors import TERMINAL, Actor
from portal.club import booking, door, events
from portal.club.events import Kind, When
from portal.club.wishes import Wish
from portal.jobs.worker import Worker
from portal.risk import trial
from portal.risk.invited import plain
from portal.transaction import transaction
from tests.people import hidden_in, post, seat, someone
from tests.rooms.club.invite_scene import drawn, settled
from tests.rooms.club.scene import ClubEvent, clients, draft, event_of, wish

LOOK = "/club/events/night/invitations?look=1&percent=20&equity=1000"


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """Ten clients of branch 01 and ten of branch 02, 1,000.00 yuan each; an evening that is open."""
    known = {f"{10_001 + place}": 100_000 for place in range(20)}
    settled(app, tmp_path / "files", known, dict.fromkeys(list(known)[10:], "02"))
    with app.app_context():
        event_of()
        db.session.remove()
    return app


def desk(app: Flask, role: Role = Role.ADMIN, **numbers: str) -> FlaskClient:
    return seat(app, someone(app, role, **numbers))


def text(page: Any) -> str:
    return " ".join(BeautifulSoup(page.text, "html.parser").get_text(" ").split())


def test_from_the_preview_to_the_draw_to_the_letters(firm: Flask) -> None:
    someone(firm, Role.CLIENT, client_no="C10001")
    admin = desk(firm)
    preview = admin.get(LOOK + "&lang=en")
    for said in ("Clients who fit 20", "To be invited 16", "Held out by lot 4", "Fewer than 20 are held out"):
        assert said in text(preview), said
    assert 'title="¥20,000.00"' in preview.text, "twenty clients with 1,000.00 each"
    asked = {"percent": "20", "equity": "1000", "digest": hidden_in(preview.text, "digest")}
    answer = post(admin, "/club/events/night/invitations", LOOK, **asked)
    assert answer.status_code == 303
    page = admin.get(answer.headers["Location"])
    for said in ("Invited 16", "Held out 4", "equity of ¥1,000.00", "not sent so far", "Nobody was told anything yet"):
        assert said in text(page), said
    assert post(admin, answer.headers["Location"] + "/send", answer.headers["Location"]).status_code == 303
    with firm.app_context():
        row = db.session.execute(select(InviteList)).scalar_one()
        assert (row.criteria, row.percent, str(row.settled_on)) == ({"equity_from": 100_000}, 20, "2026-03-02")
        sent = db.session.execute(select(InviteSending)).scalar_one()
        arm = db.session.execute(select(Invitee.arm).where(Invitee.client_no == "C10001")).scalar_one()
        assert (sent.told, sent.unreached) == ((1, 15) if arm == "invited" else (0, 16))
        db.session.remove()
    assert "told, " in text(admin.get(answer.headers["Location"]))
    assert "16 invited, 4 held out" in text(admin.get("/club/events/night/invitations"))


def test_a_segment_chooses_and_the_list_keeps_its_conditions(firm: Flask) -> None:
    """The list says by which conditions it was drawn, also after the segment was changed; another's own segment is none."""
    admin = desk(firm)
    made = post(admin, "/segments", "/me", name="新客户", equity_from="1000.00", kind="person", shared="nobody").headers["Location"].rsplit("/", 1)[-1]
    look = f"{LOOK}&segment={made}"
    preview = admin.get(look)
    assert "Clients who fit 20" in text(preview)
    asked = {"percent": "20", "equity": "1000", "segment": made, "digest": hidden_in(preview.text, "digest")}
    answer = post(admin, "/club/events/night/invitations", look, **asked)
    assert answer.status_code == 303
    assert post(admin, f"/segments/{made}", "/me", name="新客户", kind="institution", shared="nobody").status_code == 303
    assert "Kind: Person" in text(admin.get(answer.headers["Location"]))
    with firm.app_context():
        assert db.session.execute(select(InviteList.criteria)).scalar_one() == {"equity_from": 100_000, "segment": {"equity_from": 100_000, "kind": "person"}}
        db.session.remove()
    assert "Clients who fit 0" in text(admin.get(look))
    manager = desk(firm, Role.BRANCH_MANAGER, branch_no="02")
    assert manager.get(look).status_code == 404


def test_other_clients_than_those_of_the_preview_are_not_drawn(firm: Flask) -> None:
    admin = desk(firm)
    digest = hidden_in(admin.get(LOOK).text, "digest")
    answer = post(admin, "/club/events/night/invitations", LOOK, percent="20", equity="1000", branch="02", digest=digest)
    assert answer.status_code == 409
    assert "look at the preview again" in text(answer)
    with firm.app_context():
        assert not db.session.execute(select(InviteList)).first()
        db.session.remove()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"percent": "5"}, "between 10 and 20 percent"),
        ({"percent": "0"}, "say why nobody is held out"),
        ({"percent": "15", "owed": "yes"}, "nobody is held out of what is owed"),
        ({"percent": "x"}, "“x” is no whole number"),
        ({"percent": "15", "equity": "much"}, "an amount is written like 1200.00"),
        ({"percent": "15", "class": "bad"}, "choose from what the form offers"),
        ({"percent": "15", "tier": "none"}, "there is no such tier"),
    ],
)
def test_what_cannot_be_is_answered_and_the_form_stays(firm: Flask, asked: dict[str, str], said: str) -> None:
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    page = desk(firm).get(f"/club/events/night/invitations?look=1&{query}")
    assert 400 <= page.status_code < 500
    assert said in text(page)
    assert "Show what a draw would do" in text(page)


def test_a_branch_invites_its_own_and_sees_its_own(firm: Flask) -> None:
    manager = desk(firm, Role.BRANCH_MANAGER, branch_no="02")
    assert "Clients who fit 10" in text(manager.get(LOOK))
    with firm.app_context():
        with transaction():
            event = db.session.execute(select(ClubEvent.id)).scalar_one()
            row = InviteList(
                public_id="list", event_id=event, criteria={}, percent=15, why_none="", contractual=False, seed="", drawn_on=date(2026, 3, 2), drawn_at=clock.now(), drawn_label=""
            )
            db.session.add(row)
            db.session.flush()
            for place in range(20):
                more = {"arm": "invited", "place": place, "equity": 1, "tier": "", "risk_class": ""}
                db.session.add(Invitee(list_id=row.id, event_id=event, client_no=f"C{10_001 + place}", **more))
        db.session.remove()
    page = text(manager.get("/club/invitations/list"))
    assert "C10011" in page
    assert "C10001" not in page
    assert "C10001" in text(desk(firm, Role.AUDITOR).get("/club/invitations/list"))


@pytest.mark.parametrize(("role", "sees"), [(Role.COMPLIANCE, 200), (Role.STAFF, 403), (Role.CLIENT, 403), (Role.BROKER, 403)])
def test_who_runs_no_events_draws_nothing(firm: Flask, role: Role, sees: int) -> None:
    person = desk(firm, role, **{Role.STAFF: {"staff_no": "S001"}, Role.CLIENT: {"client_no": "C10001"}, Role.BROKER: {"broker_no": "B001"}}.get(role, {}))
    assert person.get("/club/events/night/effect").status_code == sees
    assert person.get("/club/effects").status_code == sees
    assert person.get(LOOK).status_code == 403
    for address in ("/club/events/night/invitations", "/club/events/night/effect", "/club/events/night/costs"):
        assert post(person, address, "/me").status_code == 403


def past(people: list[Actor], came: int, key: str = "past", days: int = 120) -> int:
    """An evening that is over: these people signed up, the first of them came."""
    begins = datetime.now(UTC) - timedelta(days=days)
    made = begins - timedelta(days=20)
    said = draft(when=(When(begins, begins + timedelta(hours=2), "", ""),), sales_end_at=begins, kinds=(Kind("免费席", "Free", 0),))
    with transaction():
        event = events.create(said, actor=TERMINAL, moment=made, key=key)
        events.publish(event.id, actor=TERMINAL, moment=made)
    for place, one in enumerate(people):
        with transaction():
            number = booking.book(event.id, Wish(wish(event.id).kind_id, "王小明", ()), actor=one, moment=made).id
            if place < came:
                code = db.session.execute(select(Seat.code).where(Seat.booking_id == number)).scalar_one()
                door.check_in(event, code, at=begins, desk="1", scan_key=f"{key}{place}", actor=TERMINAL, moment=begins)
    return int(event.id)


def read(event_id: int, stayed: tuple[int, int], held: tuple[int, int], net: float) -> None:
    """Keep a reading: so many of so many still active on both sides, and what the invited paid in more (fen)."""
    active = trial.shares(*stayed, *held)
    money = trial.means(net + 100.0 * (1 + np.arange(stayed[1]) % 3), 100.0 * (1 + np.arange(held[1]) % 3))
    window = {"active": plain(active, 1_000_000), "net": plain(money, 1), "trading": plain(money, 1_000), "gained": plain(trial.in_all([money]), 1), "open": 0, "lists": []}
    groups = [["tier", "", plain(active, 1_000_000)], ["risk_class", "incidental", plain(active, 1_000_000)]]
    with transaction():
        result = {"windows": {"90": window | {"groups": groups}}, "final": True, "ends": "2026-03-02"}
        db.session.add(EventEffect(event_id=event_id, until_day=date(2026, 3, 2), made_at=clock.now(), result=result))


def test_the_page_of_an_evening_that_helped(app: Flask) -> None:
    """17 signed up, 12 came, 3 of them to an earlier evening; of those listed 85 were invited and 15 held out. It cost 6,000.00: 500.00 a head. 200 invited
    paid in 30.00 yuan more each: 6,000.00 in all, a yuan for a yuan."""
    people = clients(app, 17)
    with app.app_context():
        past(people[:3], 3, "before", 200)
        event = past(people, 12)
        drawn(event, 100)
        with transaction():
            db.session.add(EventCost(event_id=event, kind="venue", amount=600_000, minutes=0, note="", at=clock.now(), actor_label=""))
        read(event, (190, 200), (30, 50), 3_000)
        db.session.remove()
    page = text(desk(app).get("/club/events/past/effect?lang=en"))
    for said in (
        "Invited 85",
        "Held out 15",
        "Came to it 12",
        "Did not come 5",
        "Had come before 3",
        "Cost a head ¥500.00",
        "90 days after the event, 95.0 % of the invited and 60.0 % of those held out were still active: more with an invitation, a difference of +35.0 points",
        "1.00 yuan (95 per cent sure",
        "Incidental loss",
        "whether or not he came",
    ):
        assert said in page, said
    listing = text(desk(app, Role.AUDITOR).get("/club/effects?lang=en"))
    assert "after 90 days: +35.0 points" in listing
    assert "500.00" in listing
    rows = list(csv.reader(io.StringIO(desk(app).get("/club/events/past/effect?format=csv&lang=en").data.decode("utf-8-sig"))))
    assert rows[1][:6] == ["90", "Still active", "200", "50", "95.0 %", "60.0 %"]
    assert rows[1][-1] == "more with an invitation"


def test_the_page_of_an_evening_that_tells_nothing(app: Flask) -> None:
    with app.app_context():
        event = past([], 0)
        read(event, (90, 100), (17, 19), 0)
        db.session.remove()
    page = text(desk(app).get("/club/events/past/effect?lang=en"))
    assert "too few to tell (fewer than 20 on one side)" in page
    assert "Cost of a yuan kept or brought too few to tell" in page
    assert not re.search(r"\d points", page), "no difference is shown where there is none to be told"


def test_costs_at_the_desk(firm: Flask) -> None:
    admin, page = desk(firm), "/club/events/night/effect"
    assert post(admin, "/club/events/night/costs", page, kind="staff", amount="1,200.00", hours="7.5", note="现场").status_code == 303
    assert "1,200.00" in text(admin.get(page))
    assert "7.5 hours" in text(admin.get(page))
    refused = post(admin, "/club/events/night/costs", page, kind="venue", amount="12", hours="1")
    assert refused.status_code == 422 or refused.status_code == 400
    assert "own people alone" in text(refused)
    assert post(admin, "/club/events/night/costs", page, take_back=hidden_in(admin.get(page).text, "take_back")).status_code == 303
    assert "nothing written down" in text(admin.get(page))
    assert post(admin, "/club/events/night/costs", page, take_back="99").status_code == 404


def test_reading_again_is_a_job(firm: Flask) -> None:
    with firm.app_context():
        event = past([], 0)
        drawn(event, 10)
        db.session.remove()
    answer = post(desk(firm), "/club/events/past/effect", "/club/events/past/effect")
    assert answer.status_code == 303
    assert "/jobs/" in answer.headers["Location"]
    Worker(firm, poll=0.01).drain()
    with firm.app_context():
        assert db.session.execute(select(EventEffect.event_id)).scalar_one() == event
        db.session.remove()


def test_one_evening_or_thirty_are_as_many_questions(app: Flask) -> None:
    admin = desk(app)
    with app.app_context():
        past([], 0)
        db.session.remove()
    one = asked(app, admin)
    with app.app_context():
        for place in range(29):
            drawn(past([], 0, f"past{place}"), 10)
        db.session.remove()
    assert asked(app, admin) == one


def asked(app: Flask, client: FlaskClient) -> int:
    """How many questions the list asks of the database."""
    client.get("/club/effects")
    with app.app_context():
        engine = db.engine
    said: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        said.append(statement)

    sql_event.listen(engine, "before_cursor_execute", hear)
    assert client.get("/club/effects").status_code == 200
    sql_event.remove(engine, "before_cursor_execute", hear)
    return len(said)


def test_a_clients_own_pages_say_nothing_of_being_held_out(app: Flask) -> None:
    people = clients(app, 40)
    with app.app_context():
        event = event_of()
        drawn(event, 40)
        held = db.session.execute(select(Invitee.client_no).where(Invitee.arm == "held_out")).scalars().first()
        assert not db.session.execute(select(Booking.id)).first()
        user = next(one.user_id for one in people if one.client_no == held)
        db.session.remove()
    client = seat(app, user or 0)
    for address in ("/events/night", "/events", "/notices", "/club/bookings"):
        page = text(client.get(address + "?lang=en"))
        assert "held out" not in page.lower()
        assert "You are invited" not in page
