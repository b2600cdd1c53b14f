"""Scores held against a truth that the portal does not know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sklearn.linear_model import LogisticRegression

from portal.risk import causes, facts, hazard, what_ifs
from portal.risk.behaviour import MONTH
from portal.risk.facts import Facts
from portal.risk.features import FEATURES, Frame, Real, features, ids
from portal.risk.gathering import gather
from portal.risk.grades import Grades, Said, grades, lines_of
from portal.risk.hazard import Weights
from portal.risk.what_ifs import Gone

QUARTER = timedelta(days=90)


@dataclass(frozen=True)
class Graded:
    """Grades of the model, of the same features with hindsight, of the naive rule, of the base rate and of the truth's own chances; how many were graded and left; causes hit; intervals that held."""

    named: Mapping[str, Grades]
    clients: int
    left: int
    causes: tuple[int, int]
    held: tuple[int, int]


def graded(known: Mapping[str, Any], on: list[date], weights: Weights, zone: ZoneInfo, numbers: Mapping[int, str]) -> Graded:
    """Score each day as known on it, and compare with who left in the 90 days after it."""
    recorded = facts.read(facts.known_on(max(on), zone), zone)
    said: dict[str, list[Any]] = {"model": [], "naive": [], "best": []}
    seen: list[Real] = []
    happened, causes_hit = [], [0, 0]
    for done in gather(on, ids(recorded), zone, lambda step, at, total: None):
        frame = features(recorded, done)
        names = [numbers[one] for one in frame.people["account_id"]]
        days = [date.fromisoformat(known["left"][name][0]) if name in known["left"] else date.max for name in names]
        there = np.array([day > done.on for day in days])
        left = np.array([day <= done.on + QUARTER for day in days if day > done.on])
        chances = hazard.probability(weights, frame.values)[there]
        said["model"].append(chances)
        said["naive"].append((frame.people["idle_days"].to_numpy() >= MONTH)[there].astype(float))
        said["best"].append(np.array([known["likely"][done.on.isoformat()][int(name[1:])] for name in names])[there] / 1_000_000)
        happened.append(left)
        seen.append(frame.values[there])
        named_values = {name: frame.column(name) for name in FEATURES}
        proposed = causes.proposed(named_values, causes.usual_silence(named_values))[there]
        true = np.array([known["left"][name][1] if name in known["left"] else "" for name in names])[there]
        causes_hit = [causes_hit[0] + int((proposed[left] == true[left]).sum()), causes_hit[1] + int(left.sum())]
    all_left = np.concatenate(happened)
    joined = {name: np.concatenate(parts) for name, parts in said.items()}
    joined["hindsight"] = hindsight(np.concatenate(seen), all_left)
    joined["base"] = np.full(len(all_left), all_left.mean())
    found = {name: grades(values, all_left) for name, values in joined.items()}
    return Graded(found, len(all_left), int(all_left.sum()), (causes_hit[0], causes_hit[1]), _held(known, recorded, weights, zone, numbers, on))


def _held(known: Mapping[str, Any], recorded: Facts, weights: Weights, zone: ZoneInfo, numbers: Mapping[int, str], on: list[date]) -> tuple[int, int]:
    """What-ifs of the departures after the first graded day whose 90 days are over, held against who truly left."""
    gone = what_ifs.departures(recorded, min(on) + timedelta(days=1), date.fromisoformat(known["last"]) - QUARTER)

    def left_of(one: Gone, frame: Frame) -> tuple[Said, Said]:
        names = [numbers[key] for key in frame.people["account_id"]]
        days = [date.fromisoformat(known["left"][name][0]) if name in known["left"] else date.max for name in names]
        return np.array([day > one.before for day in days], bool), np.array([one.before < day <= one.before + QUARTER for day in days], bool)

    return what_ifs.held(what_ifs.frames(gone, ids(recorded), zone, lambda step, at, total: None), lambda day: weights, left_of)


def hindsight(values: Real, left: Said) -> Real:
    """What the same features say in the same form when they are taught by the very answers that are graded: no weights can say much more."""
    if left.all() or not left.any():
        return np.full(len(left), float(left.mean()) if len(left) else 0.0)
    scaled = (values - values.mean(axis=0)) / np.maximum(values.std(axis=0), 1e-6)
    told: Real = LogisticRegression(max_iter=2000).fit(scaled, left).predict_proba(scaled)[:, 1]
    return told


def table(found: Graded) -> str:
    """The grades as lines of text."""
    lines = [f"{found.clients} client-months, {found.left} left within 90 days", *lines_of(found.named)]
    lines.append(f"causes proposed rightly: {found.causes[0]} of {found.causes[1]}; 90 % intervals that held: {found.held[0]} of {found.held[1]}")
    return "\n".join(lines)
