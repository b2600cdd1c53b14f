"""An event as a calendar file (RFC 5545): the same UID for ever, a SEQUENCE that grows, the time zone spelled out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

from models.club import ClubEvent, ClubSession, EventState


def calendar_file(event: ClubEvent, sessions: Iterable[ClubSession], title: str, host: str, link: str, moment: datetime, *, gone: bool = False) -> str:
    """The file. `host` stands behind each UID; `gone`: the reader has no seat any more, so the entry is taken out of his calendar."""
    cancelled = gone or event.state == EventState.CANCELLED
    file = Calendar()
    for name, value in {"version": "2.0", "prodid": "-//Juyuan//Club//EN", "calscale": "GREGORIAN", "method": "CANCEL" if cancelled else "PUBLISH"}.items():
        file.add(name, value)
    for place, row in enumerate(sessions):
        file.add_component(_entry(event, row, place, title, host, link, moment, cancelled))
    file.add_missing_timezones()
    return str(file.to_ical().decode())


def _entry(event: ClubEvent, row: ClubSession, place: int, title: str, host: str, link: str, moment: datetime, cancelled: bool) -> Event:
    zone = ZoneInfo(event.zone)
    where = ", ".join(part for part in (row.venue, row.address, row.online_url) if part)
    entry = Event()
    entry.add("uid", f"club-{event.key}-{place}@{host}")
    entry.add("dtstamp", moment.astimezone(UTC))
    entry.add("sequence", event.sequence)
    entry.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    entry.add("dtstart", row.starts_at.astimezone(zone))
    entry.add("dtend", row.ends_at.astimezone(zone))
    entry.add("summary", title)
    if where:
        entry.add("location", where)
    entry.add("url", link)
    return entry
