"""A preview brought up to date after days were corrected, at the cost of what changed and not of the month.

The accounts that changed are priced twice by the one engine, as known to the preview and as known now; the difference moves the
measures of the tiers; where a tier gives something else, the lines that stand on it are priced again from their parts. What comes
out is laid over the preview's lines. It holds only where nothing but newer versions of settled days of the month itself was
recorded since: for anything else `change_of` says None, and the whole month is computed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import polars as pl
from sqlalchemy import func, select

from models import db
from models.audit import Approval, ApprovalState, Recording
from models.commission import BrokerDay, CommissionRun, LineSegment, RunStatement, SegmentRole
from models.settlement import SettlementDay
from models.values.calendar import Month
from portal.bulk import read_frame
from portal.commission import store
from portal.commission.compute import as_engine
from portal.commission.facts import MonthFacts
from portal.commission.load import Part, load_month
from portal.commission.month import Attributed, attribute_month, chains_wanted, empty_lines, guaranteed_brokers, in_order, price_month
from portal.commission.price import LINES, earning_lines, price_again, price_overrides, rounding_lines
from portal.commission.statement import Entries, Statement, settle
from portal.commission.tiers import TierResult, result_of, tier_sums
from portal.commission.vocabulary import Kind
from portal.settlement.facts import changed_accounts, month_days

MOST_ACCOUNTS = 2_000
"""With more accounts changed than this, computing the whole month is the simpler way."""
MOST_LAYERS = 20
"""After so many corrections laid over each other, the month is computed whole once more."""

Tiers = dict[tuple[int, int], TierResult]
DAY_COLUMNS = ("accounts", "equity", "retained_fee", "amount")


@dataclass(frozen=True)
class Change:
    """What corrected days change in a preview: segments to lay over its lines, and the rows that take the place of its own.

    `digest` is the preview's own: it holds for no other. A statement of None is one that is no more; `tiers` are all of the brokers
    of whom one moved.
    """

    run_id: int
    digest: str
    known: int
    products: list[tuple[str, str]]
    segments: list[store.Segment]
    lines: int
    statements: dict[int, Statement | None]
    tiers: list[tuple[int, int, TierResult]]
    broker_days: pl.DataFrame


def change_of(run: CommissionRun, known: int) -> Change | None:
    """What the days corrected since a preview change in it; None where the month has to be computed whole."""
    month = Month.parse(run.period)
    corrected = _corrected(run, month, known)
    if corrected is None:
        return None
    facts = load_month(month, known, Part(sorted({account for accounts in corrected.values() for account in accounts})))
    days = sorted(corrected)
    here = replace(facts, days=days, standing=facts.standing.filter(pl.col("day").is_in(days)))
    before, after = attribute_month(replace(here, known=run.known_recording_id)), attribute_month(here)
    products = sorted({*map(tuple, run.products), *facts.spellings()})
    if len({(exchange.upper(), product.upper()) for exchange, product in products}) < len(products):
        return None  # which spelling the books show depends on every row of the month
    old_tiers = store.read_tiers(run.id, run.period, facts)
    new_tiers = _moved(facts, old_tiers, before, after)
    out, into, names = _lines(run, facts, before, after, old_tiers, new_tiers)
    statements = _statements(run, month, facts, out, into)
    if statements is None:
        return None
    ids = dict(facts.brokers.select("b", "broker_id").iter_rows())
    moved = {b for (b, version), tier in new_tiers.items() if tier != old_tiers[b, version]}
    shard = _layers(run.id) + 1
    layers = [(SegmentRole.OUT, out), (SegmentRole.IN, into)]
    return Change(
        run_id=run.id,
        digest=run.digest,
        known=known,
        products=products,
        segments=[store.encode(in_order(lines), names, role, shard) for role, lines in layers if lines.height],
        lines=into.height - out.height,
        statements=statements,
        tiers=[(ids[b], version, tier) for (b, version), tier in new_tiers.items() if b in moved],
        broker_days=_broker_days(run, facts, before, after, out, into),
    )


def _corrected(run: CommissionRun, month: Month, known: int) -> dict[date, list[int]] | None:
    """The accounts that changed since, by day; None where something else was recorded, or so much that it does not pay."""
    waiting = select(Approval.id).where(Approval.subject == run.period, Approval.state == ApprovalState.WAITING)
    if run.assumed_open or db.session.execute(waiting.limit(1)).scalar() is not None or _layers(run.id) >= MOST_LAYERS:
        return None
    since = run.known_recording_id
    other = select(Recording.id).where(Recording.id > since, Recording.id <= known, Recording.kind != "settlement")
    day = SettlementDay
    elsewhere = (day.version == 1) | (day.trade_date < month.first)
    fresh = select(day.id).where(day.recording_id > since, day.recording_id <= known, day.trade_date <= month.last, elsewhere)
    if any(db.session.execute(query.limit(1)).scalar() is not None for query in (other, fresh)):
        return None
    if [str(settled) for settled in month_days(month, known)] != run.settled_days:
        return None
    corrected = changed_accounts(month.first, month.last, since, known)
    return corrected if sum(map(len, corrected.values())) <= MOST_ACCOUNTS else None


def _layers(run_id: int) -> int:
    query = select(func.max(LineSegment.shard)).where(LineSegment.run_id == run_id, LineSegment.role.in_([SegmentRole.OUT, SegmentRole.IN]))
    return int(db.session.execute(query).scalar() or 0)


def _moved(facts: MonthFacts, tiers: Tiers, before: Attributed, after: Attributed) -> Tiers:
    """The tiers after their sums moved by what the changed rows count now less what they counted before."""
    old, new = (tier_sums(rows.trades, rows.equity, facts.terms) for rows in (before, after))
    moved = dict(tiers)
    for b, version in old.keys() | new.keys():
        tier = tiers[b, version]
        summed = tier.summed + new.get((b, version), 0) - old.get((b, version), 0)
        moved[b, version] = result_of(facts.terms[version], summed, tier.plan, tier.days)
    return moved


def _lines(run: CommissionRun, facts: MonthFacts, before: Attributed, after: Attributed, old_tiers: Tiers, new_tiers: Tiers) -> tuple[pl.DataFrame, pl.DataFrame, store.Names]:
    """The lines to take out, the lines to put in, and the names of their numbers."""
    whole = pl.col("kind") != Kind.rounding.value
    old = pl.concat([empty_lines(), *price_month(before, old_tiers)]).filter(whole)
    new = pl.concat([empty_lines(), *price_month(after, new_tiers)]).filter(whole)
    turned = _turned(old, new, old_tiers, new_tiers)
    stored, products = as_engine(_standing_on(run, facts, turned, old_tiers, new_tiers), facts)
    others = stored.join(old, on=["b", "kind", "account", "day", "pid", "level", "downline"], how="anti", nulls_equal=True)
    fees = others.filter(pl.col("kind") == Kind.retained_fee.value).join(turned, on=["b", "version"], how="semi")
    again = price_again(fees, facts.terms, new_tiers)
    whole_fees = pl.concat([again, new.filter(pl.col("kind") == Kind.retained_fee.value).join(turned, on=["b", "version"], how="semi")])
    lost, won = _overrides(facts, others, fees, again, old_tiers, new_tiers)
    rounding = others.filter(pl.col("kind") == Kind.rounding.value).join(turned, on=["b", "version"], how="semi")
    out = pl.concat([old, fees, rounding, lost])
    into = pl.concat([new, again, rounding_lines(whole_fees, whole_fees, _only(new_tiers, turned)), won])
    names = store.Names(facts.brokers, products)
    return _less(out, into), _less(into, out), names


def _turned(old: pl.DataFrame, new: pl.DataFrame, old_tiers: Tiers, new_tiers: Tiers) -> pl.DataFrame:
    """(b, version) whose every line may differ: the tier gives something else, or it is marginal and a line of it differs."""
    keys = {key for key, tier in new_tiers.items() if (tier.above * old_tiers[key].below, tier.below_first) != (old_tiers[key].above * tier.below, old_tiers[key].below_first)}
    differing = pl.concat([_less(old, new), _less(new, old)]).filter(pl.col("kind") == Kind.retained_fee.value).select("b", "version").unique()
    keys |= {key for key in differing.iter_rows() if key in new_tiers and new_tiers[key].marginal}
    return pl.DataFrame(sorted(keys), schema={"b": pl.Int32, "version": pl.Int32}, orient="row")


def _only(tiers: Tiers, keys: pl.DataFrame) -> Tiers:
    return {key: tiers[key] for key in keys.iter_rows()}


def _flipped(old_tiers: Tiers, new_tiers: Tiers) -> list[tuple[int, int]]:
    """(b, version) that came under the first step or over it: only there the uplines gain or lose lines."""
    return [key for key, tier in new_tiers.items() if tier.below_first != old_tiers[key].below_first]


def _standing_on(run: CommissionRun, facts: MonthFacts, turned: pl.DataFrame, old_tiers: Tiers, new_tiers: Tiers) -> pl.DataFrame:
    """The stored lines that stand on turned tiers, in STORED columns: of the brokers themselves, and where one fell under the
    first step the overrides of those above him."""
    if turned.is_empty():
        return store.nothing()
    ids = facts.brokers.select("b", "broker_id", "broker_no")
    own = ids.join(turned, on="b", how="semi")
    kinds = pl.col("kind").is_in([Kind.retained_fee.value, Kind.rounding.value])
    lines = store.read_lines(run.id, SegmentRole.LINES, dict(own.select("broker_no", "broker_id").iter_rows()), kinds)
    fallen = [b for b, version in _flipped(old_tiers, new_tiers) if new_tiers[b, version].below_first]
    above = chains_wanted(facts).filter(pl.col("b").is_in(fallen)).select(b="upline").unique()
    if above.is_empty():
        return lines
    uplines = ids.join(above, on="b", how="semi")
    below = ids.filter(pl.col("b").is_in(fallen))["broker_id"].to_list()
    paid = (pl.col("kind") == Kind.override.value) & pl.col("downline_id").is_in(below)
    return pl.concat([lines, store.read_lines(run.id, SegmentRole.LINES, dict(uplines.select("broker_no", "broker_id").iter_rows()), paid)])


def _overrides(facts: MonthFacts, others: pl.DataFrame, fees: pl.DataFrame, again: pl.DataFrame, old_tiers: Tiers, new_tiers: Tiers) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The override lines on lines that no longer earn, and those on lines that earn from now on."""
    flipped = pl.DataFrame(_flipped(old_tiers, new_tiers), schema={"b": pl.Int32, "version": pl.Int32}, orient="row")
    if flipped.is_empty():
        return empty_lines(), empty_lines()
    fact = fees.join(flipped, on=["b", "version"], how="semi").select("account", "day", "pid", downline="b")
    lost = others.filter(pl.col("kind") == Kind.override.value).join(fact, on=["downline", "account", "day", "pid"], how="semi")
    rising = again.join(flipped, on=["b", "version"], how="semi")
    return lost, price_overrides(earning_lines(rising), chains_wanted(facts), facts.standing, facts.ties, facts.terms)


def _less(lines: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    return lines.join(others, on=list(LINES), how="anti", nulls_equal=True)


def _statements(run: CommissionRun, month: Month, facts: MonthFacts, out: pl.DataFrame, into: pl.DataFrame) -> dict[int, Statement | None] | None:
    """The statements of the brokers whose lines changed; None where it cannot be told whether a statement still exists."""
    moved = pl.concat([into.select("b", "amount", n=pl.lit(1)), out.select("b", -pl.col("amount"), n=pl.lit(-1))]).group_by("b").agg(pl.col("amount", "n").sum())
    table = facts.brokers.select("b", "broker_id", "person").join(moved, on="b")
    rows = select(RunStatement).where(RunStatement.run_id == run.id, RunStatement.broker_id.in_(table["broker_id"].to_list()))
    stored = {row.broker_id: row for row in db.session.execute(rows).scalars()}
    guaranteed = guaranteed_brokers(facts)
    versions = dict(facts.month_end.select("b", "version").iter_rows())
    statements: dict[int, Statement | None] = {}
    for b, broker_id, person, amount, n in table.iter_rows():
        row = stored.get(broker_id)
        entries = Entries(person=person, terms=facts.terms.get(versions.get(b, -1)), guaranteed=b in guaranteed, earned=amount, lines=n)
        if row is not None:
            kept = {name: getattr(row, name) for name in ("corrections", "adjustments", "release", "carry_over")}
            entries = replace(entries, **kept, earned=row.earned + amount, lines=row.lines + n)
        statement = settle(month, entries)
        if not entries.lines and any(role == SegmentRole.CORRECTIONS for role, _, _ in store.segments_of(run.id)):
            return None
        statements[broker_id] = statement if entries.lines or any(statement.amounts) else None
    return statements


def _broker_days(run: CommissionRun, facts: MonthFacts, before: Attributed, after: Attributed, out: pl.DataFrame, into: pl.DataFrame) -> pl.DataFrame:
    """The brokers' days that changed, as they now stand: broker_id, trade_date and DAY_COLUMNS."""
    zero = {name: pl.lit(0, pl.Int64) for name in DAY_COLUMNS}
    parts = []
    for days, lines, sign in ((before.broker_days, out, -1), (after.broker_days, into, 1)):
        held = days.select("b", "day", *(pl.col(name).cast(pl.Int64) * sign for name in DAY_COLUMNS[:3]), amount=zero["amount"])
        paid = lines.drop_nulls("day").select("b", "day", **{**zero, "amount": pl.col("amount") * sign})
        parts += [held, paid.select(held.columns)]
    day = ["broker_id", "trade_date"]
    moved = pl.concat(parts).join(facts.brokers.select("b", "broker_id"), on="b").drop("b").select("broker_id", pl.col("day").alias("trade_date"), *DAY_COLUMNS)
    moved = moved.group_by(day).agg(pl.col(DAY_COLUMNS).sum()).filter(pl.any_horizontal(pl.col(DAY_COLUMNS) != 0))
    stored = select(BrokerDay.broker_id, BrokerDay.trade_date, *(getattr(BrokerDay, name) for name in DAY_COLUMNS)).where(BrokerDay.run_id == run.id)
    stored = stored.where(BrokerDay.broker_id.in_(moved["broker_id"].unique().to_list()), BrokerDay.trade_date.in_(moved["trade_date"].unique().to_list()))
    held = read_frame(stored, dict(moved.schema)).join(moved, on=day, how="semi")
    return pl.concat([held, moved]).group_by(day).agg(pl.col(DAY_COLUMNS).sum()).sort(day)
