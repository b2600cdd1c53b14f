"""How it was: asked of who was let in, once, with points for the answer; and the pages around points."""

from __future__ import annotations

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import func, select, update

from models import db
from models.club import ClubEvent, ClubSession, Seat
from models.club_evenings import ClubFeedback
from models.club_points import PointLot
from models.identity import Role
from models.notices import Notice
from portal import clock
from portal.actors import TERMINAL, Actor
from portal.club import booking, door, evenings, feedback, points, rewards
from portal.club.events import Kind
from portal.club.feedback import Results
from portal.club.points import Earning
from portal.jobs import club_evenings
from portal.refusals import Conflict, NotFound, Refusal
from portal.transaction import transaction
from tests.at_once import at_once
from tests.people import post, seat, someone
from tests.rooms.club.scene import clients, event_of, wish
from tests.rooms.club.test_points import let_in, rule

FREE = (Kind("免费席", "Free seat", 0),)


def visited(app: Flask, count: int = 1, *, education_only: bool = False) -> tuple[int, list[Actor], list[str]]:
    """So many clients came to an evening that is over."""
    event_id, people, made = event_of(kinds=FREE, education_only=education_only), clients(app, count), []
    for one in people:
        with transaction():
            made.append(booking.book(event_id, wish(event_id), actor=one, moment=clock.now()).public_id)
    let_in(event_id)
    return event_id, people, made


def give(public_id: str, actor: Actor, score: int = 9, words: str = "") -> int:
    with transaction():
        return feedback.give(public_id, score, words, actor=actor, moment=clock.now())


@pytest.mark.usefixtures("database")
def test_8_only_who_was_let_in_answers_and_once(app: Flask) -> None:
    """Feedback: not before it began, not who did not come or was taken back at the door, not another's booking, not twice."""
    rule("feedback", points=5, wait_days=0)
    event_id, [one, other], [mine, others] = visited(app, 2)
    number = db.session.execute(select(Seat.id).where(Seat.booking_id == booking.held_booking(others, None)[1].id)).scalar_one()
    db.session.rollback()
    with transaction():
        event = db.session.get_one(ClubEvent, event_id)
        door.undo(event, number, desk="1", scan_key="undo", actor=TERMINAL, moment=clock.now())
    with pytest.raises(Conflict, match="let in at the door"):
        give(others, other)
    with pytest.raises(NotFound):
        give(mine, other)
    with pytest.raises(Refusal):
        give(mine, one, 11)
    assert give(mine, one, 10, "more cases") == 1
    with pytest.raises(Conflict, match="answered already"):
        give(mine, one)
    assert points.balance(rewards.holder_of(one).person) == 5
    with transaction():
        starts = clock.now() + timedelta(hours=1)
        db.session.execute(update(ClubSession).where(ClubSession.event_id == event_id).values(starts_at=starts, ends_at=starts + timedelta(hours=1)))
    assert not feedback.may_answer(booking.held_booking(others, None)[1], clock.now())


@pytest.mark.usefixtures("database")
def test_8_two_tabs_answer_once(app: Flask) -> None:
    """Feedback: four at once for one booking: one answer, one earning."""
    rule("feedback", points=5)
    _event_id, [one], [mine] = visited(app)
    answers = at_once(app, *[lambda: feedback.give(mine, 8, "", actor=one, moment=clock.now())] * 4)
    assert sorted(answers) == ["Conflict"] * 3 + ["done"]
    assert db.session.execute(select(func.count()).select_from(ClubFeedback)).scalar_one() == 1
    assert db.session.execute(select(func.count()).select_from(PointLot)).scalar_one() == 1


@pytest.mark.usefixtures("database")
def test_6_who_came_is_asked_once_and_earns_once(app: Flask) -> None:
    """Attending earns once for an event, learning besides where it is education; who did not come is neither asked nor earns; the job may run as often as it likes."""
    rule("attended", points=20)
    rule("learnt", points=7)
    _event_id, [one, other], _made = visited(app, 2, education_only=True)
    assert [club_evenings.look()["asked"] for _ in range(2)] == [2, 0]
    assert not evenings.over(clock.now())
    assert {points.balance(rewards.holder_of(who).person) for who in (one, other)} == {27}
    links = db.session.execute(select(Notice.link).where(Notice.kind == "club.how_was_it")).scalars().all()
    assert [link.endswith("/feedback") for link in links] == [True, True]


@pytest.mark.parametrize(
    ("counts", "score"),
    [
        ((0,) * 11, None),
        ((0,) * 9 + (1, 1), 100),
        ((1,) + (0,) * 10, -100),
        ((1, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0), 0),
        ((0, 0, 0, 0, 0, 0, 1, 2, 0, 3, 2), 50),
        ((0,) * 8 + (2, 1, 0), 33),
    ],
)
def test_8_the_score_is_who_would_bring_a_friend_less_who_would_not(counts: tuple[int, ...], score: int | None) -> None:
    """NPS: 9 and 10 less 0 to 6, in percent."""
    assert Results(counts).score == score


def test_8_the_pages_from_the_answer_to_the_desk(app: Flask) -> None:
    """Feedback: the client answers and sees his points; the desk sees the figure with its table, and not who said it."""
    with app.app_context():
        rule("feedback", points=5, wait_days=0)
        _event_id, [one], [mine] = visited(app)
        name, user_id = one.label, one.user_id
        db.session.remove()
    assert user_id is not None
    client = seat(app, user_id)
    page = f"/club/bookings/{mine}/feedback"
    assert post(client, page, page, score="12").status_code == 422
    assert post(client, page, page, score="9", words="<b>more</b>").headers["Location"].endswith("/club/points")
    shown = client.get("/club/points").text
    assert "Points earned" in shown
    assert "+5" in shown
    assert "You gave 9 of 10" in client.get(page).text
    results = seat(app, someone(app, Role.COMPLIANCE)).get("/club/events/night/feedback").text
    assert "100" in results
    assert "&lt;b&gt;more" in results
    assert name not in results


def test_12_a_reward_is_looked_at_before_points_go_and_a_dearer_one_is_refused(app: Flask) -> None:
    """C3 L3: what is shown is what is taken; handed over at the desk, or given back."""
    with app.app_context():
        [one] = clients(app, 1)
        moment = clock.now()
        with transaction():
            points.earn([Earning(rewards.holder_of(one), "a", 30, "x", moment, moment, moment + timedelta(days=30))], actor=TERMINAL, moment=moment)
            number = rewards.offer("Reader", "", 10, 2, None, actor=TERMINAL, moment=moment).id
        user_id = one.user_id
        db.session.remove()
    assert user_id is not None
    client, address = seat(app, user_id), f"/club/points/rewards/{number}"
    assert "Left afterwards" in client.get(address).text
    assert post(client, address, address, cost="9").status_code == 409
    for _ in range(2):
        assert post(client, address, address, cost="10").status_code == 303
    assert post(client, address, "/me", cost="10").status_code == 409, "none is left"
    admin = seat(app, someone(app, Role.ADMIN))
    listed = admin.get("/club/points/redemptions").text
    redeemed = [part.split('"')[0] for part in listed.split('action="/club/points/redemptions/')[1:]]
    assert len(redeemed) == 2
    assert post(admin, f"/club/points/redemptions/{redeemed[0]}", "/me", wish="back").status_code == 303
    assert post(admin, f"/club/points/redemptions/{redeemed[1]}", "/me", wish="given").status_code == 303
    assert post(admin, f"/club/points/redemptions/{redeemed[1]}", "/me", wish="back").status_code == 409
    page = BeautifulSoup(admin.get(f"/club/points/rewards/{number}/close?lang=en").text, "html.parser")
    facts = {row.dt.get_text(): row.dd.get_text() for row in page.select(".confirm .facts div")}
    assert facts == {"Cost": "10 points", "Left to redeem": "1", "Wait to be handed over": "0", "Handed over": "1"}
    assert client.get(f"/club/points/rewards/{number}/close").status_code == 403
    assert post(admin, f"/club/points/rewards/{number}/close", "/me").status_code == 303
    assert admin.get(f"/club/points/rewards/{number}/close").status_code == 404
    assert post(client, address, "/me", cost="10").status_code == 409, "it is not offered any more"
    with app.app_context():
        assert points.balance("client:C00000") == 20
        db.session.remove()


def test_6_the_desk_proposes_a_rule_and_a_correction(app: Flask) -> None:
    """Four eyes: both wait for a second person; a rule that reads trading is not even in the list, and refused where it is sent all the same."""
    with app.app_context():
        [one] = clients(app, 1)
        moment = clock.now()
        with transaction():
            points.earn([Earning(rewards.holder_of(one), "a", 30, "x", moment, moment, moment + timedelta(days=30))], actor=TERMINAL, moment=moment)
        db.session.remove()
    admin = seat(app, someone(app, Role.ADMIN))
    assert 'value="lots"' not in admin.get("/club/points/rules").text
    fields = {"code": "came", "title": "来过", "points": "10", "most_a_month": "20", "wait_days": "7", "lasts_days": "365", "valid_from": "2026-01-01"}
    assert post(admin, "/club/points/rules", "/club/points/rules", fact="attended", **fields).status_code == 303
    assert post(admin, "/club/points/rules", "/club/points/rules", fact="lots", **fields).status_code == 403
    assert post(admin, "/club/points/rules", "/club/points/rules", fact="attended", **fields | {"points": "x"}).status_code == 422
    assert post(admin, "/club/points/desk/1/correct", "/club/points/desk/1/correct", points="-5", lasts="30", reason="counted twice").status_code == 303
    assert post(admin, "/club/points/desk/1/correct", "/club/points/desk/1/correct", points="0", lasts="30", reason="counted twice").status_code == 422
    listed = seat(app, someone(app, Role.COMPLIANCE)).get("/approvals").text
    assert "Rule by which points are earned" in listed
    assert "Points set right by hand" in listed
    assert admin.get("/club/points/desk").status_code == admin.get("/club/points/desk/1").status_code == 200
    assert post(admin, "/club/points/rewards/new", "/club/points/rewards/new", title="", cost="1").status_code == 422
    assert post(admin, "/club/points/rewards/new", "/club/points/rewards/new", title="x", cost="1", ends="2099-01-01").status_code == 303
