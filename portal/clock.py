"""The one place that reads the clock. Rules never do: doors read it and pass the moment on."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)
