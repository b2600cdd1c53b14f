"""Reading a month's facts as known at one recording. Because every row says when it was recorded, no lock is needed:
what is recorded meanwhile is simply not known yet."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl
from sqlalchemy import select

from models import db
from models.attribution import Attribution, AttributionState
from models.clients import AccountVersion
from models.commission import Agreement, PlanVersion
from models.partners import Broker, BrokerState, BrokerStatus, BrokerVersion, Licence, PersonKind, Relative, Upline
from models.values.calendar import Month
from portal.bulk import read_frame
from portal.commission.facts import ATTRIBUTIONS, EQUITY, NO_VERSION, PRODUCTS, STANDING, TIES, TRADES, UPLINES, Day, MonthFacts
from portal.commission.instead import WhatIf
from portal.commission.price import LEVELS
from portal.commission.terms import Terms, read_terms
from portal.commission.vocabulary import Reason
from portal.settlement.facts import account_rows, day_frames, settled_days
from portal.versions import current, newest_frame, newest_of

SPAN = {"valid_from": pl.Date, "valid_to": pl.Date}


@dataclass(frozen=True)
class Part:
    """A part of a month: some accounts (ids), on some days or (None) on all settled ones. Loaded with it are the brokers who
    have a row on one of the accounts, those above them, and those named here."""

    accounts: list[int]
    days: list[date] | None = None
    brokers: frozenset[int] = frozenset()


def load_month(month: Month, known: int, part: Part | None = None, what_if: WhatIf | None = None) -> MonthFacts:
    """Everything that pricing `month`, or a part of it, needs, as known at recording `known`; `what_if` lays a plan over it."""
    days = part.days if part and part.days is not None else settled_days(month.first, month.last, known)
    uplines = _dated(Upline, known, month)
    accounts, concerned = (None, None) if part is None else (part.accounts, _concerned(part, known, month, uplines))
    brokers = _brokers(known, concerned)
    ranks = brokers.select("broker_id", "b")
    spans = {model.__tablename__: _dated(model, known, month, concerned) for model in (BrokerStatus, Licence, Agreement)}
    versions = _dated(PlanVersion, known, month)
    if what_if is not None:
        versions, spans["agreement"] = what_if.versions(versions, month), what_if.agreements(spans["agreement"])
    standing = _standing(brokers, spans, versions, days)
    month_end = _standing(brokers, spans, versions, [month.last])
    products = _Products()
    return MonthFacts(
        month=month,
        known=known,
        days=days,
        load=lambda day, at: _day(day, at, products, accounts),
        brokers=brokers,
        attributions=_attributions(known, month, ranks, accounts),
        standing=standing,
        ties=_ties(known, month, brokers, accounts),
        uplines=_uplines(uplines, ranks),
        terms=_terms(versions),
        plan_of_version=dict(versions.select("id", "plan_id").iter_rows()),
        products=products.frame,
        spellings=products.spellings,
        month_end=month_end,
    )


def _concerned(part: Part, known: int, month: Month, uplines: pl.DataFrame) -> list[int]:
    """The brokers whose pay the part's accounts may touch, up to three levels above those who have a row on one."""
    rows = current(Attribution, known, Attribution.account_id.in_(part.accounts)).subquery()
    found = {*part.brokers, *db.session.execute(select(rows.c.broker_id).where(rows.c.valid_from <= month.last, rows.c.valid_to > month.first)).scalars()}
    above = list(uplines.select("broker_id", "upline_id").iter_rows())
    for _ in range(LEVELS):
        found |= {upline for broker, upline in above if broker in found}
    return sorted(found)


BETWEEN = "\x00"
"""Between an exchange and a product: it sorts before every letter."""


class _Products:
    """Numbers (pid) for exchange and product, compared without case, in the order in which they are met."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}
        self._names: list[tuple[str, str]] = []
        self._met: list[str] = []
        self._pids: list[int] = []

    def number(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Replace the columns exchange and product by pid. Of a day's 300,000 rows each spelling is looked at once."""
        spelled = frame["exchange"] + BETWEEN + frame["product"]
        coded = spelled.cast(pl.Enum(self._met), strict=False)
        if coded.null_count():
            self._meet(spelled.filter(coded.is_null()).unique().sort().to_list())
            coded = spelled.cast(pl.Enum(self._met))
        pids = pl.Series("pid", self._pids, dtype=pl.Int32).gather(coded.to_physical())
        return frame.with_columns(pids)

    def _meet(self, spellings: list[str]) -> None:
        for spelling in spellings:
            exchange, _, product = spelling.partition(BETWEEN)
            key = (exchange.upper(), product.upper())
            if key not in self._numbers:
                self._numbers[key] = len(self._names)
                self._names.append((exchange, product))
            self._met.append(spelling)
            self._pids.append(self._numbers[key])

    def spellings(self) -> list[tuple[str, str]]:
        """Every pair met so far, as spelled."""
        return sorted((exchange, product) for exchange, _, product in (spelling.partition(BETWEEN) for spelling in self._met))

    def frame(self) -> pl.DataFrame:
        """PRODUCTS met so far."""
        rows = [(pid, exchange, product) for pid, (exchange, product) in enumerate(self._names)]
        return pl.DataFrame(rows, schema=PRODUCTS, orient="row")


def _day(day: date, known: int, products: _Products, accounts: list[int] | None) -> Day:
    balances, trades = day_frames(day, known, lean=True) if accounts is None else account_rows(day, accounts, known)
    numbered = products.number(trades).rename({"account_id": "account"})
    return Day(
        day,
        trades=numbered.select(pl.col(name).cast(dtype) for name, dtype in TRADES.items()),
        equity=balances.rename({"account_id": "account"}).select(pl.col(name).cast(dtype) for name, dtype in EQUITY.items()),
    )


def _brokers(known: int, among: list[int] | None) -> pl.DataFrame:
    version = current(BrokerVersion, known, None if among is None else BrokerVersion.broker_id.in_(among)).subquery()
    query = select(Broker.id, Broker.broker_no, version.c.kind, version.c.id_no_index).join(version, version.c.broker_id == Broker.id)
    rows = sorted(db.session.execute(query), key=lambda row: row.broker_no.encode())
    return pl.DataFrame(
        [(b, row.id, row.broker_no, row.kind == PersonKind.PERSON, row.id_no_index) for b, row in enumerate(rows)],
        schema={"b": pl.Int32, "broker_id": pl.Int64, "broker_no": pl.String, "person": pl.Boolean, "id_no_index": pl.String},
        orient="row",
    )


_COLUMNS: dict[str, dict[str, Any]] = {
    "broker_status": {"broker_id": pl.Int64, "status": pl.String},
    "licence": {"broker_id": pl.Int64},
    "agreement": {"broker_id": pl.Int64, "plan_id": pl.Int64},
    "upline": {"broker_id": pl.Int64, "upline_id": pl.Int64},
    "plan_version": {"id": pl.Int64, "plan_id": pl.Int64, "terms": pl.String},
}


def _dated(model: Any, known: int, month: Month, brokers: list[int] | None = None) -> pl.DataFrame:
    """The rows of a dated table that touch the month, as known; of some brokers only if they are named."""
    rows = current(model, known, None if brokers is None else model.broker_id.in_(brokers)).subquery()
    schema = {**_COLUMNS[model.__tablename__], **SPAN}
    query = select(*(rows.c[name] for name in schema)).where(rows.c.valid_from <= month.last, rows.c.valid_to > month.first)
    return read_frame(query, schema)


def _attributions(known: int, month: Month, ranks: pl.DataFrame, accounts: list[int] | None) -> pl.DataFrame:
    columns = {"id": pl.Int64, "account_id": pl.Int64, "broker_id": pl.Int64, "share": pl.Int64, "state": pl.String, **SPAN, "confirmed_on": pl.Date}
    few = () if accounts is None else (Attribution.account_id.in_(accounts),)
    held = newest_frame(Attribution, columns, *few, known=known).rename({"id": "attribution", "account_id": "account"})
    held = held.filter(pl.col("valid_from") <= month.last, pl.col("valid_to") > month.first)
    reasons = {
        AttributionState.CONFIRMED.value: 0,
        AttributionState.PENDING.value: Reason.attribution_pending.value,
        AttributionState.SUSPENDED.value: Reason.attribution_suspended.value,
    }
    frame = held.with_columns(reason=pl.col("state").replace_strict(reasons, return_dtype=pl.UInt8)).join(ranks, on="broker_id")
    return frame.select(pl.col(name).cast(dtype) for name, dtype in ATTRIBUTIONS.items())


def _standing(brokers: pl.DataFrame, spans: dict[str, pl.DataFrame], versions: pl.DataFrame, days: list[date]) -> pl.DataFrame:
    """STANDING of every broker on the given days: the first of the four reasons about himself, his plan and its version (§5)."""
    grid = brokers.select("b", "broker_id", "person").join(pl.DataFrame({"day": days}, schema={"day": pl.Date}), how="cross")

    def valid(name: str) -> pl.DataFrame:
        joined = grid.select("broker_id", "day").join(spans[name], on="broker_id")
        return joined.filter((pl.col("valid_from") <= pl.col("day")) & (pl.col("valid_to") > pl.col("day")))

    key = ["broker_id", "day"]
    active = valid("broker_status").filter(pl.col("status") == BrokerState.ACTIVE.value).select(key).unique().with_columns(active=pl.lit(True))
    licensed = valid("licence").select(key).unique().with_columns(licensed=pl.lit(True))
    agreed = valid("agreement").select(*key, "plan_id").unique(key)
    in_force = agreed.join(versions.select("plan_id", "valid_from", "valid_to", version="id"), on="plan_id")
    in_force = in_force.filter((pl.col("valid_from") <= pl.col("day")) & (pl.col("valid_to") > pl.col("day"))).select(*key, "version")
    frame = grid.join(active, on=key, how="left").join(licensed, on=key, how="left").join(agreed, on=key, how="left").join(in_force, on=key, how="left")
    reason = (
        pl.when(pl.col("active").is_null())
        .then(Reason.broker_inactive.value)
        .when(pl.col("person") & pl.col("licensed").is_null())
        .then(Reason.licence_expired.value)
        .when(pl.col("plan_id").is_null())
        .then(Reason.no_agreement.value)
        .when(pl.col("version").is_null())
        .then(Reason.no_plan_version.value)
        .otherwise(0)
    )
    frame = frame.with_columns(reason=reason, plan=pl.col("plan_id").fill_null(-1), version=pl.col("version").fill_null(NO_VERSION))
    return frame.select(pl.col(name).cast(dtype) for name, dtype in STANDING.items())


def _ties(known: int, month: Month, brokers: pl.DataFrame, accounts: list[int] | None) -> pl.DataFrame:
    """TIES: the broker's own accounts, always, and his relatives' over their span. Empty ID numbers are never equal."""
    relatives = current(Relative, known).subquery()
    schema = {"broker_id": pl.Int64, "id_no_index": pl.String, **SPAN}
    query = select(*(relatives.c[name] for name in schema)).where(relatives.c.valid_from <= month.last, relatives.c.valid_to > month.first, relatives.c.id_no_index != "")
    related = read_frame(query, schema).with_columns(reason=pl.lit(Reason.related_account.value, pl.UInt8))
    whole = {"valid_from": pl.lit(month.first), "valid_to": pl.lit(month.last + timedelta(days=1)), "reason": pl.lit(Reason.self_account.value, pl.UInt8)}
    own = brokers.filter(pl.col("id_no_index") != "").select("broker_id", "id_no_index", **whole)
    people = pl.concat([own, related])
    known_accounts = _accounts_with(people["id_no_index"].unique().to_list(), known, accounts)
    ties = people.join(known_accounts, on="id_no_index").join(brokers.select("broker_id", "b"), on="broker_id")
    return ties.select(pl.col(name).cast(dtype) for name, dtype in TIES.items())


def _accounts_with(numbers: list[str], known: int, among: list[int] | None) -> pl.DataFrame:
    """Accounts, of all or `among` some, whose client's ID number, as known, is one of `numbers` (blind indexes). Two look-ups by key:
    in one query PostgreSQL would choose the newest version of every account first."""
    row = AccountVersion
    touched = among
    if touched is None:
        touched = list(db.session.execute(select(row.account_id).where(row.id_no_index.in_(numbers)).distinct()).scalars()) if numbers else []
    schema = {"account": pl.Int64, "id_no_index": pl.String, "version": pl.Int64, "withdrawn": pl.Boolean}
    query = select(row.account_id, row.id_no_index, row.id, row.withdrawn).where(row.recording_id <= known, row.account_id.in_(touched))
    held = newest_of(read_frame(query, schema), ["account"], "version")
    return held.filter(pl.col("id_no_index").is_in(numbers)).select("account", "id_no_index")


def _uplines(spans: pl.DataFrame, ranks: pl.DataFrame) -> pl.DataFrame:
    frame = spans.join(ranks, on="broker_id").join(ranks.select(upline_id="broker_id", upline="b"), on="upline_id")
    return frame.select(pl.col(name).cast(dtype) for name, dtype in UPLINES.items())


def _terms(versions: pl.DataFrame) -> dict[int, Terms]:
    return {row["id"]: read_terms(json.loads(row["terms"])) for row in versions.iter_rows(named=True)}
