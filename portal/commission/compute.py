"""Computing a month, and the open months before it, from what is known at one recording. Reads only; stores nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterator
from dataclasses import dataclass, field, replace

import polars as pl
from sqlalchemy import func, select

from models import db
from models.commission import Adjustment, CommissionRun, MonthClose, PlanVersion, RunLevel, RunStatement, SegmentRole
from models.values.calendar import Month
from portal.ahead import one_ahead
from portal.commission import store
from portal.commission.carried import Carried, Handed, carried_from_closed, closes, first_open
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


def open_months(period: Month, first: Month | None, closed: Container[str]) -> list[Month]:
    """The months that are not closed, from the first with facts up to and including `period`, in order."""
    start = min(first, period) if first else period
    return [month for month in start.until(period) if str(month) not in closed]


def compute(period: Month, known: int, first: Month | None, touched: list[str], progress: Progress = quiet) -> Computed:
    """Compute `period` as known at recording `known`, taking earlier open months as if closed as computed here.

    `first` is the first month with facts; `touched` are the closed months that something learnt since may change.
    """
    closed = closes()
    months = open_months(period, first, closed)
    carried = carried_from_closed(months, closed)
    handed = _handed_by_previews(months[:-1], known)
    for month, statements in handed:
        carried.add(month, statements)
    for month in months[len(handed) :]:
        # A closed month is corrected in the first open month after it.
        corrected = [origin for origin in touched if month == first_open(Month.parse(origin), closed)]
        assumed = [str(earlier) for earlier in months if earlier < month]
        computed = _compute_one(month, known, carried, corrected, assumed, progress, keep=month == period)
        carried.add(month, computed.statements)
    return computed


def _handed_by_previews(months: list[Month], known: int) -> list[tuple[Month, dict[int, Handed]]]:
    """What open months hand on whose previews stand already, by broker_id. Nothing where one is missing or was replaced meanwhile."""
    runs = _previews_of(months, known)
    row = RunStatement
    query = select(row.run_id, row.broker_id, row.payable, row.reserve, row.reserve_release_period).where(row.run_id.in_([run for _, run in runs]))
    handed: dict[int, dict[int, Handed]] = defaultdict(dict)
    for run, broker, payable, reserve, release in db.session.execute(query) if runs else ():
        handed[run][broker] = Handed(payable, reserve, release or "")
    return [(month, handed[run]) for month, run in runs] if runs == _previews_of(months, known) else []


def _previews_of(months: list[Month], known: int) -> list[tuple[Month, int]]:
    """Open months that follow one another with their previews, where all were previewed with this knowledge: computing them once
    more would give the same. Empty where one is missing."""
    run = CommissionRun
    query = select(run.period, run.id, run.assumed_open).where(run.period.in_(map(str, months)), run.known_recording_id == known).order_by(run.id)
    found = {row.period: row for row in db.session.execute(query)}
    wanted = {month: [str(earlier) for earlier in months if earlier < month] for month in months}
    follow = all(str(month) in found and found[str(month)].assumed_open == earlier for month, earlier in wanted.items())
    return [(month, found[str(month)].id) for month in wanted] if follow else []


def _compute_one(month: Month, known: int, carried: Carried, corrected: list[str], assumed: list[str], progress: Progress, *, keep: bool) -> Computed:
    facts = load_month(month, known)
    attributed = attribute_month(facts, progress)
    tiers = tiers_of(attributed)
    computed = Computed(month, known, [str(day) for day in facts.days], assumed, {}, _named_tiers(facts, tiers, str(month)), [], pl.DataFrame())
    amounts = _earn(computed, attributed, tiers, progress, keep=keep)
    corrections: dict[int, int] = defaultdict(int)
    for origin in corrected:
        _correct(computed, Month.parse(origin), known, corrections, progress, keep=keep)
    adjustments = _adjustments(month, known)
    carry_overs, releases = carried.carry_overs.get(str(month), {}), carried.releases.get(str(month), {})
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
            release=releases.get(broker_id, 0),
            carry_over=carry_overs.get(broker_id, 0),
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

    def priced() -> Iterator[pl.DataFrame]:
        for lines in price_month(attributed, tiers, progress):
            for b, earned, count in sums_by_broker(lines).iter_rows():
                amounts[ids[b]] = (earned, count)
            daily.append(lines.group_by("b", "day").agg(amount=pl.col("amount").sum()))
            if keep and lines.height:
                computed.lines += lines.height
                yield lines

    encoded = one_ahead(lambda lines: store.encode(lines, names, SegmentRole.LINES, 0), priced())
    computed.segments += (replace(segment, shard=shard) for shard, segment in enumerate(encoded))
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
