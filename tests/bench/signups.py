"""Many sign up for the few seats of an event at the same moment, by real HTTP:

python -m tests.bench.signups [--people 300] [--seats 20] [--workers 4] [--database postgresql://user@host/] [--fault]

Everybody is signed in and has the form open before; a barrier lets all of them send it at once to a gunicorn of so many worker
processes. Exit status 1 where another number of seats is sold than there are, somebody has two, or an answer is neither a seat nor
"this event is full". With `--fault` the workers hold no lock while they count, which must sell too many: there the exit status is 1 if not.
"""

from __future__ import annotations

import argparse
import re
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from statistics import median

from sqlalchemy import func, select

from models import db
from models.club import Booking, BookingState
from models.identity import Role
from portal.club.events import Kind
from tests.bench.__main__ import versions
from tests.bench.load import centile
from tests.guard.replays import people_with_sessions
from tests.guard.served import Answer, Browser, Served, served
from tests.people import token_in
from tests.places import Place
from tests.rooms.club.scene import event_of, seats_sold

KEY = "rush"
SEAT, FULL = "a seat", "full"
_KIND = re.compile(r'type="radio" name="kind" value="(\d+)"')
_FAULT = re.compile(r'role="alert"[^>]*>.*?<p>(.*?)</p>', re.DOTALL)


@dataclass
class Rush:
    """What everybody was answered. `others` are answers that nobody should get; times are in milliseconds from the barrier on."""

    people: int
    seats: int
    answers: Counter[str] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)
    sold: int = 0
    twice: int = 0
    wall: float = 0.0

    @property
    def clean(self) -> bool:
        """Whether as many seats are sold as there are, none twice, and everybody else was told that the event is full."""
        wanted = {SEAT: min(self.seats, self.people), FULL: max(0, self.people - self.seats)}
        return not self.others and not self.twice and self.sold == self.answers[SEAT] and all(self.answers[name] == count for name, count in wanted.items())

    @property
    def oversold(self) -> bool:
        """Whether more seats are sold than there are."""
        return self.sold > self.seats

    def told(self) -> str:
        """The figures in words."""
        times = f"longest {max(self.times):.0f}, median {median(self.times):.0f}, p95 {centile(self.times, 95):.0f} ms" if self.times else "nobody was answered"
        return "\n".join(
            (
                f"{self.people} people for {self.seats} seats: {self.answers[SEAT]} booked, {self.answers[FULL]} refused as full, {sum(self.others.values())} other answers",
                f"  refused with: {dict(self.words)}; others: {dict(self.others)}",
                f"  in the database: {self.sold} seats sold, {self.twice} people with more than one booking",
                f"  answers: {times}; all of them within {self.wall:.2f} s",
            )
        )


def rush(portal: Served, people: int, seats: int) -> Rush:
    """Let so many people sign up at once for a new event."""
    with portal.app.app_context():
        number = event_of(KEY, capacity=seats, kinds=(Kind("免费", "Free", 0),))
        db.session.remove()
    desks = [portal.holding(token) for _, _, token in people_with_sessions(portal, people, Role.CLIENT)]
    found, kinds = Rush(people, seats), [_opens(desk) for desk in desks]
    gate, lock = threading.Barrier(people + 1, timeout=120), threading.Lock()
    threads = [threading.Thread(target=_signs_up, args=(desk, kind, gate, lock, found)) for desk, kind in zip(desks, kinds, strict=True)]
    for thread in threads:
        thread.start()
    gate.wait()
    started = time.perf_counter()
    for thread in threads:
        thread.join()
    found.wall = time.perf_counter() - started
    with portal.app.app_context():
        found.sold, found.twice = seats_sold(number), _with_two()
        db.session.remove()
    return found


def _opens(desk: Browser) -> str:
    """Open the event's page; the kind of ticket that its form offers. Its token is kept for later."""
    page = desk.get(f"/events/{KEY}")
    kind = _KIND.search(page.text)
    assert page.status == 200, page.status
    assert kind, page.text[:500]
    desk.token = token_in(page.text)
    return kind[1]


def _signs_up(desk: Browser, kind: str, gate: threading.Barrier, lock: threading.Lock, found: Rush) -> None:
    gate.wait()
    started = time.perf_counter()
    try:
        answer = desk.post(f"/events/{KEY}/book", kind=kind, name="王小明")
    except OSError as error:  # a connection that was refused, cut off, or not answered in two minutes
        with lock:
            found.others[type(error).__name__] += 1
        return
    spent = 1000 * (time.perf_counter() - started)
    with lock:
        found.times.append(spent)
        _count(answer, found)


def _count(answer: Answer, found: Rush) -> None:
    said = _FAULT.search(answer.text)
    words = re.sub(r"<[^>]+>|\s+", " ", said[1]).strip() if said else ""
    if answer.status == 303 and answer.location.startswith("/club/bookings/"):
        found.answers[SEAT] += 1
    elif answer.status == 409 and "full" in words:
        found.answers[FULL] += 1
        found.words[f"{answer.status} {words}"] += 1
    else:
        found.others[f"{answer.status} {words or answer.location}"[:120]] += 1


def _with_two() -> int:
    """How many people have more than one active booking."""
    active = select(Booking.person).where(Booking.state.in_([BookingState.HELD, BookingState.GRANTED])).group_by(Booking.person).having(func.count() > 1)
    return len(db.session.execute(active).all())


def measured(people: int, seats: int, *, workers: int, database: str = "", of: Place | None = None, fault: bool = False) -> Rush:
    """The same on a portal of its own, which is gone afterwards."""
    with served(database, of=of, workers=workers, fault="lock" if fault else "") as portal:
        return rush(portal, people, seats)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.signups", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--seats", type=int, default=20)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--database", default="", metavar="URL", help="address of a PostgreSQL server up to its last slash; without it SQLite")
    parser.add_argument("--fault", action="store_true", help="the control: nobody holds the event while seats are counted, so that too many are sold")
    asked = parser.parse_args()
    before = versions(asked.database)
    found = measured(asked.people, asked.seats, workers=asked.workers, database=asked.database, fault=asked.fault)
    print("\n".join(before))
    print(f"{'PostgreSQL' if asked.database else 'SQLite'}, {asked.workers} worker processes{', WITHOUT the lock' if asked.fault else ''}")
    print(found.told())
    ended_well = found.oversold if asked.fault else found.clean
    print("  " + ("as it must be" if ended_well else "NOT as it must be"))
    return 0 if ended_well else 1


if __name__ == "__main__":
    sys.exit(main())
