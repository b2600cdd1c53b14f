"""When a client has left, told from his account's days."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from portal.risk.outcomes import Day, How, Outcome, outcome

START = date(2026, 1, 5)
RICH = 10_000_000


def on(place: int) -> date:
    return START + timedelta(days=place)


def days(*spans: tuple[int, int, int, bool]) -> list[Day]:
    """Spans of (how many days, equity, net deposits of the first of them, whether he trades)."""
    found: list[Day] = []
    for count, equity, net, traded in spans:
        found += [Day(on(len(found) + place), equity, net if place == 0 else 0, traded) for place in range(count)]
    return found


@pytest.mark.parametrize(
    ("what", "lived", "closed", "wanted"),
    [
        ("stays", days((200, RICH, 0, True)), None, Outcome(None, None)),
        ("closed his account", days((50, RICH, 0, True)), on(40), Outcome(on(40), How.CLOSED)),
        ("a closing after the last day is not known yet", days((50, RICH, 0, True)), on(60), Outcome(None, None)),
        ("lost most of it in the market and trades on", days((100, RICH, 0, True), (100, RICH // 10, 0, True)), None, Outcome(None, None)),
        ("lost it all in the market and is gone for 60 days", days((100, RICH, 0, True), (60, 99_999, 0, False)), None, Outcome(on(100), How.LEFT)),
        ("59 days are not 60", days((100, RICH, 0, True), (59, 99_999, 0, False)), None, Outcome(None, None, on(100))),
        ("1,000.00 yuan are not below 1,000.00", days((100, RICH, 0, True), (100, 100_000, 0, False)), None, Outcome(None, None)),
        ("drew out most of it", days((100, RICH, 0, True), (70, RICH // 10, -RICH * 9 // 10, True)), None, Outcome(on(100), How.LARGELY_LEFT)),
        ("drew it out and the 60 days are not over", days((100, RICH, 0, True), (30, RICH // 10, -RICH * 9 // 10, True)), None, Outcome(None, None, on(100))),
        ("brought it back in time", days((100, RICH, 0, True), (50, RICH // 10, -RICH * 9 // 10, True), (60, RICH, RICH * 9 // 10, True)), None, Outcome(None, None)),
        ("brought it back too late", days((100, RICH, 0, True), (70, RICH // 10, -RICH * 9 // 10, True), (60, RICH, RICH, True)), None, Outcome(on(100), How.LARGELY_LEFT)),
        ("drew out half", days((100, RICH, 0, True), (100, RICH // 2, -RICH // 2, True)), None, Outcome(None, None)),
        ("never had money", days((200, 50_000, 0, False)), None, Outcome(None, None)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_became_of_a_client(what: str, lived: list[Day], closed: date | None, wanted: Outcome) -> None:
    assert outcome(lived, closed) == wanted


def test_what_comes_later_is_not_looked_at() -> None:
    lived = days((100, RICH, 0, True), (70, 50_000, -RICH, False))
    assert outcome(lived, until=on(99)) == Outcome(None, None)
    assert outcome(lived, until=on(120)).on is None
