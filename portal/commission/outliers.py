"""Which brokers of a month stand out, by a written rule, and why. Pure.

A broker stands out against himself where what he earned lies further from the median of his last months than 3.5 times their
usual spread (1.4826 × the median distance from that median, at least 5 % of the median and 100.00), and by at least 500.00; it takes
three earlier months. He stands out in the firm where what he earned of the retained fee that was attributed to him (at least
1,000.00) lies that far from the median of all brokers (their spread at least one hundredth); it takes eight brokers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.values.money import half_up

MONTHS = 12
"""So many earlier months are looked at."""
ENOUGH_MONTHS, ENOUGH_BROKERS = 3, 8
TENTHS = 35
"""How many tenths of the usual spread are too far."""
LEAST_SPREAD, LEAST_DIFFERENCE, LEAST_RETAINED = 100_00, 500_00, 1_000_00
LEAST_BP = 100
"""Hundredths of a per cent."""


@dataclass(frozen=True)
class Outlier:
    """Why somebody stands out: what was seen, what is usual, by how many tenths of the spread it is away, over how many others."""

    seen: int
    usual: int
    tenths: int
    over: int


def median(values: Sequence[int]) -> int:
    """The middle of some numbers, to the nearest whole one.

    >>> median([5, 1, 9]), median([1, 4])
    (5, 3)
    """
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else half_up(ordered[middle - 1] + ordered[middle], 2)


def spread(values: Sequence[int], least: int) -> int:
    """The usual distance from the median: 1.4826 × the median distance, at least `least`.

    >>> spread([100, 110, 90, 105, 500], 1)
    15
    """
    usual = median(values)
    return max(half_up(median([abs(value - usual) for value in values]) * 14_826, 10_000), least)


def against_himself(earned: int, history: Sequence[int]) -> Outlier | None:
    """Whether a month's earnings (fen) stand out of the broker's own last months, newest first."""
    past = list(history)[:MONTHS]
    if len(past) < ENOUGH_MONTHS:
        return None
    usual = median(past)
    wide = spread(past, max(LEAST_SPREAD, abs(usual) // 20))
    away = abs(earned - usual)
    return Outlier(earned, usual, away * 10 // wide, len(past)) if away >= LEAST_DIFFERENCE and away * 10 > TENTHS * wide else None


def in_the_firm(earned: Mapping[int, int], retained: Mapping[int, int]) -> dict[int, Outlier]:
    """The brokers whose part of the retained fee stands out of all brokers', in hundredths of a per cent; by broker."""
    parts = {broker: half_up(earned.get(broker, 0) * 10_000, fee) for broker, fee in retained.items() if fee >= LEAST_RETAINED}
    if len(parts) < ENOUGH_BROKERS:
        return {}
    usual, wide = median(list(parts.values())), spread(list(parts.values()), LEAST_BP)
    far = {broker: part for broker, part in parts.items() if abs(part - usual) * 10 > TENTHS * wide and earned.get(broker, 0) != 0}
    return {broker: Outlier(part, usual, abs(part - usual) * 10 // wide, len(parts)) for broker, part in far.items()}
