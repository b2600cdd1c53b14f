"""Who of those who wait is next: pure, from the free seats, those who wait in their order, and what the event does with a party that does
not fit. Every place gets a reason, so that the desk always sees why nothing moves."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from models.club_waitlist import Parties

LEAST = timedelta(minutes=10)
"""A shorter offer is none: nobody could take it up."""


class Why(enum.StrEnum):
    """What is in store for a place."""

    NEXT = "next"
    FULL = "full"
    PARTY = "party"
    BEHIND = "behind"
    KIND = "kind"
    NEVER = "never"
    TIME = "time"
    BARRED = "barred"


@dataclass(frozen=True)
class Waiting:
    """One that waits: for how many seats, of which kind of ticket, until when an offer to him could hold (None: no more), and
    whether he may not come any more."""

    place_id: int
    kind_id: int
    seats: int
    until: datetime | None
    barred: bool = False


@dataclass(frozen=True)
class Plan:
    """Whom seats are to be offered, why everybody else waits on, and what is left for everybody; `kinds` holds only kinds of tickets that
    have a room of their own."""

    offers: tuple[Waiting, ...]
    why: Mapping[int, Why]
    free: int
    kinds: Mapping[int, int] = field(default_factory=dict)

    def open_to_all(self, kind_id: int) -> int:
        """Seats of a kind that anybody can book."""
        return min(self.free, self.kinds.get(kind_id, self.free))


def plan(free: int, kinds: Mapping[int, int], waiting: Sequence[Waiting], parties: Parties, most: int) -> Plan:
    """Go through those who wait, in their order. `free`: seats of the event; `kinds`: the same of kinds with a room of their own; `most`: the
    largest party that could ever sit there."""
    left, rooms, shut, offers, why = free, dict(kinds), False, [], {}
    for one in waiting:
        room = min(left, rooms.get(one.kind_id, left))
        reason = Why.BARRED if one.barred else _reason(one, room, left, shut, most)
        if reason is Why.NEXT:
            offers.append(one)
            left -= one.seats
            if one.kind_id in rooms:
                rooms[one.kind_id] -= one.seats
        shut = shut or (parties is Parties.WAIT and reason in {Why.PARTY, Why.FULL} and left < one.seats)
        why[one.place_id] = reason
    kept = left if shut else 0
    return Plan(tuple(offers), why, left - kept, rooms)


def _reason(one: Waiting, room: int, left: int, shut: bool, most: int) -> Why:
    if one.until is None:
        return Why.TIME
    if one.seats > most:
        return Why.NEVER
    if shut:
        return Why.BEHIND
    if one.seats <= room:
        return Why.NEXT
    if left == 0:
        return Why.FULL
    return Why.KIND if one.seats <= left else Why.PARTY


def offer_end(moment: datetime, minutes: int, sales_end_at: datetime, starts_at: datetime, pay_minutes: int) -> datetime | None:
    """Until when an offer made now holds its seats: it ends with the sale, and so early that who takes it up at its very end can still pay
    (`pay_minutes`, 0 where nothing is to be paid) before the event begins. None where that leaves no time worth an offer."""
    end = min(moment + timedelta(minutes=minutes), sales_end_at, starts_at - timedelta(minutes=pay_minutes))
    return end if end >= moment + min(LEAST, timedelta(minutes=minutes)) else None
