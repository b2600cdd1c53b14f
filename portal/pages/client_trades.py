"""What one account traded: the list behind its page, for whoever may see the account and is not its broker."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, func, select
from sqlalchemy.orm import aliased

from models import db
from models.settlement import Balance, SettlementDay, Trade
from portal.clients.queries import account_for
from portal.commission.queries import last_settled_day
from portal.pages.broker_clients import is_broker
from portal.refusals import NotFound
from portal.settlement.files import EXCHANGES
from portal.web.exports import amount
from portal.web.list_pages import Asked, Field, ListPage, declare
from portal.web.paging import Column, Filter, Listing, columns, day_filter, read_day

MOST_DAYS = 260
"""So many settled days are looked through, the latest of those asked for: about a year."""
COLUMNS = columns(
    Column("trade_date", _l("Trade date"), sort=True),
    Column("product", _l("Product"), sort=True),
    Column("lots", _l("Lots"), sort=True, number=True),
    Column("turnover", _l("Turnover"), sort=True, number=True, money=True),
    Column("fee", _l("Fee"), sort=True, number=True, money=True),
)
SUMS = {"lots": Trade.lots, "turnover": Trade.turnover, "fee": Trade.fee}


def _account_id(asked: Asked) -> int:
    """The account of an address, where its reader may see it and sees more of it than a broker's lines. Raises NotFound."""
    number = str(asked.values["account_no"])
    if is_broker(asked.actor):
        raise NotFound("there is no account %(number)s that you may see", number=number)
    return account_for(asked.actor, number, last_settled_day() or date.min)[0].id


def _trades(asked: Asked) -> Select[*tuple[Any, ...]]:
    """The account's trades that count, of the latest settled days (up to the day asked for)."""
    account_id = _account_id(asked)
    days = select(SettlementDay.trade_date).distinct().order_by(SettlementDay.trade_date.desc()).limit(MOST_DAYS)
    with suppress(KeyError, ValueError):  # an unreadable day is said above the list
        days = days.where(SettlementDay.trade_date <= read_day(asked.args["to"]))
    newer = aliased(Balance)
    newest = select(func.max(newer.version)).where(newer.trade_date == Trade.trade_date, newer.account_id == Trade.account_id).scalar_subquery()
    # The key begins with the day, so the days are named: each is one look-up instead of a walk through all trades.
    named = list(db.session.execute(days).scalars())
    return select(Trade).where(Trade.trade_date.in_(named), Trade.account_id == account_id, Trade.version == newest)


LIST = declare(
    ListPage(
        "clients.trades",
        _l("Trades of a client"),
        Listing(
            tiebreak=(Trade.trade_date, Trade.exchange, Trade.product),
            sorts={"trade_date": Trade.trade_date, "product": Trade.product, **SUMS},
            default="-trade_date",
            filters=(
                day_filter("from", _l("From"), lambda day: Trade.trade_date >= day),
                day_filter("to", _l("To"), lambda day: Trade.trade_date <= day),
                Filter("exchange", _l("Exchange"), lambda text: Trade.exchange == text, choices=tuple((name, name) for name in EXCHANGES)),
                Filter("product", _l("Product"), lambda text: func.upper(Trade.product) == text.upper()),
            ),
        ),
        COLUMNS,
        source=_trades,
        fields=(
            Field("trade_date", _l("Trade date"), lambda row: row.trade_date),
            Field("exchange", _l("Exchange"), lambda row: row.exchange),
            Field("product", _l("Product"), lambda row: row.product),
            Field("lots", _l("Lots"), lambda row: row.lots),
            Field("turnover", _l("Turnover"), lambda row: amount(row.turnover)),
            Field("fee", _l("Fee"), lambda row: amount(row.fee)),
        ),
        scalars=True,
        sums=SUMS,
        file_name="trades",
    )
)
