"""Which step leads a case between two claims where, and whose step it is. Pure."""

from __future__ import annotations

import enum
from datetime import date
from typing import NamedTuple

from models.transfers import CaseState

State = CaseState

DAYS_TO_DECIDE = 10
"""Trading days that the firm has for a decision, counted from the day after the case was opened (or appealed)."""
DAYS_TO_APPEAL = 10
"""Trading days in which who lost may appeal, counted from the day after the decision."""


class Side(enum.StrEnum):
    """A side of a case: who held the claim, who contests it, and the firm; as a verdict, firm means neither of the two."""

    HELD = "held"
    CONTESTING = "contesting"
    FIRM = "firm"


class Who(enum.StrEnum):
    """In what standing somebody takes a step. The desk is of the firm, and never a party of the same case."""

    PARTY = "party"
    CONTESTING = "contesting"
    LOSER = "loser"
    APPELLANT = "appellant"
    DESK = "desk"
    OTHER_DESK = "other_desk"


class Step(NamedTuple):
    """A step: whose it is, where it leads, and what it needs: words, evidence, a verdict, time left or time over."""

    who: Who
    to: CaseState
    needs: tuple[str, ...] = ()


STEPS: dict[tuple[CaseState, str], Step] = {
    (State.OPEN, "show"): Step(Who.PARTY, State.OPEN, ("evidence",)),
    (State.OPEN, "hear"): Step(Who.DESK, State.OPEN, ("evidence",)),
    (State.OPEN, "decide"): Step(Who.DESK, State.DECIDED, ("verdict", "words")),
    (State.OPEN, "withdraw"): Step(Who.CONTESTING, State.WITHDRAWN),
    (State.DECIDED, "appeal"): Step(Who.LOSER, State.APPEALED, ("words", "time_left")),
    (State.DECIDED, "close"): Step(Who.DESK, State.CLOSED, ("time_over",)),
    (State.APPEALED, "show"): Step(Who.PARTY, State.APPEALED, ("evidence",)),
    (State.APPEALED, "hear"): Step(Who.DESK, State.APPEALED, ("evidence",)),
    (State.APPEALED, "judge"): Step(Who.OTHER_DESK, State.CLOSED, ("verdict", "words")),
    (State.APPEALED, "take_back"): Step(Who.APPELLANT, State.CLOSED),
}
"""The whole life of a case: from open by these steps, and by nothing else. There is one appeal: what it is judged stays."""

WAITS_FOR_DESK = (State.OPEN, State.APPEALED)
"""States in which the firm owes a decision; only then the deadline runs."""
ENDED = (State.CLOSED, State.WITHDRAWN)
"""States from which nothing leads on."""


def steps_from(state: str, standings: set[Who], *, today: date, appeal_until: date | None) -> list[str]:
    """The steps that somebody may take now, in the order of the table."""
    return [name for (start, name), step in STEPS.items() if start == state and step.who in standings and in_time(step, today, appeal_until)]


def in_time(step: Step, today: date, appeal_until: date | None) -> bool:
    """Whether the time of a step has not passed, or has come."""
    over = appeal_until is not None and today > appeal_until
    return not ("time_left" in step.needs and over) and not ("time_over" in step.needs and not over)


def standings(side: Side | None, *, decides: bool, decided_it: bool, verdict: Side | None, appellant: Side | None) -> set[Who]:
    """In which standings somebody acts: `side` is his as a party, `decides` whether he may decide cases at all, `decided_it`
    whether the first decision is his, `verdict` who won, `appellant` who appealed."""
    if side is not None:
        found = {Who.PARTY}
        found |= {Who.CONTESTING} if side is Side.CONTESTING else set()
        found |= {Who.LOSER} if verdict is not None and verdict is not side else set()
        return found | ({Who.APPELLANT} if appellant is side else set())
    if not decides:
        return set()
    return {Who.DESK} if decided_it else {Who.DESK, Who.OTHER_DESK}


def is_overdue(state: str, due_on: date, today: date) -> bool:
    """Whether the firm's decision is late."""
    return state in WAITS_FOR_DESK and today > due_on


def is_final(state: str, appeal_until: date | None, today: date) -> bool:
    """Whether nothing can change the outcome any more."""
    return state in ENDED or (state == State.DECIDED and appeal_until is not None and today > appeal_until)
