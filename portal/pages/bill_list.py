"""The list of an account's bills: months or days, filtered, sorted, paged and taken along like every list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl
from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from models.values.calendar import Month
from portal.clients.own import OwnAccount, account_for, own_accounts
from portal.commission.queries import last_settled_day
from portal.refusals import NotFound
from portal.settlement.bills import DayFunds, MonthBill, funds, month_bill
from portal.web.exports import amount
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Listing, columns, day_filter

AMOUNTS = ("net_deposit", "profit", "fee", "equity")
COLUMNS = columns(
    Column("period", _l("Month or day"), sort=True),
    Column("days", _l("Settled days"), number=True),
    Column("net_deposit", _l("Deposits − withdrawals"), sort=True, number=True, money=True),
    Column("profit", _l("Profit or loss"), sort=True, number=True, money=True),
    Column("fee", _l("Fees"), sort=True, number=True, money=True),
    Column("equity", _l("Equity at the end"), sort=True, number=True),
    Column("file", _l("Files")),
)
LISTING = Listing(
    tiebreak="row",
    sorts={name: name for name in ("period", *AMOUNTS)},
    default="-period",
    filters=(day_filter("from", _l("From"), lambda day: pl.col("last") >= day), day_filter("to", _l("Up to"), lambda day: pl.col("first") <= day)),
)
SCHEMA = {"period": pl.String, "first": pl.Date, "last": pl.Date, "days": pl.Int64, **dict.fromkeys(AMOUNTS, pl.Int64)}
MONTHS_BACK = 59
"""How far back bills are listed: five years with this month; older ones still open by their address."""


def _account_of(asked: Asked) -> OwnAccount:
    """Whose bills an address asks for: the account that it names, or of one's own accounts the one chosen. Raises NotFound."""
    if "account_no" in asked.values:
        return account_for(asked.actor, str(asked.values["account_no"]), last_settled_day() or date.min)
    own = own_accounts(asked.actor)
    if not own:
        raise NotFound("no account is bound to your sign-in")
    return chosen(own, asked.args.get("account", ""))


def chosen(own: list[OwnAccount], account_no: str) -> OwnAccount:
    """The account that was chosen among one's own; the first where none was."""
    return next((account for account in own if account.account_no == account_no), own[0])


def by_days(args: Mapping[str, str]) -> bool:
    """Whether the days are listed instead of the months."""
    return args.get("by") == "day"


def _bills(asked: Asked) -> pl.DataFrame:
    """The bills of an account, by month or by day."""
    months = months_of(_account_of(asked).account_id)
    days = [_row(str(day.trade_date), [day]) for month in months for day in month.days]
    rows = days if by_days(asked.args) else [_row(str(month.month), month.days) for month in months]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _list(endpoint: str, keep: tuple[str, ...]) -> ListPage:
    """The list at one of its two addresses: one's own accounts, or one account by its number."""
    return declare(
        ListPage(
            endpoint,
            _l("Bills"),
            LISTING,
            COLUMNS,
            source=_bills,
            fields=(
                Field("period", _l("Month or day"), lambda row: row["period"]),
                Field("days", _l("Settled days"), lambda row: row["days"]),
                Field("net_deposit", _l("Deposits − withdrawals"), lambda row: amount(row["net_deposit"])),
                Field("profit", _l("Profit or loss"), lambda row: amount(row["profit"])),
                Field("fee", _l("Fees"), lambda row: amount(row["fee"])),
                Field("equity", _l("Equity at the end"), lambda row: amount(row["equity"])),
            ),
            keep=keep,
            sums={name: pl.col(name) for name in ("net_deposit", "profit", "fee")},
            file_name="bills",
        )
    )


OWN_LIST = _list("bills.index", ("account", "by"))
LIST = _list("bills.account", ("by",))


def bill_list(which: ListPage, account: OwnAccount, others: list[OwnAccount]) -> ResponseReturnValue:
    """The page of the list; `others` are the accounts to choose from."""
    by_day = by_days(request.args)
    if by_day:
        without = {key: column for key, column in COLUMNS.items() if key != "days"}
        which = replace(which, columns=without, fields=tuple(one for one in which.fields if one.key != "days"))
    return show_list(which, "bills/index.html", account=account, accounts=others, by_day=by_day)


def _row(name: str, days: Any) -> tuple[Any, ...]:
    """A bill in the list: the sums of its days, and what stood at their end."""
    net = sum(day.deposit - day.withdrawal for day in days)
    return (name, days[0].trade_date, days[-1].trade_date, len(days), net, sum(day.profit for day in days), sum(day.fee for day in days), days[-1].equity)


def months_of(account_id: int) -> list[MonthBill]:
    """The months of an account, the oldest first."""
    last = last_settled_day()
    if last is None:
        return []
    by_month: dict[Month, list[DayFunds]] = {}
    for day in funds(account_id, Month.of(last).plus(-MONTHS_BACK).first, last):
        by_month.setdefault(Month.of(day.trade_date), []).append(day)
    return [bill for month, days in sorted(by_month.items()) if (bill := month_bill(month, days))]
