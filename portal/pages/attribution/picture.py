"""The picture of one account in both times: a band of owners for every step of knowledge, all on one axis of trade dates.

Pure geometry in thousandths of the axis; the template draws it. Shares are stacked, so a band's height is 100 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from models.columns import OPEN_END
from models.values.rates import SHARE_WHOLE
from portal.attribution.history import Claim, Epoch

WIDTH = 1000
HEIGHT = 100
HUES = 6
"""Owners are told apart by this many colours, and by their number in words."""


@dataclass(frozen=True)
class Piece:
    """One owner between two days in a band: where it lies, who it is, which hue, and its state."""

    x: int
    y: int
    width: int
    height: int
    hue: int
    state: str
    broker_no: str
    share: int
    first: date
    until: date


@dataclass(frozen=True)
class Band:
    """What was believed from a step on."""

    epoch: Epoch
    pieces: tuple[Piece, ...]
    here: bool


@dataclass(frozen=True)
class Picture:
    """The bands, newest step first, the axis, the place of the day asked for, and each owner's hue."""

    bands: tuple[Band, ...]
    first: date
    last: date
    ticks: tuple[tuple[int, str], ...]
    mark: int | None
    owners: tuple[tuple[str, int], ...]


def picture(epochs: Sequence[Epoch], day: date | None, known: int, settled: date | None) -> Picture | None:
    """The picture of an account's steps (newest first); None where nothing was ever known."""
    claims = [claim for epoch in epochs for claim in epoch.claims]
    if not claims:
        return None
    edges = [edge for claim in claims for edge in (claim.valid_from, claim.valid_to) if edge != OPEN_END] + [one for one in (day, settled) if one]
    first, last = min(edges), max(edges) + timedelta(days=max(20, (max(edges) - min(edges)).days // 12))
    numbers = sorted({claim.broker_no for claim in claims}, key=str.encode)
    hues = {number: place % HUES + 1 for place, number in enumerate(numbers)}
    here = next((epoch.recording_id for epoch in epochs if epoch.recording_id <= known), None)
    bands = tuple(Band(epoch, _pieces(epoch.claims, first, last, hues), epoch.recording_id == here) for epoch in epochs)
    return Picture(bands, first, last, _ticks(first, last), _place(day, first, last) if day else None, tuple(hues.items()))


def _place(day: date, first: date, last: date) -> int:
    return max(0, min(WIDTH, WIDTH * (day - first).days // (last - first).days))


def _pieces(claims: Sequence[Claim], first: date, last: date, hues: dict[str, int]) -> tuple[Piece, ...]:
    """The owners between every two days on which one begins or ends (or is confirmed), stacked by number."""
    edges = {first, last}
    for claim in claims:
        edges |= {edge for edge in (claim.valid_from, claim.valid_to, claim.confirmed_on) if edge and first < edge < last}
    days = sorted(edges)
    found = []
    for start, end in pairwise(days):
        y = 0
        for claim in sorted(claims, key=lambda one: one.broker_no.encode()):
            if not claim.valid_from <= start < claim.valid_to:
                continue
            height, left = HEIGHT * claim.share // SHARE_WHOLE, _place(start, first, last)
            width = _place(end, first, last) - left
            found.append(Piece(left, y, width, height, hues[claim.broker_no], claim.state_on(start), claim.broker_no, claim.share, start, end))
            y += height
    return tuple(found)


def _ticks(first: date, last: date) -> tuple[tuple[int, str], ...]:
    """Up to five days that name the axis: beginnings of years, or of months where the axis is short."""
    years = [date(year, 1, 1) for year in range(first.year + 1, last.year + 1)]
    months = [date(first.year + (first.month + n) // 12, (first.month + n) % 12 + 1, 1) for n in range(24)]
    days = years if len(years) >= 2 else [day for day in months if day < last]
    step = -(-len(days) // 4) or 1
    named = [day for day in days[::step] if first < day < last]
    return tuple((_place(day, first, last), str(day.year) if years == days else f"{day.year}-{day.month:02d}") for day in named)
