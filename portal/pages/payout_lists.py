"""The lists of payments: runs, what the next run pays, the payments of a run, and what every broker is owed; each declared once."""

from __future__ import annotations

from typing import Any

import polars as pl
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from models.partners import Broker, BrokerVersion
from models.payouts import Payee, Payout, PayoutBatch, masked_account
from portal import local_day
from portal.bulk import read_frame
from portal.commission import payout_balances, payouts
from portal.commission.payouts import Due
from portal.jobs.law import jurisdiction
from portal.pages.commission_lists import month_of
from portal.pages.payout_words import BATCHES, HOLDS, PAYMENTS, WAITS
from portal.rules.book import parameter
from portal.versions import version_of
from portal.web.exports import amount
from portal.web.list_pages import Asked, Field, ListPage, declare
from portal.web.paging import Column, Filter, Listing, columns

DUE = {"row": pl.Int64, "broker_no": pl.String, "name": pl.String, "period": pl.String, "amount": pl.Int64, "account": pl.String, "waits": pl.String}
BALANCE_NAMES = ("posted", "paid", "balance", "payable", "in_payment", "carried")
BALANCES = {"broker_no": pl.String, "name": pl.String, **dict.fromkeys(BALANCE_NAMES, pl.Int64), "bank": pl.String, "tail": pl.String, "held": pl.String}


def least() -> int:
    """The least payout (fen) of the rule set that holds today; 0 where none has one."""
    return int(parameter(jurisdiction(), "min-payout", "least_fen", local_day.today(), 0))


def due_frame(rows: list[Due]) -> pl.DataFrame:
    """What is payable, as a list shows it."""
    return pl.DataFrame([(place, one.broker_no, one.name, one.period, one.amount, one.account, one.waits or "paid") for place, one in enumerate(rows)], schema=DUE, orient="row")


def balance_frame(asked: Asked | None = None) -> pl.DataFrame:
    """What every broker is owed; `row` is its place by broker number."""
    return read_frame(payout_balances.balances(), BALANCES).sort("broker_no").with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))


BATCH_LIST = declare(
    ListPage(
        "payouts.index",
        _l("Payment runs"),
        Listing(
            tiebreak=PayoutBatch.id,
            sorts={"number": PayoutBatch.number, "amount": PayoutBatch.amount, "prepared": PayoutBatch.prepared_at},
            default="-prepared",
            filters=(
                Filter("state", _l("State"), lambda text: PayoutBatch.state == text, choices=tuple((name, label) for name, (label, _tone) in BATCHES.items())),
                Filter("period", _l("Month"), lambda text: PayoutBatch.period == text),
            ),
        ),
        columns(
            Column("number", _l("Payment run"), sort=True),
            Column("payments", _l("Number of payments"), number=True),
            Column("amount", _l("Amount"), sort=True, number=True, money=True),
            Column("prepared", _l("Prepared by"), sort=True),
            Column("approved", _l("Approved by")),
            Column("state", _l("State")),
        ),
        source=lambda asked: select(PayoutBatch),
        scalars=True,
        sums={"amount": PayoutBatch.amount},
        fields=(
            Field("number", _l("Payment run"), lambda row: row.number),
            Field("period", _l("Month"), lambda row: row.period),
            Field("payments", _l("Number of payments"), lambda row: row.payments),
            Field("amount", _l("Amount"), lambda row: amount(row.amount)),
            Field("prepared", _l("Prepared"), lambda row: row.prepared_at),
            Field("prepared_by", _l("Prepared by"), lambda row: row.prepared_label),
            Field("approved", _l("Approved"), lambda row: row.approved_at),
            Field("approved_by", _l("Approved by"), lambda row: row.approved_label),
            Field("state", _l("State"), lambda row: str(BATCHES[row.state][0])),
        ),
        file_name="payment-runs",
    )
)
DUE_LIST = declare(
    ListPage(
        "payouts.due",
        _l("What the next payment run pays"),
        Listing(
            tiebreak="row",
            sorts={name: name for name in ("broker_no", "period", "amount")},
            default="broker_no",
            filters=(
                Filter("waits", _l("What becomes of it"), lambda text: pl.col("waits") == text, choices=tuple((name or "paid", label) for name, (label, _tone) in WAITS.items())),
                Filter("broker", _l("Broker"), lambda text: pl.col("broker_no").str.contains(text, literal=True)),
            ),
        ),
        columns(
            Column("broker_no", _l("Broker"), sort=True),
            Column("name", _l("Name")),
            Column("period", _l("Month"), sort=True),
            Column("amount", _l("Amount"), sort=True, number=True, money=True),
            Column("account", _l("To the account")),
            Column("waits", _l("What becomes of it")),
        ),
        source=lambda asked: due_frame(payouts.due(str(month_of(str(asked.values["period"]))), least())),
        sums={"amount": pl.col("amount")},
        fields=(
            Field("broker_no", _l("Broker"), lambda row: row["broker_no"]),
            Field("name", _l("Name"), lambda row: row["name"]),
            Field("period", _l("Month"), lambda row: row["period"]),
            Field("amount", _l("Amount"), lambda row: amount(row["amount"])),
            Field("account", _l("To the account"), lambda row: row["account"]),
            Field("waits", _l("What becomes of it"), lambda row: str(WAITS["" if row["waits"] == "paid" else row["waits"]][0])),
        ),
        file_name="payable",
    )
)


def _payments(asked: Asked) -> Any:
    version, is_his = version_of(BrokerVersion, Broker.id)
    query = select(Payout, Broker.broker_no, version.name, Payee.holder, Payee.bank, Payee.account_tail).join(Broker, Broker.id == Payout.broker_id)
    query = query.join(Payee, Payee.id == Payout.payee_id).outerjoin(version, is_his)
    return query.where(Payout.batch_id == payouts.batch_of(str(asked.values["batch_no"])).id)


PAYMENT_LIST = declare(
    ListPage(
        "payouts.show",
        _l("Payments of a run"),
        Listing(
            tiebreak=Payout.id,
            sorts={"reference": Payout.reference, "broker_no": Broker.broker_no, "amount": Payout.amount, "paid_on": Payout.paid_on},
            default="reference",
            filters=(
                Filter("state", _l("State"), lambda text: Payout.state == text, choices=tuple((name, label) for name, (label, _tone) in PAYMENTS.items())),
                Filter("broker", _l("Broker"), lambda text: Broker.broker_no.contains(text, autoescape=True)),
            ),
        ),
        columns(
            Column("reference", _l("Reference of the payment"), sort=True),
            Column("broker_no", _l("Broker"), sort=True),
            Column("period", _l("Month")),
            Column("amount", _l("Amount"), sort=True, number=True, money=True),
            Column("account", _l("To the account")),
            Column("paid_on", _l("Day of the payment")),
            Column("state", _l("State")),
        ),
        source=_payments,
        sums={"amount": Payout.amount},
        fields=(
            Field("reference", _l("Reference of the payment"), lambda row: row.Payout.reference),
            Field("broker_no", _l("Broker"), lambda row: row.broker_no),
            Field("holder", _l("Holder of the account"), lambda row: row.holder),
            Field("bank", _l("Bank"), lambda row: row.bank),
            Field("account", _l("Account (last digits)"), lambda row: row.account_tail),
            Field("period", _l("Month"), lambda row: row.Payout.period),
            Field("amount", _l("Amount"), lambda row: amount(row.Payout.amount)),
            Field("state", _l("State"), lambda row: str(PAYMENTS[row.Payout.state][0])),
            Field("paid_on", _l("Day of the payment"), lambda row: row.Payout.paid_on),
            Field("serial", _l("Bank’s serial number"), lambda row: row.Payout.serial),
            Field("why", _l("Why it failed"), lambda row: row.Payout.why),
        ),
        file_name="payments",
    )
)
BALANCE_LIST = declare(
    ListPage(
        "payees.index",
        _l("What brokers are owed"),
        Listing(
            tiebreak="row",
            sorts={name: name for name in ("broker_no", *BALANCE_NAMES)},
            default="broker_no",
            filters=(
                Filter("broker", _l("Broker"), lambda text: pl.col("broker_no").str.contains(text, literal=True)),
                Filter("held", _l("Held back"), lambda text: pl.col("held").is_not_null() == (text == "yes"), choices=(("yes", _l("Yes")), ("no", _l("No")))),
                Filter("account", _l("Account known"), lambda text: pl.col("bank").is_not_null() == (text == "yes"), choices=(("yes", _l("Yes")), ("no", _l("No")))),
            ),
        ),
        columns(
            Column("broker_no", _l("Broker"), sort=True),
            Column("posted", _l("Posted"), sort=True, number=True, money=True),
            Column("paid", _l("Paid"), sort=True, number=True, money=True),
            Column("balance", _l("Balance owed"), sort=True, number=True, money=True),
            Column("payable", _l("Payable now"), sort=True, number=True, money=True),
            Column("in_payment", _l("In payment"), sort=True, number=True, money=True),
            Column("carried", _l("Carried into the next month"), sort=True, number=True, money=True),
            Column("account", _l("To the account")),
        ),
        source=balance_frame,
        sums={name: pl.col(name) for name in BALANCE_NAMES},
        fields=(
            Field("broker_no", _l("Broker"), lambda row: row["broker_no"]),
            Field("name", _l("Name"), lambda row: row["name"]),
            *(
                Field(name, label, lambda row, name=name: amount(row[name]))  # type: ignore[misc]
                for name, label in zip(
                    BALANCE_NAMES, (_l("Posted"), _l("Paid"), _l("Balance owed"), _l("Payable now"), _l("In payment"), _l("Carried into the next month")), strict=True
                )
            ),
            Field("account", _l("To the account"), lambda row: masked_account(row["bank"], row["tail"]) if row["bank"] else ""),
            Field("held", _l("Held back"), lambda row: str(HOLDS[row["held"]]) if row["held"] else ""),
        ),
        file_name="owed",
    )
)
