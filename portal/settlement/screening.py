"""Checks over whole columns: a frame of rows in, findings about single rows out, without a loop over the good ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from portal.refusals import Findings, Severity

Row = dict[str, Any]
Words = str | Callable[[Row], object]


@dataclass(frozen=True)
class Check:
    """One thing that may be wrong with a row: `bad` is true for the rows where it is.

    `found` names the column that holds what was found, or makes it from the row; `expected` is a text, or made from the row.
    """

    code: str
    bad: pl.Expr
    field: str = ""
    found: Words = ""
    expected: Words = ""
    severity: Severity = Severity.REFUSAL


def screen(frame: pl.DataFrame, files: Sequence[str], checks: Sequence[Check], findings: Findings) -> pl.DataFrame:
    """Report every row that fails a check (columns `file_no` and `line` say where it stands); return the rows not refused."""
    if frame.is_empty() or not checks:
        return frame
    failing = frame.select(check.bad.any().alias(str(number)) for number, check in enumerate(checks)).row(0)
    refused = []
    for check, fails in zip(checks, failing, strict=True):
        if not fails:
            continue
        _report(frame.filter(check.bad), files, check, findings)
        if check.severity is Severity.REFUSAL:
            refused.append(check.bad.fill_null(False))
    return frame.filter(~pl.any_horizontal(refused)) if refused else frame


def _report(rows: pl.DataFrame, files: Sequence[str], check: Check, findings: Findings) -> None:
    add = findings.refuse if check.severity is Severity.REFUSAL else findings.warn
    for row in rows.head(findings.limit).iter_rows(named=True):
        found = row[check.found] if isinstance(check.found, str) and check.found else check.found
        add(check.code, files[row["file_no"]], row["line"], field=check.field, found=_said(found, row), expected=_said(check.expected, row))
    findings.counts[check.severity] += max(0, rows.height - findings.limit)


def _said(words: Any, row: Row) -> object:
    if callable(words):
        return words(row)
    return "" if words is None else words
