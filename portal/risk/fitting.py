"""Learning the weights from the panel (scikit-learn). Only jobs and the terminal import this: it is heavy."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sqlalchemy import func, select

from models import db
from models.clients import Account
from models.risk import RiskMethod, RiskModel
from portal.actors import Actor
from portal.audit import log
from portal.risk import facts, what_ifs
from portal.risk.behaviour import MONTH, Whole
from portal.risk.features import FEATURES, Real, ids
from portal.risk.gathering import Progress
from portal.risk.hazard import MILLION, MONTHS, Weights
from portal.risk.panel import SETTLED, WARM, Example, became, month_ends, months_of, week_ends

ENOUGH = 200
"""Losses that a firm must have seen before its own past is believed."""
STRENGTHS = (0.03, 0.01, 0.003, 0.001)
"""How freely weights may move (scikit-learn's C), of which the one is taken that foretells best what came later."""
EARLIER = 0.65
"""The share of the time that is learned from while a strength is sought; what began after it is foretold."""
MANY = 20_000
"""From so many accounts on month ends are learned from in place of week ends, and of those who stay one in so many, who then stands for all of them."""

EVE = 5.0
"""For so many stands a client on the eve of a departure of his person: what-ifs are asked on it, and days after it show only who is left by then."""


@dataclass(frozen=True)
class Rows:
    """Months of clients: the features with a column for each month ahead before them, whether he left in it, how many such months the row stands
    for, and the ordinals of the month's first and last day."""

    design: Real
    left: NDArray[np.bool_]
    weight: Real
    begin: Whole
    end: Whole

    def part(self, which: NDArray[np.bool_]) -> Rows:
        """Some of the rows."""
        return Rows(self.design[which], self.left[which], self.weight[which], self.begin[which], self.end[which])


def rows_of(held: list[Example], until: date) -> tuple[Rows | None, int]:
    """The months of the examples that can be told by a day, and how many clients were lost in them."""
    found, seen = [], set()
    for example in held:
        accounts = example.frame.people["account_id"].to_numpy()
        every = max(1, round(len(accounts) / MANY))
        taken = (example.left > 0) | (accounts % every == 0)
        weight = np.where(example.left > 0, 1.0, every) * (EVE if example.eve else 1.0)
        for month, there, left in months_of(example, until):
            rows = there & taken
            ahead = np.zeros((int(rows.sum()), MONTHS))
            ahead[:, month] = 1
            begin = np.full(len(ahead), example.on.toordinal() + MONTH * month, np.int64)
            found.append(Rows(np.column_stack([ahead, example.frame.values[rows]]), left[rows], weight[rows], begin, begin + MONTH))
            seen |= set(accounts[left].tolist())
    joined = Rows(*(np.concatenate([getattr(one, name.name) for one in found]) for name in fields(Rows))) if found else None
    return joined, len(seen)


def fitted(held: list[Example], until: date) -> tuple[Weights | None, int]:
    """The weights that the examples teach, and how many losses they hold; None below ENOUGH."""
    rows, seen = rows_of(held, until)
    if rows is None or seen < ENOUGH:
        return None, seen
    features = rows.design[:, MONTHS:]
    middle = np.average(features, axis=0, weights=rows.weight)
    scale = np.maximum(np.sqrt(np.average((features - middle) ** 2, axis=0, weights=rows.weight)), 1e-6)
    scaled = replace(rows, design=np.column_stack([rows.design[:, :MONTHS] * 3, (features - middle) / scale]))
    model = _fit(scaled, strength(scaled))
    slopes = model.coef_[0][MONTHS:] / scale
    intercepts = model.intercept_[0] + model.coef_[0][:MONTHS] * 3 - float(middle @ slopes)
    whole = {name: round(float(value) * MILLION) for name, value in zip(FEATURES, slopes, strict=True)}
    means = {name: round(float(value) * MILLION) for name, value in zip(FEATURES, middle, strict=True)}
    return Weights(tuple(round(float(one) * MILLION) for one in intercepts), whole, means), seen


def strength(rows: Rows) -> float:
    """The strength with which months that were over by a day foretell those that began after it best (log loss); the middle one where it cannot be tried."""
    cut = float(np.quantile(rows.begin, EARLIER))
    earlier, later = rows.part(rows.end <= cut), rows.part(rows.begin >= cut)
    if min(earlier.left.sum(), later.left.sum()) < ENOUGH / 4:
        return STRENGTHS[len(STRENGTHS) // 2]
    losses = [log_loss(later.left, _fit(earlier, one).predict_proba(later.design)[:, 1], sample_weight=later.weight) for one in STRENGTHS]
    return STRENGTHS[int(np.argmin(losses))]


def _fit(rows: Rows, free: float) -> LogisticRegression:
    return LogisticRegression(C=free, max_iter=2000).fit(rows.design, rows.left, sample_weight=rows.weight)


def learned(first: date, until: date, zone: ZoneInfo, progress: Progress) -> tuple[Weights | None, int]:
    """What everything known on a day teaches, from the settled days since `first`, and from how many losses; None below ENOUGH."""
    accounts = db.session.execute(select(func.count()).select_from(Account)).scalar_one()
    ends = month_ends if accounts >= MANY else week_ends
    on = [day for day in ends(first + WARM - timedelta(days=31), until) if day + SETTLED <= until]
    if not on:
        return None, 0
    known = facts.read(facts.known_on(until, zone), zone)
    found, held = became(on, until, zone, progress)
    eves = what_ifs.examples(what_ifs.departures(known, first + WARM, until - SETTLED), ids(known), found, zone, progress)
    return fitted([*held, *eves], until)


def keep(weights: Weights, until: date, seen: int, *, actor: Actor, moment: datetime) -> RiskModel:
    """Store a version that learned from everything known by a day. Verb."""
    number = db.session.execute(select(func.count()).select_from(RiskModel)).scalar_one() + 1
    model = RiskModel(version=f"{until}-{number}", method=RiskMethod.FITTED.value, made_at=moment, learned_to=until, seen=seen, weights=weights.plain(), grades=None)
    db.session.add(model)
    db.session.flush()
    log.write(actor, moment, "risk.learned", "risk_model", model.version, after={"seen": seen, "to": str(until)})
    return model
