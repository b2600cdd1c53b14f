"""A broker's clients: the list with what each holds and brings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from models.partners import Broker
from models.values.calendar import Month
from models.values.rates import decimal_text
from portal.actors import Actor
from portal.audit.recordings import last_recording_id
from portal.clients.queries import seen_by_broker
from portal.commission import book, queries
from portal.commission.fading import DAYS
from portal.pages import words
from portal.pages.broker_home import calls
from portal.refusals import NotFound
from portal.web.exports import amount
from portal.web.list_pages import Asked, Field, ListPage, show_list
from portal.web.paging import Column, Filter, Listing, columns
from portal.web.remembered import remembered

COLUMNS = columns(
    Column("account_no", _l("Account"), sort=True),
    Column("name", _l("Client"), sort=True),
    Column("share", _l("Your share"), sort=True, number=True),
    Column("state", _l("Attribution")),
    Column("equity", _l("Equity"), sort=True, number=True),
    Column("part", _l("Attributed equity"), sort=True, number=True, money=True),
    Column("lots", _l("Lots"), sort=True, number=True),
    Column("earned", _l("Earned"), sort=True, number=True, money=True),
    Column("last_traded", _l("Last trade"), sort=True),
)
LISTING = Listing(
    tiebreak="account_no",
    sorts={name: name for name, column in COLUMNS.items() if column.sort},
    default="-part",
    filters=(
        Filter("q", _l("Name or account"), lambda text: pl.col("name").str.contains(text, literal=True) | pl.col("account_no").str.contains(text, literal=True), personal=True),
        Filter("state", _l("Attribution"), lambda text: pl.col("state") == text, choices=tuple(words.STATES.items())),
        Filter("calls", _l("To call"), lambda text: pl.col("calls") == (text == "yes"), choices=(("yes", _l("Whom to call")), ("no", _l("The others")))),
        Filter("traded", _l("Trades"), lambda text: (pl.col("lots") > 0) == (text == "yes"), choices=(("yes", _l("Traded this month")), ("no", _l("No trade this month")))),
    ),
)


def is_broker(actor: Actor) -> bool:
    """Whether somebody sees clients as the broker that he is."""
    return bool(actor.broker_no) and not (actor.staff_no or actor.client_no or actor.branch_no)


def _listed(asked: Asked) -> pl.DataFrame:
    """The broker's clients of the last settled day, with what each holds and brings."""
    day = queries.last_settled_day()
    if day is None:
        return pl.DataFrame(schema=dict.fromkeys([*COLUMNS, "calls"], pl.String))
    broker = queries.broker_for(asked.actor, asked.actor.broker_no or "")
    return remembered(("clients", broker.id, day, last_recording_id(), _run_id(day)), lambda: _clients(broker, day))


def _field(name: str, cell: Callable[[Any], Any]) -> Field:
    return Field(name, COLUMNS[name].label, cell)


LIST = ListPage(
    "clients.index",
    _l("Clients"),
    LISTING,
    COLUMNS,
    source=_listed,
    fields=(
        _field("account_no", lambda row: row["account_no"]),
        _field("name", lambda row: row["name"]),
        _field("share", lambda row: decimal_text(row["share"], 4)),
        _field("state", lambda row: str(words.STATES[row["state"]])),
        _field("equity", lambda row: amount(row["equity"])),
        _field("part", lambda row: amount(row["part"])),
        _field("lots", lambda row: row["lots"]),
        _field("earned", lambda row: amount(row["earned"])),
        _field("last_traded", lambda row: row["last_traded"]),
    ),
    sums={"part": pl.col("part"), "lots": pl.col("lots"), "earned": pl.col("earned")},
    file_name="clients",
)
"""A broker's list of clients, at the address of everybody's."""


def index() -> ResponseReturnValue:
    """The broker's clients."""
    day = queries.last_settled_day()
    return show_list(LIST, "broker/clients.html", as_of=day, states=words.STATES, tones=words.STATE_TONES, period=str(Month.of(day)) if day else "")


def _clients(broker: Broker, day: date) -> pl.DataFrame:
    """One row per account attributed on a day and not handed over since, in COLUMNS and whether somebody should call."""
    days = book.last_days(day, 2 * DAYS)
    accounts = book.touched_by(broker.id)
    balances = book.balances_on(days, accounts)
    trades = book.trades_on(days, accounts, balances)
    rows = book.book_of(broker.id, days, book.spans_of(broker.id), balances)
    held = rows.select("day", "account")
    per_day = trades.join(held, on=["day", "account"], how="semi").group_by("day", "account").agg(pl.col("lots").sum(), retained=(pl.col("fee") - pl.col("exchange_fee")).sum())
    rows = rows.join(per_day, on=["day", "account"], how="left").with_columns(pl.col("lots", "retained").fill_null(0))
    fading = [one.account for one in calls(rows)]
    this_month = per_day.filter(pl.col("day") >= Month.of(day).first).group_by("account").agg(pl.col("lots").sum())
    last = per_day.group_by("account").agg(last_traded=pl.col("day").max())
    today = rows.filter(pl.col("day") == day).select("account", "share", "state", "equity", "part", calls=pl.col("account").is_in(fading))
    named = today.join(book.named(seen_by_broker(broker.broker_no, day)).select("account", "account_no", "name"), on="account")
    whole = named.join(this_month, on="account", how="left").join(last, on="account", how="left").join(_earned(broker, day), on="account_no", how="left")
    return whole.with_columns(pl.col("lots", "earned").fill_null(0)).drop("account")


def _run_id(day: date) -> int | None:
    """The run that counts for the month of a day."""
    try:
        return queries.run_of(str(Month.of(day))).id
    except NotFound:
        return None


def _earned(broker: Broker, day: date) -> pl.DataFrame:
    """account_no and what its lines earned in the month of a day; empty where the month was never computed."""
    try:
        lines = queries.broker_lines(queries.run_of(str(Month.of(day))), broker)
    except NotFound:
        return pl.DataFrame(schema={"account_no": pl.String, "earned": pl.Int64})
    return lines.filter((pl.col("account_no") != "") & (pl.col("origin") == "")).group_by("account_no").agg(earned=pl.col("amount_fen").sum())
