"""Progress in the terminal: a bar for a person, nothing for a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """A function (step, done, total) that moves a bar while somebody watches."""
    if not sys.stderr.isatty():
        yield lambda step, done, total: None
        return
    with Progress(console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, int] = {}

        def report(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bar.add_task(step, total=total)
            bar.update(tasks[step], completed=done, total=total)  # type: ignore[arg-type]

        yield report
