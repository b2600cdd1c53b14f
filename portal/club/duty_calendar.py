"""Somebody's duties at events as a calendar file (RFC 5545): a UID for each for ever, a SEQUENCE that grows when its event moves."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

from models.club_duties import ClubDuty


class Entry(NamedTuple):
    """A duty with the words of its entry, the place of its event, and where it is read."""

    duty: ClubDuty
    zone: str
    summary: str
    where: str
    link: str


def duties_file(entries: Iterable[Entry], host: str, moment: datetime) -> str:
    """The file. `host` stands behind each UID."""
    file = Calendar()
    for name, value in {"version": "2.0", "prodid": "-//Juyuan//Club duties//EN", "calscale": "GREGORIAN", "method": "PUBLISH"}.items():
        file.add(name, value)
    for one in entries:
        zone, entry = ZoneInfo(one.zone), Event()
        said: dict[str, Any] = {"uid": f"duty-{one.duty.public_id}@{host}", "dtstamp": moment.astimezone(UTC), "sequence": one.duty.sequence, "status": "CONFIRMED"}
        said |= {"dtstart": one.duty.starts_at.astimezone(zone), "dtend": one.duty.ends_at.astimezone(zone), "summary": one.summary, "url": one.link}
        for name, value in said.items():
            entry.add(name, value)
        for name, text in (("location", one.where), ("description", one.duty.note)):
            if text:
                entry.add(name, text)
        file.add_component(entry)
    file.add_missing_timezones()
    return str(file.to_ical().decode())
