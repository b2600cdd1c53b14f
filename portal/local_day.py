"""The day where the firm is: what spans, deadlines and settled days of people are counted by. Doors ask; rules are told."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import current_app

from portal.clock import now


def zone() -> ZoneInfo:
    """The portal's time zone."""
    return ZoneInfo(current_app.config["PORTAL"].timezone)


def day_of(moment: datetime) -> date:
    """The calendar day that a moment belongs to where the firm is."""
    return moment.astimezone(zone()).date()


def today() -> date:
    """The present calendar day where the firm is."""
    return day_of(now())


def begins(day: date) -> datetime:
    """The moment at which a calendar day begins where the firm is."""
    return datetime.combine(day, time(), zone()).astimezone(UTC)


def ends(day: date) -> datetime:
    """The moment at which it is over."""
    return begins(day + timedelta(days=1)) if day < date.max else datetime.max.replace(tzinfo=UTC)
