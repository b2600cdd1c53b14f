"""A broker's month: from earned lines to what is paid (commission rules §6, in its order). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from models.values.calendar import Month
from models.values.money import half_up
from models.values.rates import RATE_UNIT
from portal.commission.terms import Terms
from portal.commission.withholding import withhold

COLUMNS = ("earned", "corrections", "cap_or_guarantee", "adjustments", "reserve", "release", "carry_over", "payable", "withholding", "net")
"""The amounts of a statement in the order of the rules, all in fen with their sign."""
_FEN = 10**6
"""Caps and guarantees are counted in millionths of a fen."""


class Statement(NamedTuple):
    """A broker's month in fen; `release_period` is when the reserve taken comes back."""

    earned: int = 0
    corrections: int = 0
    cap_or_guarantee: int = 0
    adjustments: int = 0
    reserve: int = 0
    release: int = 0
    carry_over: int = 0
    payable: int = 0
    withholding: int = 0
    net: int = 0
    release_period: str | None = None
    lines: int = 0

    @property
    def amounts(self) -> tuple[int, ...]:
        """The ten amounts in the order of COLUMNS."""
        return self[:10]


@dataclass(frozen=True)
class Entries:
    """What a broker's month is made of; `terms` are those of the version valid on the month's last calendar day, if any."""

    person: bool
    terms: Terms | None
    guaranteed: bool
    earned: int = 0
    corrections: int = 0
    adjustments: int = 0
    release: int = 0
    carry_over: int = 0
    lines: int = 0


def level_amount(earned: int, terms: Terms | None, guaranteed: bool) -> int:
    """What a cap takes off or a guarantee adds to `earned` (§6.3). `guaranteed` says whether its condition held all month."""
    if terms is None:
        return 0
    if terms.cap is not None and earned * _FEN > terms.cap:
        return half_up(terms.cap, _FEN) - earned
    if terms.guarantee is not None and guaranteed and earned * _FEN < terms.guarantee:
        return half_up(terms.guarantee, _FEN) - earned
    return 0


def settle(month: Month, entries: Entries) -> Statement:
    """The statement of a broker's month, each step from the ones before it."""
    level = level_amount(entries.earned, entries.terms, entries.guaranteed)
    before_reserve = entries.earned + entries.corrections + level + entries.adjustments
    reserve, release_period = 0, None
    if entries.terms is not None and entries.terms.reserve_rate:
        reserve = -half_up(max(before_reserve, 0) * entries.terms.reserve_rate, RATE_UNIT)
        release_period = str(month.plus(entries.terms.reserve_months)) if reserve else None
    payable = before_reserve + reserve + entries.release + entries.carry_over
    tax = withhold(max(payable, 0), month.last) if entries.person else 0
    return Statement(
        earned=entries.earned,
        corrections=entries.corrections,
        cap_or_guarantee=level,
        adjustments=entries.adjustments,
        reserve=reserve,
        release=entries.release,
        carry_over=entries.carry_over,
        payable=payable,
        withholding=tax,
        net=max(payable, 0) - tax,
        release_period=release_period,
        lines=entries.lines,
    )
