"""docs/asvs.csv says the truth: what applies of OWASP ASVS 5.0 names a test that exists or a heading that is there, or says why it is missing."""

from __future__ import annotations

import ast
import csv
from collections.abc import Iterator
from functools import cache

import pytest

from portal.settings import ROOT

Row = dict[str, str]


def rows() -> list[Row]:
    with (ROOT / "docs" / "asvs.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def names_in(path: str) -> frozenset[str]:
    """The tests of a file, or the headings of a page."""
    text = (ROOT / path).read_text()
    if path.endswith(".md"):
        return frozenset(line.lstrip("# ").strip() for line in text.splitlines() if line.startswith("#"))
    return frozenset(node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"))


def faults(row: Row) -> Iterator[str]:
    """What is wrong with a row."""
    if row["applies"] not in {"yes", "no", "missing"} or row["level"] not in {"1", "2", "3"} or not row["control"].strip():
        yield f"{row['id']}: applies, level and control must be said"
    if row["applies"] != "yes":
        return
    named = [part.strip() for part in row["test"].split(";") if part.strip()]
    if not named:
        yield f"{row['id']}: applies, but names nothing"
    for part in named:
        path, _, name = part.partition("::" if "::" in part else "#")
        if not (ROOT / path).is_file() or name not in names_in(path):
            yield f"{row['id']}: there is no {part}"


def test_every_row_names_what_is_there() -> None:
    found = rows()
    assert [fault for row in found for fault in faults(row)] == []
    assert len({row["id"] for row in found}) == len(found)


def test_all_of_level_one_is_named_and_what_is_missing_is_known() -> None:
    level_one = [row for row in rows() if row["level"] == "1" and row["applies"] != "no"]
    assert len(level_one) == 64
    missing = {row["id"] for row in rows() if row["applies"] == "missing"}
    assert {row["id"] for row in level_one} & missing == set()
    level_two = [row for row in rows() if row["level"] == "2" and row["applies"] != "no"]
    assert sum(row["applies"] == "yes" for row in level_two) >= 0.95 * len(level_two)


@pytest.mark.parametrize("named", ["", "tests/house/test_asvs.py::test_that_is_not_there", "tests/nowhere.py::test_x", "docs/security.md#No such heading"])
def test_control_a_row_that_names_nothing_is_found(named: str) -> None:
    assert list(faults({"id": "0.0.0", "level": "1", "applies": "yes", "control": "x", "test": named}))
