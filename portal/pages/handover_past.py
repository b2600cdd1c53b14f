"""What closed handovers taught, by kind of departure, as pages show it."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from portal.departures import fed_back
from portal.departures.fed_back import Past
from portal.pages.risk_words import chance_text

EXAMPLE = 200_000
"""A chance (parts per million) by which the move is shown."""


class Taught(NamedTuple):
    """A kind of departure: what its handovers said, what a chance of 20 % counts as, and in how many of how many the forecast held."""

    kind: str
    past: Past
    example: str
    held: tuple[int, int]


def taught(until: datetime, kind: str = "") -> list[Taught]:
    """Every kind (or one) of which a handover was closed before a moment."""
    pasts, held = fed_back.pasts(until), fed_back.coverage(until)
    return [Taught(name, past, chance_text(past.moved(EXAMPLE)), held.get(name, (0, 0))) for name, past in sorted(pasts.items()) if kind in ("", name)]
