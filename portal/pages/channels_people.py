"""The list behind every number of the channels: who was registered, qualified, opened an account and traded, and to which channel he counts."""

from __future__ import annotations

from typing import Any

import polars as pl
from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from portal import clock
from portal.channels.people import Person, people_of
from portal.pages.channels import Period
from portal.pages.channels_behind import CHANNELS, WHAT, paid
from portal.permissions import Can
from portal.web.exports import amount
from portal.web.guard import requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("channels_people", __name__, url_prefix="/channels")

MONEY = ("equity", "retained_fee", "commission", "net")
SCHEMA: dict[str, Any] = {
    "place": pl.Int64,
    "lead_no": pl.String,
    "account_no": pl.String,
    "channels": pl.String,
    "part": pl.String,
    "registered_on": pl.Date,
    "opened_on": pl.Date,
    **dict.fromkeys(WHAT, pl.Boolean),
    **dict.fromkeys(MONEY, pl.Int64),
}
COLUMNS = columns(
    Column("lead_no", _l("Lead")),
    Column("account_no", _l("Account"), sort=True),
    Column("channels", _l("Channel")),
    Column("part", _l("Part"), number=True),
    Column("registered_on", _l("Registered on"), sort=True),
    Column("opened_on", _l("Account opened on"), sort=True),
    Column("equity", _l("Equity"), number=True, sort=True, money=True),
    Column("retained_fee", _l("Retained fee"), number=True, sort=True, money=True),
    Column("commission", _l("Commission paid"), number=True, sort=True, money=True),
    Column("net", _l("Net contribution"), number=True, sort=True, money=True),
)
LISTING = Listing(
    tiebreak="place",
    sorts={name: name for name in ("account_no", "registered_on", "opened_on", *MONEY)},
    default="-net",
    filters=(
        Filter("channel", _l("Channel"), pl.col("channels").str.split("|").list.contains, choices=tuple(CHANNELS.items())),
        Filter("what", _l("Which ones"), pl.col, choices=tuple(WHAT.items())),
        Filter("account", _l("Account"), lambda text: pl.col("account_no") == text),
    ),
)


def _rows(asked: Asked) -> pl.DataFrame:
    period = Period(asked.actor, asked.args, clock.now())
    found = [_row(place, one, period) for place, one in enumerate(people_of(period.first, period.last, period.cut.branch_id, paid))]
    return pl.DataFrame(found, schema=SCHEMA, orient="row")


def _row(place: int, one: Person, period: Period) -> tuple[Any, ...]:
    won, parts = one.won, one.won.parts[period.by]
    counted = tuple(one.is_one(name) for name in WHAT)
    money = (won.equity, won.retained_fee, won.commission, won.retained_fee - won.commission)
    shares = " · ".join(str(part) for part in parts.values())
    return (place, one.lead_no, one.account_no, "|".join(channel.value for channel in parts), shares, one.registered_on, one.opened_on, *counted, *money)


def names_of(channels: str) -> str:
    """Channels as they are shown, from how the list keeps them."""
    return " · ".join(str(CHANNELS[name]) for name in channels.split("|"))


LIST = declare(
    ListPage(
        "channels_people.index",
        _l("Persons by channel"),
        LISTING,
        COLUMNS,
        source=_rows,
        keep=("from", "to", "by", "branch"),
        sums={name: pl.col(name) for name in MONEY},
        fields=(
            Field("lead_no", _l("Lead"), lambda row: row["lead_no"]),
            Field("account_no", _l("Account"), lambda row: row["account_no"]),
            Field("channels", _l("Channel"), lambda row: names_of(row["channels"])),
            Field("part", _l("Part"), lambda row: row["part"]),
            Field("registered_on", _l("Registered on"), lambda row: row["registered_on"]),
            Field("opened_on", _l("Account opened on"), lambda row: row["opened_on"]),
            Field("equity", _l("Equity"), lambda row: amount(row["equity"])),
            Field("retained_fee", _l("Retained fee"), lambda row: amount(row["retained_fee"])),
            Field("commission", _l("Commission paid"), lambda row: amount(row["commission"])),
            Field("net", _l("Net contribution"), lambda row: amount(row["net"])),
        ),
    )
)


@bp.get("/people")
@requires(Can.CHANNEL_SEE)
def index() -> ResponseReturnValue:
    """Everybody of a period with his channel and what he brought."""
    return show_list(LIST, "channels/people.html", names_of=names_of)
