"""What closed handovers say of the forecasts that were made for them, and how far later forecasts are moved by it.

By kind of departure the share who left is drawn towards the share that the model alone forecast, as if STRENGTH more clients had gone exactly as
forecast (beta-binomial). Clients of one departure decide alike to some part, so they count for fewer than they are. What comes out moves every
client's chance by the same log-odds. A client who was kept in part did not go along.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import case, func, select

from models import db
from models.departures import Departure
from models.handovers import ClientOutcome, Handover, HandoverClient, HandoverState
from portal.risk.interval import TOGETHER, interval_of

STRENGTH = 40
"""Clients as whom the model's own forecast counts against what happened."""
PPM = 1_000_000
EDGE = 0.001
"""No mean chance is taken to be nearer to 0 or to 1 than this."""


@dataclass(frozen=True)
class Group:
    """The clients of one closed handover that had a score: how many, how many of them the model alone expected to leave, and how many left."""

    clients: int
    expected: float
    left: int

    @property
    def weight(self) -> float:
        """What one of its clients counts for: one alone counts whole, many of one departure less."""
        return 1 / (1 + (self.clients - 1) * TOGETHER)


@dataclass(frozen=True)
class Past:
    """A kind of departure: its closed handovers, their clients with a score, how many were expected to leave and did, and the move of the log-odds."""

    handovers: int
    clients: int
    expected: float
    left: int
    shift: float

    def moved(self, chance: int) -> int:
        """A chance of the model (parts per million) as it is told."""
        return int(moved(np.array([chance]), self.shift)[0])

    def plain(self) -> dict[str, Any]:
        """As JSON; the move in thousandths."""
        return {"handovers": self.handovers, "clients": self.clients, "expected": round(self.expected, 2), "left": self.left, "shift": round(self.shift * 1000)}


NOTHING = Past(0, 0, 0.0, 0, 0.0)


def past(groups: Iterable[Group]) -> Past:
    """What some closed handovers of one kind say. Pure.

    >>> round(past([Group(1, 0.2, 1)] * 100).shift, 2)
    2.6
    """
    held = [one for one in groups if one.clients]
    if not held:
        return NOTHING
    weights = np.array([one.weight for one in held])
    clients, expected, left = (float(weights @ np.array(values)) for values in zip(*((one.clients, one.expected, one.left) for one in held), strict=True))
    forecast = min(max(expected / clients, EDGE), 1 - EDGE)
    share = (STRENGTH * forecast + left) / (STRENGTH + clients)
    shift = _log_odds(min(max(share, EDGE), 1 - EDGE)) - _log_odds(forecast)
    return Past(len(held), sum(one.clients for one in held), sum(one.expected for one in held), sum(one.left for one in held), shift)


def _log_odds(chance: float) -> float:
    return math.log(chance / (1 - chance))


def moved(chances: Any, shift: float) -> Any:
    """Chances (parts per million) moved by so many log-odds; who is sure to go or to stay remains so."""
    share = np.clip(np.asarray(chances, dtype=np.float64) / PPM, 0, 1)
    odds = share * math.exp(shift)
    return np.rint(odds / (odds + 1 - share) * PPM).astype(np.int64)


def pasts(until: datetime) -> dict[str, Past]:
    """By kind of departure what the handovers say that were closed before a moment. One question, a row each handover."""
    row = HandoverClient
    sums = (func.count(), func.sum(row.model_follow), func.sum(case((row.outcome == ClientOutcome.LEFT.value, 1), else_=0)))
    query = select(Departure.kind, *sums).join(Handover, Handover.departure_id == Departure.id).join(row, row.handover_id == Handover.id)
    query = query.where(Handover.state == HandoverState.CLOSED.value, Handover.closed_at < until, row.model_follow.is_not(None), row.outcome != "")
    groups: dict[str, list[Group]] = defaultdict(list)
    for kind, clients, expected, left in db.session.execute(query.group_by(Departure.kind, Handover.id)):
        groups[kind].append(Group(int(clients), int(expected) / PPM, int(left)))
    return {kind: past(held) for kind, held in groups.items()}


def coverage(until: datetime) -> Mapping[str, tuple[int, int]]:
    """By kind of departure: in how many closed handovers so many left as the interval of what was told said, and how many there are."""
    row = HandoverClient
    query = select(Departure.kind, Handover.id, row.follow, row.outcome).join(Handover, Handover.departure_id == Departure.id).join(row, row.handover_id == Handover.id)
    query = query.where(Handover.state == HandoverState.CLOSED.value, Handover.closed_at < until, row.follow.is_not(None), row.outcome != "")
    clients: dict[tuple[str, int], list[tuple[int, bool]]] = defaultdict(list)
    for kind, handover, follow, outcome in db.session.execute(query.order_by(Handover.id)):
        clients[kind, handover].append((int(follow or 0), outcome == ClientOutcome.LEFT))
    found: dict[str, tuple[int, int]] = {}
    for (kind, _handover), rows in clients.items():
        low, high = interval_of(np.array([follow for follow, _left in rows]) / PPM)
        came, of = found.get(kind, (0, 0))
        found[kind] = (came + int(low <= sum(left for _follow, left in rows) <= high), of + 1)
    return found
