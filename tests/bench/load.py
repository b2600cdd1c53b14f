"""`python -m tests.bench.load --seconds 600 [--database URL]`: many people at once, server and clients on the same machine.

Firm S with its month priced and 200,000 leads; brokers and auditors read (80 in 100) and change something of their own (20 in 100: a row
and a line in the audit log), each over a connection that stays open. The floor beside it is the bare health page over the same
connections. It fails nothing by itself.

Others may use the machine at the same time, so the processor's time per request, of the server and of the clients, stands beside
the rate: together they say what two quiet cores would answer at most.
"""

from __future__ import annotations

import argparse
import http.client
import os
import random
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from models import db
from models.identity import Role, User
from portal import clock
from portal.actors import TERMINAL
from portal.identity import sessions, verbs
from portal.transaction import transaction
from tests.bench import load_leads, product
from tests.bench.__main__ import versions
from tests.bench.make_firm import DAYS, SIZES
from tests.bench.sizes import account_numbers, broker_numbers

PORT = 5199
PEOPLE = 32
READS = 80
CHUNK = 65_536
TOKEN = re.compile(rb'name="csrf-token" content="([^"]+)"')


@dataclass
class Person:
    """Somebody at a browser: his cookies, the pages he opens, his form token."""

    cookies: dict[str, str]
    pages: list[str]
    token: str = ""


@dataclass
class Seen:
    """What the clients saw: milliseconds by kind of request, and answers by status."""

    times: dict[str, list[float]] = field(default_factory=lambda: {"read": [], "write": [], "floor": []})
    statuses: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, kind: str, status: int, milliseconds: float) -> None:
        """Count one request."""
        with self.lock:
            self.times[kind].append(milliseconds)
            self.statuses[f"{kind} {status}"] += 1


def people(firm: product.Product) -> list[Person]:
    """Brokers, and among them a few of those who see all; each signed in."""
    size, made = SIZES[firm.size], []
    brokers, accounts = broker_numbers(size), account_numbers(size)
    with transaction():
        for place in range(PEOPLE):
            broker = brokers[place % len(brokers)]
            role = Role.AUDITOR if place % 8 == 0 else Role.BROKER
            email = f"load{place}@example.com"
            numbers = {"broker_no": broker} if role is Role.BROKER else {}
            user = verbs.add_user(email=email, name=email, roles=[role], actor=TERMINAL, moment=clock.now(), demo_password_hash="none", **numbers)
            made.append((user.id, role, broker, accounts[place]))
    with transaction():
        return [_signed_in(firm, *one) for one in made]


def _signed_in(firm: product.Product, user_id: int, role: Role, broker: str, account: str) -> Person:
    user = db.session.get_one(User, user_id)
    row, token = sessions.begin(user=user, moment=clock.now(), user_agent="bench", address="127.0.0.1", whole=True)
    row.second_factor_at = clock.now()
    pages = ["/", "/clients", "/commission/lines?period=" + str(product.PERIOD), "/commission/statements", "/notices", "/me"]
    pages += [f"/clients/{account}", "/commission/months", "/audit"] if role is Role.AUDITOR else ["/leads", load_leads.lead_of(broker)]
    return Person({firm.app.config["SIGN_IN_COOKIE"]: token}, pages)


@contextmanager
def served(firm: product.Product, workers: int) -> Iterator[int]:
    """The portal as ./run serves it; gives the process that looks after its workers."""
    settings = firm.app.config["PORTAL"]
    env = {**os.environ, "PORTAL_INSTANCE": settings.instance, "PORTAL_DATABASE_URL": settings.database_url, "PORTAL_DEMO": "1", "PORTAL_LOCALE": "zh_Hans_CN"}
    server = [
        sys.executable,
        "-m",
        "gunicorn",
        "--bind",
        f"127.0.0.1:{PORT}",
        "--worker-class",
        "gthread",
        "--workers",
        str(workers),
        "--threads",
        "4",
        "--log-level",
        "error",
        "app:app",
    ]
    with subprocess.Popen(server, env=env) as process:
        try:
            _wait_until_it_answers()
            yield process.pid
        finally:
            process.terminate()


def _wait_until_it_answers() -> None:
    for _ in range(300):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the portal does not answer")


def one_person(person: Person, seen: Seen, until: float, seed: int, kinds: tuple[int, ...]) -> None:
    """Ask for pages until the time is over. `kinds`: how many in 100 read."""
    dice, connection = random.Random(seed), http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    while time.monotonic() < until:
        reads = not kinds or dice.randrange(100) < kinds[0]
        started = time.perf_counter()
        if not kinds:
            kind, status = "floor", _ask(connection, person, "GET", "/healthz")
        elif reads or not person.token:
            kind, status = "read", _ask(connection, person, "GET", dice.choice(person.pages))
        else:
            form = {"csrf_token": person.token, "name": f"Name {dice.randrange(1000)}", "locale": dice.choice(["en", "zh_Hans_CN"]), "theme": "auto", "rises": "red"}
            kind, status = "write", _ask(connection, person, "POST", "/me", form)
        seen.add(kind, status, 1000 * (time.perf_counter() - started))


def _ask(connection: http.client.HTTPConnection, person: Person, method: str, path: str, form: dict[str, str] | None = None) -> int:
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in person.cookies.items())}
    if form is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    connection.request(method, path, urlencode(form) if form is not None else None, headers)
    answer = connection.getresponse()
    body = answer.read()
    for header in answer.headers.get_all("Set-Cookie") or []:
        name, _, value = header.partition(";")[0].partition("=")
        person.cookies[name] = value
    found = TOKEN.search(body, 0, CHUNK)
    person.token = found[1].decode() if found else person.token
    return answer.status


def run(made: list[Person], seconds: float, kinds: tuple[int, ...]) -> tuple[Seen, float]:
    """Everybody at once for some seconds; what they saw, and how many requests a second."""
    seen, begun = Seen(), time.monotonic()
    threads = [threading.Thread(target=one_person, args=(person, seen, begun + seconds, seed, kinds)) for seed, person in enumerate(made)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen, sum(map(len, seen.times.values())) / (time.monotonic() - begun)


def cpu_of(parent: int) -> float:
    """Seconds of the processor that the workers of a process have used so far."""
    workers = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    threads = [one for worker in workers for one in Path(f"/proc/{worker}/task").glob("*/schedstat")]
    return sum(int(one.read_text().split()[0]) for one in threads) / 1e9


def centile(times: list[float], share: int) -> float:
    """The milliseconds that `share` in 100 requests stay below."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, len(ordered) * share // 100)] if ordered else 0.0


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(prog="python -m tests.bench.load", description=__doc__)
    options.add_argument("--seconds", type=int, default=60)
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--leads", type=int, default=load_leads.LEADS)
    options.add_argument("--database", default="", help="postgresql://user@host/name; a new database is made beside it. Empty: SQLite")
    given = options.parse_args()
    with product.opened("S", given.database) as firm:
        for index in range(len(DAYS)):
            firm.import_paths(firm.day_files(index))
        product.preview(firm)
        load_leads.add_leads(list(broker_numbers(SIZES["S"])), given.leads)
        made = people(firm)
        db.session.remove()
        with served(firm, given.workers) as parent:
            floor, floor_rate = run(made, min(10, given.seconds), ())
            before = cpu_of(parent), time.process_time()
            seen, rate = run(made, given.seconds, (READS,))
            used = cpu_of(parent) - before[0], time.process_time() - before[1]
    print("\n".join(versions(given.database)))
    print(
        f"firm S, {given.leads:,} leads, {PEOPLE} connections, {given.seconds} s, {given.workers} workers: {rate:.0f} requests/s (budget 180); bare health page {floor_rate:.0f}/s"
    )
    asked = sum(map(len, seen.times.values()))
    server, clients = (1000 * seconds / asked for seconds in used)
    print(f"  processor per request: server {server:.2f} ms, clients {clients:.2f} ms: two quiet cores answer at most {2000 / (server + clients):.0f} requests/s")
    for kind, times in (*seen.times.items(), ("floor", floor.times["floor"])):
        if times:
            print(f"  {kind:6} {len(times):7,} p50 {centile(times, 50):.0f} p95 {centile(times, 95):.0f} p99 {centile(times, 99):.0f} ms")
    print("  answers: " + ", ".join(f"{status}: {count}" for status, count in sorted(seen.statuses.items())))


if __name__ == "__main__":
    main()
