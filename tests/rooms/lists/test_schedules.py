"""Lists that come by themselves: on the trading calendar, for their person alone, with the rights that he holds then, each time once."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from models import db
from models.audit import AuditEntry
from models.identity import Role, User, UserRole, UserState
from models.lists import ExportFile
from models.notices import Notice
from models.outbox import OutboxMessage
from models.schedules import ExportSchedule, ExportSending
from portal import clock
from portal.actors import TERMINAL, actor_of
from portal.jobs.verbs import enqueue
from portal.jobs.worker import Worker
from portal.lists import schedules
from portal.lists.scheduled import SCHEDULED
from portal.lists.schedules import Wish, next_day
from portal.local_day import today
from portal.refusals import Conflict, NotAllowed, NotFound
from portal.transaction import transaction
from tests.at_once import at_once
from tests.people import post, seat, someone
from tests.rooms.pages.firm import settle_in

STATEMENTS = Wish("/commission/statements", "csv", ("broker_no", "net"), "en", "monthly")


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    settle_in(app, tmp_path / "files")
    return app


@pytest.mark.parametrize(
    ("rhythm", "after", "next_on"),
    [
        ("daily", date(2030, 1, 3), date(2030, 1, 4)), ("daily", date(2030, 1, 4), date(2030, 1, 7)), ("weekly", date(2030, 1, 3), date(2030, 1, 7)),
        ("weekly", date(2030, 1, 7), date(2030, 1, 14)), ("monthly", date(2030, 1, 31), date(2030, 2, 1)), ("monthly", date(2030, 2, 1), date(2030, 3, 1)), ("monthly", date(2030, 2, 28), date(2030, 3, 1)),
    ],
)  # fmt: skip
def test_when_a_list_is_due_next(app: Flask, rhythm: str, after: date, next_on: date) -> None:
    """Where the calendar does not reach, weekdays count."""
    with app.app_context():
        assert next_day(rhythm, after) == next_on


def placed(app: Flask, user: int, wish: Wish = STATEMENTS) -> str:
    """An order of somebody, due today."""
    with app.app_context():
        with transaction():
            row = schedules.place(app, wish, today(), actor=actor_of(db.session.get_one(User, user)), moment=clock.now())
            row.next_on = today()
            number = row.public_id
        db.session.remove()
    return number


def work(app: Flask) -> None:
    with app.app_context():
        with transaction():
            enqueue(TERMINAL, clock.now(), SCHEDULED, {})
        db.session.remove()
    Worker(app).drain()


def held(app: Flask, what: Any) -> list[Any]:
    with app.app_context():
        found = list(db.session.execute(what).all())
        db.session.remove()
    return found


def test_a_list_comes_once_and_its_mail_holds_a_way_and_no_data(firm: Flask) -> None:
    user = someone(firm, Role.FINANCE)
    placed(firm, user)
    work(firm)
    work(firm)
    assert held(firm, select(ExportSending.outcome, ExportSending.rows)) == [("sent", 2)]
    with firm.app_context():
        assert db.session.execute(select(ExportSchedule.next_on)).scalar_one() == next_day("monthly", today())
        db.session.remove()
    file = held(firm, select(ExportFile.public_id, ExportFile.columns))[0]
    mail = held(firm, select(OutboxMessage.link, OutboxMessage.values, OutboxMessage.until).where(OutboxMessage.user_id == user))
    assert [(row.link, set(row.values)) for row in mail] == [(f"/exports/{file.public_id}", {"title", "rows"})]
    assert mail[0].until is not None
    assert "B001" not in str(mail)
    assert file.columns == ["broker_no", "net"]
    assert seat(firm, user).get(mail[0].link).status_code == 200
    assert seat(firm, someone(firm, Role.FINANCE)).get(mail[0].link).status_code == 404
    assert firm.test_client().get(mail[0].link).status_code in {302, 303}, "without a sign-in nothing opens"
    assert held(firm, select(func.count()).where(AuditEntry.action == "list.exported"))[0][0] == 1


def test_who_lost_the_right_gets_nothing_and_the_order_ends(firm: Flask) -> None:
    user = someone(firm, Role.FINANCE)
    placed(firm, user, Wish("/commission/payouts", "csv", (), "en", "daily"))
    with firm.app_context():
        with transaction():
            db.session.execute(update(UserRole).where(UserRole.user_id == user).values(role=Role.BRANCH_MANAGER))
        db.session.remove()
    work(firm)
    assert held(firm, select(ExportSending.outcome)) == [("stopped",)]
    assert not held(firm, select(ExportFile.id))
    ended = held(firm, select(ExportSchedule.ended_at, ExportSchedule.ended_why))[0]
    assert ended.ended_at is not None
    assert ended.ended_why == "the list may not be seen any more"
    assert held(firm, select(Notice.kind).where(Notice.user_id == user)) == [("export.stopped",)]
    work(firm)
    assert len(held(firm, select(ExportSending.id))) == 1


def test_a_disabled_person_gets_nothing(firm: Flask) -> None:
    user = someone(firm, Role.FINANCE)
    placed(firm, user)
    with firm.app_context():
        with transaction():
            db.session.get_one(User, user).state = UserState.DISABLED
        db.session.remove()
    work(firm)
    assert held(firm, select(ExportSending.outcome)) == [("stopped",)]
    assert not held(firm, select(ExportFile.id))
    assert not held(firm, select(OutboxMessage.id).where(OutboxMessage.user_id == user))


def test_of_two_workers_at_the_same_moment_one_begins(firm: Flask) -> None:
    placed(firm, someone(firm, Role.FINANCE))
    with firm.app_context():
        day = today()
        at_once(firm, lambda: schedules.begin(day, clock.now()), lambda: schedules.begin(day, clock.now()))
        assert db.session.execute(select(func.count()).select_from(ExportSending)).scalar_one() == 1
        numbers = list(db.session.execute(select(ExportSending.id)).scalars())
        with transaction():
            assert schedules.settle(numbers[0], schedules.Outcome.SENT, clock.now())
        with transaction():
            assert not schedules.settle(numbers[0], schedules.Outcome.SENT, clock.now()), "who comes second tells nobody"


def test_an_order_is_for_a_list_that_one_may_see_and_not_twice(firm: Flask) -> None:
    user = someone(firm, Role.BRANCH_MANAGER, branch_no="01")
    with firm.app_context():
        actor = actor_of(db.session.get_one(User, user))
        for address, refused in (("/commission/payouts", NotAllowed), ("/nothing", NotFound), ("/me", NotFound)):
            with pytest.raises(refused), transaction():
                schedules.place(firm, Wish(address, "csv", (), "en", "daily"), today(), actor=actor, moment=clock.now())
        db.session.remove()
    placed(firm, user)
    with pytest.raises(Conflict):
        placed(firm, user)


def text_in(client: FlaskClient, page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", client.get(page).text).split())


def test_an_order_is_placed_beside_a_file_and_ended_by_its_person_alone(firm: Flask) -> None:
    client, other = seat(firm, someone(firm, Role.FINANCE)), seat(firm, someone(firm, Role.FINANCE))
    post(client, "/exports", page="/commission/statements", at="/commission/statements?state=closed", form="csv")
    number = held(firm, select(ExportFile.public_id))[0][0]
    assert other.get(f"/orders/new/{number}").status_code == 404
    assert post(client, f"/orders/new/{number}", page=f"/orders/new/{number}", rhythm="hourly").status_code == 422
    assert post(client, f"/orders/new/{number}", page=f"/orders/new/{number}", rhythm="weekly").status_code == 303
    assert "On the first trading day of each week" in text_in(client, "/orders")
    order = held(firm, select(ExportSchedule.public_id, ExportSchedule.address))[0]
    assert order.address == "/commission/statements?state=closed"
    assert post(other, f"/orders/{order.public_id}/end", page="/orders").status_code == 404
    assert post(client, f"/orders/{order.public_id}/end", page="/orders").status_code == 303
    assert post(client, f"/orders/{order.public_id}/end", page="/orders").status_code == 409
