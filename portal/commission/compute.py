"""Computing a month, and the open months before it, from what is known at one recording. Reads only; stores nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl
from sqlalchemy import func, select

from models import db
from models.commission import Adjustment, MonthClose, PlanVersion, RunLevel, RunStatement, SegmentRole
from models.values.calendar import Month
from portal.commission import store
from portal.commission.correct import differences
from portal.commission.facts import MonthFacts
from portal.commission.load import load_month
from portal.commission.month import Attributed, Progress, attribute_month, guaranteed_brokers, price_month, quiet, sums_by_broker, tiers_of
from portal.commission.price import LINES
from portal.commission.statement import Entries, Statement, level_amount, settle
from portal.commission.tiers import TierResult


@dataclass
class Computed:
    """A month as computed; everything is keyed by broker_id. `segments` is the stored form of its lines."""

    month: Month
    known: int
    days: list[str]
    assumed_open: list[str]
    statements: dict[int, Statement]
    tiers: list[tuple[int, str, int, TierResult]]
    levels: list[tuple[int, str, int]]
    broker_days: pl.DataFrame
    segments: list[store.Segment] = field(default_factory=list)
    lines: int = 0
    products: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class _Carried:
    """What earlier months hand to a month, by broker_id."""

    carry_over: dict[int, int] = field(default_factory=dict)
    releases: dict[str, dict[int, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))


def open_months(period: Month, first: Month | None, closed: list[str]) -> list[Month]:
    """The months that are not closed, from the first with facts up to and including `period`, in order."""
    start = min(first, period) if first else period
    return [month for month in start.until(period) if str(month) not in closed]


def compute(period: Month, known: int, first: Month | None, touched: list[str], progress: Progress = quiet) -> Computed:
    """Compute `period` as known at recording `known`, taking earlier open months as if closed as computed here.

    `first` is the first month with facts; `touched` are the closed months that something learnt since may change.
    """
    closed = list(db.session.execute(select(MonthClose.period).order_by(MonthClose.period)).scalars())
    months = open_months(period, first, closed)
    carried = _carried_from_closed(months[0])
    for month in months:
        corrected = [origin for origin in touched if month == months[0] and origin < str(month)]
        assumed = [str(earlier) for earlier in months if earlier < month]
        computed = _compute_one(month, known, carried, corrected, assumed, progress, keep=month == period)
        carried.carry_over = {broker: min(row.payable, 0) for broker, row in computed.statements.items() if row.payable < 0}
        for broker, row in computed.statements.items():
            if row.release_period:
                carried.releases[row.release_period][broker] -= row.reserve
    return computed


def _carried_from_closed(month: Month) -> _Carried:
    carried = _Carried()
    closed = select(RunStatement).join(MonthClose, MonthClose.run_id == RunStatement.run_id)
    for row in db.session.execute(closed.where(MonthClose.period == str(month.plus(-1)), RunStatement.payable < 0)).scalars():
        carried.carry_over[row.broker_id] = row.payable
    held = closed.where(MonthClose.period < str(month), RunStatement.reserve_release_period >= str(month))
    for row in db.session.execute(held).scalars():
        carried.releases[str(row.reserve_release_period)][row.broker_id] -= row.reserve
    return carried


def _compute_one(month: Month, known: int, carried: _Carried, corrected: list[str], assumed: list[str], progress: Progress, *, keep: bool) -> Computed:
    facts = load_month(month, known)
    attributed = attribute_month(facts, progress)
    tiers = tiers_of(attributed)
    computed = Computed(month, known, [str(day) for day in facts.days], assumed, {}, _named_tiers(facts, tiers, str(month)), [], pl.DataFrame())
    amounts = _earn(computed, attributed, tiers, progress, keep=keep)
    corrections: dict[int, int] = defaultdict(int)
    for origin in corrected:
        _correct(computed, Month.parse(origin), known, corrections, progress, keep=keep)
    adjustments = _adjustments(month, known)
    guaranteed = guaranteed_brokers(facts)
    terms_at_end = dict(facts.month_end.select("b", "version").iter_rows())
    for b, broker_id, person in facts.brokers.select("b", "broker_id", "person").iter_rows():
        earned, lines = amounts.get(broker_id, (0, 0))
        entries = Entries(
            person=person,
            terms=facts.terms.get(terms_at_end.get(b, -1)),
            guaranteed=b in guaranteed,
            earned=earned,
            corrections=corrections.get(broker_id, 0),
            adjustments=adjustments.get(broker_id, 0),
            release=carried.releases.get(str(month), {}).get(broker_id, 0),
            carry_over=carried.carry_over.get(broker_id, 0),
            lines=lines,
        )
        statement = settle(month, entries)
        if lines or any(statement.amounts) or broker_id in corrections:
            computed.statements[broker_id] = statement
    return computed


def _named_tiers(facts: MonthFacts, tiers: dict[tuple[int, int], TierResult], period: str) -> list[tuple[int, str, int, TierResult]]:
    ids = dict(facts.brokers.select("b", "broker_id").iter_rows())
    return [(ids[b], period, version, result) for (b, version), result in tiers.items()]


def _earn(computed: Computed, attributed: Attributed, tiers: dict[tuple[int, int], TierResult], progress: Progress, *, keep: bool) -> dict[int, tuple[int, int]]:
    """Price the month's lines, keep them as segments, and return (earned, lines) by broker_id."""
    facts = attributed.facts
    names = store.Names(facts.brokers, facts.products())
    ids = dict(facts.brokers.select("b", "broker_id").iter_rows())
    amounts: dict[int, tuple[int, int]] = {}
    daily = []
    for lines in price_month(attributed, tiers, progress):
        for b, earned, count in sums_by_broker(lines).iter_rows():
            amounts[ids[b]] = (earned, count)
        daily.append(lines.group_by("b", "day").agg(amount=pl.col("amount").sum()))
        if keep and lines.height:
            computed.segments.append(store.encode(lines, names, SegmentRole.LINES, len(computed.segments)))
            computed.lines += lines.height
    earned = pl.concat([pl.DataFrame(schema={"b": pl.Int32, "day": pl.Date, "amount": pl.Int64}), *daily])
    by_day = attributed.broker_days.join(earned.drop_nulls("day"), on=["b", "day"], how="full", coalesce=True).fill_null(0)
    by_day = by_day.filter(pl.any_horizontal(pl.col("accounts", "equity", "retained_fee", "amount") != 0))
    computed.products = facts.spellings()
    computed.broker_days = by_day.join(facts.brokers.select("b", "broker_id"), on="b").sort("broker_id", "day")
    return amounts


def _correct(computed: Computed, origin: Month, known: int, corrections: dict[int, int], progress: Progress, *, keep: bool) -> None:
    """Add what a closed month lacks by today's knowledge: lines, and the difference of its cap or guarantee."""
    facts = load_month(origin, known)
    attributed = attribute_month(facts, progress)
    tiers = tiers_of(attributed)
    target = pl.concat([pl.DataFrame(schema=LINES), *price_month(attributed, tiers, progress)])
    posted, products = as_engine(store.posted_for(str(origin)), facts)
    changed = differences(target, posted, str(origin))
    ids = dict(facts.brokers.select("b", "broker_id").iter_rows())
    for b, amount, _ in sums_by_broker(changed).iter_rows():
        corrections[ids[b]] += amount
    if keep and changed.height:
        shard = sum(segment.role is SegmentRole.CORRECTIONS for segment in computed.segments)
        computed.segments.append(
            store.encode(changed.sort("b", "kind", "account", "day", "pid", nulls_last=True), store.Names(facts.brokers, products), SegmentRole.CORRECTIONS, shard)
        )
        computed.lines += changed.height
    computed.tiers += _named_tiers(facts, tiers, str(origin))
    earned = dict(target.group_by("b").agg(pl.col("amount").sum()).iter_rows())
    for broker_id, level in _level_differences(origin, facts, earned):
        corrections[broker_id] += level
        computed.levels.append((broker_id, str(origin), level))


def as_engine(posted: pl.DataFrame, facts: MonthFacts) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Posted lines in the engine's numbers, and the products with those that only the posted lines still name."""
    named = facts.products().with_columns(key=pl.col("exchange").str.to_uppercase() + "." + pl.col("product").str.to_uppercase())
    wanted = (
        posted.drop_nulls("product")
        .select("exchange", "product", key=pl.col("exchange").str.to_uppercase() + "." + pl.col("product").str.to_uppercase())
        .unique("key", maintain_order=True)
    )
    fresh = wanted.join(named, on="key", how="anti").with_row_index("n", offset=named.height).select(pl.col("n").cast(pl.Int32).alias("pid"), "exchange", "product", "key")
    products = pl.concat([named.select("pid", "exchange", "product", "key"), fresh])
    brokers = facts.brokers.select("broker_id", "b")
    lines = (
        _in_todays_versions(posted, facts)
        .with_columns(key=pl.col("exchange").str.to_uppercase() + "." + pl.col("product").str.to_uppercase())
        .join(products.select("key", "pid"), on="key", how="left", maintain_order="left")
        .join(brokers, on="broker_id", how="left", maintain_order="left")
        .join(brokers.rename({"broker_id": "downline_id", "b": "downline"}), on="downline_id", how="left", maintain_order="left")
        .rename({"account_id": "account", "trade_date": "day", "plan_id": "plan", "plan_version_id": "version"})
        .select(pl.col(name).cast(dtype) for name, dtype in LINES.items())
    )
    return lines, products.select("pid", "exchange", "product")


def _in_todays_versions(posted: pl.DataFrame, facts: MonthFacts) -> pl.DataFrame:
    """Posted lines that name, of a plan version asserted again since, today's row: a version is its plan and valid_from (§7)."""
    old = posted.filter(~pl.col("plan_version_id").is_in(list(facts.terms)))["plan_version_id"].drop_nulls().unique().to_list()
    if not old:
        return posted
    versions = select(PlanVersion.id, PlanVersion.plan_id, PlanVersion.valid_from)
    rows = {row.id: (row.plan_id, row.valid_from) for row in db.session.execute(versions.where(PlanVersion.id.in_([*old, *facts.terms])))}
    today = {rows[version]: version for version in facts.terms}
    renamed = {version: today.get(key, version) for version, key in rows.items()}
    return posted.with_columns(pl.col("plan_version_id").replace(renamed))


def _level_differences(origin: Month, facts: MonthFacts, earned: dict[int, int]) -> Iterator[tuple[int, int]]:
    """For each broker, the cap or guarantee of a closed month as known today minus what was posted for it so far."""
    run_id = db.session.execute(select(MonthClose.run_id).where(MonthClose.period == str(origin))).scalar_one()
    posted: dict[int, int] = defaultdict(int)
    posted.update(dict(db.session.execute(select(RunStatement.broker_id, RunStatement.cap_or_guarantee).where(RunStatement.run_id == run_id)).all()))
    later = select(RunLevel.broker_id, func.sum(RunLevel.amount)).join(MonthClose, MonthClose.run_id == RunLevel.run_id).where(RunLevel.origin == str(origin))
    for broker_id, amount in db.session.execute(later.group_by(RunLevel.broker_id)):
        posted[broker_id] += int(amount)
    guaranteed = guaranteed_brokers(facts)
    versions = dict(facts.month_end.select("b", "version").iter_rows())
    for b, broker_id in facts.brokers.select("b", "broker_id").iter_rows():
        level = level_amount(earned.get(b, 0), facts.terms.get(versions.get(b, -1)), b in guaranteed)
        if level != posted[broker_id]:
            yield broker_id, level - posted[broker_id]


def _adjustments(month: Month, known: int) -> dict[int, int]:
    query = select(Adjustment.broker_id, func.sum(Adjustment.amount)).where(Adjustment.period == str(month), Adjustment.recording_id <= known).group_by(Adjustment.broker_id)
    return {broker_id: int(total) for broker_id, total in db.session.execute(query)}
