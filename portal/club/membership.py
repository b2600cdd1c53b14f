"""Which tier somebody has on a day, and how his membership stands: from dated spans alone. Pure."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from models.club_membership import Cause


class State(enum.StrEnum):
    """How a span of membership stands on a day. In grace everything goes on; lapsed: nobody renewed."""

    COMING = "coming"
    ACTIVE = "active"
    GRACE = "grace"
    LAPSED = "lapsed"
    ENDED = "ended"


@dataclass(frozen=True)
class Span:
    """A membership as rules see it. `frozen`: the payment behind it is disputed; `renews`: a subscription is to pay the next period."""

    id: int
    tier_id: int
    rank: int
    cause: str
    valid_from: date
    valid_to: date
    grace_to: date
    ended_on: date | None = None
    frozen: bool = False
    renews: bool = False


VALID = (State.ACTIVE, State.GRACE)
"""States in which benefits are given."""
YIELDS = (Cause.EQUITY, Cause.APPLIED)
"""What a grant by hand overrides until its end; what was paid for stays beside it."""


def end_of(span: Span) -> date:
    """The first day after what was given for sure, without grace."""
    return min(span.ended_on or span.valid_to, span.valid_to)


def state_on(span: Span, day: date) -> State:
    """How a span stands on a day."""
    if span.ended_on is not None and span.ended_on <= span.valid_from:
        return State.ENDED
    if day < span.valid_from:
        return State.COMING
    if span.ended_on is not None and day >= span.ended_on:
        return State.ENDED
    if day < span.valid_to:
        return State.ACTIVE
    if day < span.grace_to:
        return State.GRACE
    return State.LAPSED if span.cause == Cause.PAID else State.ENDED


def tier_on(spans: Iterable[Span], day: date) -> Span | None:
    """The span by which somebody has a tier on a day; None where he has none."""
    return _winner([span for span in spans if not span.frozen and state_on(span, day) in VALID], day)


def expected_on(spans: Iterable[Span], day: date, today: date) -> Span | None:
    """The same for a day ahead, as it is to be expected today: a subscription that renews itself goes on beyond what is paid."""
    rows = list(spans)
    found = tier_on(rows, day)
    if found is not None or day <= today:
        return found
    now = tier_on(rows, today)
    return now if now is not None and now.renews else None


def _winner(valid: list[Span], day: date) -> Span | None:
    if any(span.cause == Cause.GRANTED for span in valid):
        valid = [span for span in valid if span.cause not in YIELDS]
    return max(valid, key=lambda span: (span.rank, state_on(span, day) == State.ACTIVE, span.valid_to, span.id), default=None)


def last_of(spans: Iterable[Span], day: date) -> Span | None:
    """What somebody had last, where he has nothing on a day."""
    over = [span for span in spans if state_on(span, day) in (State.LAPSED, State.ENDED) and (span.ended_on is None or span.ended_on > span.valid_from)]
    return max(over, key=lambda span: (end_of(span), span.rank), default=None)
