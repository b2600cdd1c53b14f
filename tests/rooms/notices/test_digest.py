"""The mails of a day in one: at a person's hour, everything once, what is urgent at once, nothing that is not wanted any more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select, update

from models import db
from models.identity import Role, User
from models.outbox import MessageChoice, OutboxMessage
from portal import clock
from portal.actors import TERMINAL, actor_of
from portal.keys import secret
from portal.notices import choices, digest, verbs
from portal.notices.kinds import Group
from portal.notices.outbox import Letter
from portal.notices.quiet import is_quiet
from portal.refusals import Refusal
from portal.transaction import transaction
from tests.at_once import at_once
from tests.people import post, seat, someone
from tests.rooms.notices.post_office import PostOffice, open_office
from tests.rooms.notices.test_outbox import NOON, mailing, messages, send, tell

__all__ = ["mailing"]
EVENING = NOON.replace(hour=18)


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with open_office() as found:
        yield found


def gathering(app: Flask, hour: int = 18) -> int:
    """A broker who wants what is about money gathered."""
    user = someone(app, Role.BROKER, broker_no="B001")
    with transaction():
        wanted = {(group, way): way == "mail" for group in choices.mailed() for way in choices.MessageWay}
        choices.choose(wanted, None, False, [Group.MONEY], hour, actor=actor_of(db.session.get_one(User, user)), moment=clock.now())
    return user


def test_the_notices_of_a_day_come_in_one_mail_and_none_of_them_twice(mailing: Flask, office: PostOffice) -> None:
    user = gathering(mailing)
    tell(user, key="a")
    tell(user, key="b", month="2026-09")
    assert send() == {}, "they wait for the evening"
    with time_machine.travel(EVENING, tick=False):
        assert send() == {"sent": 1}
        assert send() == {}
    body = office.mails[0].get_body(("plain",)).get_content()
    assert "2026-10" in body
    assert "2026-09" in body
    assert "Your notices of the day: 2" in body or "2" in str(office.mails[0]["subject"])
    assert len(office.mails) == 1
    tell(user, key="c")
    with time_machine.travel(EVENING + timedelta(hours=1), tick=False):
        tell(user, key="d")
        assert send() == {"sent": 1}, "what was written before the hour and not sent yet goes now"
    with time_machine.travel(EVENING + timedelta(days=1), tick=False):
        assert send() == {"sent": 1}
    assert len(office.mails) == 3


def test_what_is_urgent_or_would_be_too_late_comes_at_once(mailing: Flask, office: PostOffice) -> None:
    user = gathering(mailing)
    with transaction():
        verbs.tell(
            [user],
            "statement.published",
            "/x",
            {"month": "2026-10", "net_fen": 1},
            actor=TERMINAL,
            moment=clock.now(),
            letter=Letter("soon", until=clock.now() + timedelta(hours=1)),
        )
    assert send() == {"sent": 1}
    assert not db.session.execute(select(func.count()).where(OutboxMessage.digest)).scalar_one()


def test_who_says_no_meanwhile_gets_nothing_and_the_link_in_the_mail_ends_them(mailing: Flask, office: PostOffice) -> None:
    user = gathering(mailing)
    tell(user, key="a")
    with transaction():
        db.session.execute(update(MessageChoice).where(MessageChoice.user_id == user, MessageChoice.way == "mail").values(wanted=False, digest=False))
    with time_machine.travel(EVENING, tick=False):
        assert send() == {}
        assert messages() == []
    public_id = db.session.get_one(User, user).public_id
    with transaction():
        db.session.execute(update(MessageChoice).where(MessageChoice.user_id == user, MessageChoice.way == "mail").values(wanted=True))
        db.session.execute(update(MessageChoice).where(MessageChoice.user_id == user, MessageChoice.way == "mail", MessageChoice.topic == "money").values(digest=True))
    with transaction():
        assert choices.stop(choices.link_token(secret(), public_id, Group.DIGEST), secret(), moment=clock.now()) == Group.DIGEST
    assert choices.wishes_of(user)["money", "mail"] is False
    assert choices.gathered_of(user) == set()
    assert choices.wishes_of(user)["disputes", "mail"] is True, "what came at once still does"


def test_of_two_workers_who_gather_one_does(mailing: Flask, office: PostOffice) -> None:
    user = gathering(mailing)
    for key in "abcdef":
        tell(user, key=key)
    with time_machine.travel(EVENING, tick=False):
        at_once(mailing, lambda: digest.gather(clock.now()), lambda: digest.gather(clock.now()), lambda: digest.gather(clock.now()))
        found = messages()
    assert [(row.kind, row.values, len(row.about["items"])) for row in found] == [(digest.DIGEST, {"count": 6}, 6)]


@pytest.mark.parametrize("hour", digest.HOURS)
def test_no_hour_lies_in_quiet_hours(hour: int) -> None:
    assert not is_quiet(digest.next_at(NOON, hour))
    assert clock.now() < digest.next_at(clock.now(), hour) <= clock.now() + timedelta(days=1)


def test_it_is_chosen_on_the_page_and_an_hour_of_the_night_is_refused(app: Flask) -> None:
    client = seat(app, someone(app, Role.FINANCE))
    assert post(client, "/notices/ways", "/notices/ways", wanted=["money:mail"], gathered=["money"], hour="21").status_code == 422
    assert post(client, "/notices/ways", "/notices/ways", wanted=["money:mail"], gathered=["money"], hour="x").status_code == 422
    assert post(client, "/notices/ways", "/notices/ways", wanted=["money:mail"], gathered=["money", "club"], hour="9").status_code == 303
    page = client.get("/notices/ways").text
    assert 'id="gathered-money" checked' in page
    assert 'id="gathered-club" checked' not in page, "what is not mailed is not gathered"
    with app.app_context(), pytest.raises(Refusal, match="between 8 and 20"), transaction():
        choices.choose({}, None, False, [], 3, actor=TERMINAL, moment=clock.now())
