"""Plays: which facts set which task, once, for whoever looks after the client; seen before they are switched, and off as they were."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from flask import Flask
from sqlalchemy import select

from models import db
from models.care import CareTask
from models.clients import Account
from models.identity import Role
from models.settlement import Balance
from models.values.money import yuan
from portal import clock
from portal.actors import TERMINAL
from portal.care import playing
from portal.care.plays import BY_NAME, FACTS
from portal.jobs.care import is_due
from portal.local_day import today
from portal.transaction import transaction
from tests import make
from tests.people import post, seat, someone
from tests.rooms.pages.firm import settle_in

DAY = date(2026, 3, 10)


def facts(**given: Any) -> pl.DataFrame:
    """One client of whom a play knows no more than is given."""
    row = {
        **dict.fromkeys(FACTS),
        "account_id": 7,
        "owner_id": 3,
        "name": "x",
        "equity": 100,
        "margin": 0,
        "is_key": False,
        "opened_on": date(2026, 2, 1),
        "spoken_on": DAY,
        **given,
    }
    return pl.DataFrame([row], schema=FACTS, orient="row")


@pytest.mark.parametrize(
    ("play", "given", "occasion"),
    [
        ("new_client", {"opened_on": date(2026, 2, 8)}, "2026-02-08"),
        ("new_client", {"opened_on": date(2026, 2, 7)}, None),
        ("new_client", {"opened_on": date(2026, 3, 11)}, None),
        ("birthday", {"birthday": date(1980, 3, 10)}, "2026"),
        ("birthday", {"birthday": date(1980, 3, 13)}, "2026"),
        ("birthday", {"birthday": date(1980, 3, 14)}, None),
        ("birthday", {"birthday": date(1980, 3, 9)}, None),
        ("losing_streak", {"losing_days": 5, "losing_since": date(2026, 3, 3)}, "2026-03-03"),
        ("losing_streak", {"losing_days": 4, "losing_since": date(2026, 3, 3)}, None),
        ("margin_call", {"margin": 101}, "2026-03-10"),
        ("margin_call", {"margin": 100}, None),
        ("margin_call", {"margin": 1, "equity": -5}, "2026-03-10"),
        ("silent", {"spoken_on": date(2025, 12, 10)}, "2025-12-10"),
        ("silent", {"spoken_on": date(2025, 12, 11)}, None),
        ("silent", {"spoken_on": None, "opened_on": date(2025, 1, 2)}, "2025-01-02"),
        ("key_client", {"is_key": True}, "2026-1"),
        ("key_client", {}, None),
        ("broker_left", {"broker_left_on": date(2026, 3, 10)}, "2026-03-10"),
        ("broker_left", {"broker_left_on": date(2026, 3, 11)}, None),
        ("broker_left", {}, None),
    ],
)
def test_facts_set_a_task_on_their_occasion(play: str, given: dict[str, Any], occasion: str | None) -> None:
    found = BY_NAME[play].tasks(facts(**given), DAY, DAY)
    assert found["business_key"].to_list() == ([] if occasion is None else [f"play:{play}:7:{occasion}"])


def test_a_birthday_of_29_february_is_kept_on_the_28th() -> None:
    found = BY_NAME["birthday"].tasks(facts(birthday=date(1980, 2, 29)), date(2026, 2, 26), DAY)
    assert found["business_key"].to_list() == ["play:birthday:7:2026"]


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    settle_in(app, tmp_path / "files")
    return app


def run(app: Flask) -> dict[str, int]:
    """What the nightly job does."""
    with app.app_context():
        with transaction():
            told = playing.run(today(), date(2026, 3, 2), TERMINAL, clock.now())
        db.session.remove()
    return told


def test_a_play_sets_nothing_before_it_is_switched_on_and_each_task_once(firm: Flask) -> None:
    admin = seat(firm, someone(firm, Role.ADMIN))
    assert run(firm) == {"uncovered": 0}
    before = admin.get("/care/plays/silent").text
    assert "2 tasks" in before
    assert "nobody who looks after the client" in before
    assert post(admin, "/care/plays/silent", "/me", on="yes").status_code == 303
    assert run(firm) == {"silent": 1, "uncovered": 1}
    assert run(firm) == {"silent": 0, "uncovered": 1}
    with firm.app_context():
        (task,) = db.session.execute(select(CareTask)).scalars()
        assert (task.kind, task.state, task.due_on > today()) == ("silent", "open", True)
        assert is_due(clock.now())
        db.session.remove()
    assert post(admin, "/care/plays/silent", "/me", on="no").status_code == 303
    assert run(firm) == {"uncovered": 0}
    assert admin.get("/care/plays").text.count("play.") == 0


def test_a_losing_streak_is_counted_to_its_first_day(firm: Flask, tmp_path: Path) -> None:
    days = (("03", 100), ("04", -100), ("05", -100), ("06", -100), ("09", -100), ("10", -100))
    with firm.app_context():
        names = dict(db.session.execute(select(Account.account_no, Balance.equity).join(Balance, Balance.account_id == Account.id)).all())
        for day, profit in days:
            make.accepted(make.day(tmp_path / day, f"2026-03-{day}", {name: (yuan(equity), yuan(profit)) for name, equity in names.items()}))
            names = {name: equity + profit for name, equity in names.items()}
        with transaction():
            playing.switch("losing_streak", True, TERMINAL, clock.now(), today())
        found = playing.wanted([BY_NAME["losing_streak"]], date(2026, 3, 10), date(2026, 3, 10))
        assert [key.split(":", 3)[3] for key in found["business_key"].to_list()] == ["2026-03-04"] * 2
        assert playing.wanted([BY_NAME["losing_streak"]], date(2026, 3, 9), date(2026, 3, 9)).is_empty()
        db.session.remove()


def test_who_is_a_key_client_is_a_dated_rule(firm: Flask) -> None:
    admin = seat(firm, someone(firm, Role.ADMIN))
    assert "10001" not in admin.get("/care/book?key=yes&format=csv").text
    with firm.app_context():
        day = today().isoformat()
    assert post(admin, "/care/plays/key-clients", "/me", equity="1.00", share="2", counts_from="2020-01-01").status_code == 422
    assert post(admin, "/care/plays/key-clients", "/me", equity="lots", share="2", counts_from=day).status_code == 422
    assert post(admin, "/care/plays/key-clients", "/me", equity="999999999.00", share="100", counts_from=day).status_code == 303
    assert "10001" in admin.get("/care/book?key=yes&format=csv").text
    assert post(seat(firm, someone(firm, Role.BRANCH_MANAGER, branch_no="01")), "/care/plays/key-clients", "/me").status_code == 403
