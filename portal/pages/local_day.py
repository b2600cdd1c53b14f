"""The day of now, in the portal's time zone: what spans and deadlines of people are counted by."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from flask import current_app

from portal.clock import now


def today() -> date:
    """The present calendar day where the firm is."""
    return now().astimezone(ZoneInfo(current_app.config["PORTAL"].timezone)).date()
