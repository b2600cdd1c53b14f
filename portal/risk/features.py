"""Facts become features: plain numbers by account, of a day, bounded so that one odd account moves nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from portal.risk.behaviour import HABIT, MONTH, Behaviour, Whole
from portal.risk.facts import EVENT_DAYS, Facts, departures_on, evening, exposed, in_force

Real = NDArray[np.float64]

SMALL = 100_000
"""1,000.00 yuan in fen: below it, and without a trade, nobody is left to lose."""
QUIET_DAYS = 90
EVENT = ("event", "event_broker", "event_ties", "event_reached", "event_tenure", "event_fresh")
FEATURES = (
    "size", "idle", "often", "slower", "missed", "withdrawn_30", "withdrawn_90", "deposited_30", "loss_30", "loss_90", "downs", "streak", "risk_degree", "margin_calls",
    "tenure", "by_broker", "by_staff", "single_contact", "silence", "reached", "fee_level", "fee_above", "ties", *EVENT,
)  # fmt: skip
TOGETHER = {**dict.fromkeys(EVENT, "departure"), "silence": "contact", "reached": "contact", "missed": "slower", "fee_above": "fee_level"}
REASONS = {name: TOGETHER.get(name, name) for name in FEATURES}
"""Under which reason a feature is told: what moves together is one reason."""


@dataclass(frozen=True)
class Frame:
    """The accounts at risk on a day: one row each of `people` (ids, equity, who) and of `values` (FEATURES, in their order)."""

    people: pl.DataFrame
    values: Real

    def column(self, name: str) -> Real:
        """A feature of all accounts."""
        found: Real = self.values[:, FEATURES.index(name)]
        return found


def features(facts: Facts, done: Behaviour) -> Frame:
    """The open accounts that are still clients on the day, with their features. Closings known for later are not looked at."""
    who = _who(facts, done)
    sums = {name: values.astype(np.float64) for name, values in done.sums.items()}
    average = done.average.astype(np.float64) + SMALL
    today = done.on.toordinal()
    idle = np.where(done.last_trade > 0, today - done.last_trade, HABIT)
    habit = sums["traded_before"] * MONTH / np.maximum(sums["days_before"] * 7 / 5, MONTH)
    usual = sums["traded_before"] / np.maximum(sums["days_before"], 1) * sums["days_30"]
    level = np.log(np.maximum(sums["fee_180"], 1) / np.maximum(sums["exchange_180"], 1))
    beside = _beside_branch(who, np.where(sums["exchange_180"] > 0, level, np.nan))
    values = {
        "size": np.log10(average / 100),
        "idle": np.log1p(idle) / np.log1p(HABIT),
        "often": (sums["traded_before"] + sums["traded_30"]) / np.maximum(sums["days_before"] + sums["days_30"], 1),
        "slower": np.where(habit > 0.5, np.clip(1 - sums["traded_30"] / np.maximum(habit, 0.5), -1, 1), 0),
        "missed": np.clip((usual - sums["traded_30"]) / np.sqrt(usual + 0.5), -2, 4),
        "withdrawn_30": np.clip((sums["out_30"] - sums["in_30"]) / average, 0, 1.2),
        "withdrawn_90": np.clip((sums["out_90"] - sums["in_90"]) / average, 0, 1.2),
        "deposited_30": np.clip((sums["in_30"] - sums["out_30"]) / average, 0, 1),
        "loss_30": np.clip(-sums["pnl_30"] / average, -0.5, 1),
        "loss_90": np.clip(-sums["pnl_90"] / average, -0.5, 1),
        "downs": np.clip(sums["down_90"] / average, 0, 2),
        "streak": np.minimum(done.streak, 10) / 10,
        "risk_degree": np.clip(done.margin / (done.equity.astype(np.float64).clip(0) + SMALL), 0, 1.2),
        "margin_calls": np.minimum(sums["calls_30"], 5) / 5,
        "fee_level": beside,
        "fee_above": np.maximum(beside, 0),
        **_of_people(who, done),
    }
    alive = who["open"].to_numpy() & (done.last_day > 0) & ((done.equity >= SMALL) | (idle < QUIET_DAYS))
    matrix = np.column_stack([values[name].astype(np.float64) for name in FEATURES]) if who.height else np.zeros((0, len(FEATURES)))
    told = who.with_columns(equity=pl.Series(done.equity), average=pl.Series(done.average), idle_days=pl.Series(idle))
    return Frame(told.filter(pl.Series(alive)), matrix[alive])


def _who(facts: Facts, done: Behaviour) -> pl.DataFrame:
    """A row for each account in the order of `done`: what is known of its people on the day."""
    day = done.on
    first = in_force(facts.brokers, day).sort("account_id", "share", "person_id", descending=[False, True, False]).unique("account_id", keep="first", maintain_order=True)
    serving = in_force(facts.servicers, day)
    won = in_force(facts.originators, day)
    until, heard = int(evening(day, facts.zone).timestamp()), facts.heard_by(day)
    counts = pl.col("replaced_at").is_null() | (pl.col("replaced_at") >= heard)  # what was corrected by then was not so
    talked = facts.contacts.filter((pl.col("recorded_at") < heard) & (pl.col("at") < until) & counts)
    last = talked.group_by("account_id").agg(pl.col("at").max())
    events = exposed(facts, departures_on(facts, day)).unique("account_id", keep="last", maintain_order=True)
    ties = pl.concat([first.select("account_id", person=-pl.col("person_id")), *(one.select("account_id", person="person_id") for one in (serving, won))])
    rows = pl.DataFrame({"account_id": done.accounts}).join(facts.people, on="account_id", how="left", maintain_order="left")
    for frame in (
        first.select("account_id", broker_id="person_id"),
        serving.group_by("account_id").agg(servicer_id=pl.col("person_id").min(), servicers=pl.col("person_id").n_unique()),
        won.group_by("account_id").agg(originator_id=pl.col("person_id").min()),
        ties.group_by("account_id").agg(ties=pl.col("person").n_unique()),
        last,
        events,
    ):
        rows = rows.join(frame, on="account_id", how="left", maintain_order="left")
    silent = ((until - pl.col("at")) // 86_400).clip(0, 365).fill_null(365)
    here = pl.col("opened_on").is_null() | (pl.col("opened_on") <= day)
    gone = (pl.col("closed_on") <= day).fill_null(False)
    return rows.with_columns(silent.alias("silent_days"), (here & ~gone & pl.col("client_no").is_not_null()).alias("open"), pl.col("ties", "servicers").cast(pl.Int64).fill_null(0))


def _of_people(who: pl.DataFrame, done: Behaviour) -> dict[str, Any]:
    years = (pl.lit(done.on) - pl.col("opened_on")).dt.total_days().fill_null(0).clip(0) / 365
    broker = pl.col("broker_id").is_not_null()
    event = pl.col("since").is_not_null()
    ties, tenure = (pl.col("ties").clip(0, 4) - 1) / 3, years.log1p() / 3
    reached = pl.col("silent_days") < MONTH
    made = who.select(
        tenure=tenure,
        by_broker=broker,
        by_staff=~broker & pl.col("originator_id").is_not_null(),
        single_contact=pl.col("ties") <= 1,
        silence=pl.col("silent_days").log1p() / np.log1p(365),
        reached=reached,
        ties=ties,
        event=event,
        event_broker=event & pl.col("by_broker").fill_null(False),
        event_ties=event.cast(pl.Float64) * ties,
        event_reached=event & reached,
        event_tenure=event.cast(pl.Float64) * tenure,
        event_fresh=event.cast(pl.Float64) * (1 - (pl.lit(done.on) - pl.col("since")).dt.total_days().fill_null(0) / EVENT_DAYS),
    )
    return {name: made[name].cast(pl.Float64).to_numpy() for name in made.columns}


def _beside_branch(who: pl.DataFrame, level: Real) -> Real:
    """How far a client's markup over the exchange's fee is above his branch's middle one, in logarithms; without trades 0."""
    frame = who.select("branch_id").with_columns(level=pl.Series(level).fill_nan(None))
    return frame.select((pl.col("level") - pl.col("level").median().over("branch_id")).fill_null(0).clip(-1, 1)).to_series().to_numpy()


def without_event(values: Real) -> Real:
    """The same clients as if nobody of theirs had left."""
    changed = values.copy()
    changed[:, [FEATURES.index(name) for name in EVENT]] = 0
    return changed


def with_event(frame: Frame) -> Real:
    """The same clients as if their introducer, or without one their servicer, left today."""
    changed = frame.values.copy()
    tied = ((frame.column("by_broker") > 0) | frame.people["servicer_id"].is_not_null().to_numpy() | (frame.column("by_staff") > 0)).astype(np.float64)
    for name, value in {
        "event": tied,
        "event_broker": tied * frame.column("by_broker"),
        "event_ties": tied * frame.column("ties"),
        "event_reached": tied * frame.column("reached"),
        "event_tenure": tied * frame.column("tenure"),
        "event_fresh": tied,
    }.items():
        changed[:, FEATURES.index(name)] = value
    return changed


def contacted(values: Real) -> Real:
    """The same clients as if they had been reached today."""
    changed = values.copy()
    changed[:, FEATURES.index("silence")] = 0
    changed[:, FEATURES.index("reached")] = 1
    changed[:, FEATURES.index("event_reached")] = changed[:, FEATURES.index("event")]
    return changed


def ids(facts: Facts) -> Whole:
    """Every account that is known, in order."""
    return facts.people["account_id"].sort().to_numpy()
