"""Sums of settled days made anew where they are missing: after an attribution of long ago, or an upgrade."""

from __future__ import annotations

from typing import Any

from portal.jobs.handlers import Work, handler
from portal.settlement import rollups
from portal.transaction import transaction

REBUILD = "overview.rebuild"
"""The kind of the job. It has no arguments."""


@handler(REBUILD)
def rebuild_job(work: Work) -> dict[str, Any]:
    """Make the missing sums, each day in a transaction of its own."""
    days = rollups.missing_days()
    for done, day in enumerate(days):
        work.progress("Adding up the settled days", done, len(days))
        with transaction():
            rollups.rebuild([day])
    return {"days": len(days)}
