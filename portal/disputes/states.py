"""Which step leads a dispute where, and whose step it is. Pure."""

from __future__ import annotations

import enum
from datetime import date, timedelta
from typing import NamedTuple

from models.disputes import DisputeState

State = DisputeState

DAYS_TO_ANSWER = 5
"""Trading days that the firm has for an answer, counted from the day after the question (or the escalation)."""


class Side(enum.StrEnum):
    """Whose step it is: the broker's who asks, or the firm's desk that answers."""

    BROKER = "broker"
    DESK = "desk"


class Step(NamedTuple):
    """A step: whose it is and where it leads."""

    side: Side
    to: DisputeState


STEPS: dict[tuple[DisputeState, str], Step] = {
    (State.OPEN, "take"): Step(Side.DESK, State.IN_REVIEW),
    (State.OPEN, "answer"): Step(Side.DESK, State.ANSWERED),
    (State.OPEN, "withdraw"): Step(Side.BROKER, State.WITHDRAWN),
    (State.IN_REVIEW, "answer"): Step(Side.DESK, State.ANSWERED),
    (State.IN_REVIEW, "withdraw"): Step(Side.BROKER, State.WITHDRAWN),
    (State.ANSWERED, "accept"): Step(Side.BROKER, State.ACCEPTED),
    (State.ANSWERED, "escalate"): Step(Side.BROKER, State.ESCALATED),
    (State.ANSWERED, "withdraw"): Step(Side.BROKER, State.WITHDRAWN),
    (State.ESCALATED, "close"): Step(Side.DESK, State.CLOSED),
    (State.ESCALATED, "withdraw"): Step(Side.BROKER, State.WITHDRAWN),
    (State.ACCEPTED, "close"): Step(Side.DESK, State.CLOSED),
}
"""The whole life of a dispute: from open by these steps, and by nothing else."""

WAITS_FOR_DESK = (State.OPEN, State.IN_REVIEW, State.ESCALATED)
"""States in which the firm owes the next word; only then the deadline runs."""


def steps_from(state: str, side: Side) -> list[str]:
    """The steps that a side may take now, in the order of the table."""
    return [name for (start, name), step in STEPS.items() if start == state and step.side is side]


def due_after(opened_on: date, trading: list[date], known_until: date, number: int = DAYS_TO_ANSWER) -> date:
    """The day by which an answer is due: the `number`-th trading day after a day.

    `trading` are the trading days after it as far as the calendar knows, `known_until` the last day that it knows; weekdays
    count beyond that.
    """
    days = [day for day in trading if day > opened_on][:number]
    day = max(opened_on, known_until)
    while len(days) < number:
        day += timedelta(days=1)
        if day.weekday() < 5:
            days.append(day)
    return days[-1]


def is_overdue(state: str, due_on: date, today: date) -> bool:
    """Whether the firm's word is late."""
    return state in WAITS_FOR_DESK and today > due_on
