"""Topping up: where seats stay free, the next of the drawn order are invited; nobody who is held out, nobody twice, and never more than there are seats."""

from __future__ import annotations

from collections import Counter

import pytest
from flask import Flask
from sqlalchemy import select, update

from models import db
from models.club import ClubEvent
from models.club_invites import Arm, Invitee, InviteTopUp
from models.identity import Role, User
from models.notices import Notice
from portal import clock
from portal.actors import TERMINAL, Actor
from portal.club import capacity, invites, topping_up
from portal.refusals import Conflict, NotAllowed, Refusal
from portal.transaction import on_postgresql, transaction
from tests.at_once import at_once
from tests.people import post, seat, someone
from tests.rooms.club.invite_scene import drawn
from tests.rooms.club.scene import book, clients, event_of


def order(side: Arm = Arm.INVITED) -> list[str]:
    """The clients of a side, as drawn."""
    return list(db.session.execute(select(Invitee.client_no).where(Invitee.arm == side).order_by(Invitee.place)).scalars())


def told() -> list[str]:
    """Who was told, in the order in which that was written."""
    query = select(User.client_no).join(Notice, Notice.user_id == User.id).where(Notice.kind == "club.invited").order_by(Notice.id)
    return list(db.session.execute(query).scalars())


def more(public_id: str, count: int) -> int:
    with transaction():
        return topping_up.top_up(public_id, count, actor=TERMINAL, moment=clock.now()).told


def sent(app: Flask, first: int = 4, capacity_: int = 6) -> tuple[str, list[Actor]]:
    """A list of 20, 4 of them held out, sent to the first few; and its clients, who can all sign in."""
    people = clients(app, 20)
    public_id = drawn(event_of(capacity=capacity_), 20, percent=20)
    with transaction():
        invites.send(public_id, first=first, actor=TERMINAL, moment=clock.now())
    return public_id, people


@pytest.mark.usefixtures("database")
def test_the_next_of_the_drawn_order_are_invited_and_nobody_who_is_held_out(app: Flask) -> None:
    public_id, _people = sent(app)
    assert sorted(told()) == sorted(order()[:4])
    reserve = topping_up.look(invites.list_of(public_id), invites.event_of(invites.list_of(public_id)), clock.now())
    assert reserve is not None
    assert (reserve.waiting, reserve.free, reserve.most) == (12, 6, 6)
    assert [more(public_id, 2), more(public_id, 6), more(public_id, 4)] == [2, 6, 4]
    assert (sorted(told()), set(told()) & set(order(Arm.HELD_OUT))) == (sorted(order()), set())
    assert Counter(told()).most_common(1)[0][1] == 1, "nobody twice"
    with pytest.raises(Conflict, match="nobody of this list"):
        more(public_id, 1)


@pytest.mark.usefixtures("database")
def test_never_more_than_there_are_free_seats(app: Flask) -> None:
    public_id, people = sent(app, capacity_=3)
    event_id = invites.list_of(public_id).event_id
    for count in (0, 4, -1):
        with pytest.raises(Conflict, match="3 seats are free"):
            more(public_id, count)
    by_number = {one.client_no: one for one in people}
    for number in order()[:3]:
        book(event_id, by_number[number])
    with pytest.raises(Conflict, match="0 seats are free"):
        more(public_id, 1)
    assert sorted(told()) == sorted(order()[:4])


def test_what_was_sent_to_all_or_not_at_all_is_not_topped_up(app: Flask) -> None:
    with app.app_context():
        clients(app, 3)
        public_id = drawn(event_of(), 10, percent=10)
        with pytest.raises(Conflict, match="not sent yet"):
            more(public_id, 1)
        with transaction():
            invites.send(public_id, actor=TERMINAL, moment=clock.now())
        with pytest.raises(Conflict, match="nobody of this list"):
            more(public_id, 1)
        with transaction():
            db.session.execute(update(ClubEvent).values(sales_end_at=clock.now()))
        with pytest.raises(Refusal, match="nobody can sign up"):
            more(public_id, 1)
        with pytest.raises(NotAllowed):
            topping_up.top_up(public_id, 1, actor=Actor(None, "x", (Role.FINANCE,)), moment=clock.now())
        db.session.remove()


@pytest.mark.usefixtures("database")
def test_two_at_once_invite_two_different_parts(app: Flask) -> None:
    public_id, _people = sent(app)
    assert Counter(at_once(app, *[lambda: topping_up.top_up(public_id, 3, actor=TERMINAL, moment=clock.now())] * 3)) == {"done": 3}
    db.session.rollback()
    assert (Counter(told()).most_common(1)[0][1], len(told())) == (1, 13)


@pytest.mark.usefixtures("database")
def test_control_without_the_lock_two_at_once_invite_the_same(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault: the event is not held. On PostgreSQL the database's own rule stops the second; SQLite has one writer, so there it shows nothing."""
    if not on_postgresql():
        pytest.skip("SQLite lets one write at a time")
    public_id, _people = sent(app)
    monkeypatch.setattr(capacity, "locked", lambda number: db.session.get_one(ClubEvent, number))
    assert Counter(at_once(app, *[lambda: topping_up.top_up(public_id, 3, actor=TERMINAL, moment=clock.now())] * 3))["done"] < 3


def test_the_desk_sends_to_the_first_and_invites_further(app: Flask) -> None:
    with app.app_context():
        clients(app, 10)
        public_id = drawn(event_of(capacity=5), 10, percent=10)
        db.session.remove()
    boss, at = seat(app, someone(app, Role.ADMIN)), f"/club/invitations/{public_id}"
    assert 'name="first"' in boss.get(at).text
    post(boss, f"{at}/send", at, first="3")
    page = boss.get(at).text
    assert ('name="count" value="5"' in page, 'name="first"' in page) == (True, False)
    post(boss, f"{at}/top-up", at, count="99")
    post(boss, f"{at}/top-up", at, count="2")
    with app.app_context():
        assert db.session.execute(select(InviteTopUp.told, InviteTopUp.free)).all() == [(2, 5)]
        assert len(told()) == 5
        db.session.remove()
