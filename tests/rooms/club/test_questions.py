"""Registration questions: asked while booking of members and their guests (visitors: test_visitors.py); private ones are the guest's own matter; the desk and the door read
them, files hold them, copies take them along, and after a year they are empty (V1, V2)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from models import db
from models.audit import AuditEntry
from models.club import Booking, ClubEvent, Seat
from models.club_questions import ClubSaid
from models.identity import Role
from models.personal import SubjectKind
from portal import clock
from portal.actors import TERMINAL, Actor
from portal.club import answering, answers, booking, copied, door, forgetting, guests, questions, series
from portal.club.events import Kind, kinds_of, sessions_of
from portal.club.questions import Asking
from portal.club.wishes import Guest, Wish
from portal.keys import keyring
from portal.local_day import today
from portal.personal import gather
from portal.refusals import Conflict, NotAllowed, NotFound, Refusal
from portal.transaction import transaction
from tests.people import post, seat, someone
from tests.rooms.club.invite_scene import rows_of
from tests.rooms.club.scene import book, clients, event_of, wish

DIET = Asking("choice", "餐饮", "Food", (("都可以", "Anything"), ("素食", "Vegetarian")), required=True, private=True)
PLATE = Asking("words", "车牌号", "Car plate", at_door=True)
RISK = Asking("tick", "我已阅读风险揭示", "I have read the risk disclosure", required=True)


def asking(key: str = "night", *what: Asking, **more: Any) -> tuple[int, list[int]]:
    """A free evening that asks: food, car plate, a tick. Returns its number and those of its questions."""
    number = event_of(key, kinds=(Kind("免费票", "Free", 0),), **more)
    with transaction():
        asked = [questions.add(number, one, actor=TERMINAL, moment=clock.now()).id for one in what or (DIET, PLATE, RISK)]
    return number, asked


def booked(number: int, actor: Actor, *said: dict[int, str], names: tuple[str, ...] = (), english: bool = False) -> str:
    """A booking with answers, by seat."""
    kind = wish(number).kind_id
    with transaction():
        wanted = Wish(kind, "王小明", tuple(Guest(name, True) for name in names), answers=said, english=english)
        return booking.book(number, wanted, actor=actor, moment=clock.now()).public_id


def kept(public_id: str) -> list[tuple[int, str, str, bool]]:
    """What stands for a booking: the seat's position, the question as it was shown, the answer, and whether the guest said it."""
    query = select(Seat.position, ClubSaid.asked, ClubSaid.said, ClubSaid.by_guest).join(Seat, Seat.id == ClubSaid.seat_id).join(Booking, Booking.id == Seat.booking_id)
    return [tuple(row) for row in db.session.execute(query.where(Booking.public_id == public_id).order_by(Seat.position, ClubSaid.question_id))]  # type: ignore[misc]


@pytest.fixture
def host(app: Flask) -> Actor:
    return clients(app, 2)[0]


@pytest.mark.usefixtures("database")
def test_what_must_be_answered_is_and_the_words_that_were_shown_are_kept(host: Actor) -> None:
    number, (diet, plate, risk) = asking()
    for said in ({}, {diet: "素食"}, {diet: "鱼", risk: "yes"}, {diet: "素食", risk: ""}, {diet: "素食", risk: "yes", plate: "x" * 201}):
        with pytest.raises(Refusal):
            booked(number, host, said)
    assert db.session.execute(select(Booking.id)).first() is None, "nobody has a seat without an answer"
    made = booked(number, host, {diet: "素食", risk: "on", plate: " 沪A 12345\n"}, english=True)
    assert kept(made) == [(0, "Food", "素食", False), (0, "Car plate", "沪A 12345", False), (0, "I have read the risk disclosure", "yes", False)]
    with transaction():
        questions.change(number, diet, Asking("choice", "您吃什么", "What do you eat", DIET.choices, required=True), actor=TERMINAL, moment=clock.now())
    assert kept(made)[0][1] == "Food", "an answer keeps the question as it was shown"


@pytest.mark.usefixtures("database")
def test_who_only_tries_whether_there_are_seats_is_asked_nothing(host: Actor) -> None:
    number, _asked = asking()
    with transaction():
        made = booking.book(number, Wish(wish(number).kind_id, "x", answers=None), actor=host, moment=clock.now())
    assert (made.event_id, made.state, kept(made.public_id)) == (number, "granted", []), "seated, though a required question has no answer"


@pytest.mark.usefixtures("database")
def test_a_guest_is_asked_himself_what_is_private_and_who_brings_him_does_not_read_it(host: Actor) -> None:
    """V1: masked to other attendees; also in the copy of his data that the host may take."""
    number, (diet, plate, risk) = asking()
    made = booked(number, host, {diet: "都可以", risk: "yes"}, {diet: "素食", plate: "沪B 1", risk: "yes"}, names=("李四",))
    assert [row[:3] for row in kept(made)] == [(0, "餐饮", "都可以"), (0, "我已阅读风险揭示", "yes"), (1, "车牌号", "沪B 1"), (1, "我已阅读风险揭示", "yes")]
    with transaction():
        token = guests.invite(made, 1, actor=host, moment=clock.now(), today=today()).token
    with pytest.raises(Refusal, match="餐饮"), transaction():
        answering.by_guest(token, {plate: "沪B 1", risk: "yes"}, english=False, moment=clock.now())
    with transaction():
        answering.by_guest(token, {diet: "素食", plate: "", risk: "yes"}, english=False, moment=clock.now())
    assert kept(made)[2:] == [(1, "餐饮", "素食", True), (1, "我已阅读风险揭示", "yes", False)], "what is left empty goes"
    rows = db.session.execute(select(Seat).where(Seat.event_id == number).order_by(Seat.position)).scalars().all()
    by_host, by_firm = (answers.of_seats(number, rows, own=own)[rows[1].id][0] for own in (True, False))
    assert (by_host.said, by_host.hidden, by_firm.said) == (None, True, "素食")
    with transaction():
        answering.by_booker(made, 1, {diet: "都可以", plate: "沪C 2", risk: "yes"}, english=False, actor=host, moment=clock.now())
    assert (1, "餐饮", "素食", True) in kept(made), "who brings him cannot answer for him"
    with transaction():
        booking.rename(made, 1, "赵六", True, actor=host, moment=clock.now())
    assert [row for row in kept(made) if row[0] == 1] == [], "what one guest said does not count for the next"


@pytest.mark.usefixtures("database")
def test_answers_can_be_changed_until_the_moment_that_is_stated(host: Actor) -> None:
    number, (diet, _plate, risk) = asking()
    made = booked(number, host, {diet: "素食", risk: "yes"})
    with transaction():
        questions.set_hours(number, 48, actor=TERMINAL, moment=clock.now())
    until = questions.open_until(number)
    assert until == sessions_of(number)[0].starts_at - timedelta(hours=48)
    with transaction():
        answering.by_booker(made, 0, {diet: "都可以", risk: "yes"}, english=False, actor=host, moment=until - timedelta(seconds=1))
    assert kept(made)[0][2] == "都可以"
    with pytest.raises(Conflict, match="time for changing answers"), transaction():
        answering.by_booker(made, 0, {diet: "素食", risk: "yes"}, english=False, actor=host, moment=until)
    with pytest.raises(NotFound), transaction():
        answering.by_booker(made, 0, {}, english=False, actor=Actor(None, "x", (Role.CLIENT,)), moment=clock.now())
    with transaction():
        booking.cancel(made, actor=host, moment=clock.now())
    with pytest.raises(Conflict, match="over already"), transaction():
        answering.by_booker(made, 0, {diet: "素食", risk: "yes"}, english=False, actor=host, moment=clock.now())


@pytest.mark.usefixtures("database")
def test_questions_keep_their_order_and_their_bounds(host: Actor) -> None:
    number, (diet, plate, risk) = asking()
    with transaction():
        questions.change(number, risk, Asking("tick", "风险", place=1, required=True), actor=TERMINAL, moment=clock.now())
    assert [one.id for one in questions.of_event(number)] == [risk, diet, plate]
    with transaction():
        questions.take_away(number, diet, actor=TERMINAL, moment=clock.now())
    assert [(one.id, one.position) for one in questions.of_event(number)] == [(risk, 1), (plate, 2)]
    booked(number, host, {risk: "yes"})
    for wrong in (
        Asking("words", " "),
        Asking("choice", "?", choices=(("一", ""),)),
        Asking("choice", "?", choices=(("一", ""), ("一", ""))),
        Asking("drawing", "?"),
        Asking("words", "x" * 201),
    ):
        with pytest.raises(Refusal), transaction():
            questions.add(number, wrong, actor=TERMINAL, moment=clock.now())
    with pytest.raises(NotFound), transaction():
        questions.change(number, diet, RISK, actor=TERMINAL, moment=clock.now())
    with pytest.raises(NotAllowed):
        questions.add(number, PLATE, actor=Actor(None, "x", (Role.FINANCE,)), moment=clock.now())
    with transaction():
        for place in range(questions.MOST - 2):
            questions.add(number, Asking("words", f"问 {place}"), actor=TERMINAL, moment=clock.now())
    with pytest.raises(Refusal, match="at most"), transaction():
        questions.add(number, PLATE, actor=TERMINAL, moment=clock.now())


@pytest.mark.usefixtures("database")
def test_a_copy_takes_the_questions_along_and_no_answer(host: Actor) -> None:
    number, (diet, _plate, risk) = asking()
    booked(number, host, {diet: "素食", risk: "yes"})
    with transaction():
        questions.set_hours(number, 24, actor=TERMINAL, moment=clock.now())
    source = db.session.get_one(ClubEvent, number)
    drafts = series.series(series.draft_of(source, sessions_of(number), kinds_of(number)), today() + timedelta(days=40), series.Every.WEEK, 2, clock.now())
    db.session.rollback()
    with transaction():
        keys = series.create(drafts, actor=TERMINAL, moment=clock.now())
        copied.take_along(db.session.get_one(ClubEvent, number), keys, actor=TERMINAL, moment=clock.now())
    for key in keys:
        copy = db.session.execute(select(ClubEvent.id).where(ClubEvent.key == key)).scalar_one()
        asked = questions.of_event(copy)
        assert [(one.words, one.kind, one.required, one.private, one.at_door) for one in asked] == [
            (one.words, one.kind, one.required, one.private, one.at_door) for one in (DIET, PLATE, RISK)
        ]
        assert ([list(one) for one in asked[0].choices], questions.hours_before(copy)) == ([["都可以", "Anything"], ["素食", "Vegetarian"]], 24)
        assert db.session.execute(select(ClubSaid.id).where(ClubSaid.event_id == copy)).first() is None


@pytest.mark.usefixtures("database")
def test_answers_are_emptied_with_the_guests_and_stay_counted(host: Actor) -> None:
    """V2."""
    number, (diet, plate, risk) = asking()
    booked(number, host, {diet: "素食", plate: "沪A 1", risk: "yes"})
    later = sessions_of(number)[0].ends_at + forgetting.KEPT
    assert forgetting.due(later - timedelta(seconds=1)) == []
    assert forgetting.due(later) == [number], "although no guest was brought"
    with transaction():
        forgetting.forget([number], TERMINAL, later)
    assert db.session.execute(select(ClubSaid.said)).scalars().all() == ["", "", ""]
    assert forgetting.due(later) == []


@pytest.mark.usefixtures("database")
def test_a_copy_of_ones_data_holds_ones_own_answers_and_not_what_a_guest_said(host: Actor) -> None:
    number, (diet, plate, risk) = asking()
    made = booked(number, host, {diet: "都可以", risk: "yes"}, {risk: "yes"}, names=("李四",))
    with transaction():
        token = guests.invite(made, 1, actor=host, moment=clock.now(), today=today()).token
        answering.by_guest(token, {diet: "素食", plate: "", risk: "yes"}, english=False, moment=clock.now())
    person = gather.Person(gather.Subject(SubjectKind.CLIENT, host.client_no or ""), {"user": {host.user_id or 0}}, {"person": {f"client:{host.client_no}"}})
    [section] = [one for one in gather.sections(person, keyring()) if one.table == "club_said"]
    place = section.columns.index("said")
    assert sorted(row[place] for row in section.rows) == ["yes", "yes", "都可以"]


@pytest.mark.usefixtures("database")
def test_the_door_reads_what_is_marked_for_it_alone(host: Actor) -> None:
    number, (diet, plate, risk) = asking()
    booked(number, host, {diet: "素食", plate: "沪A 1", risk: "yes"})
    seats = db.session.execute(select(Seat.id)).scalars().all()
    assert {number: [(one.id, said) for one, said in rows] for number, rows in answers.at_door(seats).items()} == {seats[0]: [(plate, "沪A 1")]}


def test_at_the_pages_from_the_question_to_the_file(app: Flask) -> None:
    """The desk writes questions; a client books with answers, is told what is missing, changes one; the guest answers; desk, file and door read them."""
    boss, one = seat(app, someone(app, Role.ADMIN)), seat(app, someone(app, Role.CLIENT, client_no="C1"))
    with app.app_context():
        number = event_of("night", kinds=(Kind("免费票", "Free", 0),))
        kind = wish(number).kind_id
        db.session.remove()
    at = "/club/events/night/questions"
    assert (
        post(boss, at, at, wish="add", kind="choice", words="餐饮", words_en="Food", choices="都可以 | Anything\n素食|Vegetarian\n", required="yes", private="yes").status_code
        == 303
    )
    assert post(boss, at, at, wish="add", kind="words", words="车牌号", words_en="Car plate", at_door="yes").status_code == 303
    assert post(boss, at, at, wish="add", kind="choice", words="?", choices="一").status_code == 422
    assert post(boss, at, at, wish="until", hours="999").status_code == 422
    assert post(boss, at, at, wish="change", number="987", words="x").status_code == 404
    with app.app_context():
        diet, plate = [row.id for row in questions.of_event(number)]
        db.session.remove()
    page = "/events/night?lang=en"
    assert ("Food" in one.get(page).text, f'name="q{diet}_1"' in one.get(page).text) == (True, False), "what is private of a guest is not asked of who brings him"
    form = {"kind": str(kind), "name": "王小明", "guest_1": "李四", "agreed_1": "yes", f"q{plate}_0": "沪A 1", f"q{plate}_1": "沪B 2"}
    refused = post(one, "/events/night/book", page, **form)
    assert (refused.status_code, "沪A 1" in refused.text, "asks for an answer" in refused.text or "需要回答" in refused.text) == (422, True, True)
    where = post(one, "/events/night/book", page, **form, **{f"q{diet}_0": "素食"}).headers["Location"]
    own = f"{where}/seats/0"
    assert "素食" in one.get(own).text
    assert post(one, f"{own}/answers", own, **{f"q{diet}_0": ""}).status_code == 422
    assert post(one, f"{own}/answers", own, **{f"q{diet}_0": "都可以", f"q{plate}_0": "沪A 1"}).status_code == 303
    assert post(one, f"{where}/seats/1/invite", f"{where}/seats/1").status_code == 303
    with app.app_context():
        token = db.session.execute(select(guests.ClubInvitation.token)).scalar_one()
        code = db.session.execute(select(Seat.code).where(Seat.position == 0)).scalar_one()
        db.session.remove()
    guest, ticket = app.test_client(), f"/events/guest/{token}"
    assert post(guest, f"{ticket}/answers", ticket, **{f"q{plate}_1": "沪B 2"}).status_code == 422
    assert post(guest, f"{ticket}/answers", ticket, **{f"q{diet}_1": "素食", f"q{plate}_1": "沪B 2"}).status_code == 303
    assert post(guest, f"{ticket}x/answers", ticket, **{f"q{diet}_1": "素食"}).status_code == 404
    assert "素食" not in one.get(f"{where}/seats/1").text.replace("素食 |", ""), "the host does not read it"
    rows = rows_of(boss.get("/club/events/night/answers?format=csv"))
    assert sorted((row[0], row[4]) for row in rows) == [("李四", "Vegetarian"), ("李四", "沪B 2"), ("王小明", "Anything"), ("王小明", "沪A 1")], "in the reader's language"
    people = boss.get("/club/events/night?format=csv").data.decode("utf-8-sig")
    assert ("沪B 2" in people, "沪A 1" in people) == (True, True), "the list of who comes holds them too"
    staff = seat(app, someone(app, Role.STAFF, staff_no="S001"))
    said = post(staff, "/club/door/night", "/club/door/night", code=code, scan="a1").text
    assert ("Car plate: 沪A 1" in said, "Anything" in said) == (True, False)
    assert seat(app, someone(app, Role.CLIENT, client_no="C9")).get("/club/events/night/answers").status_code == 403
    with app.app_context():
        noted = db.session.execute(select(AuditEntry.action).where(AuditEntry.action.like("club.%answer%"))).scalars().all()
        assert (len(noted), "素食" in str(db.session.execute(select(AuditEntry.after)).scalars().all())) == (2, False), "the log says that, not what"
        db.session.remove()


def test_the_door_knows_nothing_of_events_that_ask_nothing(app: Flask) -> None:
    people = clients(app, 1)
    with app.app_context():
        number = event_of("plain", kinds=(Kind("免费票", "Free", 0),))
        book(number, people[0])
        seats = db.session.execute(select(Seat.id)).scalars().all()
        assert (answers.at_door(seats), door.insides(number)) == ({}, {})
        db.session.remove()
