"""Who gets a seat, in words: states of a place on a waitlist, why it does not move, what happens to a party that does not fit, why seats are kept."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from models.club_reserve import PoolReason
from models.club_waitlist import Parties, WaitState
from portal.club.queue import Why

WAIT_STATES = {
    WaitState.WAITING.value: (_l("Waits"), "info"),
    WaitState.OFFERED.value: (_l("Seats are offered"), "good"),
    WaitState.CLAIMED.value: (_l("Has seats"), "good"),
    WaitState.LEFT.value: (_l("Gave the place up"), "neutral"),
    WaitState.LAPSED.value: (_l("The offer ran out"), "neutral"),
    WaitState.REVOKED.value: (_l("Taken away by the firm"), "bad"),
    WaitState.CLOSED.value: (_l("The list is closed"), "neutral"),
}
WHYS = {
    Why.NEXT.value: _l("Is next: the offer is about to be made"),
    Why.FULL.value: _l("No seat is free"),
    Why.PARTY.value: _l("The party is larger than the free seats"),
    Why.BEHIND.value: _l("Waits behind a larger party"),
    Why.KIND.value: _l("No ticket of this kind is left"),
    Why.NEVER.value: _l("The party is larger than the event"),
    Why.BARRED.value: _l("Is not one of those any more whom the event is for"),
    Why.TIME.value: _l("No time is left to take an offer up and pay"),
}
"""Why somebody who waits has no offer: nothing stands still without a reason."""
PARTIES = {
    Parties.SKIP.value: _l("Pass over a party that does not fit, and ask the next"),
    Parties.WAIT.value: _l("Keep the seats until there are enough for the first party"),
}
POOL_REASONS = {
    PoolReason.AT_RISK.value: _l("Key clients who may leave"),
    PoolReason.KEY_CLIENT.value: _l("Key clients"),
    PoolReason.SPEAKER.value: _l("Speakers"),
    PoolReason.PARTNER.value: _l("Partners"),
    PoolReason.OTHER.value: _l("Something else"),
}
"""Why seats are kept; a client never reads it."""
