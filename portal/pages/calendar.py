"""The trading calendar on screen: a year's days, and the correction of one."""

from __future__ import annotations

import calendar as months_of
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from models import db
from models.settlement import CalendarDay, CalendarYear
from models.values.calendar import NotADate, parse_day
from portal import clock, local_day
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.settlement import calendar
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns, day_filter

bp = Blueprint("calendar", __name__, url_prefix="/calendar")
FIRST, LAST = 1990, 9998
NOTES = {
    "public holidays of China": _l("public holidays of China"),
    "New Year's Day": _l("New Year's Day"),
    "Spring Festival": _l("Spring Festival"),
    "Tomb-sweeping Day": _l("Tomb-sweeping Day"),
    "Labour Day": _l("Labour Day"),
    "Dragon Boat Festival": _l("Dragon Boat Festival"),
    "National Day": _l("National Day"),
    "Mid-autumn Festival": _l("Mid-autumn Festival"),
}
"""What a sown calendar says of its days and of itself; other notes stay as they were written."""


@bp.get("")
@requires(Can.IMPORT_SEE)
def this_year() -> ResponseReturnValue:
    """Lead to the present year."""
    zone = local_day.zone()
    return redirect(url_for("calendar.show", year=clock.now().astimezone(zone).year), 302)


@bp.get("/<int:year>")
@requires(Can.IMPORT_SEE)
def show(year: int) -> ResponseReturnValue:
    """The days of a year, month by month."""
    _known_to_man(year)
    days = calendar.days_of_year(year)
    known = db.session.get(CalendarYear, year)
    return render_template(
        "calendar/year.html",
        year=year,
        source=known.source if known else "",
        seen=calendar.digest_of_year(year),
        months=_months(days),
        special=[day for day in days if day.note or day.trading == (day.day.weekday() >= calendar.SATURDAY)],
        trading=sum(day.trading for day in days),
        may_edit=current_actor().may(Can.CALENDAR_EDIT),
        note_text=lambda note: NOTES.get(note, note),
        first=FIRST,
        last=LAST,
    )


DAY_COLUMNS = columns(Column("day", _l("Day"), sort=True), Column("weekday", _l("Weekday")), Column("state", _l("State")), Column("note", _l("Note")))
WEEKDAYS = (_l("Mo"), _l("Tu"), _l("We"), _l("Th"), _l("Fr"), _l("Sa"), _l("Su"))
DAY_LIST = declare(
    ListPage(
        "calendar.days",
        _l("Days of the trading calendar"),
        Listing(
            tiebreak=CalendarDay.day,
            sorts={"day": CalendarDay.day},
            default="day",
            filters=(
                Filter("state", _l("State"), lambda text: CalendarDay.trading == (text == "trading"), choices=(("trading", _l("trading")), ("closed", _l("closed")))),
                Filter("noted", _l("Note"), lambda text: (CalendarDay.note != "") == (text == "yes"), choices=(("yes", _l("with a note")), ("no", _l("without a note")))),
                day_filter("from", _l("From"), lambda day: CalendarDay.day >= day),
                day_filter("to", _l("To"), lambda day: CalendarDay.day <= day),
            ),
            per_page=100,
        ),
        DAY_COLUMNS,
        source=lambda asked: select(CalendarDay).where(CalendarDay.day.between(date(asked.values["year"], 1, 1), date(asked.values["year"], 12, 31))),
        fields=(
            Field("day", _l("Day"), lambda row: row.day),
            Field("weekday", _l("Weekday"), lambda row: str(WEEKDAYS[row.day.weekday()])),
            Field("state", _l("State"), lambda row: str(_l("trading") if row.trading else _l("closed"))),
            Field("note", _l("Note"), lambda row: str(NOTES.get(row.note, row.note))),
        ),
        scalars=True,
        file_name="calendar",
    )
)


@bp.get("/<int:year>/days")
@requires(Can.IMPORT_SEE)
def days(year: int) -> ResponseReturnValue:
    """The days of a year as a list."""
    _known_to_man(year)
    return show_list(DAY_LIST, "calendar/days.html", year=year, weekdays=WEEKDAYS, note_text=lambda note: NOTES.get(note, note))


@bp.post("/<int:year>/days")
@requires(Can.CALENDAR_EDIT)
def set_day(year: int) -> ResponseReturnValue:
    """Correct one day."""
    _known_to_man(year)
    day = _day(request.form.get("day", ""))
    if day.year != year:
        raise Refusal("%(day)s is no day of %(year)s", day=day, year=year)
    trading = request.form.get("trading", "")
    if trading not in {"yes", "no"}:
        raise Refusal("say whether the exchanges trade on %(day)s", day=day)
    note = request.form.get("note", "").strip()[:200]
    if not note:
        raise Refusal("say why: a corrected day needs a note")
    with transaction():
        calendar.set_day(day, trading == "yes", actor=current_actor(), moment=clock.now(), note=note, seen=request.form.get("seen", ""))
    flash(_("%(day)s was corrected.", day=day), "success")
    return redirect(url_for("calendar.show", year=year), 303)


@bp.post("/<int:year>/add")
@requires(Can.CALENDAR_EDIT)
def add_year(year: int) -> ResponseReturnValue:
    """Add a year whose holidays were published."""
    _known_to_man(year)
    source = request.form.get("source", "").strip()[:200]
    if not source:
        raise Refusal("say where the holidays of %(year)s were published", year=year)
    closed = [_day(text) for text in request.form.get("closed", "").replace(",", " ").split()]
    with transaction():
        calendar.add_year(year, closed, actor=current_actor(), moment=clock.now(), source=source)
    flash(_("%(year)s was added.", year=year), "success")
    return redirect(url_for("calendar.show", year=year), 303)


def _known_to_man(year: int) -> None:
    if not FIRST <= year <= LAST:
        raise NotFound("%(year)s is no year of the calendar", year=year)


def _day(text: str) -> date:
    try:
        return parse_day(text)
    except NotADate as error:
        raise Refusal("%(text)s is no day such as 2026-03-31", text=text[:40]) from error


def _months(days: list[CalendarDay]) -> list[tuple[str, list[list[Any]]]]:
    """Each month as weeks from Monday; None where a week's day belongs to another month."""
    held = {row.day: row for row in days}
    if not held:
        return []
    year = days[0].day.year
    weeks = months_of.Calendar(firstweekday=0)
    return [(f"{year}-{month:02d}", [[held.get(day) if day.month == month else None for day in week] for week in weeks.monthdatescalendar(year, month)]) for month in range(1, 13)]
