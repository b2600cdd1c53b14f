"""What the exchanges charge, product by product and span by span, as believed now."""

from __future__ import annotations

from datetime import date

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from models.columns import OPEN_END
from models.settlement import ExchangeFee
from models.values.rates import decimal_text
from portal.permissions import Can
from portal.settlement.files import EXCHANGES
from portal.versions import current
from portal.web.guard import requires
from portal.web.list_pages import Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns, day_filter

bp = Blueprint("exchange_fees", __name__)

RATES = ("open_by_money", "open_by_lot", "close_by_money", "close_by_lot", "close_today_by_money", "close_today_by_lot")
COLUMNS = columns(
    Column("product", _l("Product"), sort=True),
    Column("exchange", _l("Exchange"), sort=True),
    Column("valid_from", _l("From"), sort=True),
    Column("valid_to", _l("Until (exclusive)")),
    Column("open_by_money", _l("Open, of turnover"), number=True),
    Column("open_by_lot", _l("Open, a lot"), number=True),
    Column("close_by_money", _l("Close, of turnover"), number=True),
    Column("close_by_lot", _l("Close, a lot"), number=True),
    Column("close_today_by_money", _l("Close today, of turnover"), number=True),
    Column("close_today_by_lot", _l("Close today, a lot"), number=True),
)
LISTING = Listing(
    tiebreak=ExchangeFee.__table__.c.id,
    sorts={"product": ExchangeFee.product, "exchange": ExchangeFee.exchange, "valid_from": ExchangeFee.valid_from},
    default="product",
    filters=(
        Filter("exchange", _l("Exchange"), lambda text: ExchangeFee.exchange == text, choices=tuple((name, name) for name in EXCHANGES)),
        Filter("product", _l("Product"), lambda text: ExchangeFee.product.contains(text, autoescape=True)),
        day_filter("day", _l("Valid on"), lambda day: (ExchangeFee.valid_from <= day) & (ExchangeFee.valid_to > day)),
    ),
)


def rate_text(row: ExchangeFee, name: str) -> str:
    """A rate as the file writes it: a fraction of the turnover, or yuan a lot."""
    return decimal_text(getattr(row, name), 8)


def end_of(day: date) -> date | None:
    """The day on which a span ends, None where it is open."""
    return None if day == OPEN_END else day


def _rate_field(name: str) -> Field:
    return Field(name, COLUMNS[name].label, lambda row: rate_text(row, name), name)


LIST = declare(
    ListPage(
        "exchange_fees.index",
        _l("Exchange fees"),
        LISTING,
        COLUMNS,
        source=lambda asked: current(ExchangeFee),
        fields=(
            Field("exchange", _l("Exchange"), lambda row: row.exchange, "exchange"),
            Field("product", _l("Product"), lambda row: row.product, "product"),
            Field("valid_from", _l("From"), lambda row: row.valid_from, "valid_from"),
            Field("valid_to", _l("Until (exclusive)"), lambda row: end_of(row.valid_to), "valid_to"),
            *(_rate_field(name) for name in RATES),
        ),
        scalars=True,
        file_name="exchange_fees",
    )
)


@bp.get("/exchange-fees")
@requires(Can.IMPORT_SEE)
def index() -> ResponseReturnValue:
    """The dated table."""
    return show_list(LIST, "exchange_fees/index.html", rates=RATES, rate_text=rate_text, end_of=end_of)
