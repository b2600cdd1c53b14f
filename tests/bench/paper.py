"""A list on paper: `python -m tests.bench.paper [ROWS COLUMNS]`, without arguments the sizes at which the limits stand.

The columns are those of the list of trades, again and again. Said are seconds from the rows to the file, the most memory that the press took
(a process of its own) and the portal beside it, the file's size and pages, and the load of the machine. Nothing fails.
"""

from __future__ import annotations

import argparse
import io
import os
import resource
import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from zoneinfo import ZoneInfo

from flask_babel import force_locale
from pypdf import PdfReader

from portal import create_app
from portal.documents.list_paper import Head, ListPaper, list_pdf
from portal.settings import Settings
from portal.web.exports import Cell

KINDS: tuple[tuple[str, Callable[[int], Cell]], ...] = (
    ("交易日", lambda row: date(2026, 7, 1 + row % 28)),
    ("账户", lambda row: f"80{100_000 + row}"),
    ("客户", lambda row: f"恒峪钢铁物资有限公司{row % 999}"),
    ("交易所", lambda row: "SHFE"),
    ("品种", lambda row: "rb"),
    ("手数", lambda row: row % 50),
    ("成交额", lambda row: Decimal(row * 123_457).scaleb(-2)),
    ("手续费", lambda row: Decimal(row * 1_235).scaleb(-2)),
    ("交易所手续费", lambda row: Decimal(row * 335).scaleb(-2)),
    ("留存手续费", lambda row: Decimal(row * 735).scaleb(-2)),
)
SIZES = ((600, 10), (2_500, 10), (5_000, 6), (2_500, 20), (5_000, 10))


def measured(rows: int, columns: int) -> str:
    """Set one list and say what it took."""
    kinds = [KINDS[place % len(KINDS)] for place in range(columns)]
    heads = [Head(f"k{place}", name) for place, (name, _cell) in enumerate(kinds)]
    cells = [tuple(cell(row) for _name, cell in kinds) for row in range(rows)]
    paper = ListPaper("zh", "成交", "0" * 12, datetime(2026, 11, 30, tzinfo=UTC), ["…"], heads, cells, {"k5": 1}, ZoneInfo("Asia/Shanghai"))
    begun = perf_counter()
    body = list_pdf(paper)
    seconds = perf_counter() - begun
    press, portal = (resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF))
    pages = len(PdfReader(io.BytesIO(body)).pages)
    return f"{rows:,} rows of {columns}: {seconds:.2f} s, press {press:.0f} MB, portal {portal:.0f} MB, file {len(body) / 1e6:.1f} MB, {pages} pages, load {os.getloadavg()[0]:.1f}"


def main() -> None:
    """Say it for one size, or for those of the limits, the smallest first: the press's memory is the most so far."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("size", type=int, nargs="*", help="rows and columns")
    size = parser.parse_args().size
    if len(size) not in {0, 2}:
        parser.error("say rows and columns, or nothing")
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Settings(instance=Path(folder), testing=True))
        with app.test_request_context(), force_locale("zh_Hans_CN"):
            for rows, columns in [tuple(size)] if size else SIZES:
                print(measured(rows, columns), flush=True)


if __name__ == "__main__":
    main()
