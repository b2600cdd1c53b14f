"""Two steps of a long computation side by side: while one item is worked on, the next one is fetched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Done = TypeVar("Done")


def one_ahead(work: Callable[[Item], Done], items: Iterable[Item]) -> Iterator[Done]:
    """`work` of every item, in order, done in a thread beside. Items are fetched in the caller's own thread, one ahead, so
    that they may come from the session; `work` may not. At most two items lie in memory.

    >>> list(one_ahead(str.upper, ["a", "b"]))
    ['A', 'B']
    """
    waiting: Future[Done] | None = None
    with ThreadPoolExecutor(1) as beside:
        for item in items:
            started = beside.submit(work, item)
            if waiting is not None:
                yield waiting.result()
            waiting = started
        if waiting is not None:
            yield waiting.result()
