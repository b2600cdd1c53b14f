"""`python -m tests.bench --size S|M --database URL`: floors and product in turn, and a table of both. It fails nothing by itself.

Floors run in a process of their own, so that the memory shown is the product's.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import resource
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import psycopg
import pysqlite3.dbapi2 as sqlite

from tests.bench import floor, product
from tests.bench.make_firm import DAYS, SIZES
from tests.bench.stopwatch import Taken, median


@dataclass(frozen=True)
class Measured:
    """One line of the table."""

    name: str
    floor: Taken | None
    product: Taken | None
    budget: str

    def row(self) -> tuple[str, ...]:
        """The cells: seconds by the clock and by the processor, and both ratios."""
        cells = [f"{taken[kind]:.3f}" if taken else "" for kind in (0, 1) for taken in (self.floor, self.product)]
        ratios = [f"{self.product[kind] / self.floor[kind]:.2f} ×" if self.floor and self.product else "" for kind in (0, 1)]
        return self.name, cells[0], cells[1], ratios[0], cells[2], cells[3], ratios[1], self.budget


HEAD = ("what", "floor s", "product s", "ratio", "floor CPU s", "product CPU s", "CPU ratio", "budget")


def measure_import(firm: product.Product, floors: ProcessPoolExecutor, database: str, rounds: int) -> Measured:
    """Every day of the month is imported; beside the first `rounds` of them the floor is measured, before and after in turn."""
    floor_times, times = [], []
    for index in range(len(DAYS)):
        paths = firm.day_files(index)
        measured = index < rounds
        if measured and index % 2 == 0:
            floor_times.append(floors.submit(floor.load_day, paths, database).result())
        times.append(firm.import_paths(paths))
        if measured and index % 2 == 1:
            floor_times.append(floors.submit(floor.load_day, paths, database).result())
        print(f"  {DAYS[index]} imported in {times[-1].wall:.2f} s", file=sys.stderr)
    return Measured("import a day", median(floor_times), median(times[:rounds]), "≤ 3 × floor")


def measure_preview(firm: product.Product, floors: ProcessPoolExecutor, rounds: int) -> tuple[Measured, str]:
    """The month is priced by the floor and by the product in turn; the note says whether both came to the same."""
    floors.submit(floor.price_month, firm.size).result()  # makes the facts and warms up
    pairs = []
    for _ in range(rounds):
        pairs.append((floors.submit(floor.price_month, firm.size).result(), product.preview(firm)))
    (_, lines, amount), (_, product_lines, earned) = pairs[-1]
    same = "the same" if (lines, amount) == (product_lines, earned) else "NOT THE SAME"
    note = f"floor: {lines:,} lines, {amount:,} fen; product: {product_lines:,} lines, {earned:,} fen: {same}"
    return Measured("preview a month", median(pair[0][0] for pair in pairs), median(pair[1][0] for pair in pairs), "≤ 5 × floor"), note


def versions(database: str) -> list[str]:
    """What the figures were measured with."""
    lines = [
        f"{platform.platform()} · {os.cpu_count()} cores · load {os.getloadavg()[0]:.1f} · Python {platform.python_version()} · polars {pl.__version__} · SQLite {sqlite.sqlite_version}"
    ]
    cpu = (
        next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "")
        if Path("/proc/cpuinfo").exists()
        else ""
    )
    if database.startswith("postgres"):
        with psycopg.connect(database) as connection:
            lines.append(f"PostgreSQL {connection.info.server_version // 10000} · psycopg {psycopg.__version__}")
    return [line for line in (cpu, *lines) if line]


def table(rows: list[tuple[str, ...]]) -> str:
    """Columns of text."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    options.add_argument("--size", choices=sorted(SIZES), default="S")
    options.add_argument("--database", default="", help="postgresql://user@host/name; a new database is made beside it. Empty: SQLite")
    options.add_argument("--rounds", type=int, default=0, help="default: 3")
    given = options.parse_args()
    rounds = given.rounds or 3  # the first day of a database that was just made is slower than those after it
    measured: list[Measured] = []
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as floors, product.opened(given.size, given.database) as firm:
        measured.append(measure_import(firm, floors, given.database, rounds))
        after_import = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        previewed, note = measure_preview(firm, floors, rounds)
        read_again, repriced = product.correct(firm)
        measured += [
            previewed,
            Measured("correction of 100 accounts of one past day: its files read again and posted", None, read_again, "≤ import of a day"),
            Measured("the same: re-priced, the preview brought up to date", None, repriced, "≤ 0.5 s on M, ≤ 3 × S"),
        ]
        measured += [Measured("close the previewed month", None, product.close(firm), "with the preview ≤ 5 × floor")]
        measured += [Measured(entry.name, None, entry.run(firm) if entry.run else None, entry.budget) for entry in product.ENTRIES]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print("\n".join(versions(given.database)))
    print(f"firm {given.size} on {'PostgreSQL' if given.database else 'SQLite'}, {rounds} rounds, medians\n")
    print(table([HEAD, *(item.row() for item in measured)]))
    print(
        f"\npeak memory of the product: {firm.masters_memory} MB for the masters in a process of their own, {after_import} MB after the imports (budget 600), {peak} MB in all (budget 1,500)\n{note}"
    )


if __name__ == "__main__":
    main()
