"""How long clients stay, by the channel that brought them: the product-limit estimate (Kaplan and Meier; scipy)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from scipy.stats import CensoredData, ecdf
from sqlalchemy import func, select

from models import db
from models.settlement import SettlementDay
from portal.risk import facts
from portal.risk.behaviour import MONTH
from portal.risk.leaving import Leavings

CHANNELS = ("broker", "staff", "branch")
FEWEST = 20
"""So many clients, at least, or a curve says more about chance than about a channel."""
SOON = 31
"""Days after the opening within which an introducer still counts as who brought the client."""


@dataclass(frozen=True)
class Curve:
    """A channel's clients: how many were followed, how many of them left, and by whole months (30 days) since the opening the share still here (ppm)."""

    channel: str
    clients: int
    left: int
    shares: Sequence[int]

    def plain(self) -> list[Any]:
        """As JSON."""
        return [self.channel, self.clients, self.left, list(self.shares)]


def curves(until: date, zone: ZoneInfo, became: Leavings) -> list[Curve]:
    """A curve for each channel with enough clients. Only accounts opened since the first settled day are followed: of those opened before, who left
    before is not known, and the others would make a channel look better than it is."""
    known = facts.read(facts.known_on(until, zone), zone)
    first = db.session.execute(select(func.min(SettlementDay.trade_date))).scalar()
    people = known.people.sort("account_id").with_columns(left=pl.Series(became.left))
    fresh = people.filter(pl.col("opened_on").is_between(first, until)) if first else people.clear()
    tagged = fresh.with_columns(channel=_channel(fresh, known))
    return [curve(name, part, until) for name in CHANNELS if (part := tagged.filter(pl.col("channel") == name)).height >= FEWEST]


def _channel(fresh: pl.DataFrame, known: facts.Facts) -> pl.Series:
    def brought(spans: pl.DataFrame) -> pl.Series:
        near = fresh.join(spans.select("account_id", "valid_from"), on="account_id").filter((pl.col("valid_from") - pl.col("opened_on")).dt.total_days() <= SOON)
        return fresh["account_id"].is_in(near["account_id"].unique().implode())

    frame = pl.DataFrame({"broker": brought(known.brokers), "staff": brought(known.originators)})
    return frame.select(pl.when("broker").then(pl.lit("broker")).when("staff").then(pl.lit("staff")).otherwise(pl.lit("branch"))).to_series()


def curve(channel: str, people: pl.DataFrame, until: date) -> Curve:
    """The estimate of one channel; `left` is the ordinal of the first day without the client (0: here on `until`)."""
    opened = np.array([one.toordinal() for one in people["opened_on"]], np.int64)
    left = people["left"].to_numpy()
    gone = left > 0
    days = np.maximum(np.where(gone, left, until.toordinal()) - opened, 0)
    estimate = ecdf(CensoredData(uncensored=days[gone], right=days[~gone])).sf
    months = np.arange(0, int(days.max(initial=0)) // MONTH + 1)
    return Curve(channel, len(days), int(gone.sum()), [round(float(one) * 1_000_000) for one in estimate.evaluate(months * MONTH)])
