"""Time as the clock shows it, and as this process used it: on a shared machine only the second is steady."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple


class Taken(NamedTuple):
    """Seconds by the clock and of this process's processors (a database server's own are not in it)."""

    wall: float
    cpu: float


def median(times: Iterable[Taken]) -> Taken:
    """The medians of both."""
    walls, cpus = zip(*times, strict=True)
    return Taken(statistics.median(walls), statistics.median(cpus))


@contextmanager
def stopwatch() -> Iterator[list[Taken]]:
    """A list that holds the time taken once the block is left."""
    taken: list[Taken] = []
    wall, cpu = time.perf_counter(), time.process_time()
    yield taken
    taken.append(Taken(time.perf_counter() - wall, time.process_time() - cpu))
