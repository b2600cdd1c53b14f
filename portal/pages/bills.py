"""Bills on screen: the list of an account's months and days, and the bill of a month or a day as page, PDF and CSV."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from models.values.calendar import Month, NotADate, parse_day
from portal.clients.own import OwnAccount, account_for, own_accounts
from portal.commission.queries import last_settled_day
from portal.documents.bill import day_bill, labels, month_paper
from portal.documents.paper import Fen, Paper, text_of
from portal.documents.pdf import pdf_of
from portal.documents.sheets import csv_of, xlsx_of
from portal.documents.statement import FORMS
from portal.pages.bill_list import LIST, OWN_LIST, bill_list, chosen, months_of
from portal.pages.commission_lists import month_of
from portal.pages.taken_out import paper_out, taken_out
from portal.permissions import Can
from portal.refusals import NotFound
from portal.settlement.bills import FLOWS, funds, month_bill, trades
from portal.web.exports import amount
from portal.web.guard import current_actor, requires

bp = Blueprint("bills", __name__, url_prefix="/bills")


@bp.get("")
@requires(Can.BILL_SEE)
def index() -> ResponseReturnValue:
    """The months of one's own accounts; who has several chooses."""
    accounts = own_accounts(current_actor())
    if not accounts:
        return render_template("bills/none.html")
    return bill_list(OWN_LIST, chosen(accounts, request.args.get("account", "")), accounts)


@bp.get("/<account_no>")
@requires(Can.BILL_SEE)
def account(account_no: str) -> ResponseReturnValue:
    """The months of an account. A foreign account is the same 404 as a missing one."""
    return bill_list(LIST, _account(account_no), [])


def _account(account_no: str) -> OwnAccount:
    return account_for(current_actor(), account_no, last_settled_day() or date.min)


@bp.get("/<account_no>/days.csv")
@requires(Can.BILL_SEE)
def days_csv(account_no: str) -> ResponseReturnValue:
    """Every settled day of an account: the numbers behind its pictures."""
    found = _account(account_no)
    names = ("trade_date", "previous_balance", *FLOWS, "balance", "equity", "margin", "available")
    words_of = {"trade_date": _("Trade date"), **labels()}
    days = [day for bill in months_of(found.account_id) for day in bill.days]
    rows = ((day.trade_date, *(amount(getattr(day, name)) for name in names[1:])) for day in days)
    return taken_out("csv", f"days-{account_no}", [words_of[name] for name in names], rows)


@bp.get("/<account_no>/months/<period>")
@requires(Can.BILL_SEE)
def month(account_no: str, period: str) -> ResponseReturnValue:
    """The bill of a month."""
    found, which = _account(account_no), month_of(period)
    bill = month_bill(which, funds(found.account_id, which.first, which.last))
    if bill is None:
        raise NotFound("%(account)s has no bill of %(period)s", account=account_no, period=period)
    paper = month_paper(found, bill, trades(found.account_id, bill.days), str(get_locale()), stood(bill.days[-1].trade_date))
    return _shown(found, paper, before=str(which.plus(-1)), after=str(which.plus(1)), period=str(which), days=bill.days)


@bp.get("/<account_no>/days/<day>")
@requires(Can.BILL_SEE)
def day(account_no: str, day: str) -> ResponseReturnValue:
    """The bill of a settled day."""
    found = _account(account_no)
    try:
        which = parse_day(day)
    except NotADate as error:
        raise NotFound("%(text)s is no trade date", text=day) from error
    held = funds(found.account_id, which, which)
    if not held:
        raise NotFound("%(account)s has no bill of %(period)s", account=account_no, period=day)
    paper = day_bill(found, held[0], trades(found.account_id, held), str(get_locale()), stood(which))
    return _shown(found, paper, period=str(Month.of(which)), days=())


def stood(day: date) -> datetime:
    """The moment that a bill of a day is dated with: midday, so that it is that day in every zone nearby."""
    return datetime.combine(day, time(4), UTC)


def _shown(account: OwnAccount, paper: Paper, **more: Any) -> ResponseReturnValue:
    form = request.args.get("format", "")
    makers = {"pdf": pdf_of, "csv": csv_of, "xlsx": xlsx_of}
    if form in makers:
        return paper_out(makers[form](paper), FORMS[form], f"{paper.name}.{form}", "bill", paper.name)
    return render_template("bills/bill.html", account=account, paper=paper, text_of=text_of, is_amount=lambda cell: isinstance(cell, Fen) and cell.value < 0, **more)
