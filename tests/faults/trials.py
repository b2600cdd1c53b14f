"""Kill -9 at a random moment of a command, run the command again, and hold the books against those of a run that nobody killed."""

from __future__ import annotations

import difflib
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from sqlalchemy.orm import configure_mappers

from portal import create_app
from tests.corpus.firm import APPROVER, BOSS, CLOSED, DAYS, NEXT, OPEN, PREPARER, files
from tests.faults.books import content
from tests.faults.control import commit_at_every_flush
from tests.faults.forks import End, child
from tests.oracle.product import people, run
from tests.places import Place, migrated_place

QUICK = 20
"""Up to so many kills, one unkilled run is measured, and a month that is not closed is not exported."""
MEASURED = 3
"""Unkilled runs whose median is the time over which moments are drawn, in a longer report."""


@dataclass(frozen=True)
class Operation:
    """A command that is killed: what was run before it in an empty portal, itself, and the month whose books are compared."""

    before: Callable[[Path], list[list[str]]]
    command: Callable[[Path], list[str]]
    period: str
    closes: bool


def _import(folder: Path) -> list[str]:
    return ["import", str(folder), "--approved-by", BOSS]


def _close(period: str) -> list[str]:
    return ["commission", "close", "--period", period, "--prepared-by", PREPARER, "--approved-by", APPROVER, "--accept-missing"]


OPERATIONS = {
    "import": Operation(lambda _: [], _import, OPEN, closes=False),
    "close": Operation(lambda folder: [_import(folder), _close(CLOSED)], lambda _: _close(OPEN), OPEN, closes=True),
}
"""A firm's first import (master files, four days, adjustments), and the close of a month that follows a closed one."""


@dataclass
class Report:
    """What the kills of one operation came to. `inside` counts those that ended an unfinished command; `faults` are differing books."""

    operation: str
    database: str
    seed: int
    kills: int
    duration: float = 0.0
    inside: int = 0
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0


def kill(operation: str, kills: int, *, server: str = "", seed: int = 0, fault: bool = False) -> Report:
    """Kill a command `kills` times. With `fault`, each flush commits: the control that must give differing books."""
    report = Report(operation, "PostgreSQL" if server else "SQLite", seed, kills)
    started = time.monotonic()
    configure_mappers()
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        _Bench(OPERATIONS[operation], Path(name), server, fault=fault, quick=kills <= QUICK).trials(report)
    report.seconds = time.monotonic() - started
    return report


class _Bench:
    """One operation's base, from which every trial starts anew."""

    def __init__(self, operation: Operation, folder: Path, server: str, *, fault: bool, quick: bool) -> None:
        self.operation, self.folder, self.fault, self.quick, self.log = operation, folder, fault, quick, folder / "log.txt"
        self.firm = folder / "firm"
        self.base = Place(folder / "base", server)
        files((*DAYS, NEXT), self.firm)
        self._in_child(self._make_base)
        self.base = Place(folder / "base", server, (folder / "name.txt").read_text())
        # One place for all trials and one application for all children, made before any of them and never used by the parent.
        self.place = self.base.copy(folder / "trial")
        self.app = create_app(self.place.settings(allow_overrides=True))
        if fault:
            commit_at_every_flush(self.app)

    def trials(self, report: Report) -> None:
        """All trials of a report."""
        dice = random.Random(report.seed)
        try:
            expected = [self._unkilled() for _ in range(1 if self.quick else MEASURED)]
            assert len({text for text, _ in expected}) == 1, "two unkilled runs differ: " + difference(expected[0][0], expected[-1][0])
            report.duration = median(seconds for _, seconds in expected)
            for number in range(report.kills):
                self._trial(number, dice.uniform(0, report.duration), expected[0][0], report)
        finally:
            self.place.drop()
            self.base.drop()

    def _trial(self, number: int, moment: float, expected: str, report: Report) -> None:
        self._set_back()
        end = child(self._command, self.log, kill_after=moment)
        report.inside += end.killed and not end.done
        try:
            found, _ = self._run_and_read()
        except AssertionError as error:
            found = str(error)
        if found != expected:
            report.faults.append(f"kill {number + 1} after {end.seconds * 1000:.1f} ms: {difference(expected, found)}")

    def _unkilled(self) -> tuple[str, float]:
        self._set_back()
        return self._run_and_read()

    def _set_back(self) -> None:
        self.place.set_back(self.base)

    def _command(self, ready: Callable[[], None]) -> None:
        ready()
        run(self.app, *self.operation.command(self.firm))

    def _run_and_read(self) -> tuple[str, float]:
        """The content after the command was run to its end, and how long the command took."""
        path = self.folder / "content.txt"

        def work(ready: Callable[[], None]) -> None:
            ready()
            started = time.monotonic()
            run(self.app, *self.operation.command(self.firm))
            seconds = time.monotonic() - started
            exported = "" if self.quick and not self.operation.closes else self.operation.period
            path.write_text(f"{seconds}\n{content(self.app, exported)}", encoding="utf-8")

        self._in_child(work)
        seconds, _, text = path.read_text(encoding="utf-8").partition("\n")
        return text, float(seconds)

    def _make_base(self, ready: Callable[[], None]) -> None:
        ready()
        place = migrated_place(self.base.folder, self.base.server)
        (self.folder / "name.txt").write_text(place.name)
        app = create_app(place.settings(allow_overrides=True))
        people(app)
        for command in self.operation.before(self.firm):
            run(app, *command)

    def _in_child(self, work: Callable[[Callable[[], None]], None]) -> End:
        self.log.unlink(missing_ok=True)
        end = child(work, self.log)
        assert end.done, f"a run that nobody killed ended with {end.status}:\n{self.log.read_text()[-3000:]}"
        return end


def difference(expected: str, found: str) -> str:
    """The first lines in which two books differ."""
    lines = [line for line in difflib.unified_diff(expected.splitlines(), found.splitlines(), "expected", "found", n=0, lineterm="") if not line.startswith("@@")]
    return "\n".join(line[:300] for line in lines[:12])


__all__ = ["OPERATIONS", "Report", "difference", "kill"]
