"""The words of scores: causes and reasons, as they are told to who looks after clients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l

CAUSES = {
    "abandoned": _l("given up by the firm"),
    "poached": _l("poached by lower fees"),
    "forced": _l("own circumstances"),
    "own_will": _l("on his own"),
    "lost_money": _l("lost money"),
    "drawn_away": _l("drawn to another firm"),
    "taken_by_staff": _l("taken along by a staff member"),
    "taken_by_broker": _l("taken along by a broker"),
}
NEXT = {
    "abandoned": _l("Call him: for long nobody has spoken with him."),
    "poached": _l("Speak about his fees, and about what he gets for them."),
    "forced": _l("Ask whether a smaller account or a pause would help him."),
    "own_will": _l("Call him and ask what he misses."),
    "lost_money": _l("Go through his losses and his margin with him."),
    "drawn_away": _l("Ask what the money that he took out is meant for."),
    "taken_by_staff": _l("Introduce whoever looks after him from now on."),
    "taken_by_broker": _l("Speak with him yourself, before his broker does."),
}
"""What is proposed to be done first, by the cause; people decide."""
REASONS = {
    "size": _l("size of the account"),
    "idle": _l("days without a trade"),
    "often": _l("how often he trades"),
    "slower": _l("trades less than he used to"),
    "withdrawn_30": _l("took money out in 30 days"),
    "withdrawn_90": _l("took money out in 90 days"),
    "deposited_30": _l("paid money in in 30 days"),
    "loss_30": _l("losses of 30 days"),
    "loss_90": _l("losses of 90 days"),
    "downs": _l("what he lost on losing days of 90 days"),
    "streak": _l("losing days in a row"),
    "risk_degree": _l("risk degree"),
    "margin_calls": _l("margin calls"),
    "tenure": _l("how long he is a client"),
    "by_broker": _l("introduced by a broker"),
    "by_staff": _l("won by staff"),
    "single_contact": _l("a single contact in the firm"),
    "contact": _l("how long nobody spoke with him"),
    "fee_level": _l("level of his fees"),
    "ties": _l("other ties to the firm"),
    "departure": _l("who introduced or served him left"),
}
REST = _l("everything else")
METHODS = {"priors": _l("stated assumptions"), "fitted": _l("learned from the firm's own past")}
NAMED = {"model": _l("the model"), "naive": _l("naive rule: no trade for 30 days"), "base": _l("base rate: everybody alike")}
CHANNELS = {"broker": _l("brought by a broker"), "staff": _l("won by a staff member"), "branch": _l("came to the branch")}
FEATURE_WORDS = {
    "silence": _l("how long nobody spoke with him"),
    "reached": _l("spoken with in the last 30 days"),
    "event": _l("who introduced or served him left"),
    "event_broker": _l("the one who left is his broker"),
    "event_ties": _l("who left, and his other ties"),
    "event_reached": _l("who left, and he was spoken with"),
    "event_tenure": _l("who left, and how long he is a client"),
    "event_fresh": _l("who left, and how short ago"),
    "missed": _l("trades missing to his own habit"),
    "fee_above": _l("fees above his branch's middle one"),
}
"""Features that are told under one reason with others, each in its own words."""
SHOWN = 3


def share_text(share: float | None, places: int) -> str:
    """A grade as it is read; a dash where it is not to be told."""
    return "–" if share is None else f"{share:.{places}f}"


def chance_text(chance: int | None) -> str:
    """A chance of parts per million as it is read; a dash where it is not known."""
    return "–" if chance is None else f"{chance / 10_000:.1f} %"


def why(drivers: Sequence[Sequence[Any]]) -> str:
    """What raises a client's chance to leave most, each with its share of the log-odds."""
    raised = [(str(name), int(size)) for name, size, _value in drivers if name in REASONS and size > 0]
    return " · ".join(f"{REASONS[name]} +{size / 1000:.2f}" for name, size in raised[:SHOWN])
