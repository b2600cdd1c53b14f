"""Many at once: threads that take work from one list."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Given = TypeVar("Given")
Found = TypeVar("Found")


def at_once(work: Callable[[Given], Found], over: Iterable[Given], threads: int = 16) -> list[Found]:
    """Do the work over everything given, so many at a time; the results in the order given."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, over))
