"""A client's first page: equity and risk degree with their meaning, yesterday's bill, what was paid, who introduced and who serves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import render_template, request
from flask_babel import gettext as _
from sqlalchemy import select

from models import db
from models.partners import Broker, BrokerVersion
from models.values.calendar import Month
from portal.actors import Actor
from portal.attribution.queries import Span, spans
from portal.clients.consents import standings
from portal.clients.own import OwnAccount, helpers, own_accounts
from portal.pages import words
from portal.pages.club_home import club_of
from portal.pages.research_home import fits_of
from portal.settlement.bills import DayFunds, MonthBill, funds, funds_of_all, month_bill
from portal.settlement.risk_degree import band, risk_degree
from portal.versions import current
from portal.web.formats import yuan_text

YEAR = timedelta(days=366)


def client_home(actor: Actor, day: date) -> str:
    """The page of one of the client's accounts, with the sums of all of them."""
    accounts = own_accounts(actor)
    if not accounts:
        return render_template("bills/none.html", research=fits_of(actor, [], None))
    chosen = next((account for account in accounts if account.account_no == request.args.get("account")), accounts[0])
    held = funds(chosen.account_id, day - YEAR, day)
    months = _months(held)
    last = held[-1] if held else None
    return render_template(
        "home/client.html",
        account=chosen,
        accounts=accounts,
        together=_together(accounts, day),
        as_of=day,
        last=last,
        risk=risk_degree(last.margin, last.equity) if last else None,
        band=band(last.margin, last.equity).value if last else "",
        bands=words.BANDS,
        months=months[::-1],
        equity=_equity(held),
        profit=_profit(months),
        introduced=introducers(chosen.account_id, day),
        helpers=helpers(chosen.account_id, day),
        helping=words.HELPING,
        research=fits_of(actor, [account.account_id for account in accounts], day),
        club=club_of(actor),
        consents=standings(actor.client_no or "", day),
        language="zh" if words.is_chinese() else "en",
    )


def _months(days: Sequence[DayFunds]) -> list[MonthBill]:
    by_month: dict[Month, list[DayFunds]] = {}
    for day in days:
        by_month.setdefault(Month.of(day.trade_date), []).append(day)
    return [bill for month, rows in by_month.items() if (bill := month_bill(month, rows))]


def _together(accounts: list[OwnAccount], day: date) -> dict[str, Any]:
    """The accounts of a client side by side on a day, and their sums; nothing where he has one."""
    if len(accounts) < 2:
        return {}
    held = funds_of_all([account.account_id for account in accounts], day)
    rows = [(account, held.get(account.account_id)) for account in accounts]
    sums = {name: sum(getattr(row, name) for _account, row in rows if row) for name in ("equity", "margin", "available", "profit")}
    return {"rows": rows, "sums": sums, "unknown": sum(row is None for _account, row in rows)}


def _equity(days: Sequence[DayFunds]) -> dict[str, Any]:
    if not days:
        return {}
    first, last = days[0], days[-1]
    sentence = _(
        "From %(first)s to %(last)s: from %(before)s to %(after)s.", first=first.trade_date, last=last.trade_date, before=yuan_text(first.equity), after=yuan_text(last.equity)
    )
    flows = sum(day.deposit - day.withdrawal for day in days)
    sentence += " " + _("Deposits less withdrawals in that time: %(amount)s.", amount=yuan_text(flows))
    data = {"unit": "fen", "x": [str(day.trade_date) for day in days], "series": [{"name": _("Equity"), "values": [day.equity for day in days], "area": True}]}
    rows = [(day.trade_date, yuan_text(day.equity), yuan_text(day.profit), yuan_text(day.fee)) for day in reversed(days)]
    return {"sentence": sentence, "data": data, "rows": rows}


def _profit(months: Sequence[MonthBill]) -> dict[str, Any]:
    if not months:
        return {}
    profits = [month.sums["realized_pnl"] + month.sums["mtm_pnl"] for month in months]
    fees = [month.sums["fee"] for month in months]
    sentence = _("Over these %(count)s months: profit or loss %(profit)s, fees paid %(fees)s.", count=len(months), profit=yuan_text(sum(profits)), fees=yuan_text(sum(fees)))
    data = {"unit": "fen", "x": [str(month.month) for month in months], "series": [{"name": _("Profit or loss"), "values": profits}, {"name": _("Fees"), "values": fees}]}
    rows = [(month.month, yuan_text(profit), yuan_text(fee)) for month, profit, fee in zip(months, profits, fees, strict=True)]
    return {"sentence": sentence, "data": data, "rows": rows[::-1]}


@dataclass(frozen=True)
class Introducer:
    """A broker who introduced an account: since when without a gap, and the state that counts on a day."""

    broker_no: str
    name: str
    since: date
    state: str


def introducers(account_id: int, day: date) -> list[Introducer]:
    """Who introduced an account, as it stands on a day. A share of 0 is nobody's."""
    rows = [span for span in spans(account_id) if span.share > 0]
    here = [span for span in rows if span.valid_from <= day < span.valid_to]
    version = current(BrokerVersion).subquery()
    query = select(Broker.broker_no, version.c.name).join(version, version.c.broker_id == Broker.id).where(Broker.broker_no.in_([span.broker_no for span in here]))
    names = {row.broker_no: row.name for row in db.session.execute(query)}
    return [Introducer(span.broker_no, names.get(span.broker_no, span.broker_no), _since(span, rows), span.state_on(day)) for span in here]


def _since(span: Span, rows: list[Span]) -> date:
    """The first day of the broker's rows that lead up to this one without a gap."""
    first = span.valid_from
    for row in sorted((row for row in rows if row.broker_no == span.broker_no), key=lambda row: row.valid_from, reverse=True):
        if row.valid_from < first <= row.valid_to:
            first = row.valid_from
    return first
