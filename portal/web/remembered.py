"""Answers that are worth keeping for the next reader: each is a function of what the firm knew at one recording, so it never goes stale.

They live in the process and are only ever a copy: whoever asks with a newer recording gets a new answer.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import polars as pl
from flask import current_app, render_template
from markupsafe import Markup

from portal.i18n import spoken

MOST = 256
"""So many answers are kept, the latest asked for."""
FRAMES, LONG = 32, 50_000
"""So many frames are kept beside them, and only those of at most so many rows: each some 3 MB at most."""
ROWS = 1_000_000
"""So many rows in all are kept of what lies whole in columns (the firm at a recording, whose it was on a day): some 250 MB at most."""
_LOCK = threading.Lock()
Answer = TypeVar("Answer")


def remembered(key: Hashable, make: Callable[[], Answer]) -> Answer:
    """The answer kept under a key, or a new one. The key must name everything that the answer depends on; the answer must not
    hold rows of the database, nor be changed by who gets it."""
    return _from_shelf("remembered", MOST, key, make)


def remembered_frame(key: Hashable, make: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    """`remembered` for rows in columns: a few of them, and none that is long."""
    return _from_shelf("remembered_frames", FRAMES, key, make, lambda frame: frame.height <= LONG)


def remembered_whole(key: Hashable, make: Callable[[], Answer], rows: Callable[[Answer], int]) -> Answer:
    """`remembered` for what lies whole in columns, however long; `rows` says how many rows that is. Nothing is lighter than a part
    of the shelf, so that small firms' days do not pile up."""
    return _from_shelf("remembered_whole", ROWS, key, make, weigh=lambda answer: max(rows(answer), ROWS // MOST))


def _from_shelf(
    shelf: str, most: int, key: Hashable, make: Callable[[], Answer], worth_it: Callable[[Answer], bool] = lambda answer: True, weigh: Callable[[Answer], int] = lambda answer: 1
) -> Answer:
    """The answer under a key; the shelf holds answers that together weigh no more than `most`, the latest asked for."""
    kept: OrderedDict[Hashable, tuple[Any, int]] = current_app.extensions.setdefault(shelf, OrderedDict())
    found = kept.get(key)
    answer, weight = found or (make(), 0)
    if found is None:
        if not worth_it(answer):
            return answer
        weight = weigh(answer)
    with _LOCK:
        kept[key] = answer, weight
        kept.move_to_end(key)
        while found is None and len(kept) > 1 and sum(one[1] for one in kept.values()) > most:
            kept.popitem(last=False)
    return answer


def kept_part(key: tuple[Hashable, ...], template: str, make: Callable[[], dict[str, Any]]) -> Markup:
    """A part of a page, rendered once for all who read it in one language. As `remembered`: the key names everything that the part
    shows, and a part holds no form, no moment of now, and nothing that depends on who reads beyond its key."""
    return remembered(("part", template, spoken(), *key), lambda: Markup(render_template(template, **make())))  # noqa: S704 - it was escaped where it was rendered
