"""Which step leads a question where, and whose step it is. Pure."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Final, NamedTuple

from models.questions import QuestionState

State = QuestionState


class Side(enum.StrEnum):
    """Whose step it is: the client's who asks, or the staff's who answer."""

    CLIENT = "client"
    STAFF = "staff"


class Step(NamedTuple):
    """A step: who may take it, and where it leads."""

    sides: tuple[Side, ...]
    to: QuestionState


BOTH = (Side.CLIENT, Side.STAFF)
STEPS: Final[dict[tuple[QuestionState, str], Step]] = {
    (State.OPEN, "answer"): Step((Side.STAFF,), State.ANSWERED),
    (State.OPEN, "withdraw"): Step(BOTH, State.CLOSED),
    (State.ANSWERED, "close"): Step(BOTH, State.CLOSED),
    (State.ANSWERED, "reopen"): Step(BOTH, State.OPEN),
    (State.CLOSED, "reopen"): Step(BOTH, State.OPEN),
}
"""The whole life of a question: from open by these steps, and by nothing else."""
NAMES: Final = tuple(sorted({name for _state, name in STEPS}))


def steps_from(state: str, side: Side) -> list[str]:
    """The steps that a side may take now, in the order of the table."""
    return [name for (start, name), step in STEPS.items() if start == state and side in step.sides]


def is_overdue(state: str, due_at: datetime, moment: datetime) -> bool:
    """Whether the firm's answer is late.

    >>> from datetime import UTC
    >>> at = datetime(2026, 3, 9, 7, tzinfo=UTC)
    >>> is_overdue("open", at, at), is_overdue("open", at, datetime(2026, 3, 9, 7, 0, 1, tzinfo=UTC)), is_overdue("answered", at, datetime(2027, 1, 1, tzinfo=UTC))
    (False, True, False)
    """
    return state == State.OPEN and moment > due_at
