"""Kill trials at length: `python -m tests.faults --kills 100 [--database postgresql://user@host/] [--operation close] [--seed 7] [--fault]`."""

from __future__ import annotations

import argparse
import json
import sys

from tests.faults.trials import OPERATIONS, kill


def main() -> int:
    """Print a report for each operation; exit status 1 where books differed."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--database", default="", metavar="URL", help="address of a PostgreSQL server up to its last slash; without it SQLite")
    parser.add_argument("--operation", choices=sorted(OPERATIONS), action="append")
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--fault", action="store_true", help="the control: plant a commit in the middle, which must be found")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    faults = 0
    for operation in asked.operation or sorted(OPERATIONS):
        report = kill(operation, asked.kills, server=asked.database, seed=asked.seed, fault=asked.fault)
        faults += len(report.faults)
        if asked.json:
            print(json.dumps(vars(report), ensure_ascii=False), flush=True)
            continue
        print(
            f"{report.operation} on {report.database}, seed {report.seed}: {report.kills} kills over {report.duration * 1000:.0f} ms, {report.inside} inside, "
            f"{len(report.faults)} with other books, {report.seconds:.0f} s",
            flush=True,
        )
        for fault in report.faults:
            print(fault)
    return 1 if faults else 0


sys.exit(main())
