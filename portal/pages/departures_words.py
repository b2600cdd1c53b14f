"""The words of departures: states, steps, and what one of the staff leaves behind."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

KINDS = {
    "staff_leaves": _l("A staff member leaves"),
    "staff_moves": _l("A staff member moves inside the firm"),
    "broker_ends": _l("A broker ends"),
    "broker_moves": _l("A broker goes to another firm"),
    "broker_lapses": _l("A broker's licence or agreement lapses"),
}
"""The kinds of departures."""
STATES = {
    "suspected": (_l("Suspected"), "warn"),
    "announced": (_l("Announced"), "info"),
    "effective": (_l("Effective"), "bad"),
    "settled": (_l("Settled"), "good"),
    "withdrawn": (_l("Withdrawn"), "neutral"),
}
"""The states with their tones."""
STEPS = {
    "recorded": _l("Recorded"),
    "announce": _l("Announced to the firm"),
    "take_effect": _l("Took effect"),
    "settle": _l("Settled"),
    "withdraw": _l("Withdrawn"),
}
LEAVES = (
    ("sign_ins", _l("Sign-ins that close"), False),
    ("sessions", _l("Sessions that end"), False),
    ("links", _l("One-time links that open nothing any more"), False),
    ("alone", _l("Clients whom nobody else looks after: the branch alone has them"), True),
    ("shared", _l("Clients whom others go on looking after"), False),
    ("spans", _l("Spans of looking after that end"), False),
    ("brokers", _l("Introducing brokers who lose their manager"), True),
    ("leads", _l("Open leads without anyone"), True),
    ("tasks", _l("Open tasks without anyone"), True),
)
"""What is counted, by the names of portal/departures/leaving.py, and whether it is left without anyone."""
