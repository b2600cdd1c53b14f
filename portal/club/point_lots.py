"""Lots of points, as arithmetic: which may be spent at a moment, which are taken first, what a debt takes. No database and no clock.

Below nought a lot falls only when what earned it is taken back after it was spent; later earnings pay that first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True)
class Lot:
    """A lot with what is left of it (the sum of its entries). A frozen one is kept back while its payment is disputed."""

    id: int
    left: int
    active_from: datetime
    expires_at: datetime
    frozen: bool = False

    def usable(self, moment: datetime) -> bool:
        """Whether it may be spent: from `active_from` on, and at the very second of `expires_at` no more."""
        return self.left > 0 and not self.frozen and self.active_from <= moment < self.expires_at

    def waits(self, moment: datetime) -> bool:
        """Whether it will be usable later."""
        return self.left > 0 and moment < self.active_from


Move = tuple[int, int]
"""A lot, and by how much its points change."""


def in_order(lots: Iterable[Lot]) -> list[Lot]:
    """Lots as they are spent: what expires first, then what is older."""
    return sorted(lots, key=lambda lot: (lot.expires_at, lot.id))


def debt(lots: Iterable[Lot]) -> int:
    """What is owed."""
    return -sum(lot.left for lot in lots if lot.left < 0)


def available(lots: Sequence[Lot], moment: datetime) -> int:
    """What may be spent at a moment; never below nought."""
    return max(0, sum(lot.left for lot in lots if lot.usable(moment)) - debt(lots))


def pending(lots: Iterable[Lot], moment: datetime) -> int:
    """What will be usable later."""
    return sum(lot.left for lot in lots if lot.waits(moment))


def frozen(lots: Iterable[Lot], moment: datetime) -> int:
    """What is kept back while payments are disputed."""
    return sum(lot.left for lot in lots if lot.frozen and lot.left > 0 and lot.expires_at > moment)


def take(lots: Sequence[Lot], points: int, moment: datetime) -> list[Move]:
    """From which lots so many points are taken. Raises ValueError where there are not enough: ask `available` first."""
    if points > available(lots, moment):
        raise ValueError("not enough points")
    moves, missing = [], points
    for lot in in_order(lot for lot in lots if lot.usable(moment)):
        part = min(lot.left, missing)
        if part:
            moves.append((lot.id, -part))
        missing -= part
    return moves


def expiring(lots: Iterable[Lot], moment: datetime) -> list[Move]:
    """What has expired and nobody has written down."""
    return [(lot.id, -lot.left) for lot in lots if lot.left > 0 and lot.expires_at <= moment]


def settling(lots: Sequence[Lot], moment: datetime) -> list[Move]:
    """What debts take from the lots that are there: two moves that sum to nought for each part. Also what still waits pays."""
    sources = [[lot.id, lot.left] for lot in in_order(lots) if lot.left > 0 and not lot.frozen and lot.expires_at > moment]
    moves = []
    for owed in sorted((lot for lot in lots if lot.left < 0), key=lambda lot: lot.id):
        missing = -owed.left
        for source in sources:
            part = min(source[1], missing)
            if part:
                moves += [(source[0], -part), (owed.id, part)]
                source[1] -= part
                missing -= part
    return moves


def moved(lots: Iterable[Lot], moves: Iterable[Move]) -> list[Lot]:
    """The lots after moves."""
    change: dict[int, int] = {}
    for lot_id, points in moves:
        change[lot_id] = change.get(lot_id, 0) + points
    return [replace(lot, left=lot.left + change.get(lot.id, 0)) for lot in lots]
