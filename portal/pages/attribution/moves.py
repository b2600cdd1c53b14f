"""Moves: which accounts came into and left whose hands between two trade dates."""

from __future__ import annotations

from datetime import date
from functools import partial

import polars as pl
from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.values.rates import decimal_text
from portal.actors import Actor
from portal.commission.moves import moves as moves_between
from portal.commission.moves import serving, summed
from portal.pages.attribution import wording
from portal.pages.attribution.blueprint import bp, firm_on
from portal.pages.attribution.when import When, read_day, read_when
from portal.permissions import Can
from portal.refusals import NotFound
from portal.web.exports import amount
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, asked_now, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns
from portal.web.remembered import remembered_whole

COLUMNS = columns(
    Column("number", _l("Person"), sort=True),
    Column("account_no", _l("Account"), sort=True),
    Column("client", _l("Client")),
    Column("way", _l("Way")),
    Column("before", _l("Share before"), number=True),
    Column("after", _l("Share after"), number=True),
    Column("equity", _l("Equity"), sort=True, number=True),
)
LISTING = Listing(
    tiebreak="row",
    sorts={"number": "number", "account_no": "account_no", "equity": "equity"},
    default="number",
    filters=(
        Filter("kind", _l("Kind"), lambda kind: pl.col("kind") == kind, choices=(("broker", _l("Brokers")), ("staff", _l("Staff")))),
        Filter("who", _l("Person"), lambda text: pl.col("number") == text),
        Filter("way", _l("Way"), lambda way: pl.col("way") == way, choices=tuple((way, label) for way, (label, _tone) in wording.MOVED.items())),
    ),
)


def _days(asked: Asked) -> tuple[When, date | None, date | None, list[str]]:
    """The knowledge and the two days that an address asks for, the earlier first, and what of it was left out."""
    notices: list[str] = []
    when = read_when(asked.args)
    last = read_day(asked.args.get("until", ""), notices) or when.day
    if last is None:
        return when, None, None, notices
    first = read_day(asked.args.get("from", ""), notices) or last.replace(day=1)
    if first > last:
        notices.append(_("The first day lies after the last; they were exchanged."))
        first, last = last, first
    return when, first, last, notices


def _moved(actor: Actor, when: When, first: date, last: date) -> pl.DataFrame:
    """Which accounts came into and left whose hands between the two days."""
    before, after = firm_on(actor, when.known, first, last)
    spans = remembered_whole(("serving", when.known), partial(serving, when.known), lambda made: made.height)
    return moves_between(before, after, spans)


def _rows(asked: Asked) -> pl.DataFrame:
    when, first, last, _notices = _days(asked)
    if first is None or last is None:
        raise NotFound("no day is settled yet")
    return _moved(asked.actor, when, first, last).with_row_index("row")


LIST = declare(
    ListPage(
        "attribution.moves",
        _l("Moves"),
        LISTING,
        COLUMNS,
        source=_rows,
        fields=(
            Field("kind", _l("Kind"), lambda row: row["kind"]),
            Field("number", _l("Person"), lambda row: row["number"]),
            Field("account_no", _l("Account"), lambda row: row["account_no"]),
            Field("client", _l("Client"), lambda row: row["client"]),
            Field("way", _l("Way"), lambda row: str(wording.MOVED[row["way"]][0])),
            Field("before", _l("Share before"), lambda row: percent(row["before"])),
            Field("after", _l("Share after"), lambda row: percent(row["after"])),
            Field("equity", _l("Equity"), lambda row: amount(row["equity"])),
        ),
        keep=("from", "until", "known"),
        file_name="attribution-moves",
    )
)


@bp.get("/moves")
@requires(Can.ATTRIBUTION_AUDIT)
def moves() -> ResponseReturnValue:
    """Both days, each person's sums, and every account that moved."""
    when, first, last, notices = _days(asked_now())
    if first is None or last is None:
        return render_template("attribution/empty.html", title=_l("Moves"))
    table = _moved(current_actor(), when, first, last)
    return show_list(
        LIST,
        "attribution/moves.html",
        source=table.with_row_index("row"),
        when=when,
        first=first,
        last=last,
        notices_of=[*when.notices, *notices],
        people=summed(table).rows(named=True),
        ways_of=wording.MOVED,
        percent=percent,
    )


def percent(share: int | None) -> str | None:
    """A share in words; None stays unknown."""
    return None if share is None else f"{decimal_text(share, 4)} %"
