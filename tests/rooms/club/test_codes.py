"""Every behaviour that the club promises has a test that names it; what cannot happen here says so among the readings."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

from portal.settings import ROOT

COUNTS = {"C": 8, "P": 15, "R": 12, "W": 9, "M": 7, "L": 3, "K": 5, "N": 2, "V": 2, "S": 15}
"""How many behaviours of each kind: capacity, payment, refund, waitlist, membership, points, check-in, notices, privacy, Stripe."""
CODES = {f"{letter}{number}" for letter, most in COUNTS.items() for number in range(1, most + 1)}
CANNOT_HAPPEN = {"R12", "S12", "S15"}
"""A referrer is paid nothing from dues or tickets, nothing is paid out by Stripe, and its test clocks are its own: docs/readings.md."""
FOLDERS = ("tests/rooms/club", "tests/faults", "tests/screens", "tests/rooms/risk", "tests/rooms/notices", "tests/rooms/pages")
NAMED = re.compile(r"\b([CPRWMLKNVS])(\d{1,2})\b")


def named_in(source: str) -> Counter[str]:
    """The codes that tests of a file name in their names and docstrings, with how many tests name each."""
    found: Counter[str] = Counter()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            words = " ".join(node.name.upper().split("_")) + " " + (ast.get_docstring(node) or "")
            found.update({f"{letter}{number}" for letter, number in NAMED.findall(words)} & CODES)
    return found


def all_named() -> Counter[str]:
    """The same of all tests around the club."""
    found: Counter[str] = Counter()
    for folder in FOLDERS:
        for path in sorted((Path(ROOT) / folder).glob("test_*.py")):
            if "club" in str(path):
                found += named_in(path.read_text(encoding="utf-8"))
    return found


def test_every_code_has_a_test_that_names_it_or_a_reading_that_says_why_not() -> None:
    missing = CODES - set(all_named())
    assert missing <= CANNOT_HAPPEN, sorted(missing - CANNOT_HAPPEN)
    readings = (Path(ROOT) / "docs" / "readings.md").read_text(encoding="utf-8")
    assert [code for code in sorted(CANNOT_HAPPEN) if f"({code})" not in readings] == []


def test_control_a_code_that_nobody_names_is_missed() -> None:
    """A file that names two codes, once in a name and once in a docstring, names no others."""
    assert set(named_in('def test_c1_x():\n    """K4: and of Q9, S99 nothing."""\ndef helper():\n    """P1"""\n')) == {"C1", "K4"}
