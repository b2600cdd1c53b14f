"""From guest to equity: each person once, for his first event, and each step as of its day."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event as listened
from sqlalchemy import insert, select, update

from models import db
from models.clients import Account
from models.identity import Role
from models.leads import Lead
from models.settlement import Balance, SettlementDay
from portal.club import guest_funnel
from portal.club.guest_funnel import COUNTS, MONEY, Funnel, Row
from portal.local_day import today, zone
from portal.pages.club_funnel import share_of
from portal.transaction import transaction
from tests.people import seat, someone
from tests.rooms.club.test_guests import evening, form_code, invited, member, seats
from tests.rooms.introductions.test_public_form import send
from tests.rooms.pages.firm import settle_in

DAY = timedelta(days=1)
PEOPLE = (("李四", "13912345678"), ("赵六", "13912345679"))


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """Two evenings with guests; two left a number, one of them at both evenings."""
    settle_in(app, tmp_path / "files")
    host = member(app)
    both = seats(app, evening(app), host, "李四", "赵六")
    for position, (name, phone) in enumerate(PEOPLE, 1):
        token = invited(app, both, host, position)
        assert send(app, form_code(app, token), name=name, phone=phone, address=f"10.0.0.{position}").status_code == 200
    later = seats(app, evening(app, "second"), host, "李四", "钱七")
    assert send(app, form_code(app, invited(app, later, host)), name="李四", phone="13912345678", address="10.0.0.9").status_code == 200
    return app


def became(name: str, account_no: str) -> int:
    """A lead opened this account of the firm. Returns the account's number."""
    with transaction():
        number = db.session.execute(select(Account.id).where(Account.account_no == account_no)).scalar_one()
        db.session.execute(update(Lead).where(Lead.name == name).values(account_id=number))
    return number


def settled(day: date, moneys: dict[int, tuple[int, int]], version: int = 1) -> None:
    """A settled day with deposit and equity by account."""
    like = dict(db.session.execute(select(SettlementDay.__table__).limit(1)).mappings().one())
    balance = dict(db.session.execute(select(Balance.__table__).limit(1)).mappings().one())
    with transaction():
        db.session.execute(insert(SettlementDay), [{key: value for key, value in like.items() if key != "id"} | {"trade_date": day, "version": version}])
        rows = [balance | {"trade_date": day, "account_id": number, "version": version, "deposit": put, "equity": held} for number, (put, held) in moneys.items()]
        db.session.execute(insert(Balance), rows)


def told(found: Funnel) -> list[tuple[int, ...]]:
    """The numbers of every row, and of all together."""
    return [tuple(getattr(row, name) for name in (*COUNTS, *MONEY)) for row in (*found.rows, found.whole)]


def test_each_person_stands_once_and_goes_step_by_step(firm: Flask) -> None:
    """guests, pages, leads, opened, paid in, hold; first deposits, equity. The second evening brought nobody new."""
    with firm.app_context():
        _step_by_step(today())


def _step_by_step(day: date) -> None:
    assert told(guest_funnel.funnel(day, zone())) == [(2, 1, 0, 0, 0, 0, 0, 0), (2, 2, 2, 0, 0, 0, 0, 0), (4, 3, 2, 0, 0, 0, 0, 0)]
    one, two = became("李四", "10001"), became("赵六", "10002")
    settled(day - 3 * DAY, {one: (0, 0), two: (0, 100)})
    settled(day - 2 * DAY, {one: (50_000, 50_000), two: (0, 0)})
    settled(day - DAY, {one: (70_000, 90_000), two: (0, 0)})
    first = guest_funnel.funnel(day, zone())
    assert (first.settled, told(first)[1]) == (day - DAY, (2, 2, 2, 2, 1, 1, 50_000, 90_000)), "the first deposit alone, the equity of the last settled day"
    settled(day - DAY, {one: (0, -5)}, version=2)
    assert told(guest_funnel.funnel(day, zone()))[1] == (2, 2, 2, 2, 1, 0, 50_000, 0), "a corrected day counts in its newest version"


def test_a_past_day_is_told_as_it_was(firm: Flask) -> None:
    """The lead came today: yesterday nobody had left a number, and what his account held belongs to nobody’s guest."""
    with firm.app_context():
        became("李四", "10001")
        assert told(guest_funnel.funnel(today() - DAY, zone())) == [(0,) * 8]
        empty = guest_funnel.funnel(date(2001, 1, 1), zone())
        assert (empty.settled, empty.whole) == (None, Row(None))


def test_it_takes_as_many_statements_for_forty_evenings_as_for_two(firm: Flask) -> None:
    host = member(firm)

    def statements() -> int:
        seen: list[str] = []
        with firm.app_context():
            listened.listen(db.engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
            guest_funnel.funnel(today(), zone())
            db.session.remove()
        return len(seen)

    few = statements()
    for number in range(8):
        seats(firm, evening(firm, f"e{number}"), host, "孙八")
    assert statements() == few


def test_the_page_has_a_picture_its_table_and_a_file(firm: Flask) -> None:
    desk = seat(firm, someone(firm, Role.ADMIN))
    page = desk.get("/club/funnel").text
    assert ("From guest to equity" in page, "Guests: 4. Left a number: 2." in page, page.count("<tfoot>")) == (True, True, 1)
    taken = desk.get("/club/funnel?format=csv").data.decode("utf-8-sig").splitlines()
    assert [line for line in taken if line.startswith(("All", '"All"'))] == ["All,4,3,2,0,0,0.00,0,0.00"]
    for wrong in ("2031-01-01", "x", "0001-01-01", "1999-12-31"):
        assert desk.get(f"/club/funnel?day={wrong}").status_code == 422
    assert seat(firm, someone(firm, Role.BROKER, broker_no="B001")).get("/club/funnel").status_code == 403


def test_shares_are_of_the_step_before(app: Flask) -> None:
    row = Row(None, guests=8, pages=4, leads=3)
    assert [share_of(row, name) for name in COUNTS] == [None, 5_000, 7_500, 0, None, None]
