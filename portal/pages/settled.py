"""The last settled day as all parts of one page ask for it."""

from __future__ import annotations

from datetime import date

from portal.commission.queries import last_settled_day
from portal.web.once import once


def last_day() -> date | None:
    """The last settled day; asked of the database once a request."""
    return once("last settled day", last_settled_day)
