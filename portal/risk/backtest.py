"""Scores of past month ends against what happened: each day scored by the version that counted then, from what was known on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from sqlalchemy import func, select

from models import db
from models.risk import CauseCorrection, RiskBacktest
from models.settlement import SettlementDay
from portal.actors import Actor
from portal.audit import log
from portal.refusals import Refusal
from portal.risk import facts, hazard, panel, scoring, survival, what_ifs
from portal.risk.behaviour import MONTH
from portal.risk.features import Frame, Real, ids
from portal.risk.gathering import Progress
from portal.risk.grades import Grades, Said, grades, lines_of
from portal.risk.leaving import Leavings
from portal.risk.what_ifs import Gone

QUARTER = timedelta(days=90)
CLASSES = 10


@dataclass(frozen=True)
class Bin:
    """A tenth of the client-months by what was said of them: the mean chance and the share who left (parts per million), and how many they are."""

    said: int
    left: int
    clients: int


@dataclass(frozen=True)
class DayGrades:
    """A month end: the version that scored it, how many clients, how many of them left within 90 days, and its AUC (None: not to be told)."""

    on: str
    version: str
    clients: int
    left: int
    auc: float | None


@dataclass(frozen=True)
class Backtest:
    """What the scores were worth. `named`: grades of the model, the naive rule and the base rate; `untold`: client-months whose end cannot be told yet;
    `held`: of so many departures as many left as the interval of their eve said; `agreed`: of so many causes that people looked at, so many were right."""

    until: date
    named: Mapping[str, Grades]
    clients: int
    left: int
    untold: int
    bins: Sequence[Bin]
    days: Sequence[DayGrades]
    held: tuple[int, int]
    agreed: tuple[int, int]
    survival: Sequence[survival.Curve]

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "named": {name: one.plain() for name, one in self.named.items()},
            "clients": self.clients,
            "left": self.left,
            "untold": self.untold,
            "bins": [[one.said, one.left, one.clients] for one in self.bins],
            "days": [[one.on, one.version, one.clients, one.left, one.auc] for one in self.days],
            "held": list(self.held),
            "agreed": list(self.agreed),
            "survival": [one.plain() for one in self.survival],
        }


def days_between(first: date, last: date) -> tuple[list[date], date]:
    """The month ends that can be graded, and the last settled day. Raises Refusal where there is none."""
    until = db.session.execute(select(func.max(SettlementDay.trade_date))).scalar()
    if until is None:
        raise Refusal("no settled day stands: there is nothing to hold scores against")
    ends = [day for day in panel.month_ends(first, last) if day + QUARTER + panel.SETTLED <= until]
    if not ends:
        latest = until - QUARTER - panel.SETTLED
        raise Refusal("no month ends between %(first)s and %(last)s that can be told: who left within 90 days is known up to %(latest)s", first=first, last=last, latest=latest)
    return ends, until


def backtest(first: date, last: date, zone: ZoneInfo, progress: Progress) -> Backtest:
    """Score every month end from `first` to `last` again and hold it against what is known now. Who asked not to be profiled is left out.

    Raises Refusal where no month end can be told yet."""
    ends, until = days_between(first, last)
    out = pl.Series(facts.opted_out(until, zone), dtype=pl.String)
    said: dict[str, list[Real]] = {"model": [], "naive": []}
    happened: list[Said] = []
    rows: list[DayGrades] = []
    untold = 0
    became, examples = panel.became(ends, until, zone, progress)
    for example in examples:
        version, weights = scoring.model_for(example.on)
        end = (example.on + QUARTER).toordinal()
        open_yet = (example.left == 0) & (example.unsure > 0) & (example.unsure <= end)
        may = ~example.frame.people["client_no"].is_in(out.implode()).to_numpy() & ~open_yet
        untold += int(open_yet.sum())
        left = ((example.left > 0) & (example.left <= end))[may]
        chances = hazard.probability(weights, example.frame.values)[may]
        said["model"].append(chances)
        said["naive"].append((example.frame.people["idle_days"].to_numpy() >= MONTH)[may].astype(float))
        happened.append(left)
        rows.append(DayGrades(str(example.on), version, len(left), int(left.sum()), grades(chances, left).auc))
    all_left = np.concatenate(happened)
    joined = {name: np.concatenate(parts) for name, parts in said.items()}
    joined["base"] = np.full(len(all_left), all_left.mean() if len(all_left) else 0.0)
    found = {name: grades(values, all_left) for name, values in joined.items()}
    curves = survival.curves(until, zone, became)
    held = came_true(first, min(last, until - QUARTER - panel.SETTLED), until, became, out, zone, progress)
    return Backtest(until, found, len(all_left), int(all_left.sum()), untold, bins(joined["model"], all_left), rows, held, agreed(until, zone), curves)


def came_true(first: date, last: date, until: date, became: Leavings, out: pl.Series, zone: ZoneInfo, progress: Progress) -> tuple[int, int]:
    """Of the what-ifs of departures between two days, each by the version that counted on its eve, how many came true, and of how many it can be told.
    `became` is in the order of the ids of everybody known by `until`; `out`: the clients who asked not to be profiled."""
    known = facts.read(facts.known_on(until, zone), zone)
    everybody = ids(known)

    def left_of(one: Gone, frame: Frame) -> tuple[Said, Said]:
        place = np.searchsorted(everybody, frame.people["account_id"].to_numpy())
        left, unsure = became.left[place], became.open_from[place]
        on, end = one.before.toordinal(), (one.before + QUARTER).toordinal()
        told = ((left == 0) | (left > on)) & ~((left == 0) & (unsure > 0) & (unsure <= end))
        return told & ~frame.people["client_no"].is_in(out.implode()).to_numpy(), (left > on) & (left <= end)

    asked = what_ifs.frames(what_ifs.departures(known, first, last), everybody, zone, progress)
    return what_ifs.held(asked, lambda day: scoring.model_for(day)[1], left_of)


def bins(said: Real, left: Said) -> list[Bin]:
    """Tenths of the client-months by what was said of them, least likely first; those said alike may stand in two."""
    order = np.argsort(said, kind="stable")
    parts = [part for part in np.array_split(order, CLASSES) if len(part)]
    return [Bin(round(float(said[part].mean()) * hazard.MILLION), round(float(left[part].mean()) * hazard.MILLION), len(part)) for part in parts]


def agreed(until: date, zone: ZoneInfo) -> tuple[int, int]:
    """Of the causes that people looked at by a day, how many had been proposed rightly, and how many they are; the newest word on an account counts."""
    newest = select(func.max(CauseCorrection.id)).where(CauseCorrection.at < facts.evening(until, zone)).group_by(CauseCorrection.account_id)
    rows = db.session.execute(select(CauseCorrection.proposed, CauseCorrection.cause).where(CauseCorrection.id.in_(newest))).all()
    return sum(proposed == cause for proposed, cause in rows), len(rows)


def table(found: Backtest) -> str:
    """It as lines of text."""
    lines = [f"{found.clients} client-months, {found.left} left within 90 days, {found.untold} cannot be told yet; as known on {found.until}"]
    lines += lines_of(found.named)
    lines += [f"said {one.said / 10_000:6.2f} %  left {one.left / 10_000:6.2f} %  of {one.clients}" for one in found.bins]
    lines += [f"{one.on}  {one.version:16} {one.clients:>8} clients {one.left:>6} left  AUC {'–' if one.auc is None else f'{one.auc:.3f}'}" for one in found.days]
    lines.append(f"causes proposed rightly: {found.agreed[0]} of {found.agreed[1]} looked at; 90 % intervals that held: {found.held[0]} of {found.held[1]}")
    return "\n".join(lines)


def keep(found: Backtest, first: date, last: date, *, actor: Actor, moment: datetime) -> RiskBacktest:
    """Store a backtest, so that the model's page shows it. Verb."""
    kept = RiskBacktest(from_day=first, to_day=last, until_day=found.until, made_at=moment, result=found.plain())
    db.session.add(kept)
    db.session.flush()
    log.write(actor, moment, "risk.backtested", "risk_backtest", str(kept.id), after={"from": str(first), "to": str(last), "clients": found.clients, "left": found.left})
    return kept
