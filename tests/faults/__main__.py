"""Kill trials at length: `python -m tests.faults --kills 100 [--database postgresql://user@host/] [--operation close] [--seed 7] [--fault]`.

Imports and closes are killed at random moments, `--kills` times; the club's paying, refunding and cancelling at every step that there is
(before and after each commit, each call to Stripe and each mail), or at each `--every`-th.
"""

from __future__ import annotations

import argparse
import json
import sys

from tests.faults import club, trials
from tests.faults.club_stories import STORIES
from tests.faults.trials import OPERATIONS, kill


def _words(report: club.Report | trials.Report) -> str:
    if isinstance(report, club.Report):
        return report.told()
    return (
        f"{report.operation} on {report.database}, seed {report.seed}: {report.kills} kills over {report.duration * 1000:.0f} ms, {report.inside} inside, "
        f"{len(report.faults)} with other books, {report.seconds:.0f} s"
    )


def main() -> int:
    """Print a report for each operation; exit status 1 where books differed."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="how often an import or a close is killed")
    parser.add_argument("--every", type=int, default=1, help="paying, refunding and cancelling are killed at each so-many-th step; by default at every one")
    parser.add_argument("--database", default="", metavar="URL", help="address of a PostgreSQL server up to its last slash; without it SQLite")
    parser.add_argument("--operation", choices=sorted({**OPERATIONS, **STORIES}), action="append")
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument(
        "--fault",
        action="store_true",
        help="the control: plant a commit in the middle, another key for each try, or a payment that is written after Stripe was asked, which must be found",
    )
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    faults = 0
    for operation in asked.operation or sorted({**OPERATIONS, **STORIES}):
        report: club.Report | trials.Report
        if operation in STORIES:
            report = club.kill_between(operation, server=asked.database, every=asked.every, seed=asked.seed, fault=asked.fault)
        else:
            report = kill(operation, asked.kills, server=asked.database, seed=asked.seed, fault=asked.fault)
        faults += len(report.faults)
        print(json.dumps(vars(report), ensure_ascii=False) if asked.json else _words(report), flush=True)
        for fault in [] if asked.json else report.faults:
            print(fault)
    return 1 if faults else 0


sys.exit(main())
