"""The model's card: what it is, what it learned from, what its scores were worth, and what it must not be used for."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from models import db
from models.risk import RiskBacktest, RiskMethod, RiskModel
from portal import clock
from portal.commission.queries import last_settled_day
from portal.jobs import risk_check
from portal.pages.risk_quick import newest
from portal.pages.risk_words import CHANNELS, FEATURE_WORDS, METHODS, NAMED, REASONS, chance_text, share_text
from portal.pages.taken_out import taken_out
from portal.permissions import Can
from portal.refusals import Refusal
from portal.risk.hazard import PRIORS, Weights
from portal.transaction import transaction
from portal.web.downloads import wants_file
from portal.web.exports import Cell
from portal.web.guard import current_actor, requires

bp = Blueprint("risk_model", __name__, url_prefix="/risk/model")
TO_BP = 100
PLACES = {"auc": 3, "brier": 4, "slope": 2, "lift": 2}


@bp.get("")
@requires(Can.RISK_SEE)
def show() -> ResponseReturnValue:
    """What the scores rest on and how good they were."""
    run = newest()
    model = db.session.get_one(RiskModel, run.model_id) if run else None
    kept = db.session.execute(select(RiskBacktest).order_by(RiskBacktest.id.desc()).limit(1)).scalar()
    weights = Weights.of(model.weights) if model and model.weights else PRIORS
    if wants_file():
        return taken_out(wants_file(), "risk-backtest", *_file(kept))
    told: dict[str, Any] = {"kept": kept, "grades": _grades(kept), "calibration": _calibration(kept), "survival": _survival(kept)}
    known = {"model": model, "methods": METHODS, "weights": _weights(weights), "priors": model is None or model.method == RiskMethod.PRIORS}
    return render_template("risk/model.html", may_check=current_actor().may(Can.RISK_CHECK), chance_text=chance_text, share_text=share_text, **told, **known)


@bp.post("/check")
@requires(Can.RISK_CHECK)
def check() -> ResponseReturnValue:
    """Learn anew and hold the last year against what happened: a job with its progress."""
    if last_settled_day() is None:
        raise Refusal("no settled day stands: there is nothing to hold scores against")
    with transaction():
        job = risk_check.ask_to_check(current_actor(), clock.now())
        public_id = job.public_id
    return redirect(url_for("jobs.job", public_id=public_id), 303)


def _grades(kept: RiskBacktest | None) -> list[tuple[str, dict[str, str]]]:
    named = kept.result["named"] if kept else {}
    return [(str(label), {key: share_text(named[name][key], places) for key, places in PLACES.items()}) for name, label in NAMED.items() if name in named]


def _calibration(kept: RiskBacktest | None) -> dict[str, Any] | None:
    """Said beside happened, by tenths of the client-months."""
    if kept is None or not kept.result["bins"]:
        return None
    bins = kept.result["bins"]
    series = [{"name": _("said"), "values": [said // TO_BP for said, _left, _count in bins]}, {"name": _("left"), "values": [left // TO_BP for _said, left, _count in bins]}]
    rows = [(str(place), chance_text(said), chance_text(left), count) for place, (said, left, count) in enumerate(bins, 1)]
    return {"data": {"unit": "bp", "x": [str(place) for place in range(1, len(bins) + 1)], "series": series}, "rows": rows}


def _survival(kept: RiskBacktest | None) -> dict[str, Any] | None:
    """Shares still here by months since the opening, a line a channel."""
    curves = kept.result["survival"] if kept else []
    if not curves:
        return None
    length = max(len(shares) for _channel, _clients, _left, shares in curves)
    series = [{"name": str(CHANNELS[channel]), "values": [share // TO_BP for share in shares]} for channel, _clients, _left, shares in curves]
    heads = [_("Months since the opening"), *(f"{CHANNELS[channel]} ({clients}, {left})" for channel, clients, left, _shares in curves)]
    rows = [(str(month), *(chance_text(shares[month]) if month < len(shares) else "–" for _c, _n, _l, shares in curves)) for month in range(length)]
    return {"data": {"unit": "bp", "from_zero": True, "max": 10_000, "x": [str(month) for month in range(length)], "series": series}, "heads": heads, "rows": rows}


def _weights(weights: Weights) -> list[tuple[str, str]]:
    """Every feature in words with its weight, the heaviest first."""
    ordered = sorted(weights.weights.items(), key=lambda one: (-abs(one[1]), one[0]))
    return [(str(FEATURE_WORDS.get(name) or REASONS[name]), f"{weight / 1_000_000:+.2f}") for name, weight in ordered]


def _file(kept: RiskBacktest | None) -> tuple[list[str], list[list[Cell]]]:
    headers = [_("Tenth"), _("Said (%)"), _("Left (%)"), _("Client-months")]
    bins = kept.result["bins"] if kept else []
    return headers, [[place, f"{said / 10_000:.4f}", f"{left / 10_000:.4f}", count] for place, (said, left, count) in enumerate(bins, 1)]
