"""What each channel cost and brought, added up from persons. Pure and exact: fractions inside, rounded once at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from models.channels import LeadChannel
from models.values.money import half_up
from portal.channels.claims import By

ENOUGH = 20
"""Fewer persons than this say nothing about a channel."""


@dataclass(frozen=True)
class Won:
    """A person in the period: a lead registered in it (`lead`), an account opened in it (`opened`), or both. Amounts in fen.

    `parts` say for each rule how much of him counts to which channel; `months` are those in which he was a client, up to the
    period's last; `days` those from the registration to the opening, where both are known.
    """

    parts: Mapping[By, Mapping[LeadChannel, Fraction]]
    lead: bool = False
    qualified: bool = False
    opened: bool = False
    active: bool = False
    equity: int = 0
    retained_fee: int = 0
    commission: int = 0
    months: int = 0
    days: int | None = None


@dataclass
class Sums:
    """What a channel came to, before rounding."""

    leads: Fraction = Fraction(0)
    qualified: Fraction = Fraction(0)
    opened: Fraction = Fraction(0)
    active: Fraction = Fraction(0)
    equity: Fraction = Fraction(0)
    retained_fee: Fraction = Fraction(0)
    commission: Fraction = Fraction(0)
    months: Fraction = Fraction(0)
    days: Fraction = Fraction(0)
    timed: Fraction = Fraction(0)
    cost: int = 0

    @property
    def net(self) -> Fraction:
        """Retained fee less commission (fen)."""
        return self.retained_fee - self.commission

    @property
    def cost_per_opened(self) -> int | None:
        """Fen for each account that opened; None where none did, or no cost is known."""
        return _rounded(Fraction(self.cost), self.opened) if self.cost else None

    @property
    def payback(self) -> int | None:
        """Tenths of a month until what an account cost has come back by what it nets a month; None where it never does, none opened, or no cost is known."""
        if not self.cost or not self.opened or self.net <= 0 or not self.months:
            return None
        return _rounded(Fraction(self.cost) / self.opened * 10, self.net / self.months)

    @property
    def qualified_share(self) -> int | None:
        """Hundredths of a per cent of the leads that were qualified; None without leads."""
        return _rounded(self.qualified * 10_000, self.leads)

    @property
    def days_to_open(self) -> Fraction | None:
        """Days from the registration to the opening, on average; None where none is known."""
        return self.days / self.timed if self.timed else None

    def add(self, one: Won, part: Fraction) -> None:
        """Count a part of a person."""
        self.leads += part * one.lead
        self.qualified += part * (one.lead and one.qualified)
        if one.opened:
            self.opened += part
            self.active += part * one.active
            for name in ("equity", "retained_fee", "commission", "months"):
                setattr(self, name, getattr(self, name) + part * getattr(one, name))
            if one.days is not None:
                self.days, self.timed = self.days + part * one.days, self.timed + part


def by_channel(people: Iterable[Won], costs: Mapping[LeadChannel, int]) -> dict[By, dict[LeadChannel, Sums]]:
    """Every channel's sums under each rule; a channel's costs are the same under all of them."""
    found = {by: {channel: Sums(cost=costs.get(channel, 0)) for channel in LeadChannel} for by in By}
    for one in people:
        for by, parts in one.parts.items():
            for channel, part in parts.items():
                found[by][channel].add(one, part)
    return found


def together(sums: Iterable[Sums]) -> Sums:
    """Several channels as one."""
    whole = Sums()
    for one in sums:
        for name in vars(whole):
            setattr(whole, name, getattr(whole, name) + getattr(one, name))
    return whole


@dataclass(frozen=True)
class Held:
    """A published claim beside the firm's own figure: `own` in tenths (times) or hundredths of a per cent; None with too few to tell."""

    name: str
    own: int | None
    persons: tuple[int, int] = field(default=(0, 0))


def published(sums: Mapping[LeadChannel, Sums]) -> list[Held]:
    """What was claimed for referrals in 2009 (five times cheaper, ten times faster, over 90 % qualified), beside the firm's own:
    referrals against all other channels together."""
    referral = sums[LeadChannel.REFERRAL]
    others = together(one for channel, one in sums.items() if channel is not LeadChannel.REFERRAL)
    cheaper = _times(referral, others, lambda one: one.opened, lambda one: Fraction(one.cost) / one.opened if one.cost and one.opened else None)
    faster = _times(referral, others, lambda one: one.timed, lambda one: one.days_to_open)
    qualified = referral.qualified_share if referral.leads >= ENOUGH else None
    return [
        Held("cheaper", cheaper, (int(referral.opened), int(others.opened))),
        Held("faster", faster, (int(referral.timed), int(others.timed))),
        Held("qualified", qualified, (int(referral.leads), int(others.leads))),
    ]


def spread(cost: int, starts: date, ends: date, first: date, last: date) -> int:
    """The fen of a cost over the days from `starts` to `ends` that fall from `first` to `last`; the parts of months add up to the cost.

    >>> [spread(100, date(2026, 1, 31), date(2026, 2, 2), date(2026, month, 1), date(2026, month, 28 if month == 2 else 31)) for month in (1, 2)]
    [33, 67]
    """
    days = (ends - starts).days + 1
    upto = min(max((last - starts).days + 1, 0), days)
    before = min(max((first - starts).days, 0), days)
    return cost * upto // days - cost * before // days


def _times(one: Sums, other: Sums, persons: Callable[[Sums], Fraction], measure: Callable[[Sums], Fraction | None]) -> int | None:
    """How many tenths of times the other's measure is one's own; None with too few persons, or nothing to divide by."""
    if min(persons(one), persons(other)) < ENOUGH:
        return None
    mine, theirs = measure(one), measure(other)
    return None if not mine or not theirs else _rounded(theirs * 10, mine)


def _rounded(part: Fraction, whole: Fraction) -> int | None:
    if whole <= 0:
        return None
    exact = part / whole
    return half_up(exact.numerator, exact.denominator)
