"""Scores of all clients as of a day, with their model's version; and their keeping. Verb."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from sqlalchemy import select

from models import db
from models.risk import RiskMethod, RiskModel, RiskRun, RiskScore
from portal.actors import Actor
from portal.audit import log
from portal.bulk import insert_frame
from portal.risk import causes, facts, hazard
from portal.risk.classes import parts_of
from portal.risk.features import FEATURES, Frame, contacted, features, ids, with_event, without_event
from portal.risk.gathering import Progress, gather
from portal.risk.hazard import PRIORS, Weights
from portal.versions import table_of

SHOWN = 6
PRIOR_VERSION = "priors-2"


def model_for(on: date) -> tuple[str, Weights]:
    """The version that counts for a day: the newest that learned from nothing after it, else the stated priors."""
    query = select(RiskModel).where(RiskModel.method == RiskMethod.FITTED.value, RiskModel.learned_to <= on).order_by(RiskModel.learned_to.desc(), RiskModel.id.desc())
    found = db.session.execute(query.limit(1)).scalar_one_or_none()
    return (found.version, Weights.of(found.weights)) if found else (PRIOR_VERSION, PRIORS)


def frame_on(on: date, zone: ZoneInfo, progress: Progress) -> Frame:
    """The clients at risk on a day with their features, without those who asked not to be profiled."""
    known = facts.read(facts.known_on(on, zone), zone)
    found = features(known, gather([on], ids(known), zone, progress)[0])
    may = ~found.people["client_no"].is_in(facts.opted_out(on, zone))
    return Frame(found.people.filter(may), found.values[may.to_numpy()])


def scores(on: date, zone: ZoneInfo, progress: Progress) -> tuple[str, pl.DataFrame]:
    """The version and, by account, what RiskScore keeps (but the run), with broker_id and servicer_id."""
    version, weights = model_for(on)
    frame = frame_on(on, zone, progress)
    plain = weights if weights.means else _with_means(weights, frame)
    likely = hazard.probability(plain, frame.values)
    named = {name: frame.column(name) for name in FEATURES}
    proposed = causes.proposed(named, causes.usual_silence(named))
    rows = frame.people.select("account_id", "equity", "broker_id", "servicer_id").with_columns(
        probability=pl.Series(hazard.millionths(likely)),
        follow=pl.Series(hazard.millionths(hazard.follow(plain, without_event(frame.values), with_event(frame)))),
        contacted=pl.Series(hazard.millionths(hazard.probability(plain, contacted(frame.values)))),
        drivers=_drivers(plain, frame),
        proposed=pl.Series(proposed, dtype=pl.String),
    )
    rows = rows.join(facts.corrections(on, zone), on="account_id", how="left", maintain_order="left")
    lost = pl.col("equity").clip(0) * pl.col("probability") // hazard.MILLION
    return version, rows.with_columns(pl.coalesce("cause", "proposed").alias("cause"), lost.alias("expected_loss")).drop("proposed")


def _with_means(weights: Weights, frame: Frame) -> Weights:
    """Priors know no firm: their means are those of the day."""
    means = frame.values.mean(axis=0) if len(frame.values) else np.zeros(len(FEATURES))
    return Weights(weights.intercepts, weights.weights, {name: round(float(value) * hazard.MILLION) for name, value in zip(FEATURES, means, strict=True)})


def _drivers(weights: Weights, frame: Frame) -> pl.Series:
    """JSON of the largest reasons of each client and what the others come to, so that all of them sum to his log-odds."""
    names, parts = hazard.reasons(weights, frame.values)
    thousandths = np.rint(parts * 1000).astype(np.int64)
    order = np.argsort(-np.abs(thousandths), axis=1, kind="stable")
    words, rest = np.array(names), thousandths.sum(axis=1)
    columns: dict[str, Any] = {}
    told = {name: frame.column("silence" if name == "contact" else "event" if name == "departure" else name) for name in names}
    values = np.rint(np.column_stack([told[name] for name in names]) * 1000).astype(np.int64) if len(parts) else np.zeros(parts.shape, np.int64)
    row = np.arange(len(parts))
    for rank in range(SHOWN):
        place = order[:, rank]
        size = thousandths[row, place]
        rest = rest - size
        columns |= {f"n{rank}": words[place], f"s{rank}": size, f"v{rank}": values[row, place]}
    form = "[" + ",".join('["{}",{},{}]' for _ in range(SHOWN)) + ',["rest",{},0]]'
    made = pl.DataFrame({**columns, "rest": rest}, schema_overrides={f"n{rank}": pl.String for rank in range(SHOWN)})
    return made.select(pl.format(form, *made.columns)).to_series().alias("drivers")


def keep(on: date, version: str, rows: pl.DataFrame, *, actor: Actor, moment: datetime) -> RiskRun:
    """Store a scoring. Verb."""
    model = db.session.execute(select(RiskModel).where(RiskModel.version == version)).scalar_one_or_none()
    if model is None:
        model = RiskModel(version=PRIOR_VERSION, method=RiskMethod.PRIORS.value, made_at=moment, learned_to=None, seen=0, weights=PRIORS.plain(), grades=None)
        db.session.add(model)
        db.session.flush()
    run = RiskRun(on_day=on, model_id=model.id, made_at=moment, accounts=rows.height, sums=parts_of(rows))
    db.session.add(run)
    db.session.flush()
    columns: list[Any] = ["account_id", "probability", "follow", "expected_loss", "cause", "drivers", "equity", "contacted"]
    if rows.height:
        insert_frame(table_of(RiskScore), rows.select(pl.lit(run.id).alias("run_id"), *columns))
    log.write(actor, moment, "risk.scored", "risk_run", str(run.id), after={"on": str(on), "model": version, "accounts": rows.height})
    return run
