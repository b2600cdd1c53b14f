"""When something of a broker's lapses, and what is said about it how long before. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, timedelta

AHEAD = (60, 30, 7)
"""So many days before a lapse it is said, each once."""

Days = tuple[date, date]
"""A span: its first day, and the first day after it."""


def lapses_on(spans: Iterable[Days], today: date) -> date | None:
    """The first day, from today on, that no span covers; None where today itself is not covered.

    >>> lapses_on([(date(2026, 1, 1), date(2026, 7, 1)), (date(2026, 6, 1), date(2027, 1, 1))], date(2026, 3, 1))
    datetime.date(2027, 1, 1)
    >>> lapses_on([(date(2026, 1, 1), date(2026, 7, 1)), (date(2026, 7, 2), date(2027, 1, 1))], date(2026, 3, 1))
    datetime.date(2026, 7, 1)
    """
    reached = today
    for first, end in sorted(spans):
        if first <= reached < end:
            reached = end
    return reached if reached > today else None


def due(lapse: date, today: date, marked: Collection[int]) -> list[int]:
    """Which of AHEAD are reached and not marked yet, the longest first. What was missed while nobody looked is said once, by the shortest.

    >>> due(date(2026, 5, 1), date(2026, 3, 1), ()), due(date(2026, 5, 1), date(2026, 3, 2), ())
    ([], [60])
    >>> due(date(2026, 5, 1), date(2026, 4, 2), (60,)), due(date(2026, 5, 1), date(2026, 4, 28), ())
    ([30], [60, 30, 7])
    """
    return [days for days in AHEAD if lapse - timedelta(days=days) <= today < lapse and days not in marked]
