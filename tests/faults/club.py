"""Kill -9 between every two steps of paying, refunding and cancelling: a real process dies there, and what the portal does by itself
brings books and Stripe to where they are after a run that nobody killed."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import time_machine
from sqlalchemy.orm import configure_mappers

from portal import clock
from portal.standin import made
from tests.faults.club_books import books, came
from tests.faults.club_steps import Steps
from tests.faults.club_stories import SECRET, STORIES, Story, folder_of, make, portal, recover, world
from tests.faults.forks import child
from tests.faults.trials import difference
from tests.guard.served import free_port
from tests.places import Place, migrated_place
from tests.rooms.notices.post_office import open_office
from tests.serving import served

NOON = datetime(2026, 12, 2, 3, 30, tzinfo=UTC)
"""Half past eleven in Shanghai: no hour in which messages are kept back."""
WAYS = {True: "webhooks arrive", False: "every webhook is lost"}


@dataclass
class Report:
    """What the kills of one operation came to. `steps`: how many there are in an unkilled run; `faults`: differing books."""

    operation: str
    database: str
    seed: int
    steps: dict[str, int] = field(default_factory=dict)
    kills: int = 0
    inside: int = 0
    at: dict[str, int] = field(default_factory=dict)
    mails_again: int = 0
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def told(self) -> str:
        """The figures in words."""
        steps = ", ".join(f"{count} steps where {way}" for way, count in self.steps.items())
        return f"{self.operation} on {self.database}, seed {self.seed}: {steps}; {self.kills} kills, {self.inside} inside, {len(self.faults)} with other books, {self.seconds:.0f} s\n  killed {self.at}; {self.mails_again} mails came again under the same Message-ID"


def kill_between(operation: str, *, server: str = "", every: int = 1, seed: int = 0, fault: bool = False) -> Report:
    """Kill an operation at every step of it, or at each `every`-th, beginning where the seed says; once with webhooks and once without."""
    report, started = Report(operation, "PostgreSQL" if server else "SQLite", seed), time.monotonic()
    configure_mappers()
    with tempfile.TemporaryDirectory(prefix="kills-") as name, time_machine.travel(NOON):
        clock.now()  # a travelled clock begins to go when it is first read: here, so that all children have the same one
        bench = _Bench(STORIES[operation], Path(name), server, fault=fault)
        try:
            with bench.standin():
                for told in WAYS:
                    bench.trials(report, told, every)
        finally:
            bench.drop()
    report.seconds = round(time.monotonic() - started, 1)
    return report


class _Mails(list[EmailMessage]):
    """The mails that came, also written down where other processes read them."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def append(self, mail: EmailMessage) -> None:
        """Take a mail."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{mail['Message-ID']}\t{mail['To']}\t{mail['Subject']}\n")
        super().append(mail)


class _Bench:
    """One operation's beginning, to which every trial goes back."""

    def __init__(self, story: Story, folder: Path, server: str, *, fault: bool) -> None:
        self.story, self.folder, self.fault = story, folder, fault
        self.mails, self.mail_port = folder / "mails.txt", free_port()
        self.log, self.said, self.found = folder / "log.txt", folder / "steps.txt", folder / "books.txt"
        self.base = Place(folder / "base", server)
        self._in_child(self._make_base)
        self.base = Place(folder / "base", server, (folder / "name.txt").read_text())
        self.place, self.port = self.base.copy(folder / "trial"), free_port()
        self.app = portal(self.place, self.port, self.mail_port)  # one for all children, never used by the parent

    def drop(self) -> None:
        """Throw both places away."""
        self.place.drop()
        self.base.drop()

    @contextmanager
    def standin(self) -> Iterator[None]:
        """Stripe's stand-in and a mail server in a process of their own: they outlive every kill."""
        parent, pid = os.getpid(), os.fork()
        if pid == 0:
            with open_office(self.mail_port) as office, served(made.make(folder_of(self.place), SECRET), self.port):
                office.mails = _Mails(self.mails)
                while os.getppid() == parent:
                    time.sleep(0.2)
            os._exit(0)
        try:
            self._wait_for_standin()
            yield
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

    def _wait_for_standin(self) -> None:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("the stand-in does not answer")

    def trials(self, report: Report, told: bool, every: int) -> None:
        """Kill at the steps of one way, each from the beginning."""
        self._run(told, 0)
        steps = self.said.read_text().splitlines()
        expected = self._recovered(told)
        report.steps[WAYS[told]] = len(steps)
        for number in range(1 + report.seed % every, len(steps) + 1, every):
            name = steps[number - 1]
            report.kills += 1
            report.at[name] = report.at.get(name, 0) + 1
            report.inside += self._run(told, number)
            reached = self.said.read_text().splitlines()
            if reached != steps[:number]:
                report.faults.append(f"step {number}, {name}, {WAYS[told]}, was not reached: {len(reached)} steps, the last ones {reached[-3:]}")
            elif (found := self._recovered(told)) != expected:
                report.faults.append(f"killed at step {number}, {name}, {WAYS[told]}: {difference(expected, found)}")
            report.mails_again += len(came(self.mails)) - len(set(came(self.mails)))

    def _run(self, told: bool, die_at: int) -> bool:
        """The operation from its beginning; returns whether it was killed."""
        self.place.set_back(self.base)
        self.mails.unlink(missing_ok=True)

        def work(ready: Callable[[], None]) -> None:
            ready()
            here = world(self.app, self.place, told)
            if self.fault:
                self.story.fault()
            Steps(self.said, die_at)
            self.story.act(here)

        if not die_at:
            self._in_child(work)
            return False
        return child(work, self.log).killed

    def _recovered(self, told: bool) -> str:
        """The books after a new process came."""

        def work(ready: Callable[[], None]) -> None:
            ready()
            if self.fault:
                self.story.fault()
            here = world(self.app, self.place, told)
            recover(here, self.story)
            self.found.write_text(books(self.app, here.store, self.mails), encoding="utf-8")

        try:
            self._in_child(work)
        except AssertionError as error:
            return str(error)
        return self.found.read_text(encoding="utf-8")

    def _make_base(self, ready: Callable[[], None]) -> None:
        ready()
        place = migrated_place(self.base.folder, self.base.server)
        make(place, paid=self.story.paid)
        (self.folder / "name.txt").write_text(place.name)

    def _in_child(self, work: Callable[[Callable[[], None]], None]) -> None:
        self.log.unlink(missing_ok=True)
        end = child(work, self.log)
        assert end.done, f"a run that nobody killed ended with {end.status}:\n{self.log.read_text()[-3000:]}"
