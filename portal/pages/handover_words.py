"""The words of handovers: states, outcomes, what speaks for a successor."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l

STATES = {"open": (_l("Under way"), "info"), "closed": (_l("Closed"), "neutral")}
OUTCOMES = {
    "": (_l("Not known yet"), "neutral"),
    "kept": (_l("Kept"), "good"),
    "partly_kept": (_l("Kept in part"), "warn"),
    "left": (_l("Has left"), "bad"),
}
REASONS = {
    "serves": _l("looks after him already"),
    "spoke": _l("spoke with him in the last year"),
    "branch": _l("same branch"),
    "products": _l("knows his products"),
    "language": _l("speaks his language"),
    "room": _l("has much room"),
    "chosen": _l("chosen by a person"),
    "knows": _l("looks after his clients"),
    "manages": _l("manages brokers"),
    "few": _l("manages few"),
}


def why(reasons: Sequence[Sequence[object]]) -> str:
    """What speaks for a successor, with the points that add up to his fit."""
    return " · ".join(f"{REASONS[str(code)]} +{points}" if points else str(REASONS[str(code)]) for code, points in reasons)
