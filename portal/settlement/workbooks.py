"""Workbooks (.xlsx, .xls) to cells, by a process of its own with bounded memory and time: a workbook of 5 kB may name a cell so
far out that everything between would fill any memory, and a broken one may stop the process that reads it."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

READER = Path(__file__).with_name("workbook_reader.py")
MEMORY = 2 * 2**30
"""Bytes of address space; a list of a large firm takes a tenth."""
SECONDS = 60
CELLS = 5_000_000
"""Cells of all sheets, empty ones between included."""

Cells = list[list[Any]]


class Unreadable(ValueError):
    """The bytes are no workbook, or none that can be read within bounds."""


def read_cells(data: bytes) -> list[tuple[str, Cells]]:
    """The sheets in their order, each with its name and its rows; a cell is a str, bool, int, float, date, datetime or None.

    Raises Unreadable.
    """
    command = [sys.executable, "-I", str(READER), str(MEMORY), str(SECONDS), str(CELLS)]
    try:
        done = subprocess.run(command, input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=2 * SECONDS, check=False)  # noqa: S603 - our own program
    except subprocess.TimeoutExpired as error:
        raise Unreadable(f"more than {2 * SECONDS} seconds") from error
    try:
        answer = json.loads(done.stdout, object_hook=_undated)
    except ValueError as error:
        raise Unreadable("more memory or time than a workbook may take") from error
    if "error" in answer:
        raise Unreadable(str(answer["error"])[:200])
    return [(name, rows) for name, rows in answer["sheets"]]


def _undated(found: dict[str, Any]) -> Any:
    if "moment" in found:
        return datetime.fromisoformat(found["moment"])
    return date.fromisoformat(found["date"]) if "date" in found else found
