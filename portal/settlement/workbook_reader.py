"""Reads one workbook in a process of its own: bytes come in, cells go out as JSON. Started by workbooks.py, never imported.

Whatever a hostile workbook does to the library (it may stop the process, ask for all memory, or never end) happens here.
"""

from __future__ import annotations

import io
import json
import sys
from datetime import date, datetime
from typing import Any

from python_calamine import CalamineWorkbook

if sys.platform != "win32":
    import resource


def _bound(memory: int, seconds: int) -> None:
    """Limit what this process may take, where the system can."""
    if sys.platform == "win32":
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))


def _cell(cell: Any) -> Any:
    if isinstance(cell, datetime):
        return {"moment": cell.isoformat()}
    if isinstance(cell, date):
        return {"date": cell.isoformat()}
    return cell if cell is None or isinstance(cell, (str, bool, int, float)) else str(cell)


def main() -> None:
    """Arguments: bytes of memory, seconds of processor time, most cells."""
    memory, seconds, most = map(int, sys.argv[1:4])
    _bound(memory, seconds)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
        sheets, cells = [], 0
        for index, name in enumerate(book.sheet_names):
            rows = book.get_sheet_by_index(index).to_python(skip_empty_area=False)
            cells += sum(map(len, rows))
            if cells > most:
                raise ValueError(f"more than {most} cells")
            sheets.append([name, [[_cell(cell) for cell in row] for row in rows]])
        answer = json.dumps({"sheets": sheets})
    except BaseException as error:
        answer = json.dumps({"error": str(error) or type(error).__name__})
    sys.stdout.write(answer)


if __name__ == "__main__":
    main()
