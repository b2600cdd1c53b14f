"""Kill -9 in the middle of an import and of a close: run again, and the books are those of a run that nobody killed.

At length: `python -m tests.faults --kills 100 [--database postgresql://user@host/]`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.places import SERVER

ROOT = Path(__file__).resolve().parents[2]
KILLS = 5 if SERVER else 10


def trials(operation: str, kills: int, *more: str) -> dict[str, Any]:
    """A report, made by a process of its own: whoever forks must have no threads."""
    words = [sys.executable, "-m", "tests.faults", "--json", "--kills", str(kills), "--operation", operation, "--database", SERVER, *more]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.stdout, ended.stderr
    report: dict[str, Any] = json.loads(ended.stdout)
    assert ended.returncode == int(bool(report["faults"]))
    return report


@pytest.mark.parametrize("operation", ["import", "close"])
def test_what_was_killed_and_run_again_has_the_same_books_once(operation: str) -> None:
    report = trials(operation, KILLS)
    assert report["faults"] == []
    assert report["inside"] >= KILLS // 3


def test_control_transactions_that_commit_half_way_are_found() -> None:
    report = trials("close", 8, "--fault")
    assert report["inside"]
    assert report["faults"], "a commit in the middle went unnoticed"
