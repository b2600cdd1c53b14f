"""From last month's commission to this month's: what made the difference, in fen that add up. Pure.

The effects are taken in this order, each on top of the ones before it, so that their sum is the difference to the fen:

1. `volume`: the clients whom both months know traded more or less altogether, at the mix, shares and rates of the month before
2. `mix`: another spread over clients and products that pay differently
3. `attribution`: another share or state of those clients, and clients who came or went
4. `rate`: another plan, step or rate, a standing that does not earn, and the rounding of the lines
5. `corrections`, `level` (cap or guarantee), `adjustments`: the statements' own columns

Between two effects the commission that would have been is an exact fraction; it is rounded to the fen once (half up), and an
effect is the difference of two such amounts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from models.values.money import half_up

EFFECTS = ("volume", "mix", "attribution", "rate", "corrections", "level", "adjustments")
"""The effects in their order."""


class Cell(NamedTuple):
    """A month of one client in one product under one measure.

    `base` is what the client's trading came to (fen, lots, or fen of equity over the days), `held` millionths of that which the
    broker's share gave him (0 where the attribution did not earn), `amount` the fen of his lines.
    """

    base: int
    held: int
    amount: int


Key = tuple[str, int, str]
"""(measure, account, product) of a cell."""


@dataclass(frozen=True)
class Side:
    """One month: its cells, the accounts attributed on any of its days, what no cell holds (rounding lines), and the statement's columns."""

    cells: Mapping[Key, Cell]
    accounts: frozenset[int]
    rest: int = 0
    corrections: int = 0
    level: int = 0
    adjustments: int = 0

    @property
    def earned(self) -> int:
        """What the month's own lines add up to, in fen."""
        return sum(cell.amount for cell in self.cells.values()) + self.rest

    @property
    def total(self) -> int:
        """What the bridge leads from and to: lines, corrections, cap or guarantee, adjustments."""
        return self.earned + self.corrections + self.level + self.adjustments


@dataclass(frozen=True)
class Bridge:
    """The way from `before` to `after` (fen); `effects` holds EFFECTS in their order and adds up to the difference."""

    before: int
    after: int
    effects: dict[str, int]
    came: int = 0
    """Of the attribution effect: clients who came."""
    went: int = 0
    """Of the attribution effect: clients who went (a negative amount)."""


@dataclass
class _Steps:
    """What the stayed clients' commission would have been after each effect, exactly."""

    volume: Fraction = field(default_factory=Fraction)
    mix: Fraction = field(default_factory=Fraction)
    share: Fraction = field(default_factory=Fraction)


def bridge(before: Side, after: Side) -> Bridge:
    """Take the difference of two months apart."""
    stayed = before.accounts & after.accounts
    old = {key: cell for key, cell in before.cells.items() if key[1] in stayed}
    new = {key: cell for key, cell in after.cells.items() if key[1] in stayed}
    start, end = sum(cell.amount for cell in old.values()), sum(cell.amount for cell in new.values())
    steps = _Steps()
    for measure in sorted({key[0] for key in (*old, *new)}):
        _walk(steps, _of(old, measure), _of(new, measure), traded=(bool(old), bool(new)))
    volume, mix, share = (half_up(step.numerator, step.denominator) for step in (steps.volume, steps.mix, steps.share))
    came = sum(cell.amount for key, cell in after.cells.items() if key[1] not in stayed)
    went = -sum(cell.amount for key, cell in before.cells.items() if key[1] not in stayed)
    effects = {
        "volume": volume - start,
        "mix": mix - volume,
        "attribution": share - mix + came + went,
        "rate": end - share + after.rest - before.rest,
        "corrections": after.corrections - before.corrections,
        "level": after.level - before.level,
        "adjustments": after.adjustments - before.adjustments,
    }
    return Bridge(before.total, after.total, effects, came, went)


def _of(cells: Mapping[Key, Cell], measure: str) -> dict[Key, Cell]:
    return {key: cell for key, cell in cells.items() if key[0] == measure}


def _walk(steps: _Steps, old: dict[Key, Cell], new: dict[Key, Cell], *, traded: tuple[bool, bool]) -> None:
    """Add one measure's amounts after each effect. A measure that only one of two traded months has came or went with the plan:
    then everything is rate, and the amount stays what it was until then."""
    amount = sum(cell.amount for cell in old.values())
    if all(traded) and not (old and new):
        steps.volume += amount
        steps.mix += amount
        steps.share += amount
        return
    mixed = shared = Fraction()
    for key in {**old, **new}:
        was, is_ = old.get(key), new.get(key)
        if is_ is None:
            continue
        share_now, rate_now = _share(is_), _rate(is_)
        share_then, rate_then = (_share(was), _rate(was)) if was else (None, None)
        rate = _known(rate_then, rate_now)
        # A base that adds up to nothing has no share: what the broker held of its parts then stands for itself.
        mixed += (is_.base * _known(share_then, share_now) if is_.base else is_.held) * rate
        shared += is_.held * rate
    base_then, base_now = sum(cell.base for cell in old.values()), sum(cell.base for cell in new.values())
    # Without a base to grow from, or with one that turned its sign, "as much more" means nothing: all of it is volume.
    steps.volume += Fraction(amount * base_now, base_then) if base_then > 0 and base_now >= 0 else mixed
    steps.mix += mixed
    steps.share += shared


def _share(cell: Cell) -> Fraction | None:
    return Fraction(cell.held, cell.base) if cell.base else None


def _rate(cell: Cell) -> Fraction | None:
    return Fraction(cell.amount, cell.held) if cell.held else None


def _known(then: Fraction | None, now: Fraction | None) -> Fraction:
    """What counted in the month before; where it had nothing to measure, what counts now."""
    return then if then is not None else now if now is not None else Fraction()
