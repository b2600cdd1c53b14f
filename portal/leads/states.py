"""Which step leads a lead where, and what the step needs. Pure."""

from __future__ import annotations

from typing import NamedTuple

from models.leads import LeadState
from portal.permissions import Can

State = LeadState


UNSUITABLE, CONSENT = "unsuitable", "consent"
"""Steps by which a lead is closed kindly: futures do not suit the person, or he takes back that he may be contacted."""
RUN_OUT, FORGET = "protection_ended", "retention"
"""Steps that the clock takes: the protection is over and nobody works on the lead, or its time to be kept is over."""
OPEN = (State.REGISTERED, State.CONTACTED, State.QUALIFIED, State.SUITABILITY_PASSED)
"""States in which somebody of the firm is to work on the lead."""


class Step(NamedTuple):
    """A step: where it leads, the right it asks for (None: the person himself takes it, his answers do, or the clock), and what must be known
    before it (see portal/leads/steps.py)."""

    to: LeadState
    right: Can | None
    needs: tuple[str, ...] = ()


STEPS: dict[tuple[LeadState, str], Step] = {
    (State.REGISTERED, "contact"): Step(State.CONTACTED, Can.LEAD_WORK, ("words",)),
    (State.CONTACTED, "qualify"): Step(State.QUALIFIED, Can.LEAD_WORK, ("words",)),
    (State.QUALIFIED, "pass_suitability"): Step(State.SUITABILITY_PASSED, Can.SUITABILITY_TAKE, ("suitability",)),
    (State.SUITABILITY_PASSED, "open_account"): Step(State.ACCOUNT_OPENED, Can.LEAD_WORK, ("account",)),
    **{(state, "arrive"): Step(State.ACCOUNT_OPENED, Can.IMPORT_FILES, ("account",)) for state in (State.REGISTERED, State.CONTACTED, State.QUALIFIED, State.SUITABILITY_PASSED)},
    (State.ACCOUNT_OPENED, "activate"): Step(State.ACTIVE, Can.LEAD_WORK, ("first_deposit",)),
    **{
        (state, name): Step(to, Can.LEAD_WORK, ("words",))
        for state in (State.REGISTERED, State.CONTACTED, State.QUALIFIED, State.SUITABILITY_PASSED)
        for name, to in (("lapse", State.LAPSED), ("refuse", State.REFUSED))
    },
    **{(state, UNSUITABLE): Step(State.REFUSED, Can.SUITABILITY_TAKE) for state in (State.REGISTERED, State.CONTACTED, State.QUALIFIED, State.SUITABILITY_PASSED)},
    **{(state, CONSENT): Step(State.REFUSED, None) for state in (State.REGISTERED, State.CONTACTED, State.QUALIFIED, State.SUITABILITY_PASSED)},
    **{(state, "withdraw"): Step(State.WITHDRAWN, Can.LEAD_REGISTER, ("own_claim",)) for state in (State.REGISTERED, State.CONTACTED, State.QUALIFIED, State.SUITABILITY_PASSED)},
    **{(state, name): Step(State.LAPSED, None) for state in OPEN for name in (RUN_OUT, FORGET)},
    (State.LAPSED, "take_up"): Step(State.REGISTERED, Can.LEAD_REGISTER, ("claim",)),
    (State.WITHDRAWN, "take_up"): Step(State.REGISTERED, Can.LEAD_REGISTER, ("claim",)),
    **{
        (state, "merge"): Step(State.MERGED, Can.LEAD_ASSIGN, ("other",))
        for state in (State.REGISTERED, State.CONTACTED, State.QUALIFIED, State.SUITABILITY_PASSED, State.LAPSED, State.WITHDRAWN)
    },
}
"""The whole life of a lead: from registered by these steps, and by nothing else. An account that a file brings is a fact: its lead
arrives from whatever open state it is in. A refused lead is not taken up again: who
wants no contact, or must not be approached, stays left alone."""

ENDED = (State.LAPSED, State.REFUSED, State.WITHDRAWN, State.MERGED)
"""States in which nothing goes on, until it is taken up again."""

DECIDED = (State.ACCOUNT_OPENED, *ENDED)
"""States in which it is decided what became of a lead: other systems are told."""


def steps_from(state: str) -> list[str]:
    """The names of the steps that lead on from a state, in the order of the table."""
    return [name for (start, name) in STEPS if start == state]


def starts_of(name: str) -> list[LeadState]:
    """The states from which a step leads on."""
    return [start for (start, step) in STEPS if step == name]


def end_of(name: str) -> LeadState:
    """Where a step leads that leads to the same state from wherever it is taken. Raises ValueError for another."""
    (end,) = {step.to for (_, found), step in STEPS.items() if found == name}
    return end
