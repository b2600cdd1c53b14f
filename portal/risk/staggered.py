"""What the invitations of a plan in waves changed: the settled days are read once, a client is the sum of his accounts, and a period goes from one wave's day to the
next. Both measures are taken for a settled day, so that periods with holidays compare with others; by intention to treat (portal/risk/wedge.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
from sqlalchemy import select

from models import db
from models.clients import AccountVersion
from models.club_waves import ClubWave, ClubWaveClient, ClubWavePlan
from portal.audit.recordings import last_recording_id
from portal.bulk import read_frame
from portal.clients.queries import accounts
from portal.notices.kinds import N_
from portal.risk import days
from portal.risk.gathering import Progress
from portal.risk.wedge import Effect, Real, Whole, estimate

SCALES = {"trading": 1_000_000, "net": 1}
"""In what a measure is kept: the share of settled days with trades in parts per million, net deposits a settled day in fen."""


def effect(plan_id: int, until: date, progress: Progress) -> dict[str, Any]:
    """As JSON. `periods`: [from, to, settled days] of those that are over by a settled day, the one before the first wave first; `measures`: by name what was
    found (clients, waves, value, low, high, chance, enough, tells); `series`: by name the mean of each wave's clients by period; `final`: whether all are over."""
    bounds, number_of, wave_of = _plan(plan_id)
    spans = [(first, end) for first, end in pairwise(bounds) if end - timedelta(days=1) <= until]
    tables, held = _read(plan_id, number_of, spans, progress)
    whole = len(spans) == len(bounds) - 1
    rows = [[first.isoformat(), (end - timedelta(days=1)).isoformat(), count] for (first, end), count in zip(spans, held, strict=True)]
    if len(spans) < 2 or not all(held):
        return {"periods": rows, "measures": {}, "series": {}, "final": whole}
    measures = {name: _plain(estimate(table, wave_of), SCALES[name]) for name, table in tables.items()}
    series = {name: [_means(table[wave_of == wave], SCALES[name]) for wave in np.unique(wave_of)] for name, table in tables.items()}
    return {"periods": rows, "measures": measures, "series": series, "final": whole}


def _plan(plan_id: int) -> tuple[list[date], dict[str, int], Whole]:
    """Where periods begin and end, the row of each client, and the wave of each row."""
    plan = db.session.get_one(ClubWavePlan, plan_id)
    gap = timedelta(days=plan.gap_days)
    waves = list(db.session.execute(select(ClubWave.on_day).where(ClubWave.plan_id == plan_id).order_by(ClubWave.number)).scalars())
    people = db.session.execute(select(ClubWaveClient.client_no, ClubWaveClient.wave).where(ClubWaveClient.plan_id == plan_id).order_by(ClubWaveClient.place)).all()
    return [waves[0] - gap, *waves, waves[-1] + gap], {row.client_no: place for place, row in enumerate(people)}, np.array([row.wave for row in people], np.int64)


def _read(plan_id: int, number_of: Mapping[str, int], spans: Sequence[tuple[date, date]], progress: Progress) -> tuple[dict[str, Real], list[int]]:
    """Client by period, for a settled day; and how many settled days each period has."""
    shape = (len(number_of), len(spans))
    sums, counts = {name: np.zeros(shape) for name in SCALES}, [0] * len(spans)
    if not spans:
        return sums, counts
    mine = _accounts(plan_id, number_of)
    known, held = last_recording_id(), days.versions(spans[0][0], spans[-1][1] - timedelta(days=1))
    for number, (day, versions) in enumerate(held.items()):
        progress(N_("Looking what became of the invited"), number, len(held))
        period = next(place for place, (first, end) in enumerate(spans) if first <= day < end)
        balances, trades = days.rows_of(days.known_of(versions, known))
        own = balances.join(mine, on="account_id").group_by("place").agg((pl.col("deposit") - pl.col("withdrawal")).sum().alias("net"))
        sums["net"][own["place"].to_numpy(), period] += own["net"].to_numpy()
        sums["trading"][trades.join(mine, on="account_id")["place"].unique().to_numpy(), period] += 1
        counts[period] += 1
    return {name: table / np.maximum(np.array(counts), 1)[None, :] for name, table in sums.items()}, counts


def _accounts(plan_id: int, number_of: Mapping[str, int]) -> pl.DataFrame:
    """The clients' accounts with the row of their owner."""
    own = select(ClubWaveClient.client_no).where(ClubWaveClient.plan_id == plan_id)
    query = accounts().with_only_columns(AccountVersion.account_id, AccountVersion.client_no).where(AccountVersion.client_no.in_(own))
    found = read_frame(query, {"account_id": pl.Int64, "client_no": pl.String})
    placed = pl.DataFrame({"client_no": list(number_of), "place": list(number_of.values())}, schema={"client_no": pl.String, "place": pl.Int64})
    return found.join(placed, on="client_no").select("account_id", "place")


def _means(table: Real, scale: int) -> list[int]:
    return [round(float(value) * scale) for value in table.mean(axis=0)]


def _plain(found: Effect, scale: int) -> dict[str, Any]:
    """An effect as JSON, in whole units of its scale."""
    rounded = {name: round(value * scale) if np.isfinite(value) else None for name, value in asdict(found).items() if name in ("value", "low", "high")}
    return {
        "clients": found.clients,
        "waves": found.waves,
        **rounded,
        "chance": round(found.chance, 4) if np.isfinite(found.chance) else None,
        "enough": found.enough,
        "tells": found.tells,
    }
