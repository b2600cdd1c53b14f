"""A client's page as his broker sees it: equity while he was the broker's, the trades of a month with what each earned, his own attribution."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

import polars as pl
from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.clients import Account, AccountVersion
from models.commission import CommissionRun
from models.partners import Broker
from portal.attribution.queries import spans
from portal.clients.queries import account_now
from portal.commission import book, queries
from portal.commission.fading import DAYS
from portal.i18n import spoken
from portal.local_day import today
from portal.pages import words
from portal.pages.broker_clients import is_broker
from portal.pages.broker_home import calls
from portal.pages.broker_words import share_text, why_call
from portal.pages.kept_lines import broker_lines
from portal.refusals import NotFound
from portal.web.exports import amount
from portal.web.formats import yuan_text
from portal.web.guard import current_actor
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns, day_filter
from portal.web.remembered import remembered, remembered_frame

TRADE_COLUMNS = columns(
    Column("trade_date", _l("Trade date"), sort=True),
    Column("product", _l("Product"), sort=True),
    Column("lots", _l("Lots"), number=True),
    Column("retained", _l("Retained fee"), number=True),
    Column("kind", _l("Paid on")),
    Column("amount_fen", _l("Earned"), sort=True, number=True, money=True),
    Column("reason", _l("Result")),
    Column("why", _l("Why")),
)
TRADE_SCHEMA: dict[str, Any] = {
    **dict.fromkeys(("trade_date", "exchange", "product", "kind", "reason", "origin"), pl.String),
    **dict.fromkeys(("lots", "retained", "amount_fen"), pl.Int64),
}
TRADES = Listing(
    tiebreak="row",
    sorts={"trade_date": "trade_date", "product": "product", "amount_fen": "amount_fen"},
    default="-trade_date",
    filters=(
        day_filter("day", _l("Trade date"), lambda day: pl.col("trade_date") == str(day)),
        Filter("product", _l("Product"), lambda text: pl.col("product").str.to_uppercase() == text.upper()),
        Filter(
            "reason",
            _l("Result"),
            lambda text: pl.col("reason") == ("" if text == "earns" else text),
            choices=(("earns", words.REASONS[""]), *[pair for pair in words.REASONS.items() if pair[0]]),
        ),
    ),
)


def _account_of(asked: Asked) -> Account:
    """The account of an address that is the broker's to see. Raises NotFound, also for everybody who is no broker: it is his list."""
    number = str(asked.values["account_no"])
    if not is_broker(asked.actor):
        raise NotFound("there is no account %(number)s that you may see", number=number)
    return account_now(asked.actor, number, queries.last_settled_day(), today())[0]


def _earned_on(asked: Asked) -> pl.DataFrame:
    """The trades of a client in a month with what each earned the broker who asks; the newest computed month where none is named."""
    account, broker = _account_of(asked), queries.broker_for(asked.actor, asked.actor.broker_no or "")
    period = period_of(asked.args.get("period", ""), periods())
    return _trades(account, broker, queries.run_of(period)) if period else pl.DataFrame(schema=TRADE_SCHEMA)


def periods() -> list[str]:
    """The newest computed months, at most six."""
    return [row.period for row in queries.months() if row.run_id][:6]


def period_of(asked: str, known: list[str]) -> str:
    """The month that is meant: the one asked for, or the newest; empty where there is none."""
    return asked if asked in known else next(iter(known), "")


TRADE_LIST = declare(
    ListPage(
        "clients.account",
        _l("Trades and what each earned"),
        TRADES,
        TRADE_COLUMNS,
        source=_earned_on,
        fields=(
            Field("trade_date", _l("Trade date"), lambda row: row["trade_date"]),
            Field("exchange", _l("Exchange"), lambda row: row["exchange"]),
            Field("product", _l("Product"), lambda row: row["product"]),
            Field("lots", _l("Lots"), lambda row: row["lots"]),
            Field("retained", _l("Retained fee"), lambda row: amount(row["retained"])),
            Field("kind", _l("Paid on"), lambda row: str(words.KINDS[row["kind"]])),
            Field("amount_fen", _l("Earned"), lambda row: amount(row["amount_fen"])),
            Field("reason", _l("Result"), lambda row: str(words.REASONS[row["reason"]])),
        ),
        keep=("period",),
        sums={"amount_fen": pl.col("amount_fen")},
        file_name="client-trades",
    )
)
"""A broker's trades of a client stand on the client's own page."""


def show(account: Account, version: AccountVersion, phone: str) -> ResponseReturnValue:
    """A client's page: his equity while he was the broker's, his trades of a month with what each earned, the broker's own attribution."""
    broker = queries.broker_for(current_actor(), current_actor().broker_no or "")
    known = periods()
    period = period_of(request.args.get("period", ""), known)
    frame = _trades(account, broker, queries.run_of(period)) if period else pl.DataFrame(schema=TRADE_SCHEMA)
    now = queries.now_known()
    return show_list(
        TRADE_LIST,
        "broker/client.html",
        source=frame,
        account=account,
        version=version,
        phone=phone,
        broker=broker,
        spans=[span for span in spans(account.id) if span.broker_no == broker.broker_no],
        as_of=now.day,
        period=period,
        periods=known,
        earned=int(frame["amount_fen"].sum()),
        states=words.STATES,
        tones=words.STATE_TONES,
        kinds=words.KINDS,
        reasons=words.REASONS,
        why_call=why_call,
        **remembered(("client", broker.id, account.id, now.day, now.known, spoken()), lambda: _so_far(account, broker, now.day)),
    )


def _so_far(account: Account, broker: Broker, day: date | None) -> dict[str, Any]:
    """What settled days say of the client: why he should be called, and his days while he was the broker's."""
    if day is None:
        return {"calls": [], "last": None, "figure_of": {}}
    return {"calls": _calls_of(broker, account, day), **_days(account, broker, day)}


def _trades(account: Account, broker: Broker, run: CommissionRun) -> pl.DataFrame:
    """The broker's lines on an account in a run, beside the lots and the retained fee that they are paid on."""
    return remembered_frame(("client lines", run.id, run.digest, broker.id, account.id), lambda: _read_trades(account, broker, run))


def _read_trades(account: Account, broker: Broker, run: CommissionRun) -> pl.DataFrame:
    lines = broker_lines(run, broker).filter(pl.col("account_no") == account.account_no)
    days = sorted(date.fromisoformat(day) for day in set(lines["trade_date"]) if day)
    facts = book.trades_on(days, [account.id], book.balances_on(days, [account.id], run.known_recording_id))
    facts = facts.select(
        trade_date=pl.col("day").cast(pl.String),
        key=(pl.col("exchange") + "." + pl.col("product")).str.to_uppercase(),
        lots="lots",
        retained=pl.col("fee") - pl.col("exchange_fee"),
    )
    keyed = lines.with_columns(key=(pl.col("exchange") + "." + pl.col("product")).str.to_uppercase())
    return keyed.join(facts, on=["trade_date", "key"], how="left", maintain_order="left").drop("key")


def _calls_of(broker: Broker, account: Account, day: date) -> list[Any]:
    """Why this client should be called, if he should."""
    days = book.last_days(day, 2 * DAYS)
    balances = book.balances_on(days, [account.id])
    held = book.book_of(broker.id, days, book.spans_of(broker.id).filter(pl.col("account") == account.id), balances)
    traded = book.trades_on(days, [account.id], balances).group_by("day", "account").agg(pl.col("lots").sum(), retained=(pl.col("fee") - pl.col("exchange_fee")).sum())
    found = calls(held.join(traded, on=["day", "account"], how="left").with_columns(pl.col("lots", "retained").fill_null(0)))
    return list(found[0].reasons) if found else []


def _days(account: Account, broker: Broker, day: date) -> dict[str, Any]:
    """The account's days while it was the broker's: the newest, and the equity as a figure."""
    days = book.last_days(day, 250)
    balances = book.balances_on(days, [account.id])
    rows = book.book_of(broker.id, days, book.spans_of(broker.id).filter(pl.col("account") == account.id), balances).drop_nulls("equity")
    if rows.is_empty():
        return {"last": None, "figure_of": {}}
    held = rows.rows(named=True)
    first, last = held[0], held[-1]
    sentence = _(
        "From %(first)s to %(last)s: from %(before)s to %(after)s.", first=first["day"], last=last["day"], before=yuan_text(first["equity"]), after=yuan_text(last["equity"])
    )
    by_day = {row["day"]: row["equity"] for row in held}
    begun = [one for one in days if one >= first["day"]]  # days between that were another's stay empty in the curve
    data = {"unit": "fen", "x": [str(one) for one in begun], "series": [{"name": _("Equity"), "values": [by_day.get(one) for one in begun], "area": True}], "marks": _marks(held)}
    if data["marks"]:
        sentence += " " + _("The vertical lines mark the days on which your share or its state changed.")
    shown = [(row["day"], yuan_text(row["equity"]), yuan_text(row["part"]), share_text(row["share"]), words.STATES[row["state"]]) for row in reversed(held)]
    return {"last": last, "figure_of": {"sentence": sentence, "data": data, "rows": shown}}


def _marks(held: list[dict[str, Any]]) -> list[dict[str, str]]:
    """The days on which the broker's share or its state changed, named by what holds from then on."""
    turned = [row for before, row in itertools.pairwise(held) if (before["share"], before["state"]) != (row["share"], row["state"])]
    return [{"x": str(row["day"]), "name": share_text(row["share"]) if row["state"] == "confirmed" else str(words.STATES[row["state"]])} for row in turned]
