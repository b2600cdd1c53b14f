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
_LOCK = threading.Lock()
Answer = TypeVar("Answer")


def remembered(key: Hashable, make: Callable[[], Answer]) -> Answer:
    """The answer kept under a key, or a new one. The key must name everything that the answer depends on; the answer must not
    hold rows of the database, nor be changed by who gets it."""
    return _from_shelf("remembered", MOST, key, make)


def remembered_frame(key: Hashable, make: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    """`remembered` for rows in columns: a few of them, and none that is long."""
    return _from_shelf("remembered_frames", FRAMES, key, make, lambda frame: frame.height <= LONG)


def _from_shelf(shelf: str, most: int, key: Hashable, make: Callable[[], Answer], worth_it: Callable[[Answer], bool] = lambda answer: True) -> Answer:
    kept: OrderedDict[Hashable, Any] = current_app.extensions.setdefault(shelf, OrderedDict())
    found: Answer | None = kept.get(key)
    answer = make() if found is None else found
    if found is None and not worth_it(answer):
        return answer
    with _LOCK:
        kept[key] = answer
        kept.move_to_end(key)
        while len(kept) > most:
            kept.popitem(last=False)
    return answer


def kept_part(key: tuple[Hashable, ...], template: str, make: Callable[[], dict[str, Any]]) -> Markup:
    """A part of a page, rendered once for all who read it in one language. As `remembered`: the key names everything that the part
    shows, and a part holds no form, no moment of now, and nothing that depends on who reads beyond its key."""
    return remembered(("part", template, spoken(), *key), lambda: Markup(render_template(template, **make())))  # noqa: S704 - it was escaped where it was rendered
