"""Learning the weights from the panel (scikit-learn). Only jobs and the terminal import this: it is heavy."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from sklearn.linear_model import LogisticRegression
from sqlalchemy import func, select

from models import db
from models.risk import RiskMethod, RiskModel
from portal.actors import Actor
from portal.audit import log
from portal.risk.features import FEATURES
from portal.risk.gathering import Progress
from portal.risk.hazard import MILLION, MONTHS, Weights
from portal.risk.panel import SETTLED, WARM, Example, examples, month_ends, months_of

ENOUGH = 200
"""Losses that a firm must have seen before its own past is believed."""
STRENGTH = 0.3


def fitted(held: list[Example], until: date) -> tuple[Weights | None, int]:
    """The weights that the examples teach, and how many losses they hold; None below ENOUGH."""
    rows, said, seen = [], [], set()
    for example in held:
        for month, there, left in months_of(example, until):
            ahead = np.zeros((int(there.sum()), MONTHS))
            ahead[:, month] = 1
            rows.append(np.column_stack([ahead, example.frame.values[there]]))
            said.append(left[there])
            seen |= set(example.frame.people["account_id"].to_numpy()[left].tolist())
    if len(seen) < ENOUGH:
        return None, len(seen)
    design, happened = np.concatenate(rows), np.concatenate(said)
    middle = design[:, MONTHS:].mean(axis=0)
    scale = np.maximum(design[:, MONTHS:].std(axis=0), 1e-6)
    scaled = np.column_stack([design[:, :MONTHS] * 3, (design[:, MONTHS:] - middle) / scale])
    learned = LogisticRegression(C=STRENGTH, max_iter=2000, fit_intercept=True).fit(scaled, happened)
    slopes = learned.coef_[0][MONTHS:] / scale
    intercepts = learned.intercept_[0] + learned.coef_[0][:MONTHS] * 3 - float(middle @ slopes)
    whole = {name: round(float(value) * MILLION) for name, value in zip(FEATURES, slopes, strict=True)}
    means = {name: round(float(value) * MILLION) for name, value in zip(FEATURES, middle, strict=True)}
    return Weights(tuple(round(float(one) * MILLION) for one in intercepts), whole, means), len(seen)


def learned(first: date, until: date, zone: ZoneInfo, progress: Progress) -> tuple[Weights | None, int]:
    """What everything known on a day teaches, from the settled days since `first`, and from how many losses; None below ENOUGH."""
    on = [day for day in month_ends(first + WARM - timedelta(days=31), until) if day + SETTLED <= until]
    return fitted(examples(on, until, zone, progress), until) if on else (None, 0)


def keep(weights: Weights, until: date, seen: int, *, actor: Actor, moment: datetime) -> RiskModel:
    """Store a version that learned from everything known by a day. Verb."""
    number = db.session.execute(select(func.count()).select_from(RiskModel)).scalar_one() + 1
    model = RiskModel(version=f"{until}-{number}", method=RiskMethod.FITTED.value, made_at=moment, learned_to=until, seen=seen, weights=weights.plain(), grades=None)
    db.session.add(model)
    db.session.flush()
    log.write(actor, moment, "risk.learned", "risk_model", model.version, after={"seen": seen, "to": str(until)})
    return model
