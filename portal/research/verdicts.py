"""Whether a report or course is put before a person, and why not. Pure: the same rule counts the people of a preview and opens the page.

Source: 证券期货投资者适当性管理办法 Art. 22 (no active push of what is riskier than an ordinary investor can bear) and Art. 19.
"""

from __future__ import annotations

import enum
from datetime import date
from typing import NamedTuple

from portal.care.plan_templates import too_risky

LEAST = {"R1": "C1", "R2": "C2", "R3": "C3", "R4": "C4", "R5": "C5"}
"""The lowest grade that may read what is of a risk class."""


class Verdict(enum.StrEnum):
    """Whether somebody sees it; where he does not, the first reason in this order."""

    SEES = "sees"
    NOT_MEANT = "not_meant"
    NO_ANSWER = "no_answer"
    RAN_OUT = "ran_out"
    TOO_LOW = "too_low"
    OPTED_OUT = "opted_out"


KEPT_FROM = (Verdict.NO_ANSWER, Verdict.RAN_OUT, Verdict.TOO_LOW, Verdict.OPTED_OUT)
"""Why it is kept from somebody for whom it is meant."""


class Facts(NamedTuple):
    """What the rule reads of a person. `grade` is empty where he never answered; `until` is its last day (None: the masters name none);
    `meant`: he belongs to the audience; `wanted`: he lets research be put before him."""

    grade: str
    until: date | None = None
    professional: bool = False
    meant: bool = True
    wanted: bool = True


def verdict(facts: Facts, risk: str, day: date) -> Verdict:
    """Whether a person sees what is of a risk class (R1 to R5) on a day.

    >>> verdict(Facts("C3"), "R4", date(2026, 3, 2)), verdict(Facts("C4"), "R4", date(2026, 3, 2)), verdict(Facts(""), "R1", date(2026, 3, 2))
    (<Verdict.TOO_LOW: 'too_low'>, <Verdict.SEES: 'sees'>, <Verdict.NO_ANSWER: 'no_answer'>)
    """
    if not facts.meant:
        return Verdict.NOT_MEANT
    if not facts.grade:
        return Verdict.NO_ANSWER
    if facts.until is not None and facts.until < day:
        return Verdict.RAN_OUT
    if too_risky(facts.grade, risk, professional=facts.professional):
        return Verdict.TOO_LOW
    return Verdict.SEES if facts.wanted else Verdict.OPTED_OUT
