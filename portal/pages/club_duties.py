"""The hosts' rota: of one event, over all events, and one's own with a file for a calendar."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models import db
from models.club import ClubEvent
from models.club_duties import ClubDuty, DutyKind
from models.partners import Staff
from portal import clock
from portal.club import events, rota
from portal.club.duty_calendar import Entry, duties_file
from portal.club.rota import Clash, Turn
from portal.pages import club_words
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("club_duties", __name__, url_prefix="/club")
KINDS = {
    DutyKind.HOST.value: _l("Host"),
    DutyKind.DOOR.value: _l("Door"),
    DutyKind.SPEAKER.value: _l("Speaker"),
    DutyKind.PHOTO.value: _l("Photographs"),
    DutyKind.SETTING_UP.value: _l("Setting up"),
    DutyKind.OTHER.value: _l("Something else"),
}
COLUMNS = columns(
    Column("event", _l("Event"), sort=True),
    Column("starts", _l("Begins"), sort=True),
    Column("ends", _l("Ends")),
    Column("staff", _l("Staff")),
    Column("what", _l("Duty"), sort=True),
    Column("warning", _l("To be looked at")),
)


def warning(row: Any) -> str:
    """What is wrong with a duty, in words; empty where nothing is."""
    if rota.has_left(row):
        return str(_("Has left the firm by then"))
    return str(_("Has another duty then")) if row.clash else ""


LIST = declare(
    ListPage(
        "club_duties.index",
        _l("Hosts’ rota"),
        Listing(
            tiebreak=ClubDuty.id,
            sorts={"event": ClubEvent.title, "starts": ClubDuty.starts_at, "what": ClubDuty.what},
            default="-starts",
            filters=(
                Filter("what", _l("Duty"), lambda text: ClubDuty.what == text, choices=tuple(KINDS.items())),
                Filter("staff", _l("Staff number"), lambda text: Staff.staff_no == text),
                Filter("event", _l("Event"), lambda text: ClubEvent.title.contains(text, autoescape=True)),
            ),
        ),
        COLUMNS,
        source=lambda asked: rota.listed(),
        fields=(
            Field("event", _l("Event"), lambda row: row[1].title),
            Field("starts", _l("Begins"), lambda row: row[0].starts_at),
            Field("ends", _l("Ends"), lambda row: row[0].ends_at),
            Field("staff", _l("Staff number"), lambda row: row.staff_no),
            Field("name", _l("Staff"), lambda row: row.name or ""),
            Field("what", _l("Duty"), lambda row: str(KINDS[row[0].what])),
            Field("note", _l("Note"), lambda row: row[0].note),
            Field("warning", _l("To be looked at"), warning),
        ),
        file_name="rota",
    )
)


@bp.get("/duties")
@requires(Can.CLUB_SEE)
def index() -> ResponseReturnValue:
    """Every duty that stands, of all events."""
    return show_list(LIST, "club/duties.html", kinds=KINDS, words=club_words, warning=warning)


@bp.get("/events/<event_key>/duties")
@requires(Can.CLUB_EDIT)
def of_event(event_key: str) -> ResponseReturnValue:
    """Who does what at one event, and a form for one more."""
    return _page(events.event_for(current_actor(), event_key))


def _page(event: ClubEvent, fault: str = "", status: int = 200, clash: bool = False) -> ResponseReturnValue:
    session = events.sessions_of(event.id)[0]
    zone = ZoneInfo(event.zone)
    plain = {"day": session.starts_at.astimezone(zone).date().isoformat(), "begins": _clock(session.starts_at - timedelta(minutes=30), zone), "ends": _clock(session.ends_at, zone)}
    return (
        render_template(
            "club/duties_event.html",
            event=event,
            session=session,
            rows=rota.of_event(event.id),
            people=rota.people(event, session.starts_at),
            typed=plain | request.form.to_dict(),
            kinds=KINDS,
            words=club_words,
            warning=warning,
            fault=fault,
            clash=clash,
        ),
        status,
    )


def _clock(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%H:%M}"


@bp.post("/events/<event_key>/duties")
@requires(Can.CLUB_EDIT)
def give(event_key: str) -> ResponseReturnValue:
    """Give somebody a duty; another one at the same time is to be confirmed."""
    event = events.event_for(current_actor(), event_key)
    try:
        turn = _turn(event)
        with transaction():
            confirmed = request.form.get("confirmed") == "yes"
            rota.give(event.id, request.form.get("staff", ""), turn, confirmed=confirmed, actor=current_actor(), moment=clock.now())
    except Refusal as refusal:
        event = events.event_for(current_actor(), event_key)
        return _page(event, _(refusal.message, **refusal.values), 422 if refusal.status == 404 else refusal.status, isinstance(refusal, Clash))
    flash(_("Kept."), "success")
    return redirect(url_for("club_duties.of_event", event_key=event_key), 303)


def _turn(event: ClubEvent) -> Turn:
    """What was typed, by the clocks of the event's place; what ends before it begins ends on the next day."""
    typed, zone = request.form, ZoneInfo(event.zone)
    try:
        day = datetime.strptime(typed.get("day", ""), "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
        begins, ends = time.fromisoformat(typed.get("begins", "")), time.fromisoformat(typed.get("ends", ""))
        start = datetime.combine(day, begins.replace(tzinfo=None), zone)
        end = datetime.combine(day + timedelta(days=int(ends < begins)), ends.replace(tzinfo=None), zone)
        return Turn(typed.get("what", ""), start.astimezone(UTC), end.astimezone(UTC), typed.get("note", ""))
    except (ValueError, OverflowError) as error:
        raise Refusal("write a day and two times, such as 18:00") from error


@bp.get("/duties/<duty_id>/end")
@requires(Can.CLUB_EDIT)
def look_at_ending(duty_id: str) -> ResponseReturnValue:
    """Whose duty would be taken away, and what is left at that event."""
    found = rota.by_public_id(duty_id)
    rows = rota.of_event(found.event_id)
    row = next((one for one in rows if one[0].id == found.id), None)
    if row is None:
        raise NotFound("there is no such duty")
    left = sum(one[0].what == found.what for one in rows) - 1
    return render_template("club/duty_end.html", row=row, left=left, kinds=KINDS, words=club_words)


@bp.post("/duties/<duty_id>/end")
@requires(Can.CLUB_EDIT)
def end(duty_id: str) -> ResponseReturnValue:
    """Take a duty away; who had it is told."""
    key = db.session.get_one(ClubEvent, rota.by_public_id(duty_id).event_id).key
    with transaction():
        rota.end(duty_id, actor=current_actor(), moment=clock.now())
    flash(_("Taken away; the person is told."), "success")
    return redirect(url_for("club_duties.of_event", event_key=key), 303)


@bp.get("/duties/mine")
@requires(Can.CLUB_SEAT)
def mine() -> ResponseReturnValue:
    """One's own duties that are not over."""
    return render_template("club/duties_mine.html", duties=rota.of_person(current_actor().staff_no, clock.now()), kinds=KINDS, words=club_words, warning=warning)


@bp.get("/duties/mine.ics")
@requires(Can.CLUB_SEAT)
def calendar() -> Response:
    """One's own duties, those of the last month too, for a calendar."""
    base = current_app.config["PORTAL"].base_url.rstrip("/")
    rows = rota.of_person(current_actor().staff_no, clock.now() - timedelta(days=30))
    places = events.places_of({row[1].id for row in rows})
    entries = [_entry(row, places, base) for row in rows]
    response = Response(duties_file(entries, base.split("//", 1)[-1].split("/")[0].split(":")[0], clock.now()), mimetype="text/calendar")
    response.headers["Content-Disposition"] = "attachment; filename=duties.ics"
    return response


def _entry(row: Any, places: dict[int, str], base: str) -> Entry:
    duty, event = row[0], row[1]
    return Entry(duty, event.zone, f"{KINDS[duty.what]}: {club_words.title(event)}", places.get(event.id, ""), base + url_for("club_events.show", event_key=event.key))
