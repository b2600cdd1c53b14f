"""Lists: the address alone repeats them, nothing in it breaks them, and no row is shown twice or skipped."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import event, select
from werkzeug.datastructures import MultiDict

from models import db
from models.identity import User, UserState
from portal.web.paging import Filter, Listing, Page, day_filter, page_of, read

LISTING = Listing(
    tiebreak=User.id,
    sorts={"name": User.name, "email": User.email},
    default="name",
    filters=(
        Filter("q", "Name", lambda text: User.name.contains(text, autoescape=True)),
        Filter("state", "State", lambda state: User.state == state, choices=((UserState.ACTIVE, "Active"), (UserState.DISABLED, "Disabled"))),
        day_filter("since", "Since", lambda day: User.created_at >= datetime(day.year, day.month, day.day, tzinfo=UTC)),
    ),
)
STATEMENT = select(User)


@pytest.fixture(autouse=True)
def people(database: None) -> None:
    """107 users, whose names repeat every ten."""
    for number in range(107):
        state = UserState.DISABLED if number % 4 == 0 else UserState.ACTIVE
        db.session.add(
            User(public_id=f"u{number}", email=f"{number:03d}@example.cn", name=f"人{number % 10}", state=state, locale="", theme="", created_at=datetime(2026, 1, 1, tzinfo=UTC))
        )
    db.session.flush()


def page(address: str = "", listing: Listing = LISTING) -> Page:
    pairs = [part.split("=", 1) for part in address.split("&") if part]
    return page_of(STATEMENT, read(listing, MultiDict((name, value) for name, value in pairs), "/users"), scalars=True)


def test_pages_hold_every_row_once() -> None:
    seen = [row.id for number in range(1, 6) for row in page(f"page={number}").rows]
    assert len(seen) == 107
    assert len(set(seen)) == 107


def test_a_page_says_where_it_stands_and_leads_on() -> None:
    second = page("page=2&state=active&sort=-name")
    assert (second.first, second.last, second.total, second.pages) == (26, 50, 80, 4)
    assert second.next_href == "/users?state=active&sort=-name&page=3"
    assert second.previous_href == "/users?state=active&sort=-name"
    assert second.sort_href("name") == "/users?state=active"
    assert second.sort_href("email") == "/users?state=active&sort=email"
    assert second.sorted_by("name") == "down"
    assert [chip.without for chip in second.chips] == ["/users?sort=-name"]


def test_a_page_that_is_no_more_shows_the_last() -> None:
    assert [page("page=99").number, len(page("page=99").rows)] == [5, 7]


def test_filters_narrow() -> None:
    assert page("q=人3").total == 11
    assert page("state=disabled").total == 27
    assert page("since=2026-02-01").total == 0
    assert page("q=%").total == 0


@pytest.mark.parametrize(
    "address",
    [
        "page=0x1", "page=-1", "page=１", "page=99999999999999999999", "per_page=7", "per_page=abc", "sort=password_hash", "sort=--name", "sort=name;drop",
        "state=deleted", "since=2026-02-30", "since=yesterday", "since=٢٠٢٦-٠١-٠١", "q=\x00", "q=" + "x" * 300,
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_left_out_and_said(address: str, app) -> None:
    with app.test_request_context():
        shown = page(address)
        assert shown.notices
        assert shown.total == 107
        assert not shown.chips


def test_going_on_by_key_shows_every_row_once_in_both_directions() -> None:
    listing = replace(LISTING, keyset=True)
    for sort in ("name", "-name"):
        seen, address = [], f"sort={sort}"
        while True:
            shown = page(address, listing)
            assert shown.total is None
            seen += [row.id for row in shown.rows]
            if not shown.next_href:
                break
            address = shown.next_href.split("?", 1)[1].replace("%3D", "=")
        assert len(seen) == len(set(seen)) == 107


@pytest.mark.parametrize("token", ["x", "e30=", "WyJpbnQiLDEsMV0", "WyJzdHIiLCJhIiwxZTk5XQ==", "W1tbW1tb", "bnVsbA==", "é"])
def test_a_forged_place_to_go_on_from_is_the_beginning(token: str, app) -> None:
    with app.test_request_context():
        shown = page(f"after={token}", replace(LISTING, keyset=True))
        assert shown.notices
        assert len(shown.rows) == 25


def test_a_list_asks_two_questions_whatever_its_length(statements: list[str]) -> None:
    page_of(select(User.id, User.name), read(LISTING, MultiDict({"page": "2"}), "/users"))
    assert len(statements) == 2


@pytest.fixture
def statements(people: None):
    """The statements that reach the database."""
    seen: list[str] = []

    def note(connection, cursor, statement, *rest) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.engine, "before_cursor_execute", note)
