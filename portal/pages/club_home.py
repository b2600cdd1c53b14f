"""The club on a client's first page: what he goes to next, or what he could go to."""

from __future__ import annotations

from typing import Any

from models.club import EventState
from portal import clock
from portal.actors import Actor
from portal.club import queries
from portal.pages import club_words
from portal.pages.club_words import BOOKING_STATES
from portal.permissions import Can

LOOKED_THROUGH = 5
"""So many events that come are looked through for one that was not called off."""


def club_of(actor: Actor) -> dict[str, Any] | None:
    """The reader's next booking; where he has none, the next event that is open. None for who takes no seats at the club's events."""
    if not actor.may(Can.CLUB_SEAT):
        return None
    moment = clock.now()
    own = queries.next_of(actor, moment)
    coming = [] if own else queries.coming(moment, LOOKED_THROUGH)
    return {"own": own, "next": next((one for one in coming if one.event.state != EventState.CANCELLED), None), "words": club_words, "states": BOOKING_STATES}
