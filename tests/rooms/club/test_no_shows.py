"""No-shows: who is one and who never, told once, heard, restored; where they stand on waitlists; and how many seats more a room bears."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from models import db
from models.audit import AuditEntry
from models.club import Booking, ClubEvent, ClubSession
from models.club_membership import ClubTier
from models.club_no_shows import ClubNoShow
from models.identity import Role
from models.notices import Notice
from models.outbox import OutboxMessage
from portal import clock
from portal.actors import TERMINAL, Actor
from portal.club import forgetting, late_scans, lot, no_show_facts, no_shows, offers, reliability, tiers, waitlist, waitlist_desk
from portal.club.late_scans import Scan
from portal.club.reliability import USUAL, History, Rule, Visit
from portal.club.tiers import TierDraft
from portal.jobs import club_evenings
from portal.local_day import today
from portal.refusals import Conflict, NotAllowed, NotFound, Refusal
from portal.transaction import transaction
from tests.people import post, seat, someone
from tests.rooms.club.membership_scene import add_tiers, with_tier
from tests.rooms.club.scene import clients, event_of
from tests.rooms.club.test_door import FREE, ago, evening, send
from tests.rooms.club.test_waitlist import join

DAY = timedelta(days=1)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def missed(app: Flask, key: str, people: list[Actor], days: int = 2, *, came: int = 1) -> tuple[int, list[str]]:
    """An evening so many days ago; the first of the people came. Nobody has been told yet. Returns its number and its bookings."""
    event, codes, booked = evening(app, len(people), key, people)
    for place in range(came):
        send(event, Scan(codes[place], ago(1), "1", f"{key}{place}"))
    start = clock.now() - timedelta(days=days)
    with transaction():
        db.session.execute(update(ClubSession).where(ClubSession.event_id == event.id).values(starts_at=start, ends_at=start + timedelta(hours=3)))
        db.session.execute(update(Booking).where(Booking.event_id == event.id).values(starts_at=start))
    return event.id, booked


def found() -> list[tuple[str, str]]:
    """Who was found, and how far that is."""
    db.session.rollback()
    return [(row.person, row.state) for row in db.session.execute(select(ClubNoShow).order_by(ClubNoShow.id)).scalars()]


def told(kind: str) -> list[tuple[int, str]]:
    db.session.rollback()
    return [(row.user_id, row.link) for row in db.session.execute(select(Notice).where(Notice.kind == kind).order_by(Notice.id)).scalars()]


def state_of(booking: str) -> ClubNoShow:
    db.session.rollback()
    return db.session.execute(select(ClubNoShow).join(Booking, Booking.id == ClubNoShow.booking_id).where(Booking.public_id == booking)).scalar_one()


def say(booking: str, actor: Actor, words: str = "我在场，签到台没有扫到", after: timedelta = timedelta()) -> None:
    with transaction():
        no_shows.appeal(booking, words, actor=actor, moment=clock.now() + after)


def order(event_id: int) -> list[str]:
    db.session.rollback()
    return [place.person for place, _price in db.session.execute(offers.in_order([event_id], clock.now()))]


@pytest.fixture
def people(app: Flask, database: None) -> list[Actor]:
    return clients(app, 3)


def test_k4_who_was_not_seen_is_told_once_by_notice_and_mail(app: Flask, people: list[Actor]) -> None:
    """K4 N2: a day after the end, where the door was used; the job run twice tells once; a day too early tells nobody."""
    _event, booked = missed(app, "night", people, 1)
    assert club_evenings.look()["missed"] == 0, "the days of grace are not over"
    with transaction():
        db.session.execute(update(ClubSession).values(starts_at=clock.now() - 2 * DAY, ends_at=clock.now() - 2 * DAY + timedelta(hours=3)))
        db.session.execute(update(Booking).values(starts_at=clock.now() - 2 * DAY))
        start = db.session.execute(select(ClubSession.starts_at)).scalar_one()
        db.session.execute(update(Booking).values(starts_at=start))
    assert club_evenings.is_due(clock.now())
    assert [club_evenings.look()["missed"] for _ in range(2)] == [2, 0]
    assert not club_evenings.is_due(clock.now())
    assert found() == [(person, "told") for person in ("client:C00001", "client:C00002")]
    assert told("club.missed") == [(one.user_id, f"/club/bookings/{public_id}/missed") for one, public_id in zip(people[1:], booked[1:], strict=True)]
    mails = db.session.execute(select(OutboxMessage.user_id).where(OutboxMessage.kind == "club.missed").order_by(OutboxMessage.id)).scalars().all()
    assert list(mails) == [one.user_id for one in people[1:]]


@pytest.mark.parametrize("why", ["nobody at the door", "called off", "moved", "waived", "long ago"])
def test_k4_what_is_nobodys_fault_is_never_a_no_show(app: Flask, people: list[Actor], why: str) -> None:
    """K4: no check-in, called off, moved since the sale, a halt of trading, or older than two weeks."""
    number, _booked = missed(app, "night", people, 40 if why == "long ago" else 2, came=0 if why == "nobody at the door" else 1)
    with transaction():
        if why == "called off":
            db.session.execute(update(ClubEvent).values(state="cancelled"))
        if why == "moved":
            db.session.execute(update(Booking).values(starts_at=Booking.starts_at, created_at=clock.now() - 9 * DAY))
            db.session.execute(update(ClubSession).values(starts_at=clock.now() - 2 * DAY - timedelta(hours=5)))
        if why == "waived":
            assert no_shows.waive(number, "trading_halt", "上期所暂停交易", actor=TERMINAL, moment=clock.now()) == 0
    assert club_evenings.look()["missed"] == 0
    assert found() == []


def test_k4_a_booking_of_which_a_guest_came_wasted_no_seat_and_a_late_scan_clears(app: Flask, people: list[Actor]) -> None:
    """K2 K4: a scan that a desk kept takes it back, tells him, and restores his place."""
    event, codes, booked = evening(app, 3, "night", people)
    send(event, Scan(codes[0], ago(1), "1", "a"))
    start = clock.now() - 2 * DAY
    with transaction():
        db.session.execute(update(ClubSession).values(starts_at=start, ends_at=start + timedelta(hours=3)))
        db.session.execute(update(Booking).values(starts_at=start))
    assert club_evenings.look()["missed"] == 2
    with transaction():
        late_scans.upload(db.session.get_one(ClubEvent, event.id), [Scan(codes[1], start, "2", "late")], actor=TERMINAL, moment=clock.now())
    assert club_evenings.is_due(clock.now())
    club_evenings.look()
    assert found() == [("client:C00001", "came"), ("client:C00002", "told")]
    assert told("club.no_show_excused") == [(people[1].user_id, f"/club/bookings/{booked[1]}/missed")]
    assert not club_evenings.is_due(clock.now())


def test_an_appeal_stops_it_from_counting_and_a_decision_restores_or_upholds(app: Flask, people: list[Actor]) -> None:
    """Said once, within 14 days, by the holder alone; decided by somebody else, with a reason; excused also afterwards."""
    _event, booked = missed(app, "night", people)
    club_evenings.look()
    other, own = people[0], people[1]
    with pytest.raises(NotFound):
        say(booked[1], other)
    with pytest.raises(Conflict, match="nothing was missed"):
        say(booked[0], other)
    for wrong in ("", " x ", "长" * 2_001):
        with pytest.raises(Refusal):
            say(booked[1], own, wrong)
    with pytest.raises(Conflict, match="time for saying something"):
        say(booked[1], own, after=15 * DAY)
    say(booked[1], own)
    with pytest.raises(Conflict, match="already"):
        say(booked[1], own)
    assert no_show_facts.counting(["client:C00001"]) == {}
    number = state_of(booked[1]).public_id
    db.session.rollback()
    himself = Actor(own.user_id, "himself", (Role.ADMIN,))
    for excused, why, actor, refusal in ((True, "是", TERMINAL, Refusal), (True, "查过监控", himself, NotAllowed), (True, "x" * 9, own, NotAllowed)):
        with pytest.raises(refusal), transaction():
            no_shows.decide(number, excused, why, actor=actor, moment=clock.now())
    with transaction():
        no_shows.decide(number, False, "签到台没有记录", actor=TERMINAL, moment=clock.now())
    assert state_of(booked[1]).state == "upheld"
    assert no_show_facts.counting(["client:C00001"]) == {"client:C00001": [state_of(booked[1]).starts_at]}
    db.session.rollback()
    with pytest.raises(Conflict), transaction():
        no_shows.decide(number, False, "再次", actor=TERMINAL, moment=clock.now())
    with transaction():
        no_shows.decide(number, True, "照片上看到他", actor=TERMINAL, moment=clock.now())
    assert no_show_facts.counting(["client:C00001"]) == {}
    db.session.rollback()
    wrote = db.session.execute(select(AuditEntry.action).where(AuditEntry.action.like("club.no_show%")).order_by(AuditEntry.seq)).scalars().all()
    assert list(wrote) == ["club.no_show_found"] * 2 + ["club.no_show_appealed", "club.no_show_upheld", "club.no_show_excused"]


def test_w1_repeated_no_shows_stand_behind_by_the_clock_and_what_is_excused_restores(app: Flask, people: list[Actor]) -> None:
    """W1: two missed evenings put behind all others, shown with its end; an excuse, the desk's hand or the clock put it right."""
    first, second = missed(app, "one", people, 10), missed(app, "two", people, 3)
    club_evenings.look()
    full = event_of("full", capacity=0, kinds=FREE)
    late = join(full, people[1])
    join(full, people[0])
    assert order(full) == ["client:C00000", "client:C00001"], "he joined first, and stands behind"
    until = state_of(second[1][1]).starts_at + 60 * DAY
    standing = waitlist.standing(full, people[1], clock.now())
    assert standing is not None
    assert (standing.position, standing.behind_until) == (2, until)
    after = waitlist.standing(full, people[1], until)
    assert after is not None
    assert (after.position, after.behind_until) == (1, None), "the clock alone ends it"
    db.session.rollback()
    with transaction():
        waitlist_desk.set_priority(late, 1, actor=TERMINAL, moment=clock.now())
    assert order(full)[0] == "client:C00001", "what the desk sets by hand counts more"
    with transaction():
        waitlist_desk.set_priority(late, 0, actor=TERMINAL, moment=clock.now())
    assert order(full)[1] == "client:C00001"
    with transaction():
        no_shows.decide(state_of(first[1][1]).public_id, True, "住院", actor=TERMINAL, moment=clock.now())
    assert order(full) == ["client:C00001", "client:C00000"]
    third = missed(app, "three", people, 2)
    club_evenings.look()
    assert order(full)[1] == "client:C00001", "who waits already follows at once"
    with transaction():
        assert no_shows.waive(third[0], "ours", "空调坏了，提前散场", actor=TERMINAL, moment=clock.now()) == 2
    assert order(full) == ["client:C00001", "client:C00000"]
    assert len(told("club.no_show_excused")) == 3
    with pytest.raises(Conflict), transaction():
        no_shows.waive(third[0], "ours", "再说一次", actor=TERMINAL, moment=clock.now())


def test_the_rule_is_data_and_counts_at_once_also_for_who_waits(app: Flask, people: list[Actor]) -> None:
    """One missed evening is enough by another rule; the old one again lets him forward; what makes no sense is refused."""
    missed(app, "one", people, 3)
    club_evenings.look()
    full = event_of("full", capacity=0, kinds=FREE)
    join(full, people[1])
    join(full, people[0])
    with transaction():
        no_shows.set_rule(Rule(1, 30, 10, 90, 7), actor=TERMINAL, moment=clock.now())
    assert order(full) == ["client:C00000", "client:C00001"]
    with transaction():
        no_shows.set_rule(USUAL, actor=TERMINAL, moment=clock.now())
    assert order(full) == ["client:C00001", "client:C00000"]
    for wrong in (Rule(0), Rule(within_days=0), Rule(appeal_days=1_001)):
        with pytest.raises(Refusal), transaction():
            no_shows.set_rule(wrong, actor=TERMINAL, moment=clock.now())


def test_w1_a_tier_stands_before_others_then_who_joined_first_but_not_in_a_draw(app: Flask, people: list[Actor]) -> None:
    """W1 M1 W9: the tier that he is to have on the day of the event; a draw knows no priority."""
    ids = add_tiers()
    with transaction():
        db.session.execute(update(ClubTier).where(ClubTier.key == "silver").values(wait_priority=3))
    with_tier(people[2], ids["silver"], today(), today() + 90 * DAY)
    full, drawn = event_of("full", capacity=0, kinds=FREE), event_of("drawn", capacity=1, kinds=FREE)
    with transaction():
        lot.set_up(drawn, clock.now() + DAY, actor=TERMINAL, moment=clock.now())
    for event_id in (full, drawn):
        for one in people:
            join(event_id, one)
    assert order(full) == ["client:C00002", "client:C00000", "client:C00001"]
    assert order(drawn) == ["client:C00000", "client:C00001", "client:C00002"]
    with pytest.raises(Refusal), transaction():
        tiers.keep(TierDraft("new", "free", 70, "新", "New", wait_priority=10), actor=TERMINAL, moment=clock.now())


def test_reliability_of_many_is_one_table(app: Flask, people: list[Actor]) -> None:
    """Three evenings: all, none, and two of them, of which an excused one says nothing: too few."""
    for place, key in enumerate(("one", "two", "three")):
        missed(app, key, [people[0], people[2], people[1]] if place else people, 2 + place, came=2 if place else 1)
    club_evenings.look()
    keys = [f"client:C0000{place}" for place in range(3)]
    half = no_show_facts.scores(keys, clock.now())
    assert [half[keys[0]], half[keys[1]]] == [100, 0]
    assert 64 <= (half[keys[2]] or 0) <= 67
    row = db.session.execute(select(ClubNoShow).where(ClubNoShow.person == keys[2])).scalar_one()
    number = row.public_id
    db.session.rollback()
    with transaction():
        no_shows.decide(number, True, "住院", actor=TERMINAL, moment=clock.now())
    assert no_show_facts.scores(keys, clock.now())[keys[2]] is None


def test_the_pages_say_it_in_both_languages(app: Flask) -> None:
    """The client reads what it means and says why; the desk sees, decides and says the rule; the waitlist tells both."""
    with app.app_context():
        group = clients(app, 2)
        _number, booked = missed(app, "night", group)
        club_evenings.look()
        number = state_of(booked[1]).public_id
        db.session.remove()
    client, desk = seat(app, group[1].user_id), seat(app, someone(app, Role.ADMIN))
    address = f"/club/bookings/{booked[1]}"
    assert "We did not see you" in client.get(address).text
    assert "2 events within 180 days" in client.get(f"{address}/missed").text
    assert post(client, f"{address}/missed", f"{address}/missed", words="x").status_code == 422
    assert post(client, f"{address}/missed", f"{address}/missed", words="我在场").status_code == 303
    assert "我在场" in desk.get(f"/club/no-shows/{number}").text
    assert "Said why: to be decided" in desk.get("/club/no-shows?state=appealed").text
    assert post(desk, f"/club/no-shows/{number}", f"/club/no-shows/{number}", wish="maybe", why="x y").status_code == 422
    assert post(desk, f"/club/no-shows/{number}", f"/club/no-shows/{number}", wish="excuse", why="照片").status_code == 303
    assert "It does not count" in client.get(f"{address}/missed").text
    rule = {"count": "3", "within_days": "90", "behind_days": "30", "half_life_days": "100", "appeal_days": "7"}
    shown = post(desk, "/club/no-shows/rule", "/club/no-shows", **rule)
    assert (shown.status_code, "2 → 3" in shown.text, "missed 3 events" in desk.get("/club/no-shows").text) == (200, True, False), "looked at, not kept"
    assert post(desk, "/club/no-shows/rule", "/club/no-shows", seen="yes", **rule).status_code == 303
    assert "missed 3 events within 90 days" in desk.get("/club/no-shows").text
    assert post(desk, "/club/events/night/waive", "/club/events/night/waive", why="trading_halt", words="暂停交易").status_code == 303
    assert "Trading was halted" in desk.get("/club/events/night").text


def test_what_was_said_is_forgotten_with_the_evening(app: Flask, people: list[Actor]) -> None:
    """V2: the words go after 366 days, the count stays."""
    _number, booked = missed(app, "night", people)
    club_evenings.look()
    say(booked[1], people[1])
    with transaction():
        forgetting.forget(forgetting.due(clock.now() + 400 * DAY), TERMINAL, clock.now() + 400 * DAY)
    assert (state_of(booked[1]).words, len(found())) == ("", 2)


def test_a_room_bears_more_seats_only_by_enough_history() -> None:
    """Nothing with four events or 40 seats; at 15 % empty some; where nobody stays away none. Never more than come once in twenty."""
    assert reliability.bearable(50, History(4, 400, 60)) is None
    assert reliability.bearable(50, History(9, 40, 9)) is None
    assert reliability.bearable(50, History(9, 450, 68)) == 3
    assert reliability.bearable(50, History(9, 450, 0)) == 0
    assert History(9, 450, 68).percent == 15


@given(st.lists(st.integers(0, 400), max_size=8), st.integers(1, 4))
def test_behind_until_is_what_a_walk_through_the_days_says(days: list[int], count: int) -> None:
    """Compared with a walk: for each missed evening, are there `count` of them in the 180 days that end with it?"""
    rule, starts = Rule(count=count), [NOW + timedelta(days=day) for day in days]
    ends = [day for day in days if sum(1 for other in days if day - 180 <= other <= day) >= count]
    assert reliability.behind_until(starts, rule) == (NOW + timedelta(days=max(ends) + 60) if ends else None)


def test_reliability_forgets_by_half_lives() -> None:
    """An evening of a half-life ago weighs half: two came now, one missed then: 2 of 2.5."""
    rows = [Visit(NOW, True), Visit(NOW, True), Visit(NOW - 180 * DAY, False)]
    assert reliability.score(rows, 180, NOW) == 80
    assert reliability.score(rows[:2], 180, NOW) is None
