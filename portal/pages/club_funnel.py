"""What guests became: from a seat beside a member to equity, as of a day; a picture, its table by event, and a file."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal import local_day
from portal.club import guest_funnel
from portal.club.guest_funnel import COUNTS, MONEY, Row
from portal.pages import club_words
from portal.pages.taken_out import taken_out
from portal.permissions import Can
from portal.refusals import Refusal
from portal.web.downloads import wants_file
from portal.web.exports import Cell, amount
from portal.web.guard import requires
from portal.web.paging import read_day

bp = Blueprint("club_funnel", __name__, url_prefix="/club")
COLUMNS = {
    "guests": _l("Guests brought"),
    "pages": _l("With a page of their own"),
    "leads": _l("Left a number"),
    "opened": _l("Opened an account"),
    "paid_in": _l("Paid in"),
    "first_deposits": _l("First deposits"),
    "holding": _l("Hold equity"),
    "equity": _l("Equity"),
}


def _asked(today: date) -> date:
    """The day that is asked for; without a word, today. Raises Refusal."""
    text = request.args.get("day", "")
    if not text:
        return today
    try:
        found = read_day(text)
    except (ValueError, OverflowError) as error:
        raise Refusal("a day is written like 2026-03-31") from error
    if not date(2000, 1, 1) <= found <= today:
        raise Refusal("%(day)s has not come yet, or is before anybody’s time", day=found.isoformat())
    return found


@bp.get("/funnel")
@requires(Can.CLUB_SEE)
def show() -> ResponseReturnValue:
    """Event by event, the newest first, and all together."""
    today, fault, status = local_day.today(), "", 200
    try:
        day = _asked(today)
    except Refusal as refusal:
        day, fault, status = today, _(refusal.message, **refusal.values), refusal.status
    found = guest_funnel.funnel(day, local_day.zone())
    if wants_file():
        return taken_out(wants_file(), f"club-guests-{day}", *_file([*found.rows, found.whole]))
    shown = {"found": found, "day": day, "today": today, "columns": COLUMNS, "money_columns": MONEY, "words": club_words}
    return render_template("club/funnel.html", **shown, picture=_picture(found.whole), fault=fault), status


def share_of(row: Row, name: str) -> int | None:
    """How many of those at the step before came to this one, in hundredths of a per cent; None for the first step, or after nobody."""
    place = COUNTS.index(name)
    before = getattr(row, COUNTS[place - 1]) if place else 0
    return 10_000 * int(getattr(row, name)) // before if before else None


def _picture(whole: Row) -> dict[str, Any]:
    """The steps as bars, with their table."""
    names, counts, parts = [str(COLUMNS[name]) for name in COUNTS], [int(getattr(whole, name)) for name in COUNTS], [share_of(whole, name) for name in COUNTS]
    rows = [(name, f"{count:,}", "–" if part is None else f"{part // 100}.{part % 100:02d}%") for name, count, part in zip(names, counts, parts, strict=True)]
    return {"data": {"unit": "count", "x": names, "series": [{"name": _("Persons"), "values": counts}]}, "rows": rows}


def _file(rows: list[Row]) -> tuple[list[str], list[list[Cell]]]:
    headers = [_("Event"), *(str(label) for label in COLUMNS.values())]
    named = [(club_words.title(row.event) if row.event is not None else _("All"), row) for row in rows]
    return headers, [[name, *(amount(getattr(row, key)) if key in MONEY else getattr(row, key) for key in COLUMNS)] for name, row in named]
