"""A broker's agreement, licence and plan in words, and a calculator that asks the pricing engine itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl
from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from models import db
from models.columns import OPEN_END
from models.commission import CommissionRun, RunStatement
from models.partners import Broker
from models.values.calendar import Month
from models.values.money import NotMoney, half_up, parse_yuan
from portal.commission import book, queries
from portal.commission.clauses import clauses
from portal.commission.facts import MonthFacts
from portal.commission.lapses import Standing, standing_of
from portal.commission.load import Part, load_month
from portal.commission.what_if import More, Outcome, held_in_memory, step_of, what_if
from portal.pages import broker_home, words
from portal.pages.broker_words import BROKER_STATES, lapse_text, percent_of
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.web.guard import current_actor, requires

bp = Blueprint("broker_terms", __name__)
MOST_LOTS = 1_000_000


@dataclass(frozen=True)
class PerLot:
    """What a lot of a product costs, in fen: turnover, fee, exchange fee; and whose trades say so (client, book, typed)."""

    turnover: int
    fee: int
    exchange_fee: int
    source: str


@bp.get("/terms")
@requires(Can.COMMISSION_SEE)
def own_terms() -> ResponseReturnValue:
    """A broker's own agreement and plan; who is no broker is led to the statements."""
    actor = current_actor()
    return redirect(url_for("broker_terms.terms", broker_no=actor.broker_no) if actor.broker_no else url_for("commission.statements"), 303)


@bp.get("/brokers/<broker_no>/terms")
@requires(Can.COMMISSION_SEE)
def terms(broker_no: str) -> ResponseReturnValue:
    """What was agreed with a broker: agreement, licence, plan in words, what ends when."""
    broker = queries.broker_for(current_actor(), broker_no)
    day = queries.last_settled_day()
    if day is None:
        raise NotFound("there is no settled day yet")
    standing = standing_of(broker)
    clients = broker_home.clients_of(broker)
    return render_template(
        "broker/terms.html",
        broker=broker,
        standing=standing,
        as_of=day,
        agreed=standing.agreement_on(day),
        version=standing.version_on(day),
        earlier=_earlier(standing, day),
        clauses=clauses,
        lapses=broker_home.lapses_of(broker, standing, book.spans_of(broker.id), clients, day),
        lapse_text=lapse_text,
        states=BROKER_STATES,
        open_end=OPEN_END,
        one_day=timedelta(days=1),
    )


def _earlier(standing: Standing, day: date) -> list[tuple[Any, str]]:
    """Agreements that do not count on a day, with their plans' codes."""
    return [(row, code) for row, code in standing.agreements if not row.valid_from <= day < row.valid_to]


@bp.get("/brokers/<broker_no>/what-if")
@requires(Can.COMMISSION_SEE)
def calculator(broker_no: str) -> ResponseReturnValue:
    """What this month would earn if a client traded more. Nothing is stored."""
    broker = queries.broker_for(current_actor(), broker_no)
    day = queries.last_settled_day()
    if day is None:
        raise NotFound("there is no settled day yet")
    run = queries.run_of(str(Month.of(day)))
    mine = _own_accounts(broker, day)
    products = [f"{exchange}.{product}" for exchange, product in run.products]
    asked = {name: request.args.get(name, "").strip() for name in ("account", "product", "lots", "fee", "exchange_fee", "turnover")}
    shown: dict[str, Any] = {"outcome": None, "fault": ""}
    if asked["lots"]:
        try:
            shown |= _answer(broker, run, day, asked, mine, products)
        except Refusal as refusal:
            shown["fault"] = _(refusal.message, **refusal.values) if refusal.values else _(refusal.message)
    return render_template(
        "broker/what_if.html", broker=broker, run=run, as_of=day, mine=mine, products=products, asked=asked, reasons=words.REASONS, measures=words.MEASURES, **shown
    )


def _own_accounts(broker: Broker, day: date) -> dict[str, tuple[int, str]]:
    """account_no → (id, name) of the accounts attributed to a broker on a day."""
    held = book.held_on(book.spans_of(broker.id), [day]).filter(pl.col("broker") == broker.id)["account"].to_list()
    return {number: (account, name) for account, number, name, _opened in book.named(held).sort("account_no").iter_rows()}


def _answer(broker: Broker, run: CommissionRun, day: date, asked: dict[str, str], mine: dict[str, tuple[int, str]], products: list[str]) -> dict[str, Any]:
    if asked["account"] not in mine:
        raise Refusal("choose one of the clients attributed on %(day)s", day=day)
    if asked["product"] not in products:
        raise Refusal("choose one of the products traded in %(period)s", period=run.period)
    lots = _lots(asked["lots"])
    account, name = mine[asked["account"]]
    exchange, product = asked["product"].split(".", 1)
    per_lot = _per_lot(broker, account, (exchange, product), day, asked)
    more = More(day, account, exchange, product, lots, per_lot.turnover * lots, per_lot.fee * lots, per_lot.exchange_fee * lots)
    facts = held_in_memory(_facts(broker, run))
    me = int(facts.brokers.filter(pl.col("broker_id") == broker.id)["b"][0])
    outcome = what_if(facts, me, more)
    earned = db.session.execute(select(RunStatement.earned).where(RunStatement.run_id == run.id, RunStatement.broker_id == broker.id)).scalar() or 0
    return {"outcome": outcome, "earned": earned, "more": more, "per_lot": per_lot, "client": name, "steps": _steps(facts, outcome)}


def _facts(broker: Broker, run: CommissionRun) -> MonthFacts:
    month = Month.parse(run.period)
    rows = book.spans_of(broker.id, run.known_recording_id)
    held = rows.filter((pl.col("broker") == broker.id) & (pl.col("valid_from") <= month.last) & (pl.col("valid_to") > month.first))
    return load_month(month, run.known_recording_id, Part(sorted(held["account"].unique()), None, frozenset({broker.id})))


def _lots(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < len(text) <= 7 and 0 < int(text) <= MOST_LOTS):
        raise Refusal("“%(given)s” is no number of lots: a whole number from 1 to %(most)s is expected", given=text[:40], most=MOST_LOTS)
    return int(text)


def _per_lot(broker: Broker, account: int, named: tuple[str, str], day: date, asked: dict[str, str]) -> PerLot:
    """What was typed; what was not, as the client's own trades of the last 40 settled days had it on average, else those of all the broker's clients."""
    typed = {name: _typed(asked[name]) for name in ("turnover", "fee", "exchange_fee") if asked[name]}
    if len(typed) == 3:
        return PerLot(**typed, source="typed")
    days = book.last_days(day, 40)
    held = book.held_on(book.spans_of(broker.id), days).filter(pl.col("broker") == broker.id).select("day", "account")
    accounts = sorted(held["account"].unique())
    rows = book.trades_on(days, accounts, book.balances_on(days, accounts)).join(held, on=["day", "account"], how="semi")
    rows = rows.filter((pl.col("exchange") == named[0]) & (pl.col("product") == named[1]) & (pl.col("lots") > 0))
    own = rows.filter(pl.col("account") == account)
    counted, source = (own, "client") if own.height else (rows, "book")
    if counted.is_empty():
        raise Refusal("none of these clients traded %(product)s lately: say what a lot costs", product=".".join(named))
    sums = counted.select("lots", "turnover", "fee", "exchange_fee").sum().row(0, named=True)
    average = {name: half_up(sums[name], sums["lots"]) for name in ("turnover", "fee", "exchange_fee")}
    return PerLot(**(average | typed), source=source)


def _typed(text: str) -> int:
    try:
        fen = parse_yuan(text)
    except NotMoney as error:
        raise Refusal("“%(given)s” is no amount in yuan per lot, such as 12.50", given=text[:40]) from error
    if not 0 <= fen < 10**10:
        raise Refusal("“%(given)s” is no amount in yuan per lot, such as 12.50", given=text[:40])
    return fen


def _steps(facts: MonthFacts, outcome: Outcome) -> list[dict[str, Any]]:
    """The steps of each tiered version before and after: measure (yuan or lots × 10**8), step counted from 1, its rate."""
    shown = []
    for version, after in outcome.after.tiers.items():
        term, before = facts.terms[version], outcome.before.tiers.get(version)
        if term.tiers is None or before is None:
            continue
        rates = ["0 %", *(percent_of(rate) for _threshold, rate in term.tiers.steps)]
        places = [step_of(term, before), step_of(term, after)]
        in_fen = term.tiers.measure != "lots"
        shown.append(
            {
                "measure": term.tiers.measure,
                "in_fen": in_fen,
                "before": before.measure // 10**6 if in_fen else before.measure // 10**8,
                "after": after.measure // 10**6 if in_fen else after.measure // 10**8,
                "rates": [rates[place] for place in places],
                "flips": places[0] != places[1],
            }
        )
    return shown
