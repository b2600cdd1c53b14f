"""What the parts of a line about webhooks are called."""

from __future__ import annotations

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

OF_WEBHOOKS: dict[str, LazyString] = {
    "host": _l("Host name"),
    "kinds": _l("Kinds of events"),
    "moved": _l("Goes to another address"),
    "hours": _l("Hours for which the secret before signs too"),
    "waiting": _l("Waits to be sent"),
    "given_up": _l("Given up"),
    "delivery": _l("Delivery of an event"),
    "deliveries": _l("Deliveries of events"),
}
"""Parts of webhook.registered, changed, secret_renewed, resumed, removed, sent_again and replayed."""
