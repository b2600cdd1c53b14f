"""The hosts' rota: duties at events, given, moved with their event, taken away. Nobody is in two places at once without a warning."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import aliased

from models import db
from models.club import ClubEvent, EventState
from models.club_duties import ClubDuty, DutyKind
from models.departures import Departure, DepartureKind
from models.identity import User, UserState
from models.partners import Staff, StaffVersion
from portal.actors import Actor
from portal.club import capacity
from portal.club.entries import note
from portal.fields import one_line
from portal.notices import verbs as notices
from portal.partners.here import CERTAIN, is_here
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal
from portal.versions import current

LONGEST, NOTE = timedelta(hours=24), 120


@dataclass(frozen=True)
class Turn:
    """What is to be done, from when to when."""

    what: str
    starts_at: datetime
    ends_at: datetime
    note: str = ""


class Clash(Conflict):
    """Somebody has another duty then; it is given nevertheless where that is confirmed."""


def overlaps(one: Turn | ClubDuty, other: Turn | ClubDuty) -> bool:
    """Whether two duties share a moment; one that begins as the other ends does not."""
    return one.starts_at < other.ends_at and other.starts_at < one.ends_at


def give(event_id: int, staff_no: str, turn: Turn, *, confirmed: bool, actor: Actor, moment: datetime) -> ClubDuty:
    """Give somebody a duty, inside the open transaction, and tell him. Raises NotAllowed, NotFound; Refusal where the times are none or he has
    left by then; Clash where he has another duty then and nobody confirmed it; Conflict where the event was called off."""
    actor.need(Can.CLUB_EDIT)
    event = capacity.locked(event_id)
    if event.state == EventState.CANCELLED:
        raise Conflict("this event was called off")
    words = one_line(turn.note)
    if turn.what not in set(DutyKind) or not timedelta() < turn.ends_at - turn.starts_at <= LONGEST or len(words) > NOTE:
        raise Refusal("a duty has a kind, ends after it begins and within a day, and a note of at most %(most)s characters", most=NOTE)
    staff_id = _staff_here(staff_no, event, turn)
    for other, title in db.session.execute(_standing().with_only_columns(ClubDuty, ClubEvent.title).where(ClubDuty.staff_id == staff_id)):
        if overlaps(turn, other) and not confirmed:
            raise Clash("this person has a duty at “%(title)s” then: look for somebody else, or confirm it", title=title)
    made = ClubDuty(
        public_id=secrets.token_urlsafe(12), event_id=event.id, staff_id=staff_id, what=turn.what, starts_at=turn.starts_at, ends_at=turn.ends_at,
        note=words, added_at=moment, added_by_id=actor.user_id,
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()
    note(event.id, None, "duty_given", actor, moment, duty=made.public_id, staff=staff_no, kind=made.what)
    _tell(event, [staff_id], "club.duty_given", actor, moment)
    return made


def _staff_here(staff_no: str, event: ClubEvent, turn: Turn) -> int:
    staff_id = db.session.execute(select(Staff.id).where(Staff.staff_no == staff_no)).scalar()
    if staff_id is None:
        raise NotFound("there is no staff member %(number)s", number=staff_no[:64])
    day = turn.starts_at.astimezone(ZoneInfo(event.zone)).date()
    here = current(StaffVersion, None, StaffVersion.staff_id == staff_id).where(is_here(day))
    if db.session.execute(here).first() is None:
        raise Refusal("this person has left the firm by then: choose somebody else")
    return staff_id


def end(public_id: str, *, actor: Actor, moment: datetime) -> ClubDuty:
    """Take a duty away, and tell who had it. Raises NotAllowed, NotFound, also where it was taken away already."""
    actor.need(Can.CLUB_EDIT)
    found = by_public_id(public_id)
    event = capacity.locked(found.event_id)
    found.ended_at = moment
    db.session.flush()
    note(event.id, None, "duty_ended", actor, moment, duty=found.public_id)
    _tell(event, [found.staff_id], "club.duty_ended", actor, moment)
    return found


def moved(event: ClubEvent, by: timedelta, *, actor: Actor, moment: datetime) -> int:
    """An event begins so much later: so do its duties, and who has them is told. Returns how many."""
    rows = list(db.session.execute(select(ClubDuty).where(ClubDuty.event_id == event.id, ClubDuty.ended_at.is_(None))).scalars())
    for row in rows:
        row.starts_at, row.ends_at, row.sequence = row.starts_at + by, row.ends_at + by, row.sequence + 1
    db.session.flush()
    _tell(event, [row.staff_id for row in rows], "club.duty_moved", actor, moment)
    return len(rows)


def _tell(event: ClubEvent, staff_ids: list[int], kind: str, actor: Actor, moment: datetime) -> None:
    numbers = select(Staff.staff_no).where(Staff.id.in_(staff_ids))
    users = list(db.session.execute(select(User.id).where(User.staff_no.in_(numbers), User.state != UserState.DISABLED)).scalars())
    if users:
        notices.tell(users, kind, "/club/duties/mine", {"title": event.title}, actor=actor, moment=moment)


def by_public_id(public_id: str) -> ClubDuty:
    """A duty that stands. Raises NotFound."""
    found = db.session.execute(select(ClubDuty).where(ClubDuty.public_id == public_id, ClubDuty.ended_at.is_(None))).scalar_one_or_none()
    if found is None:
        raise NotFound("there is no such duty")
    return found


def _standing() -> Select[*tuple[Any, ...]]:
    query = select(ClubDuty, ClubEvent).join(ClubEvent, ClubEvent.id == ClubDuty.event_id)
    return query.where(ClubDuty.ended_at.is_(None), ClubEvent.state != EventState.CANCELLED)


def clashing() -> ColumnElement[bool]:
    """The condition, on ClubDuty, that its person has another duty at the same time."""
    other, event = aliased(ClubDuty), aliased(ClubEvent)
    query = select(other.id).join(event, event.id == other.event_id).where(event.state != EventState.CANCELLED, other.ended_at.is_(None))
    same = (other.staff_id == ClubDuty.staff_id) & (other.id != ClubDuty.id)
    return query.where(same, other.starts_at < ClubDuty.ends_at, ClubDuty.starts_at < other.ends_at).correlate(ClubDuty).exists()


def listed() -> Select[*tuple[Any, ...]]:
    """Every duty that stands with its event, the number and name of who has it, whether he has another then, and from which days on he has left by
    the master file and by a departure that is certain."""
    version = current(StaffVersion).subquery()
    leaves = Departure.kind == DepartureKind.STAFF_LEAVES.value, Departure.state.in_(CERTAIN), Departure.staff_id == ClubDuty.staff_id
    gone = select(func.min(Departure.effective_on)).where(*leaves).correlate(ClubDuty).scalar_subquery()
    shown = (ClubDuty, ClubEvent, Staff.staff_no, version.c.name, clashing().label("clash"), version.c.left_on, gone.label("departs_on"))
    query = _standing().with_only_columns(*shown).join(Staff, Staff.id == ClubDuty.staff_id)
    return query.outerjoin(version, version.c.staff_id == Staff.id)


def has_left(row: Any) -> bool:
    """Whether the person of a listed duty has left by its day."""
    day = row[0].starts_at.astimezone(ZoneInfo(row[1].zone)).date()
    return any(left is not None and left <= day for left in (row.left_on, row.departs_on))


def of_event(event_id: int) -> list[Any]:
    """The duties of one event in their order, as `listed`."""
    return list(db.session.execute(listed().where(ClubDuty.event_id == event_id).order_by(ClubDuty.starts_at, ClubDuty.id)))


def of_person(staff_no: str | None, since: datetime) -> list[Any]:
    """The duties of one person that are not over at a moment, as `listed`."""
    if not staff_no:
        return []
    return list(db.session.execute(listed().where(Staff.staff_no == staff_no, ClubDuty.ends_at > since).order_by(ClubDuty.starts_at, ClubDuty.id)))


def people(event: ClubEvent, starts_at: datetime) -> list[Any]:
    """Who of the staff may be given a duty on the day of an event (staff_no, name), by name."""
    day = starts_at.astimezone(ZoneInfo(event.zone)).date()
    here = current(StaffVersion).where(is_here(day)).subquery()
    return list(db.session.execute(select(Staff.staff_no, here.c.name).join(here, here.c.staff_id == Staff.id).order_by(here.c.name, Staff.staff_no)))
