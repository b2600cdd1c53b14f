"""What the clients of everybody did: how many withdrew, fell silent, or were to pay lower fees, beside what is usual. Columns for all accounts at once."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from models.departure_signals import SignalKind
from portal.departures.exposure import Kind
from portal.departures.signal_rules import Counted
from portal.risk.behaviour import MONTH, NEVER, QUARTER, Behaviour
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
    """How many clients of somebody did something, and what else stands in the evidence: the money that went (fen), how many requests are a broker's."""

    kind: SignalKind
    counted: Counted
    more: dict[str, int]


def clustered(recorded: Facts, requests: pl.DataFrame, day: date, zone: ZoneInfo, progress: Progress) -> dict[tuple[Kind, int], list[Clustered]]:
    """Withdrawals, silence and requests for lower fees among the clients whom everybody has on a day: of staff those whom they look after, of brokers
    those whom they introduced. `requests` (account_id, on, by_broker) are those that were known by then."""
    before, now = (did(one, requests) for one in gather([day - BEFORE, day], ids(recorded), zone, progress))
    frames = []
    for kind, spans in ((Kind.STAFF, recorded.servicers), (Kind.BROKER, recorded.brokers.filter(pl.col("share") > 0))):
        frames.append(in_force(spans, day).select(pl.lit(kind.value).alias("who"), "person_id", "account_id").unique())
    held = pl.concat(frames).join(now, on="account_id").join(before.select("account_id", *(pl.col(name).alias(f"b_{name}") for name in COUNTS)), on="account_id", how="left")
    sums = held.group_by("who", "person_id").agg(pl.col(*COUNTS, "amount", "by_broker", *(f"b_{name}" for name in COUNTS)).sum())
    whole = {name: int(now[name].sum()) for name in COUNTS}
    return {(Kind(row["who"]), row["person_id"]): _said(row, whole) for row in sums.iter_rows(named=True)}


COUNTS = ("w_hit", "w_of", "s_hit", "s_of", "f_hit", "f_of")
LETTERS = ((SignalKind.WITHDRAWALS, "w", "amount"), (SignalKind.SILENT_CLIENTS, "s", ""), (SignalKind.FEE_REQUESTS, "f", "by_broker"))
"""What clients do together, under which letter it is counted, and what else is told of it."""


def did(behaviour: Behaviour, requests: pl.DataFrame) -> pl.DataFrame:
    """By account: whether it counts (`_of`) and did so (`_hit`) among withdrawals (w), silence (s) and requests for lower fees (f: of all who traded
    within half a year, or asked), what it took out in 30 days (fen), and whether its broker asked."""
    sums: dict[str, Any] = behaviour.sums
    days = sums["equity_days"] - sums["days_30"]
    usual = (sums["equity_sum"] - sums["equity_30"]) // np.maximum(days, 1)
    out = sums["out_30"] - sums["in_30"]
    w_of = (days > 0) & (usual >= LEAST_EQUITY)
    w_hit = w_of & (out * 100 >= TAKEN_OUT * usual)
    s_of = (sums["traded_before"] >= TRADED_DAYS) & (sums["traded_before"] * TRADED_SHARE >= sums["days_before"])
    s_of &= behaviour.last_trade > behaviour.on.toordinal() - QUARTER
    s_hit = s_of & (behaviour.last_trade <= behaviour.on.toordinal() - MONTH)
    columns = {"w_hit": w_hit, "w_of": w_of, "s_hit": s_hit, "s_of": s_of, "amount": np.where(w_hit, out, 0), "traded": behaviour.last_trade > NEVER}
    frame = pl.DataFrame({"account_id": behaviour.accounts, **{name: values.astype(np.int64) for name, values in columns.items()}})
    recent = requests.filter(pl.col("on") > behaviour.on - timedelta(days=MONTH), pl.col("on") <= behaviour.on)
    asked = recent.group_by("account_id").agg(f_hit=pl.lit(1, pl.Int64), by_broker=pl.col("by_broker").any().cast(pl.Int64))
    frame = frame.join(asked, on="account_id", how="left", maintain_order="left").with_columns(pl.col("f_hit", "by_broker").fill_null(0))
    return frame.with_columns(f_of=pl.max_horizontal("traded", "f_hit")).drop("traded")


def _said(row: dict[str, Any], whole: dict[str, int]) -> list[Clustered]:
    found = []
    for kind, letter, also in LETTERS:
        hit, of = row[f"{letter}_hit"], row[f"{letter}_of"]
        counted = Counted(hit, of, row[f"b_{letter}_hit"] or 0, row[f"b_{letter}_of"] or 0, whole[f"{letter}_hit"] - hit, whole[f"{letter}_of"] - of)
        found.append(Clustered(kind, counted, {also: row[also]} if also else {}))
    return found
