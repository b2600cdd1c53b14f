"""What the clients of everybody did: how many withdrew, and how many fell silent, beside what is usual. Columns for all accounts at once."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from models.departure_signals import SignalKind
from portal.departures.exposure import Kind
from portal.departures.signal_rules import Counted
from portal.risk.behaviour import MONTH, QUARTER, Behaviour
from portal.risk.facts import Facts, in_force
from portal.risk.features import ids
from portal.risk.gathering import Progress, gather

BEFORE = timedelta(days=90)
"""So long ago is looked at to say what these clients usually do."""
LEAST_EQUITY = 1_000_000
"""Fen: clients who had less on average before the 30 days are not counted."""
TAKEN_OUT = 30
"""Per cent of that average: who took out more than this, less what he paid in, withdrew."""
TRADED_DAYS, TRADED_SHARE = 6, 10
"""Who traded on so many days of the five months before, and on one settled day in so many, was used to trade."""


class Clustered(NamedTuple):
    """How many clients of somebody did something, and the money that went (fen; 0 where none is meant)."""

    kind: SignalKind
    counted: Counted
    amount: int


def clustered(recorded: Facts, day: date, zone: ZoneInfo, progress: Progress) -> dict[tuple[Kind, int], list[Clustered]]:
    """Withdrawals and silence among the clients whom everybody has on a day: of staff those whom they look after, of brokers those whom they introduced."""
    before, now = (did(one) for one in gather([day - BEFORE, day], ids(recorded), zone, progress))
    frames = []
    for kind, spans in ((Kind.STAFF, recorded.servicers), (Kind.BROKER, recorded.brokers.filter(pl.col("share") > 0))):
        frames.append(in_force(spans, day).select(pl.lit(kind.value).alias("who"), "person_id", "account_id").unique())
    held = pl.concat(frames).join(now, on="account_id").join(before.select("account_id", *(pl.col(name).alias(f"b_{name}") for name in COUNTS)), on="account_id", how="left")
    sums = held.group_by("who", "person_id").agg(pl.col(*COUNTS, "amount", *(f"b_{name}" for name in COUNTS)).sum())
    whole = {name: int(now[name].sum()) for name in COUNTS}
    return {(Kind(row["who"]), row["person_id"]): _said(row, whole) for row in sums.iter_rows(named=True)}


COUNTS = ("w_hit", "w_of", "s_hit", "s_of")


def did(behaviour: Behaviour) -> pl.DataFrame:
    """By account: whether it counts (`_of`) and did so (`_hit`) among withdrawals (w) and silence (s), and what it took out in 30 days (fen)."""
    sums: dict[str, Any] = behaviour.sums
    days = sums["equity_days"] - sums["days_30"]
    usual = (sums["equity_sum"] - sums["equity_30"]) // np.maximum(days, 1)
    out = sums["out_30"] - sums["in_30"]
    w_of = (days > 0) & (usual >= LEAST_EQUITY)
    w_hit = w_of & (out * 100 >= TAKEN_OUT * usual)
    s_of = (sums["traded_before"] >= TRADED_DAYS) & (sums["traded_before"] * TRADED_SHARE >= sums["days_before"])
    s_of &= behaviour.last_trade > behaviour.on.toordinal() - QUARTER
    s_hit = s_of & (behaviour.last_trade <= behaviour.on.toordinal() - MONTH)
    columns = {"w_hit": w_hit, "w_of": w_of, "s_hit": s_hit, "s_of": s_of, "amount": np.where(w_hit, out, 0)}
    return pl.DataFrame({"account_id": behaviour.accounts, **{name: values.astype(np.int64) for name, values in columns.items()}})


def _said(row: dict[str, Any], whole: dict[str, int]) -> list[Clustered]:
    found = []
    for kind, letter in ((SignalKind.WITHDRAWALS, "w"), (SignalKind.SILENT_CLIENTS, "s")):
        hit, of = row[f"{letter}_hit"], row[f"{letter}_of"]
        counted = Counted(hit, of, row[f"b_{letter}_hit"] or 0, row[f"b_{letter}_of"] or 0, whole[f"{letter}_hit"] - hit, whole[f"{letter}_of"] - of)
        found.append(Clustered(kind, counted, row["amount"] if letter == "w" else 0))
    return found
