"""How many questions a list asks of the database: few, and as many with one row as with thousands."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from models import db
from models.identity import Role
from models.values.calendar import Month
from portal import clock
from portal.commission import runs
from portal.transaction import lock_months, transaction
from portal.web import list_pages
from tests import make
from tests.people import seat, someone
from tests.rooms.lists.test_lists import LISTS, OWN, queries, worked_out
from tests.rooms.pages.firm import DAY, NUMBERS, PERIOD, settle_in

MOST = 12
OF_ONE_THING = ("/clients/10001", "/departures/exposure", "/club/events/night")
"""Pages of one client, departure or event, which have more to say than the list that stands on them."""
OF_THE_FIRM = [
    "/attribution",
    f"/attribution/moves?from={DAY}&until={DAY}",
    "/attribution/findings",
    "/channels?from=2025-01&to=2026-03",
    "/channels/people?from=2025-01&to=2026-03",
    "/clients",
    "/trades",
    "/commission/statements",
    f"/commission/lines?period={PERIOD}&broker=B001",
    "/commission/months",
    f"/association?month={PERIOD}",
    "/overview/people",
    f"/departures/exposure?person=broker-B001&on={DAY}",
    "/risk",
    "/care",
    "/care/book",
]
"""Lists whose rows are the firm's accounts, or are added up from them."""


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """A firm with a row or two in every list."""
    settle_in(app, tmp_path / "files")
    worked_out(app)
    return app


def test_no_list_asks_more_than_twelve_questions(firm: Flask) -> None:
    clients: dict[Role, FlaskClient] = {}
    counts = {}
    for address, role in LISTS:
        if role not in clients:
            clients[role] = seat(firm, someone(firm, role, **{name: NUMBERS[name] for name in OWN.get(role, ())}))
            clients[role].get("/me")
        counts[f"{role.value} {address}"] = queries(firm, clients[role], address)
    assert {address: count for address, count in counts.items() if count > MOST and not address.partition(" ")[2].startswith(OF_ONE_THING)} == {}


def grown(app: Flask, folder: Path, accounts: int) -> None:
    """The firm with so many accounts, each of which traded on the day; its month computed anew."""
    numbers = [str(10_000 + place) for place in range(1, accounts + 1)]
    files = make.firm(folder, accounts=numbers)
    make.day(files, DAY, dict.fromkeys(numbers, ("100000.00", "0.00")), [(number, "SHFE", "rb", "10", "300000.00", "100.00", "40.00") for number in numbers])
    with app.app_context():
        make.accepted(files)
        computed = runs.compute_now(Month.parse(PERIOD))
        with transaction():
            lock_months()
            runs.store_run(computed, clock.now(), overrides_allowed=True)
        db.session.remove()


def counted(app: Flask, folder: Path, addresses: list[str], sizes: tuple[int, ...]) -> dict[str, list[int]]:
    """The questions of each list while the firm grows."""
    seen: dict[str, list[int]] = {address: [] for address in addresses}
    grown(app, folder / "first", 1)
    admin = seat(app, someone(app, Role.ADMIN))
    for address in seen:
        admin.get(address)  # what a process asks once in its life is asked here
    for size in sizes:
        grown(app, folder / str(size), size)
        for address, counts in seen.items():
            counts.append(queries(app, admin, address))
    return seen


def wrong(seen: dict[str, list[int]]) -> dict[str, list[int]]:
    """Lists that ask more of a larger firm, or too much of any."""
    return {address: counts for address, counts in seen.items() if counts != sorted(counts, reverse=True) or (max(counts) > MOST and not address.startswith(OF_ONE_THING))}


def test_a_list_asks_no_more_of_a_large_firm_than_of_a_small_one(app: Flask, tmp_path: Path) -> None:
    assert wrong(counted(app, tmp_path, OF_THE_FIRM, (2, 30, 3_000))) == {}


def test_control_a_question_for_each_row_is_caught(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = list_pages.page_of_frame

    def one_by_one(frame, wanted):
        page = whole(frame, wanted)
        for _row in page.rows:
            db.session.execute(text("SELECT 1"))
        return page

    monkeypatch.setattr(list_pages, "page_of_frame", one_by_one)
    assert wrong(counted(app, tmp_path, ["/attribution"], (2, 5)))
