"""What the states, failures and kinds of webhooks are called on screen."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.webhooks import DeliveryState, EndpointState
from portal.webhooks.kinds import ALL, KINDS, TEST

STATES = {
    DeliveryState.WAITING.value: (_l("Waits to be sent"), "info"),
    DeliveryState.SENDING.value: (_l("Being sent"), "info"),
    DeliveryState.DELIVERED.value: (_l("Taken by the receiver"), "good"),
    DeliveryState.FAILED.value: (_l("Failed, tried again"), "warn"),
    DeliveryState.GIVEN_UP.value: (_l("Given up"), "bad"),
}
ENDPOINT_STATES = {
    EndpointState.ACTIVE.value: (_l("Is sent to"), "good"),
    EndpointState.PAUSED.value: (_l("Paused"), "warn"),
    EndpointState.REMOVED.value: (_l("Removed"), "neutral"),
}
FAILURES = {
    "address": _l("Its name stands for an address inside a network, or the settings do not allow it"),
    "name": _l("Nobody knows its name (DNS)"),
    "connection": _l("No connection, or it was cut off"),
    "timeout": _l("No answer in time"),
    "tls": _l("Its certificate is not trusted, or TLS failed"),
    "redirect": _l("It answered with a redirect: nobody is followed"),
    "sealed": _l("The secret does not open any more: renew it"),
    "removed": _l("The endpoint was removed"),
    "fault": _l("Something went wrong on our side; the log of the server knows more"),
}


def label_of(kind: str) -> str:
    """A kind of event in words."""
    return str(_(ALL[kind].label)) if kind in ALL else kind


def kind_choices() -> list[tuple[str, str]]:
    """Every kind with its words, the test too."""
    return [(kind, f"{label_of(kind)} ({kind})") for kind in (*KINDS, TEST)]


def outcome(status: int | None, failure: str) -> str:
    """What came of a try: the status that was answered, or why there was none."""
    said = str(FAILURES.get(failure, failure))
    return " · ".join(part for part in (f"HTTP {status}" if status else "", said) if part)
