"""Comparing two states of knowledge as a job: whole months are priced twice, which may take a while in a large firm."""

from __future__ import annotations

from typing import Any

from models.values.calendar import Month
from portal import clock
from portal.commission.reports import Asked, compute_differences, keep, kept
from portal.jobs.handlers import Work, handler
from portal.permissions import Can
from portal.transaction import transaction

COMPARE = "attribution.differences"
"""The kind of the job. Arguments: `before`, `after` (recordings), `first`, `last` (months)."""


def asked_by(arguments: Any) -> Asked:
    """The question that a job's arguments ask."""
    return Asked(int(arguments["before"]), int(arguments["after"]), Month.parse(arguments["first"]), Month.parse(arguments["last"]))


@handler(COMPARE)
def compare(work: Work) -> dict[str, Any]:
    """Answer the question and keep the answer; once more is the same as once."""
    work.actor.need(Can.ATTRIBUTION_AUDIT)
    asked = asked_by(work.arguments)
    if kept(asked) is None:
        found = compute_differences(asked, work.progress)
        with transaction():
            keep(asked, found, clock.now())
    return dict(work.arguments)
