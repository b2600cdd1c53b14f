"""Adjustments: amounts entered by hand, booked when a second person approved them."""

from __future__ import annotations

from portal.imports.context import Context, Result
from portal.imports.received import Received
from portal.refusals import Findings


def import_adjustments(file: Received, context: Context, findings: Findings, *, dry_run: bool) -> Result:
    """Put the rows of adjustments.csv before a second person."""
    return Result("adjustments.csv", file.name)
