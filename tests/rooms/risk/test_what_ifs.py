"""Past what-ifs: each departure is asked from its own first day on, for those who were exposed to it on its eve."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest
from flask import Flask

from models import db
from models.departures import DepartureState
from portal.risk import facts, hazard, what_ifs
from portal.risk.features import EVENT, FEATURES, Frame, ids
from portal.risk.hazard import Weights
from portal.risk.what_ifs import Gone
from tests.rooms.risk.test_scores import ZONE, firm, leaves

__all__ = ["firm"]

KNOWN = datetime(2026, 3, 4, 2, tzinfo=UTC)
ONE_IN_FIVE = Weights((-2_550_000,) * 3, {}, {})
"""Everybody leaves within 90 days with about one chance in five."""


def eve(clients: int) -> tuple[Gone, Frame]:
    people = pl.DataFrame({"account_id": range(clients)})
    return Gone(date(2026, 3, 4), date(2026, 3, 3), True, people["account_id"]), Frame(people, np.zeros((clients, len(FEATURES))))


@pytest.mark.parametrize(("clients", "left", "said"), [(12, 3, (1, 1)), (12, 0, (1, 1)), (40, 0, (0, 1)), (40, 8, (1, 1)), (12, 12, (0, 1)), (9, 2, (0, 0))])
def test_it_came_true_where_as_many_left_as_the_interval_said(clients: int, left: int, said: tuple[int, int]) -> None:
    assert round(float(hazard.probability(ONE_IN_FIVE, np.zeros((1, len(FEATURES))))[0]), 2) == 0.2
    gone = np.arange(clients) < left
    assert what_ifs.held(iter([eve(clients)]), lambda day: ONE_IN_FIVE, lambda one, frame: (np.ones(clients, bool), gone)) == said


def test_who_does_not_count_is_in_neither_number() -> None:
    counts = np.arange(20) < 10
    assert what_ifs.held(iter([eve(20)]), lambda day: ONE_IN_FIVE, lambda one, frame: (counts, ~counts)) == (1, 1)


def test_on_its_eve_everybody_stands_under_the_departure_as_on_its_first_day() -> None:
    values = np.zeros((2, len(FEATURES)))
    values[:, FEATURES.index("ties")], values[1, FEATURES.index("reached")], values[:, FEATURES.index("tenure")] = 0.5, 1, 0.25
    for broker in (True, False):
        told = what_ifs.left_today(values, broker)[:, [FEATURES.index(name) for name in EVENT]]
        assert told.tolist() == [[1, broker, 0.5, 0, 0.25, 1], [1, broker, 0.5, 1, 0.25, 1]]
    assert values[:, FEATURES.index("event")].sum() == 0, "what was given stays as it was"


def test_departures_are_asked_on_the_last_settled_day_before_them(firm: Flask) -> None:
    with firm.app_context():
        leaves(date(2026, 3, 4), KNOWN)
        known = facts.read(facts.known_on(date(2026, 3, 4), ZONE), ZONE)
        (found,) = what_ifs.departures(known, date(2026, 3, 1), date(2026, 3, 31))
        assert (found.since, found.before, found.broker, found.accounts.len()) == (date(2026, 3, 4), date(2026, 3, 3), True, 2)
        assert what_ifs.departures(known, date(2026, 3, 5), date(2026, 3, 31)) == []
        ((one, frame),) = what_ifs.frames([found], ids(known), ZONE, lambda step, done, total: None)
        assert one is found
        assert frame.column("event").tolist() == frame.column("event_fresh").tolist() == [1, 1]
        db.session.remove()


@pytest.mark.parametrize(
    ("on", "state"), [(date(2026, 3, 4), DepartureState.ANNOUNCED), (date(2026, 3, 4), DepartureState.WITHDRAWN), (date(2026, 3, 2), DepartureState.EFFECTIVE)]
)
def test_what_did_not_take_effect_and_what_nobody_saw_the_eve_of_is_not_asked(firm: Flask, on: date, state: DepartureState) -> None:
    with firm.app_context():
        leaves(on, KNOWN, state.value)
        assert what_ifs.departures(facts.read(facts.known_on(date(2026, 3, 4), ZONE), ZONE), date(2026, 3, 1), date(2026, 3, 31)) == []
        db.session.remove()
