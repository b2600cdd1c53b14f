"""Invitation lists of an event: drawn once, a share held out by lot, and only what is stored is sent. The seed repeats the draw."""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, Select, func, or_, select

from models import db
from models.club import ClubEvent, EventState
from models.club_invites import Arm, Invitee, InviteList, InviteSending
from models.club_reserve import PoolPerson, SeatPool
from models.club_waves import ClubWave, ClubWaveClient
from models.consents import Consent, ConsentPurpose
from models.identity import User, UserState
from portal.actors import Actor
from portal.bulk import insert_rows
from portal.club import capacity
from portal.club.entries import note
from portal.club.lot import shuffled
from portal.notices import verbs as notices
from portal.notices.outbox import Letter
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal
from portal.versions import table_of

LEAST, USUAL, MOST = 10, 15, 20
"""Percent held out: not fewer, by itself, not more; or none at all, with a reason."""
MOST_CLIENTS = 20_000


@dataclass(frozen=True)
class Candidate:
    """A client who is eligible: his equity (fen), tier, and what his score says where he has one (chance to leave in parts per million)."""

    client_no: str
    equity: int
    tier: str = ""
    risk_class: str = ""
    chance: int | None = None


@dataclass(frozen=True)
class Terms:
    """How a list is drawn. `percent` is held out; `why_none`: why nobody is; `contractual`: the invitation is owed (a benefit, a promise); `criteria`:
    who was eligible, as the list keeps it; `by_score`: whether scores chose; `settled_on`: the settled day that was looked at."""

    percent: int = USUAL
    why_none: str = ""
    contractual: bool = False
    criteria: Mapping[str, Any] = field(default_factory=dict)
    by_score: bool = False
    settled_on: date | None = None


def held_of(count: int, percent: int) -> int:
    """How many of so many are held out, halves up.

    >>> held_of(200, 15), held_of(3, 15), held_of(10, 15), held_of(50, 0)
    (30, 0, 2, 0)
    """
    return (count * percent + 50) // 100


def digest_of(candidates: Iterable[Candidate]) -> str:
    """What stands for a set of clients: the draw takes exactly those that the preview showed."""
    return hashlib.sha256("\n".join(sorted(one.client_no for one in candidates)).encode()).hexdigest()


def sides(seed: str, numbers: Sequence[str], owed: Iterable[str], percent: int) -> list[tuple[str, Arm]]:
    """Every client number in the drawn order with its side. Those to whom the invitation is owed stand outside of the lot; of the others the first ones
    of the shuffled order are held out."""
    by_right = set(owed)
    order = shuffled(seed, [number for number in numbers if number not in by_right])
    held = held_of(len(order), percent)
    drawn = [(number, Arm.HELD_OUT if place < held else Arm.INVITED) for place, number in enumerate(order)]
    return drawn + [(number, Arm.OWED) for number in sorted(by_right & set(numbers))]


def check(terms: Terms) -> None:
    """Raises Refusal where a share is none that a list may have."""
    if terms.contractual and terms.percent:
        raise Refusal("nobody is held out of what is owed to him: set the share held out to 0")
    if terms.percent and not LEAST <= terms.percent <= MOST:
        raise Refusal("between %(least)s and %(most)s percent are held out, or nobody", least=LEAST, most=MOST)
    if not terms.percent and not terms.contractual and len(terms.why_none.strip()) < 2:
        raise Refusal("say why nobody is held out: without it nobody can tell later whether the evening helped")


def draw(event_id: int, candidates: Sequence[Candidate], terms: Terms, *, actor: Actor, moment: datetime) -> InviteList:
    """Draw a list and store every client's side; nobody is told anything by this. Raises NotAllowed, NotFound; Conflict where the event was called off
    or a client stands in another list of it; Refusal where the terms do not hold."""
    actor.need(Can.CLUB_EDIT)
    check(terms)
    if not candidates or len(candidates) > MOST_CLIENTS:
        raise Refusal("a list has 1 to %(most)s clients; these are %(found)s", most=MOST_CLIENTS, found=len(candidates))
    if terms.by_score and any(one.chance is None for one in candidates):
        raise Refusal("a client without a score cannot be chosen by it")
    event = capacity.locked(event_id)
    if event.state == EventState.CANCELLED:
        raise Conflict("this event was called off")
    known = {one.client_no: one for one in candidates}
    if known.keys() & listed(event.id):
        raise Conflict("a client stands in a list of this event already: look again")
    numbers = list(known)
    seed = secrets.token_hex(32)
    row = InviteList(public_id=secrets.token_hex(8), event_id=event.id, seed=seed, **_said(terms), drawn_at=moment, drawn_by_id=actor.user_id, drawn_label=actor.label)
    row.drawn_on = moment.astimezone(ZoneInfo(event.zone)).date()
    db.session.add(row)
    db.session.flush()
    drawn = sides(seed, numbers, numbers if terms.contractual else promised(event.id), terms.percent)
    columns = ("list_id", "event_id", "client_no", "arm", "place", "equity", "tier", "risk_class", "chance")
    told = [(known[number], arm, place) for place, (number, arm) in enumerate(drawn, 1)]
    rows = [(row.id, event.id, one.client_no, arm.value, place, one.equity, one.tier, one.risk_class, one.chance) for one, arm, place in told]
    insert_rows(table_of(Invitee), columns, rows)
    count = Counter(arm.value for _number, arm in drawn)
    note(event.id, None, "invites_drawn", actor, moment, list=row.public_id, percent=terms.percent, seed=seed, **count)
    return row


def _said(terms: Terms) -> dict[str, Any]:
    said = {"criteria": dict(terms.criteria), "percent": terms.percent, "contractual": terms.contractual, "settled_on": terms.settled_on}
    return {**said, "why_none": "" if terms.percent else terms.why_none.strip().replace("\0", "")[:400]}


def promised(event_id: int) -> set[str]:
    """Clients for whom seats of an event are kept by name: they are told in any case."""
    return set(db.session.execute(select(PoolPerson.client_no).join(SeatPool, SeatPool.id == PoolPerson.pool_id).where(SeatPool.event_id == event_id)).scalars())


def listed(event_id: int) -> set[str]:
    """Clients who stand in a list of an event already, or in a plan of waves for it."""
    in_waves = select(ClubWaveClient.client_no).join(ClubWave, ClubWave.plan_id == ClubWaveClient.plan_id).where(ClubWave.event_id == event_id)
    return set(db.session.execute(select(Invitee.client_no).where(Invitee.event_id == event_id).union(in_waves)).scalars())


def refused(purposes: Sequence[ConsentPurpose]) -> set[str]:
    """Clients whose newest word on one of the purposes is no."""
    newest = select(func.max(Consent.id)).where(Consent.purpose.in_([one.value for one in purposes])).group_by(Consent.client_no, Consent.purpose)
    return set(db.session.execute(select(Consent.client_no).where(Consent.id.in_(newest), ~Consent.given)).scalars())


INVITING = (ConsentPurpose.MARKETING, ConsentPurpose.CLUB)
"""Who said no to one of these is not invited."""


def send(public_id: str, *, actor: Actor, moment: datetime, first: int = 0) -> InviteSending:
    """Write to the invited of a list who can sign in, by the ways that each of them wants; to nobody of those held out. With `first` only so many of the drawn
    order are written to, beside those to whom it is owed; the others wait in reserve (portal/club/topping_up.py). Whoever took back his consent since the draw is
    not written to, and stays on his side. Raises NotAllowed, NotFound; Conflict where it was sent, Refusal where nobody can sign up."""
    actor.need(Can.CLUB_EDIT)
    found = list_of(public_id)
    event = capacity.locked(found.event_id)
    if sending_of(found.id) is not None:
        raise Conflict("this list was sent already")
    if event.state != EventState.PUBLISHED or event.sales_end_at <= moment:
        raise Refusal("nobody can sign up for this event now: open it for booking first")
    upto = _place_of(found.id, first) if first else None
    side = select(Invitee.client_no).where(Invitee.list_id == found.id, Invitee.arm != Arm.HELD_OUT)
    told, unreached = write_to(event, side if upto is None else side.where(or_(Invitee.arm == Arm.OWED, Invitee.place <= upto)), f"invites:{found.id}", actor, moment)
    row = InviteSending(list_id=found.id, at=moment, told=told, unreached=unreached, actor_label=actor.label, upto_place=upto)
    db.session.add(row)
    db.session.flush()
    note(event.id, None, "invites_sent", actor, moment, list=found.public_id, told=row.told, unreached=row.unreached)
    return row


def _place_of(list_id: int, count: int) -> int | None:
    """The place of the drawn order up to which so many are invited; None where these are all."""
    places = select(Invitee.place).where(Invitee.list_id == list_id, Invitee.arm == Arm.INVITED).order_by(Invitee.place)
    found = list(db.session.execute(places.limit(count + 1)).scalars())
    return found[count - 1] if len(found) > count else None


def write_to(event: ClubEvent, side: Select[str], key: str, actor: Actor, moment: datetime) -> tuple[int, int]:
    """Write to these clients, where they can sign in and did not say no since. Returns how many sign-ins were told, and how many clients have none."""
    wanted = set(db.session.execute(side).scalars()) - refused(INVITING)
    people = db.session.execute(select(User.id, User.client_no).where(User.client_no.in_(side), User.state != UserState.DISABLED).order_by(User.id)).all()
    told = [(row.id, f"/events/{event.key}", {"title": event.title}) for row in people if row.client_no in wanted]
    notices.tell_each(told, "club.invited", actor=actor, moment=moment, letter=Letter(key, until=event.sales_end_at))
    return len(told), len(wanted - {person.client_no for person in people})


def list_of(public_id: str) -> InviteList:
    """A list by its address. Raises NotFound."""
    found = db.session.execute(select(InviteList).where(InviteList.public_id == public_id)).scalar_one_or_none()
    if found is None:
        raise NotFound("there is no such list")
    return found


def event_of(found: InviteList) -> ClubEvent:
    """The event of a list."""
    return db.session.get_one(ClubEvent, found.event_id)


def sending_of(list_id: int) -> InviteSending | None:
    """That a list was sent; None where it was not."""
    return db.session.execute(select(InviteSending).where(InviteSending.list_id == list_id)).scalar_one_or_none()


def of_event(event_id: int) -> Sequence[Row[Any]]:
    """The lists of an event in their order: the list, its sending or None, and how many are invited (those to whom it is owed among them) and held out."""
    held = func.count().filter(Invitee.arm == Arm.HELD_OUT)
    counts = select(Invitee.list_id, func.count().label("all"), held.label("held")).where(Invitee.event_id == event_id).group_by(Invitee.list_id).subquery()
    invited, not_told = func.coalesce(counts.c.all - counts.c.held, 0).label("invited"), func.coalesce(counts.c.held, 0).label("held")
    query = select(InviteList, InviteSending, invited, not_told).outerjoin(counts, counts.c.list_id == InviteList.id)
    query = query.outerjoin(InviteSending, InviteSending.list_id == InviteList.id).where(InviteList.event_id == event_id)
    return db.session.execute(query.order_by(InviteList.id)).all()
