"""One settled day, from its files to its post."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from portal.imports.context import Context, Result
from portal.imports.received import Received
from portal.imports.recognise import Kind
from portal.refusals import Findings


def import_day(day: date, family: str, files: Sequence[tuple[Kind, Received]], context: Context, findings: Findings, *, dry_run: bool) -> Result:
    """Post one day whole, or refuse it whole."""
    return Result("day", str(day))
