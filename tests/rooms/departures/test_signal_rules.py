"""The rules of signals on constructed facts: each as it just raises one, and as it just does not."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from models.departure_signals import SignalKind as Kind
from portal.departures.signal_rules import Counted, cluster, ending, silence, tail, unusual

DAY = date(2026, 3, 31)


def every(step: int, count: int, last: int) -> list[date]:
    """Deeds every so many days, the last so many days ago."""
    return [DAY - timedelta(days=last + step * number) for number in range(count)]


@pytest.mark.parametrize(
    ("spans", "days"),
    [
        ([(0, 60)], 60),
        ([(0, 61)], None),
        ([(0, 1)], 1),
        ([(-90, 0)], None),
        ([(-90, 20), (20, 400)], None),
        ([(-90, 20), (21, 400)], 20),
        ([(-90, 20), (5, 45)], 45),
        ([], None),
    ],
    ids=["60 days", "61 days", "tomorrow", "ended already: a lapse, no signal", "renewed", "renewed with a gap", "two overlap: the later end", "never had one"],
)
def test_an_end_within_sixty_days_without_renewal(spans: list[tuple[int, int]], days: int | None) -> None:
    found = ending(Kind.LICENCE_ENDS, [(DAY + timedelta(days=first), DAY + timedelta(days=end)) for first, end in spans], DAY)
    assert (found and found.evidence["days"]) == days


@pytest.mark.parametrize(
    ("deeds", "said"),
    [
        (every(5, 10, 30), (30, 30, 5)),
        (every(5, 10, 29), None),
        (every(5, 10, 60), (60, 60, 5)),
        (every(5, 10, 95), (90, 95, 5)),
        (every(5, 5, 40), None),
        ([], None),
        ([*every(5, 10, 30), DAY - timedelta(days=110)], None),
        (every(11, 10, 32), None),
        (every(11, 10, 33), (30, 33, 11)),
        ([*every(5, 10, 30), DAY + timedelta(days=1)], (30, 30, 5)),
        (every(20, 5, 40) + every(1, 1, 500), None),
    ],
    ids=[
        "30 days", "29 days", "60 days", "95 days are the level of 90", "five deeds are no habit", "never did", "was away as long before", "less than three times the usual pause",
        "three times the usual pause", "what comes later is not read", "older than a year is no habit",
    ],
)  # fmt: skip
def test_silence_against_the_own_habit(deeds: list[date], said: tuple[int, int, int] | None) -> None:
    found = silence(Kind.NO_CONTACT, deeds, DAY)
    assert (found and (found.evidence["level"], found.evidence["days"], found.evidence["usual"])) == said


@pytest.mark.parametrize(
    ("counted", "raised"),
    [
        (Counted(3, 6, 0, 6, 0, 40), True),
        (Counted(2, 6, 0, 6, 0, 40), False),
        (Counted(4, 4, 0, 4, 0, 40), False),
        (Counted(3, 6, 3, 6, 0, 40), False),
        (Counted(3, 6, 0, 6, 20, 40), False),
        (Counted(3, 60, 0, 60, 0, 400), False),
    ],
    ids=["three of six", "two are too few", "four clients are too few", "these always do", "everybody does", "three of sixty happen by chance"],
)
def test_a_cluster_against_these_clients_and_the_firm(counted: Counted, raised: bool) -> None:
    assert (cluster(Kind.WITHDRAWALS, counted) is not None) == raised


def test_chance_is_that_of_the_binomial_distribution() -> None:
    assert tail(5, 10, 0.5) == pytest.approx(638 / 1024)
    assert tail(10, 10, 0.5) == pytest.approx(1 / 1024)


@pytest.mark.parametrize(
    ("kind", "weeks", "known", "raised"),
    [
        (Kind.LOOK_UPS, [20, *[6] * 12], 52, True),
        (Kind.LOOK_UPS, [19, *[0] * 12], 52, False),
        (Kind.LOOK_UPS, [20, *[7] * 12], 52, False),
        (Kind.EXPORTS, [200, *[0] * 12], 52, True),
        (Kind.EXPORTS, [200, *[0] * 12], 7, False),
        (Kind.EXPORTS, [200, *[0] * 12], 8, True),
    ],
    ids=["three times the busiest week", "19 are few", "not three times", "never before", "known for seven weeks", "known for eight"],
)
def test_look_ups_against_the_own_weeks(kind: Kind, weeks: list[int], known: int, raised: bool) -> None:
    assert (unusual(kind, weeks, known) is not None) == raised
