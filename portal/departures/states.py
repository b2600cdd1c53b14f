"""The steps of a departure: from which states each may be taken, and what it leads to."""

from __future__ import annotations

from models.departures import DepartureState as State
from portal.notices.kinds import N_
from portal.refusals import Conflict

ANNOUNCE, TAKE_EFFECT, SETTLE, WITHDRAW = "announce", "take_effect", "settle", "withdraw"
RECORDED = "recorded"
"""What the first step of every departure is called."""
STEPS: dict[str, tuple[frozenset[State], State]] = {
    ANNOUNCE: (frozenset({State.SUSPECTED}), State.ANNOUNCED),
    TAKE_EFFECT: (frozenset({State.ANNOUNCED}), State.EFFECTIVE),
    SETTLE: (frozenset({State.EFFECTIVE}), State.SETTLED),
    WITHDRAW: (frozenset({State.SUSPECTED, State.ANNOUNCED}), State.WITHDRAWN),
}

STANDS = {
    "suspected": N_("%(number)s is suspected by now: somebody has to announce it first"),
    "announced": N_("%(number)s is announced by now: it takes effect or is withdrawn"),
    "effective": N_("%(number)s is effective by now: it can be settled alone"),
    "settled": N_("%(number)s is settled by now: nothing more is done with it"),
    "withdrawn": N_("%(number)s is withdrawn by now: record another one"),
}
"""What is said where a step cannot be taken: how the departure stands, and what can be done."""


def step(action: str, state: str, number: str) -> State:
    """The state to which a step leads.

    >>> step(ANNOUNCE, "suspected", "L2026-00001").value
    'announced'

    Raises Conflict where the departure is in another state."""
    sources, target = STEPS[action]
    if state not in sources:
        raise Conflict(STANDS[state], number=number)
    return target


def steps_from(state: str) -> set[str]:
    """The steps that may be taken from a state."""
    return {action for action, (sources, _target) in STEPS.items() if state in sources}
