"""One of the staff leaves: looked at first, then sign-in, day and clients end together, once, and the past stays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from models import db
from models.api import ApiKey
from models.audit import Recording
from models.clients import Servicing
from models.columns import OPEN_END
from models.departures import DepartureStep
from models.identity import Role, User, UserSession
from models.partners import Staff
from portal.actors import Actor, actor_of
from portal.departures import leaving
from portal.departures.leaving import Leaves
from portal.identity import api_keys
from portal.keys import keyring
from portal.partners.here import left
from portal.refusals import Conflict, NotAllowed, Refusal
from portal.transaction import transaction
from tests.people import seat, someone
from tests.rooms.departures.scene import NOON, TODAY, departures, recorded, serving, settle_in, staff, who

END = str(OPEN_END)
HERS = [
    ("10001", "S001", "originator", "2025-01-02", END),
    ("10001", "S001", "servicer", "2025-01-02", END),
    ("10002", "S001", "servicer", "2025-01-02", END),
    ("10002", "S002", "servicer", "2025-06-02", END),
    ("10003", "S001", "servicer", "2026-06-01", END),
    ("10004", "S002", "servicer", "2025-01-02", END),
]


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Iterator[Flask]:
    settle_in(app, tmp_path / "files")
    with app.app_context():
        yield app
        db.session.remove()


@pytest.fixture
def admin(firm: Flask) -> Actor:
    return who(firm, Role.ADMIN)


def take_effect(key: int, actor: Actor, typed: str = "S001", day: date = TODAY, today: date = TODAY) -> Leaves | None:
    with transaction():
        return leaving.take_effect(key, day, typed, actor=actor, moment=NOON, today=today)


def staff_id(number: str) -> int:
    return db.session.execute(select(Staff.id).where(Staff.staff_no == number)).scalar_one()


def test_everything_ends_at_once_and_what_was_before_stays(firm: Flask, admin: Actor) -> None:
    user_id = someone(firm, Role.STAFF, staff_no="S002", branch_no="01")
    browser = seat(firm, user_id)
    with transaction():
        _row, key_text = api_keys.make(actor_of(db.session.get_one(User, user_id)), NOON, name="desk", days=30)
    key, phone = recorded(admin, "S002"), keyring().open(staff("S002").phone_sealed, "staff_version.phone_sealed:S002")
    assert phone == "13800000021"
    looked = leaving.leaves(staff_id("S002"), TODAY, NOON)
    assert (looked.sign_ins, looked.alone, looked.shared, looked.spans) == (1, 1, 1, 2)
    assert take_effect(key, admin, "S002") == looked
    known = staff("S002")
    assert (known.left_on, keyring().open(known.phone_sealed, "staff_version.phone_sealed:S002"), known.joined_on) == (TODAY, phone, date(2025, 1, 1))
    assert [row for row in serving() if row[1] == "S002"] == [("10002", "S002", "servicer", "2025-06-02", "2026-04-01"), ("10004", "S002", "servicer", "2025-01-02", "2026-04-01")]
    assert [row for row in serving() if row[1] == "S001"] == [row for row in HERS if row[1] == "S001"], "nobody else is touched"
    assert db.session.get_one(User, user_id).state == "disabled"
    assert db.session.execute(select(func.count()).select_from(UserSession).where(UserSession.user_id == user_id, UserSession.ended_at.is_(None))).scalar_one() == 0
    assert api_keys.caller(key_text, NOON) is None
    assert db.session.execute(select(ApiKey.revoked_at)).scalar_one() == NOON
    db.session.remove()
    assert browser.get("/me").status_code == 302
    assert left([staff_id("S001"), staff_id("S002")], TODAY) == {staff_id("S002")}
    assert left([staff_id("S002")], TODAY - timedelta(days=1)) == set()


def test_a_span_that_had_not_begun_is_taken_back_under_one_recording(admin: Actor) -> None:
    key = recorded(admin)
    before = db.session.execute(select(func.count()).select_from(Servicing)).scalar_one()
    take_effect(key, admin)
    assert [row for row in serving() if row[1] == "S001"] == [
        ("10001", "S001", "originator", "2025-01-02", END),
        ("10001", "S001", "servicer", "2025-01-02", "2026-04-01"),
        ("10002", "S001", "servicer", "2025-01-02", "2026-04-01"),
    ]
    new = db.session.execute(select(Servicing.recording_id, func.count()).where(Servicing.id > before).group_by(Servicing.recording_id)).all()
    newest = db.session.execute(select(Recording).order_by(Recording.id.desc()).limit(1)).scalar_one()
    assert [tuple(row) for row in new] == [(newest.id, 3)]
    assert (newest.kind, newest.note) == ("departure", "L2026-00001")


def test_a_second_time_changes_nothing(admin: Actor) -> None:
    key = recorded(admin)
    take_effect(key, admin)
    was, steps = serving(), select(func.count()).select_from(DepartureStep)
    count = db.session.execute(steps).scalar_one()
    with pytest.raises(Conflict, match="L2026-00001 is effective by now"):
        take_effect(key, admin)
    assert (serving(), db.session.execute(steps).scalar_one()) == (was, count)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"typed": "S002"}, "type the staff number S001"),
        ({"day": TODAY + timedelta(days=1)}, "still to come"),
        ({"day": date(2026, 3, 19)}, "nobody leaves before he says so"),
    ],
)
def test_a_slip_changes_nothing(admin: Actor, more: dict[str, object], said: str) -> None:
    key = recorded(admin)
    with pytest.raises(Refusal, match=said):
        take_effect(key, admin, **more)  # type: ignore[arg-type]
    db.session.rollback()
    assert (serving(), departures(), staff("S001").left_on) == (HERS, [("staff_leaves", "announced")], None)


def test_a_broker_keeps_what_is_changed_elsewhere_and_a_suspicion_takes_nobody_away(admin: Actor) -> None:
    broker, suspicion = recorded(admin, "B001", "broker_moves"), recorded(admin, "S001", announced=None, evidence="a rumour")
    assert take_effect(broker, admin, "") is None
    with pytest.raises(Conflict, match="is suspected by now"):
        take_effect(suspicion, admin)
    assert serving() == HERS
    assert departures() == [("broker_moves", "effective"), ("staff_leaves", "suspected")]
    assert left([staff_id("S001")], TODAY) == set()


def test_a_branch_closes_no_sign_in_that_reaches_beyond_it(firm: Flask) -> None:
    manager = who(firm, Role.BRANCH_MANAGER, branch_no="01", staff_no="S002")
    someone(firm, Role.COMPLIANCE, staff_no="S001", branch_no="01")
    key, own = recorded(manager), recorded(who(firm, Role.ADMIN), "S002")
    with pytest.raises(NotAllowed, match="reaches beyond the branch"):
        take_effect(key, manager)
    with pytest.raises(Refusal, match="your own sign-in"):
        take_effect(own, manager, "S002")
    db.session.rollback()
    assert serving() == HERS


def test_who_is_announced_is_gone_from_the_day_also_where_the_file_still_shows_him(admin: Actor) -> None:
    recorded(admin, effective=TODAY)
    assert [left([staff_id("S001")], day) for day in (TODAY - timedelta(days=1), TODAY)] == [set(), {staff_id("S001")}]
