"""An event as a file for a calendar."""

from __future__ import annotations

from flask import Response, current_app, url_for

from models.club import ClubEvent
from portal import clock
from portal.club import events
from portal.club.calendar_file import calendar_file
from portal.pages import club_words


def as_calendar(event: ClubEvent, *, gone: bool = False) -> Response:
    """An event as a calendar file."""
    base = current_app.config["PORTAL"].base_url.rstrip("/")
    host = base.split("//", 1)[-1].split("/")[0].split(":")[0]
    link = base + url_for("club_events.show", event_key=event.key)
    text = calendar_file(event, events.sessions_of(event.id), club_words.title(event), host, link, clock.now(), gone=gone)
    response = Response(text, mimetype="text/calendar")
    response.headers["Content-Disposition"] = f"attachment; filename={event.key}.ics"
    return response
