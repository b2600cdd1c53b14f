"""What the club brought and cost, by tier: a table for the screen, for paper and as a file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.values.calendar import Month, NotADate
from portal import local_day
from portal.club import profit, tiers
from portal.club.profit import Line
from portal.pages import club_member_words
from portal.pages.taken_out import taken_out
from portal.permissions import Can
from portal.refusals import Refusal
from portal.web.downloads import wants_file
from portal.web.exports import Cell, amount
from portal.web.guard import requires

bp = Blueprint("club_profit", __name__, url_prefix="/club")
LONGEST = 36
COLUMNS = {
    "members": _l("Members at the end"),
    "dues": _l("Dues"),
    "tickets": _l("Ticket sales"),
    "refunds": _l("Went back"),
    "disputed": _l("Disputed"),
    "cost": _l("Cost of events"),
    "result": _l("Result"),
    "uses": _l("Benefits used"),
    "points": _l("Points to be spent"),
}
MONEY = ("dues", "tickets", "refunds", "disputed", "cost", "result")


@dataclass(frozen=True)
class Asked:
    """From the first day of a month to the last day of another; the last one does not go beyond today."""

    first: Month
    last: Month
    until: date


def _asked(today: date) -> Asked:
    """The months that are asked for; without a word, this year's up to now. Raises Refusal."""
    try:
        first = Month.parse(request.args.get("from") or f"{today.year}-01")
        last = Month.parse(request.args.get("to") or str(Month.of(today)))
    except NotADate as error:
        raise Refusal("a month is written like 2026-03") from error
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    if not 1 <= months <= LONGEST:
        raise Refusal("the last month is not before the first, and at most %(most)s months are added up", most=LONGEST)
    return Asked(first, last, min(last.last, max(today, first.first)))


@bp.get("/profit")
@requires(Can.CLUB_SEE)
def show() -> ResponseReturnValue:
    """Tier by tier, the highest first, whoever had none last."""
    today, fault, status = local_day.today(), "", 200
    try:
        asked = _asked(today)
    except Refusal as refusal:
        asked, fault, status = Asked(Month(today.year, 1), Month.of(today), today), _(refusal.message, **refusal.values), refusal.status
    rows = _named(profit.lines(asked.first.first, asked.until, local_day.zone()))
    whole = profit.total(line for _name, line in rows)
    if wants_file():
        return taken_out(wants_file(), f"club-{asked.first}-{asked.last}", *_file([*rows, (_("All"), whole)]))
    shown = {"rows": rows, "whole": whole, "columns": COLUMNS, "money_columns": MONEY}
    return render_template("club/profit.html", asked=asked, fault=fault, since=asked.first.first, before=asked.until + timedelta(days=1), **shown), status


def _named(found: list[Line]) -> list[tuple[str, Line]]:
    known = {line.tier_id: line for line in found}
    rows = [(club_member_words.name(tier), known[tier.id]) for tier in tiers.all_tiers() if tier.id in known]
    return [*rows, (_("No tier"), known[None])] if None in known else rows


def _file(rows: list[tuple[str, Line]]) -> tuple[list[str], list[list[Cell]]]:
    headers = [_("Tier"), *(str(label) for label in COLUMNS.values())]
    found: list[list[Cell]] = [[name, *(amount(getattr(line, key)) if key in MONEY else getattr(line, key) for key in COLUMNS)] for name, line in rows]
    return headers, found
