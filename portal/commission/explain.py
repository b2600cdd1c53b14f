"""Why this number? From an amount back to file, line, attribution row, plan version and formula, also for zero.

What is explained is the engine's own work: the account's day is priced again with what was known to the run, and the
result must equal the stored line to the fen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import polars as pl
from sqlalchemy import select

from models import db
from models.clients import Account
from models.commission import CommissionRun
from models.partners import Broker
from models.values.calendar import Month
from portal.commission import store, wording
from portal.commission.attribute import attribute_equity, attribute_trades, claims_on
from portal.commission.facts import Day, MonthFacts
from portal.commission.load import Part, load_month
from portal.commission.price import chains_of, earning_lines, price_equity, price_overrides, price_trades
from portal.commission.sources import AccountDay, account_day
from portal.commission.tiers import TierResult
from portal.commission.vocabulary import Kind
from portal.commission.wording import Step
from portal.refusals import NotFound, Refusal


@dataclass
class Explained:
    """One line of a broker's month with the steps that led to its amount (fen)."""

    kind: Kind
    origin: str
    account_no: str
    trade_date: date | None
    exchange: str
    product: str
    part: int | None
    amount: int
    steps: list[Step] = field(default_factory=list)


@dataclass(frozen=True)
class Question:
    """Which lines of a broker's month to explain; what is left empty is not asked for. `alone`: other brokers' shares are left out."""

    broker_no: str
    account_no: str
    trade_date: date
    exchange: str = ""
    product: str = ""
    kind: str = ""
    alone: bool = False


def explain(run: CommissionRun, question: Question) -> list[Explained]:
    """The lines of a run that a question means, each with its reasons. Raises NotFound where there is none."""
    broker_id = db.session.execute(select(Broker.id).where(Broker.broker_no == question.broker_no)).scalar()
    account_id = db.session.execute(select(Account.id).where(Account.account_no == question.account_no)).scalar()
    if broker_id is None:
        raise NotFound("there is no broker %(number)s", number=question.broker_no)
    if account_id is None:
        raise NotFound("there is no account %(number)s", number=question.account_no)
    asked = (pl.col("account_id") == account_id) & (pl.col("trade_date") == question.trade_date)
    lines = store.read_lines(run.id, brokers={question.broker_no: broker_id}, where=asked)
    for column in ("exchange", "product"):
        wanted = getattr(question, column)
        if wanted:
            lines = lines.filter(pl.col(column).str.to_uppercase() == wanted.upper())
    if question.kind:
        lines = lines.filter(pl.col("kind") == Kind[question.kind].value)
    if lines.is_empty():
        raise NotFound(
            "%(period)s has no line for broker %(broker)s, account %(account)s on %(day)s: no attribution that day, no trade, or a plan that does not pay on it",
            period=run.period,
            broker=question.broker_no,
            account=question.account_no,
            day=question.trade_date,
        )
    priced = _priced_again(run, broker_id, account_id, question)
    return [_explain_line(row, question, priced) for row in lines.iter_rows(named=True)]


@dataclass
class Priced:
    """An account's day, priced again: what the engine was given and what it gave."""

    run: CommissionRun
    facts: MonthFacts
    day: Day
    me: int
    trades: pl.DataFrame
    equity: pl.DataFrame
    lines: pl.DataFrame
    tiers: dict[tuple[int, int], TierResult]
    account_id: int
    alone: bool

    @cached_property
    def source(self) -> AccountDay:
        """The rows of the files behind it."""
        return account_day(self.account_id, self.day.day, self.run.known_recording_id)


def _priced_again(run: CommissionRun, broker_id: int, account_id: int, question: Question) -> Priced:
    month = Month.of(question.trade_date)
    facts = load_month(month, run.known_recording_id, Part([account_id], [question.trade_date], frozenset({broker_id})))
    day = facts.load(question.trade_date, facts.known)
    claims = claims_on(question.trade_date, facts.attributions, facts.standing, facts.ties)
    trades, equity = attribute_trades(day, claims), attribute_equity(day, claims)
    tiers = store.read_tiers(run.id, str(month), facts)
    fee_lines = price_trades(trades, facts.terms, tiers, facts.products())
    pairs = facts.standing.select("b", "day")
    overrides = price_overrides(earning_lines(fee_lines), chains_of(pairs, facts.uplines), facts.standing, facts.ties, facts.terms)
    lines = pl.concat([fee_lines, price_equity(equity, facts.terms), overrides])
    me = facts.brokers.filter(pl.col("broker_id") == broker_id)["b"].item()
    return Priced(run, facts, day, me, trades, equity, lines.filter(pl.col("b") == me), tiers, account_id, question.alone)


def _explain_line(row: dict[str, Any], question: Question, priced: Priced) -> Explained:
    kind = Kind(int(str(row["kind"])))
    explained = Explained(
        kind,
        str(row["origin"]),
        question.account_no,
        question.trade_date,
        str(row["exchange"] or ""),
        str(row["product"] or ""),
        row["part"],
        int(str(row["amount"])),
        [],
    )
    same = _same_line(row, kind, priced)
    today = int(same["amount"]) if same else 0
    if explained.origin:
        so_far = _posted_before(priced.run, row, question)
        if today - so_far != explained.amount:
            raise Refusal(
                "the stored correction of %(amount)s fen cannot be derived again (today %(today)s, posted %(posted)s)", amount=explained.amount, today=today, posted=so_far
            )
        explained.steps.append(wording.correction(explained.origin, today, so_far, explained.amount))
    elif today != explained.amount:
        raise Refusal("the stored amount of %(amount)s fen cannot be derived again (%(today)s)", amount=explained.amount, today=today)
    if same:
        explained.steps += wording.steps_of(kind, same, explained, priced)
    else:
        explained.steps.append(Step("By today's knowledge there is no such line any more.", {}))
    return explained


def _same_line(row: dict[str, Any], kind: Kind, priced: Priced) -> dict[str, Any] | None:
    """The line that the engine gives again for a stored one, or None where today's knowledge has none."""
    lines = priced.lines.filter(pl.col("kind") == kind.value).join(priced.facts.products(), on="pid", how="left")
    if row["product"]:
        same_name = (pl.col("exchange").str.to_uppercase() == str(row["exchange"]).upper()) & (pl.col("product").str.to_uppercase() == str(row["product"]).upper())
        lines = lines.filter(same_name)
    if kind is Kind.override:
        ranks = dict(priced.facts.brokers.select("broker_id", "b").iter_rows())
        lines = lines.filter((pl.col("level") == row["level"]) & (pl.col("downline") == ranks.get(row["downline_id"], -1)))
    return lines.row(0, named=True) if lines.height else None


def _posted_before(run: CommissionRun, row: dict[str, Any], question: Question) -> int:
    """What was posted for the same fact before this run: the origin month's own line and earlier corrections."""
    keys = ("kind", "account_id", "trade_date", "level")
    posted = store.posted_for(str(row["origin"]), before=run.period, brokers={question.broker_no: int(str(row["broker_id"]))})
    same = posted.filter(*(pl.col(name) == row[name] for name in keys), pl.col("downline_id").eq_missing(pl.lit(row["downline_id"], pl.Int64)))
    for name in ("exchange", "product"):
        if row[name] is not None:
            same = same.filter(pl.col(name).str.to_uppercase() == str(row[name]).upper())
    return int(same["amount"].sum())
