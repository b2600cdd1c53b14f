"""Trades: what each account traded on a day in a product, and the fee that stayed with the firm; the list behind the overview's fees."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, or_, select

from models.clients import Account, AccountVersion
from models.partners import Branch
from models.rollups import Channel
from models.settlement import SettlementDay, Trade
from portal.attribution.channels import came_by, first_broker_is
from portal.clients.balances import is_newest
from portal.clients.queries import newest_version
from portal.commission.overview import cut_for
from portal.pages import words
from portal.pages.settled import last_day
from portal.pages.trades_quick import quick
from portal.permissions import Can
from portal.settlement.files import EXCHANGES
from portal.web.exports import amount
from portal.web.guard import requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns, day_filter

bp = Blueprint("trades", __name__)
RETAINED = Trade.fee - Trade.exchange_fee
COLUMNS = columns(
    Column("trade_date", _l("Trade date"), sort=True),
    Column("account_no", _l("Account")),
    Column("name", _l("Client")),
    Column("product", _l("Product")),
    Column("lots", _l("Lots"), sort=True, number=True),
    Column("turnover", _l("Turnover"), sort=True, number=True, money=True),
    Column("fee", _l("Fee"), sort=True, number=True, money=True),
    Column("retained_fee", _l("Retained fee"), sort=True, number=True, money=True),
)
SUMS = {"lots": Trade.lots, "turnover": Trade.turnover, "fee": Trade.fee, "retained_fee": RETAINED}


def _of_branch(which: ColumnElement[bool]) -> ColumnElement[bool]:
    """The condition that a trade's account stands in a branch now; it looks at no row of the query around it but the trade."""
    return Trade.account_id.in_(select(AccountVersion.account_id).where(newest_version(), which).correlate(None))


LISTING = Listing(
    tiebreak=(Trade.trade_date, Trade.account_id, Trade.exchange, Trade.product),
    sorts={"trade_date": Trade.trade_date, **SUMS},
    default="-retained_fee",
    filters=(
        day_filter("from", _l("From"), lambda day: Trade.trade_date >= day),
        day_filter("to", _l("To"), lambda day: Trade.trade_date <= day),
        Filter("account", _l("Account"), lambda text: Trade.account_id.in_(select(Account.id).where(Account.account_no == text).correlate(None))),
        Filter("exchange", _l("Exchange"), lambda text: Trade.exchange == text, choices=tuple((name, name) for name in EXCHANGES)),
        Filter("product", _l("Product"), lambda text: Trade.product == text),
        Filter("channel", _l("Channel"), lambda text: came_by(text, Trade.account_id, Trade.trade_date), choices=tuple(words.CHANNELS.items())),
        Filter("branch", _l("Branch"), lambda text: _of_branch(AccountVersion.branch_id.in_(select(Branch.id).where(Branch.branch_no == text)))),
        Filter("broker", _l("First broker"), lambda text: first_broker_is(text, Trade.account_id, Trade.trade_date)),
    ),
)


def _trades(asked: Asked) -> Select[*tuple[Any, ...]]:
    """The trades that count, of the days asked for; without days, of the last settled one."""
    corrected = select(SettlementDay.trade_date).where(SettlementDay.version > 1)
    query = select(Trade).where(or_(Trade.trade_date.not_in(corrected), is_newest(Trade)))  # of a day that was never corrected every trade counts
    cut = cut_for(asked.actor)
    if cut.branch_id is not None:
        query = query.where(_of_branch(AccountVersion.branch_id == cut.branch_id))
    return query if asked.args.get("from") or asked.args.get("to") else query.where(Trade.trade_date == last_day())


def _with_names(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """The same with each account's number and client: of the rows that are shown alone."""
    query = query.join(Account, Account.id == Trade.account_id).join(AccountVersion, AccountVersion.account_id == Account.id).where(newest_version())
    return query.add_columns(Account.account_no, AccountVersion.name)


LIST = declare(
    ListPage(
        "trades.index",
        _l("Trades"),
        LISTING,
        COLUMNS,
        source=_trades,
        fields=(
            Field("trade_date", _l("Trade date"), lambda row: row.Trade.trade_date),
            Field("account_no", _l("Account"), lambda row: row.account_no),
            Field("name", _l("Client"), lambda row: row.name),
            Field("exchange", _l("Exchange"), lambda row: row.Trade.exchange),
            Field("product", _l("Product"), lambda row: row.Trade.product),
            Field("lots", _l("Lots"), lambda row: row.Trade.lots),
            Field("turnover", _l("Turnover"), lambda row: amount(row.Trade.turnover)),
            Field("fee", _l("Fee"), lambda row: amount(row.Trade.fee)),
            Field("exchange_fee", _l("Exchange fee"), lambda row: amount(row.Trade.exchange_fee)),
            Field("retained_fee", _l("Retained fee"), lambda row: amount(row.Trade.fee - row.Trade.exchange_fee)),
        ),
        sums=SUMS,
        quick=quick,
        beside=_with_names,
        file_name="trades",
    )
)


@bp.get("/trades")
@requires(Can.OVERVIEW_SEE)
def index() -> ResponseReturnValue:
    """Trades by account, day and product."""
    return show_list(LIST, "clients/trades.html", channels=Channel)
