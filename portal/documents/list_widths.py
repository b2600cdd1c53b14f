"""How wide the columns of a list on paper are, how large its letters, and which way the page lies: from what stands in the columns.

Numbers, days and words are never cut where a page has room for them; long texts go on in the next line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from portal.documents.glyphs import is_wide, width
from portal.refusals import Refusal

MARGIN = 34.0
"""Points on the left and right of a page."""
INSET = 3.0
"""Points on the left and right in a cell."""
UPRIGHT, FLIPPED = 595.0 - 2 * MARGIN, 841.0 - 2 * MARGIN
"""Points between the margins of A4."""
COMFORT, WORD, NAME, SHORT, LONG = 22.0, 14.0, 7.0, 4.2, 40.0
"""In parts of the size of the letters: what a text is given in one line where it can be, an unbroken word, a word of a heading, a short heading that is not
broken (居间人; of a longer one three quarters of it); and what is a long text, which is never narrower than COMFORT / 2."""
WAYS = (
    (False, 9.0, "comfort"),
    (True, 9.0, "comfort"),
    (True, 8.0, "comfort"),
    (True, 8.0, "least"),
    (True, 7.0, "least"),
    (True, 6.0, "least"),
    (True, 5.5, "least"),
    (True, 5.5, "tight"),
)
"""What is tried in turn: the page flipped or not, the size of the letters in points, and what each column gets first."""
_SPARE = 1.02
"""Letters that stand closer or wider beside each other than alone."""
_POINTS_A_MM = 72 / 25.4

Said = tuple[str, Sequence[str], bool]
"""A column: its heading, its texts, whether they are numbers."""


@dataclass(frozen=True)
class Layout:
    """A page: flipped or upright, the size of the letters and the widths of the columns in points."""

    flipped: bool
    size: float
    widths: list[float]


@dataclass(frozen=True)
class _Need:
    """What a column needs, in parts of the size of the letters: with its words broken, at least, in comfort, and all in one line."""

    tight: float
    least: float
    comfort: float
    whole: float


def laid_out(columns: Sequence[Said]) -> Layout:
    """The page for some columns. Raises Refusal where they are too wide for one."""
    needs = [_need(*column) for column in columns]
    needed = 0.0
    for flipped, size, first in WAYS:
        room = FLIPPED if flipped else UPRIGHT
        given = [getattr(need, first) * size + 2 * INSET for need in needs]
        needed = sum(given)
        if needed <= room:
            for wishes in ([need.comfort for need in needs], [need.whole for need in needs]):
                given = _widened(given, [wish * size + 2 * INSET for wish in wishes], room)
            return Layout(flipped, size, [round(have, 2) for have in given])
    raise Refusal(
        "the %(columns)s columns need %(needed)s mm of paper, a page has %(room)s mm: choose fewer columns, or take CSV or XLSX",
        columns=len(columns),
        needed=round(needed / _POINTS_A_MM),
        room=round(FLIPPED / _POINTS_A_MM),
    )


def _widened(given: list[float], wished: list[float], room: float) -> list[float]:
    """What is left of a page goes to the columns that would be wider, to each in part of what it wishes."""
    wishes = [max(0.0, wish - have) for wish, have in zip(wished, given, strict=True)]
    part = min(1.0, (room - sum(given)) / sum(wishes)) if any(wishes) else 0.0
    return [have + wish * part for have, wish in zip(given, wishes, strict=True)]


def _need(label: str, texts: Sequence[str], number: bool) -> _Need:
    lines = [line for text in set(texts) for line in text.split("\n")]
    whole, name = (max(map(width, lines), default=0.0) * _SPARE, width(label) * _SPARE)
    part = min(max(_longest(label), name if name <= SHORT else SHORT * 0.75), NAME)
    if number:
        return _Need(max(whole, min(part, SHORT)), max(whole, part), max(whole, _longest(label)), max(whole, name))
    word = min(max(map(_longest, lines), default=0.0), WORD)
    least = max(word, part, min(whole, COMFORT / 2 if whole > LONG else COMFORT / 4))
    return _Need(min(least, COMFORT / 4), least, max(least, _longest(label), min(whole, COMFORT)), max(whole, name))


def _longest(text: str) -> float:
    """How wide the widest part is that is not broken."""
    return max(map(width, _unbroken(text)), default=0.0) * _SPARE


def _unbroken(text: str) -> Iterable[str]:
    if text.isascii():
        return text.split()
    return re.split(r"\s+", "".join(f" {letter} " if is_wide(letter) else letter for letter in text))
