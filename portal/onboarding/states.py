"""Which step leads an application where. Pure."""

from __future__ import annotations

from models.onboarding import ApplicationState
from portal.refusals import Conflict

State = ApplicationState

STEPS: dict[tuple[ApplicationState, str], ApplicationState] = {
    (State.DRAFT, "check"): State.CHECKED,
    (State.CHECKED, "reopen"): State.DRAFT,
    (State.CHECKED, "ask"): State.WAITING,
    (State.WAITING, "approve"): State.ACTIVE,
    (State.WAITING, "refuse"): State.REFUSED,
    (State.WAITING, "take_back"): State.WITHDRAWN,
    (State.DRAFT, "withdraw"): State.WITHDRAWN,
    (State.CHECKED, "withdraw"): State.WITHDRAWN,
}
"""The whole life of an application: from draft by these steps, and by nothing else. What ended is begun anew, never taken up."""


def after(state: str, step: str) -> ApplicationState:
    """Where a step leads from a state. Raises Conflict where there is no such step from there."""
    found = STEPS.get((ApplicationState(state), step))
    if found is None:
        raise Conflict("the application is in another state by now: %(state)s", state=state)
    return found


def steps_from(state: str) -> list[str]:
    """The names of the steps that lead on from a state, in the order of the table."""
    return [name for start, name in STEPS if start == state]
