"""The lists of commission: months, statements and lines, each declared once with its filters, order, columns and file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
from flask_babel import lazy_gettext as _l

from models.commission import CommissionRun, MonthClose, RunStatement
from models.partners import Broker
from models.payouts import Payout, PayoutState
from models.values.calendar import Month, NotADate
from portal.actors import NOBODY, Actor
from portal.commission import payout_balances, publication, queries
from portal.commission.statement import COLUMNS as AMOUNTS
from portal.pages import words
from portal.pages.broker_clients import is_broker
from portal.pages.kept_lines import broker_lines
from portal.pages.statement_states import STATES, state_of_row
from portal.refusals import NotFound
from portal.web.exports import amount
from portal.web.list_pages import Asked, Field, ListPage, declare
from portal.web.listing import Label
from portal.web.paging import Column, Filter, Listing, columns, day_filter


def month_of(text: str) -> Month:
    """A month in an address. Raises NotFound where it is none."""
    try:
        return Month.parse(text)
    except NotADate as error:
        raise NotFound("%(text)s is no month", text=text) from error


LINE_COLUMNS = columns(
    Column("trade_date", _l("Trade date"), sort=True),
    Column("account_no", _l("Account"), sort=True),
    Column("kind", _l("Paid on")),
    Column("product", _l("Product"), sort=True),
    Column("part_fen", _l("Broker's part"), number=True),
    Column("amount_fen", _l("Amount"), sort=True, number=True, money=True),
    Column("reason", _l("Result")),
    Column("why", _l("Why")),
)
LINES = Listing(
    tiebreak="row",
    sorts={"trade_date": "trade_date", "account_no": "account_no", "product": "product", "amount_fen": "amount_fen"},
    default="-trade_date",
    filters=(
        Filter("account", _l("Account"), lambda text: pl.col("account_no") == text),
        day_filter("day", _l("Trade date"), lambda day: pl.col("trade_date") == str(day)),
        Filter("kind", _l("Paid on"), lambda text: pl.col("kind") == text, choices=tuple(words.KINDS.items())),
        Filter(
            "reason",
            _l("Result"),
            lambda text: pl.col("reason") == ("" if text == "earns" else text),
            choices=(("earns", words.REASONS[""]), *[pair for pair in words.REASONS.items() if pair[0]]),
        ),
    ),
)
STATEMENT_COLUMNS = columns(
    Column("broker_no", _l("Broker"), sort=True),
    Column("period", _l("Month"), sort=True),
    *(Column(name, words.COLUMNS[name], sort=True, number=True, money=True) for name in AMOUNTS),
    Column("state", _l("State")),
)


def _in_state(text: str) -> Any:
    """Statements that are provisional, of a closed month, published as final, or of which a payment is this far."""
    if text == "final":
        return publication.is_final()
    if text in {PayoutState.PAID, PayoutState.RETURNED}:
        return Payout.state == text
    if text == "in_payment":
        return Payout.state.in_((PayoutState.PREPARED, PayoutState.APPROVED))
    return MonthClose.closed_at.is_not(None) == (text == "closed")


STATE_CHOICES = (
    ("open", _l("Provisional")),
    ("closed", _l("Closed")),
    ("final", _l("Final")),
    ("in_payment", _l("In payment")),
    ("paid", _l("Paid")),
    ("returned", _l("Returned")),
)
STATEMENTS = Listing(
    tiebreak=RunStatement.broker_id,
    sorts={"broker_no": Broker.broker_no, "period": CommissionRun.period, **{name: getattr(RunStatement, name) for name in AMOUNTS}},
    default="-period",
    filters=(
        Filter("period", _l("Month"), lambda text: CommissionRun.period == text),
        Filter("broker", _l("Broker"), lambda text: Broker.broker_no == text),
        Filter("branch", _l("Branch"), queries.brokers_of_branch, hidden=True),
        Filter("state", _l("State"), _in_state, choices=STATE_CHOICES),
    ),
)

STATEMENT_SUMS = {name: getattr(RunStatement, name) for name in AMOUNTS}


def _amount_of(name: str) -> Field:
    return Field(name, words.COLUMNS[name], lambda row: amount(getattr(row.RunStatement, name)))


STATEMENT_FIELDS = (
    Field("broker_no", _l("Broker"), lambda row: row.Broker.broker_no),
    Field("period", _l("Month"), lambda row: row.CommissionRun.period),
    *(_amount_of(name) for name in AMOUNTS),
    Field("state", _l("State"), lambda row: str(STATES[state_of_row(row, set(), NOBODY)][0])),
    Field("paid_on", _l("Day of the payment"), lambda row: row.paid_on if row.pay_state == PayoutState.PAID else None),
)


def _own_statements(actor: Actor) -> ListPage | None:
    return OWN_STATEMENT_LIST if is_broker(actor) else None


CARRIED = ("reserve", "release", "carry_over")
"""Amounts that stand in each statement and in the file, but would push the list past the edge of the desk."""
STATEMENT_LIST = declare(
    ListPage(
        "commission.statements",
        _l("Statements"),
        STATEMENTS,
        {key: column for key, column in STATEMENT_COLUMNS.items() if key not in CARRIED},
        source=lambda asked: payout_balances.with_payments(queries.statements(asked.actor)),
        fields=STATEMENT_FIELDS,
        sums=STATEMENT_SUMS,
        file_name="statements",
        instead=_own_statements,
    )
)
OWN_AMOUNTS = ("earned", "corrections", "adjustments", "payable", "withholding", "net")
"""What a broker's list of his own statements shows beside the month; the rest stands in each statement and in the file."""
OWN_STATEMENT_LIST: ListPage = replace(
    STATEMENT_LIST,
    title=_l("My statements"),
    listing=replace(STATEMENTS, filters=tuple(one for one in STATEMENTS.filters if one.name not in ("broker", "branch"))),
    columns={key: column for key, column in STATEMENT_COLUMNS.items() if key in ("period", *OWN_AMOUNTS, "state")},
    instead=lambda actor: None,
)
"""A broker's own statements: his number stands once above them, not on every row."""


def lines_of(asked: Asked, computed: list[str]) -> tuple[CommissionRun, Broker] | None:
    """Whose lines of which month are asked for: one's own and the newest where the address does not say. None: it must be said."""
    period = asked.args.get("period") or (computed[0] if computed else "")
    broker_no = asked.args.get("broker") or asked.actor.broker_no or ""
    if not period or not broker_no:
        return None
    broker = queries.broker_for(asked.actor, broker_no)
    return queries.run_of(str(month_of(period))), broker


def _lines(asked: Asked) -> pl.DataFrame:
    which = lines_of(asked, queries.computed_months())
    if which is None:
        raise NotFound("say whose lines of which month are meant")
    return broker_lines(*which)


def _raw(name: str, label: Label) -> Field:
    return Field(name, label, lambda row: row[name], heading=name)


LINE_LIST = declare(
    ListPage(
        "commission.lines",
        _l("Commission lines"),
        LINES,
        LINE_COLUMNS,
        source=_lines,
        fields=(
            _raw("period", _l("Month")),
            _raw("broker_no", _l("Broker")),
            _raw("kind", _l("Paid on")),
            _raw("account_no", _l("Account")),
            _raw("trade_date", _l("Trade date")),
            _raw("exchange", _l("Exchange")),
            _raw("product", _l("Product")),
            _raw("part_fen", _l("Broker's part")),
            _raw("amount_fen", _l("Amount")),
            replace(_raw("reason", _l("Result")), on_paper=lambda row: str(words.REASONS[row["reason"]])),
            _raw("plan_code", _l("Plan")),
            _raw("origin", _l("Corrects")),
        ),
        keep=("period", "broker"),
        sums={"amount_fen": pl.col("amount_fen")},
        file_name="lines",
    )
)

MONTH_COLUMNS = columns(
    Column("period", _l("Month"), sort=True),
    Column("settled_days", _l("Settled days"), sort=True, number=True),
    Column("lines", _l("Lines"), sort=True, number=True),
    Column("computed_at", _l("Computed"), sort=True),
    Column("state", _l("State")),
)
MONTH_STATES = {"closed": _l("Closed"), "previewed": _l("Previewed"), "none": _l("Not computed")}
MONTH_SCHEMA: dict[str, Any] = {
    "period": pl.String,
    "settled_days": pl.Int64,
    "run_id": pl.Int64,
    "computed_at": pl.Datetime("us", "UTC"),
    "closed_at": pl.Datetime("us", "UTC"),
    "lines": pl.Int64,
}


def _months(asked: Asked) -> pl.DataFrame:
    frame = pl.DataFrame([vars(row) for row in queries.months()], schema=MONTH_SCHEMA)
    state = pl.when(pl.col("closed_at").is_not_null()).then(pl.lit("closed")).when(pl.col("run_id").is_not_null()).then(pl.lit("previewed"))
    return frame.with_columns(state.otherwise(pl.lit("none")).alias("state"))


MONTH_LIST = declare(
    ListPage(
        "commission.months",
        _l("Months"),
        Listing(
            tiebreak="period",
            sorts={name: name for name in ("period", "settled_days", "lines", "computed_at")},
            default="-period",
            filters=(
                Filter("year", _l("Year"), lambda text: pl.col("period").str.starts_with(text + "-"), input_mode="numeric"),
                Filter("state", _l("State"), lambda text: pl.col("state") == text, choices=tuple(MONTH_STATES.items())),
            ),
        ),
        MONTH_COLUMNS,
        source=_months,
        fields=(
            Field("period", _l("Month"), lambda row: row["period"]),
            Field("settled_days", _l("Settled days"), lambda row: row["settled_days"]),
            Field("lines", _l("Lines"), lambda row: row["lines"] if row["run_id"] else None),
            Field("computed_at", _l("Computed"), lambda row: row["computed_at"]),
            Field("state", _l("State"), lambda row: str(MONTH_STATES[row["state"]])),
        ),
        file_name="months",
    )
)
