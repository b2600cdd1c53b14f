"""Until when a claim is protected. Pure: the days come in as arguments.

A claim holds for `protection_days` from the day it was registered; once it may be extended by `extension_days`, if a contact was
recorded; and it ends early when nothing happened for `idle_days`. It ends by the calendar alone: no job has to have run.
"""

from __future__ import annotations

from datetime import date, timedelta

from models.leads import ClaimState
from portal.leads.terms import Terms


def first_end(registered_on: date, terms: Terms) -> date:
    """The last day of the protection of a claim registered on a day."""
    return registered_on + timedelta(days=terms.protection_days)


def extended_end(protected_until: date, terms: Terms) -> date:
    """The last day after the one extension."""
    return protected_until + timedelta(days=terms.extension_days)


def last_day(protected_until: date, last_activity_on: date, terms: Terms) -> date:
    """The last day on which a claim holds: its end, or earlier where nothing has happened for the idle days."""
    return min(protected_until, last_activity_on + timedelta(days=terms.idle_days))


HOLDING = (ClaimState.PROTECTED, ClaimState.DECIDED)
"""States in which a claim protects by the clock: as registered, or as a case decided it."""


def holds(state: str, protected_until: date, last_activity_on: date, today: date, terms: Terms) -> bool:
    """Whether a claim protects its introducer today."""
    return state in HOLDING and today <= last_day(protected_until, last_activity_on, terms)
