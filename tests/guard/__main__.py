"""Attacks at length: `python -m tests.guard [guesses replays codes timing departures overwrites seats tamper owner] [--count 1000]
[--database postgresql://user@host/] [--workers 4] [--seed 7] [--fault]`. Exit status 1 where something was found."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from typing import Any

from tests.guard.codes import codes
from tests.guard.departures import departures
from tests.guard.guesses import guesses
from tests.guard.overwrites import overwrites
from tests.guard.owner import owner
from tests.guard.replays import replays
from tests.guard.report import Report
from tests.guard.seats import seats
from tests.guard.served import Served, served
from tests.guard.tamper import tamper
from tests.guard.timing import timing

SERVED: dict[str, tuple[Callable[[Served, Report, int, int], None], int, dict[str, Any]]] = {
    "guesses": (guesses, 10_000, {}),
    "replays": (replays, 1_000, {}),
    "codes": (codes, 200, {}),
    "timing": (timing, 500, {"password_cost": "strong", "proxies": 1}),
    "departures": (departures, 1_000, {}),
    "overwrites": (overwrites, 1_000, {}),
    "seats": (seats, 300, {}),
}
"""Each trial with how often it is tried, and settings of the portal that it attacks."""
UNSERVED = ("tamper", "owner")
"""Trials of the audit log, which need no workers."""
TAMPERED = 1_000


def attack(name: str, *, count: int, database: str, workers: int, seed: int, fault: bool) -> Report:
    """Run one trial."""
    report, started = Report(name, "PostgreSQL" if database else "SQLite"), time.monotonic()
    if name == "tamper":
        report.database = "files"
        tamper(report, count or TAMPERED, seed, without_heads=fault)
    elif name == "owner":
        owner(report, count or TAMPERED, seed, database, without_heads=fault)
    else:
        trial, usual, settings = SERVED[name]
        with served(database, workers=workers, fault=name if fault else "", **settings) as portal:
            trial(portal, report, count or usual, seed)
    report.seconds = round(time.monotonic() - started, 1)
    return report


def main() -> int:
    """Print a report for each trial."""
    parser = argparse.ArgumentParser(prog="python -m tests.guard", description=__doc__)
    parser.add_argument("trial", nargs="*", choices=[*SERVED, *UNSERVED, []])
    parser.add_argument("--count", type=int, default=0, help="how often; without it as often as the goals name")
    parser.add_argument("--database", default="", metavar="URL", help="address of a PostgreSQL server up to its last slash; without it SQLite")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--fault", action="store_true", help="the control: plant the fault that the trial must find")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = 0
    for name in asked.trial or [*SERVED, *UNSERVED]:
        report = attack(name, count=asked.count, database=asked.database, workers=asked.workers, seed=asked.seed, fault=asked.fault)
        found += len(report.faults)
        if asked.json:
            print(json.dumps(vars(report), ensure_ascii=False), flush=True)
            continue
        print(f"{report.trial} on {report.database}, seed {asked.seed}: {report.tried} tried, {report.figures}, {len(report.faults)} faults, {report.seconds} s", flush=True)
        for words in report.faults[:10]:
            print("  " + words)
    return 1 if found else 0


sys.exit(main())
