"""What is handed out to an event: put there, told of once, opened by those for whom it is and counted, removed."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, case, delete, func, literal, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from models import db
from models.club import Booking, BookingState, ClubEvent, EventState, Seat
from models.club_after import ClubMaterial, ClubMaterialFile, ClubMaterialOpen, HandedTo
from models.columns import Moment
from portal.actors import Actor
from portal.club import capacity, letters
from portal.club.entries import note
from portal.club.evenings import inside_seats
from portal.fields import one_line
from portal.handed_in import ENDINGS, kind_of
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal
from portal.transaction import on_postgresql

MOST = 20
TITLE = 120


@dataclass(frozen=True)
class Given:
    """What is put to an event: a file (its name and bytes) or the address of a link."""

    title: str
    handed_to: str
    address: str = ""
    file_name: str = ""
    content: bytes = b""


@dataclass(frozen=True)
class Counted:
    """How often something was opened, and by how many bookings."""

    times: int = 0
    bookings: int = 0


def add(event_id: int, given: Given, *, actor: Actor, moment: datetime) -> ClubMaterial:
    """Put a file or a link to an event, inside the open transaction. Raises NotAllowed, NotFound, Refusal; Conflict where there are too many."""
    actor.need(Can.CLUB_EDIT)
    event = capacity.locked(event_id)
    title, address = one_line(given.title), given.address.replace("\0", "").strip()
    if not 2 <= len(title) <= TITLE or given.handed_to not in set(HandedTo):
        raise Refusal("a title has 2 to 120 characters; say for whom it is")
    if bool(address) == bool(given.content):
        raise Refusal("choose a file, or write the address of a link: one of the two")
    if address and not (address.startswith("https://") and len(address) <= 400 and address.isprintable() and " " not in address):
        raise Refusal("an online address begins with https://")
    if len(of_event(event.id)) >= MOST:
        raise Conflict("an event has at most %(most)s files and links: remove one first", most=MOST)
    kind = kind_of(given.content) if given.content else ""
    made = ClubMaterial(
        public_id=secrets.token_urlsafe(12),
        event_id=event.id,
        title=title,
        address=address,
        file_name=given.file_name.replace("\0", "").strip()[-120:],
        kind=kind,
        size=len(given.content),
        digest=hashlib.sha256(given.content).hexdigest() if given.content else "",
        handed_to=given.handed_to,
        added_at=moment,
        added_by_id=actor.user_id,
    )
    db.session.add(made)
    db.session.flush()
    if given.content:
        db.session.add(ClubMaterialFile(material_id=made.id, payload=given.content))
        db.session.flush()
    note(event.id, None, "material_added", actor, moment, material=made.public_id, handed_to=made.handed_to, digest=made.digest)
    return made


def remove(public_id: str, *, actor: Actor, moment: datetime) -> ClubMaterial:
    """Take something away; its bytes are gone for good, what was counted stays. Raises NotAllowed, NotFound."""
    actor.need(Can.CLUB_EDIT)
    row = by_public_id(public_id)
    capacity.locked(row.event_id)
    row.removed_at = moment
    db.session.execute(delete(ClubMaterialFile).where(ClubMaterialFile.material_id == row.id))
    db.session.flush()
    note(row.event_id, None, "material_removed", actor, moment, material=row.public_id)
    return row


def tell(event_id: int, *, actor: Actor, moment: datetime) -> int:
    """Tell those who may open what nobody was told of yet, in one notice each. Returns how many bookers. Raises NotAllowed; Conflict where there
    is nothing new, or the event is not taking place."""
    actor.need(Can.CLUB_EDIT)
    event = capacity.locked(event_id)
    fresh = untold(event.id)
    if not fresh or event.state != EventState.PUBLISHED:
        raise Conflict("everybody was told of what is there already")
    count = letters.to_booked(event, _meant(fresh), "club.materials", f"materials:{fresh[-1].id}", actor=actor, moment=moment, guests=False)
    for row in fresh:
        row.told_at = moment
    db.session.flush()
    note(event.id, None, "material_told", actor, moment, materials=len(fresh), bookings=count)
    return count


def meant(event_id: int) -> int:
    """How many bookers `tell` would reach."""
    fresh = untold(event_id)
    query = select(func.count()).select_from(Booking).where(Booking.event_id == event_id, _meant(fresh))
    return int(db.session.execute(query).scalar_one()) if fresh else 0


def _meant(rows: Sequence[ClubMaterial]) -> ColumnElement[bool]:
    granted = Booking.state == BookingState.GRANTED
    return granted if any(row.handed_to == HandedTo.BOOKED for row in rows) else granted & _came()


def _came() -> ColumnElement[bool]:
    return Booking.id.in_(select(Seat.booking_id).where(Seat.position == 0, Seat.freed_at.is_(None), Seat.id.in_(inside_seats())))


def of_event(event_id: int) -> list[ClubMaterial]:
    """What is put to an event and not removed, in the order in which it came."""
    return list(db.session.execute(select(ClubMaterial).where(ClubMaterial.event_id == event_id, ClubMaterial.removed_at.is_(None)).order_by(ClubMaterial.id)).scalars())


def untold(event_id: int) -> list[ClubMaterial]:
    """What nobody was told of yet."""
    return [row for row in of_event(event_id) if row.told_at is None]


def by_public_id(public_id: str) -> ClubMaterial:
    """Something by its address. Raises NotFound, also where it was removed."""
    found = db.session.execute(select(ClubMaterial).where(ClubMaterial.public_id == public_id, ClubMaterial.removed_at.is_(None))).scalar_one_or_none()
    if found is None:
        raise NotFound("there is no such file or link")
    return found


def of_booking(booking: Booking) -> list[ClubMaterial]:
    """What the holder of a booking may open."""
    if booking.state != BookingState.GRANTED:
        return []
    came = db.session.execute(select(Booking.id).where(Booking.id == booking.id, _came())).first() is not None
    return [row for row in of_event(booking.event_id) if came or row.handed_to == HandedTo.BOOKED]


def open_(public_id: str, *, actor: Actor, moment: datetime) -> tuple[ClubMaterial, bytes]:
    """Open something as the holder of a booking, and count it. Returns it and its bytes (none of a link). Raises NotAllowed; NotFound, the same where
    there is none and where it is for others."""
    actor.need(Can.CLUB_SEAT)
    row = by_public_id(public_id)
    mine = select(Booking).where(Booking.event_id == row.event_id, Booking.user_id == actor.user_id, Booking.state == BookingState.GRANTED)
    booking = db.session.execute(mine).scalars().first()
    if booking is None or row.id not in {one.id for one in of_booking(booking)}:
        raise NotFound("there is no such file or link")
    make = postgresql_insert if on_postgresql() else sqlite_insert
    later = case((ClubMaterialOpen.last_at < literal(moment, Moment()), literal(moment, Moment())), else_=ClubMaterialOpen.last_at)
    counted = make(ClubMaterialOpen).values(material_id=row.id, booking_id=booking.id, first_at=moment, last_at=moment, times=1)
    more = {"last_at": later, "times": ClubMaterialOpen.times + 1}
    db.session.execute(counted.on_conflict_do_update(index_elements=["material_id", "booking_id"], set_=more))
    return row, bytes_of(row)


def bytes_of(row: ClubMaterial) -> bytes:
    """The bytes of a file; none of a link."""
    return db.session.execute(select(ClubMaterialFile.payload).where(ClubMaterialFile.material_id == row.id)).scalar() or b""


def counts(rows: Sequence[ClubMaterial]) -> dict[int, Counted]:
    """How often each was opened, also what nobody opened yet."""
    opened = select(ClubMaterialOpen.material_id, func.sum(ClubMaterialOpen.times), func.count())
    query = opened.where(ClubMaterialOpen.material_id.in_([row.id for row in rows])).group_by(ClubMaterialOpen.material_id)
    found = {row[0]: Counted(int(row[1]), int(row[2])) for row in db.session.execute(query)}
    return {row.id: found.get(row.id, Counted(0, 0)) for row in rows}


def saved_as(row: ClubMaterial) -> str:
    """Under which name a file is saved: its number and the ending of what it is, whatever it was called."""
    return f"club-{row.event_id}-{row.id}.{ENDINGS[row.kind]}"


def previewed(event: ClubEvent, row: ClubMaterial) -> int:
    """How many bookings may open it now and could not any more."""
    query = select(func.count()).select_from(Booking).where(Booking.event_id == event.id, _meant([row]))
    return int(db.session.execute(query).scalar_one())
