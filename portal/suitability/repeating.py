"""When somebody may answer the questions by himself again. Pure: from the tests that there are and the firm's rule to a day and a reason."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from models.values.months import months_later


@dataclass(frozen=True)
class Repeat:
    """The firm's rule: `rest_days` after any test, and not more than `most` handed in by oneself within `months` months (0: none at all)."""

    rest_days: int
    most: int
    months: int


class Earlier(NamedTuple):
    """A test that there is: its day, and whether the person handed it in by himself."""

    taken_on: date
    by_oneself: bool


class Why(enum.StrEnum):
    """What stands against a test by oneself today."""

    NOTHING = ""
    NEVER = "never"
    REST = "rest"
    MOST = "most"


class Again(NamedTuple):
    """From which day on somebody may, and what stands against it until then."""

    on: date
    why: Why


def again(earlier: Sequence[Earlier], rule: Repeat, today: date) -> Again:
    """Hold the tests of a person against the rule. A test that the firm took with him makes him rest as well, and does not count to the number:
    nobody looks for a better grade by himself on the day after."""
    if rule.most < 1:
        return Again(date.max, Why.NEVER)
    rested = max((one.taken_on for one in earlier), default=date.min)
    rested = rested + timedelta(days=rule.rest_days) if rested > date.min else today
    own = sorted((one.taken_on for one in earlier if one.by_oneself), reverse=True)
    counted = months_later(own[rule.most - 1], rule.months) if len(own) >= rule.most else today
    if max(rested, counted) <= today:
        return Again(today, Why.NOTHING)
    return Again(counted, Why.MOST) if counted >= rested else Again(rested, Why.REST)
