"""Who had a seat and did not come: found a day after the end, told once, heard, and decided by one of the staff. What is taken back restores
the place on every waitlist; what the firm or a halt of trading caused counts against nobody."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from models import db
from models.club import Booking, ClubEvent
from models.club_no_shows import COUNTING, ClubNoShow, NoShowRule, NoShowState, NoShowWaiver, WaiverWhy
from models.club_waitlist import SeatLot, WaitPlace
from models.identity import Role, User, UserRole, UserState
from portal.actors import Actor
from portal.audit import log
from portal.audit.log import Line
from portal.club import capacity, no_show_facts
from portal.club.entries import insert_missing, insert_new, note
from portal.club.offers import STANDING
from portal.club.reliability import Rule
from portal.notices import verbs as notices
from portal.notices.outbox import Letter
from portal.permissions import PERMISSIONS, Can
from portal.refusals import Conflict, NotAllowed, NotFound, Refusal

MOST_COUNT, MOST_DAYS = 20, 1_000
LONGEST = 2_000


def find(event_id: int, *, actor: Actor, moment: datetime) -> int:
    """Write down who did not come to an event and tell each once, inside the open transaction; who came after all is cleared. Returns how many are new."""
    event = capacity.locked(event_id)
    _clear_late(event, actor, moment)
    until = moment + timedelta(days=no_show_facts.rule_now().appeal_days)
    bookings = list(db.session.execute(no_show_facts.unseen(moment).where(Booking.event_id == event.id).order_by(Booking.id)).scalars())
    rows = [_row(one, until, moment) for one in bookings]
    if not rows:
        return 0
    insert_missing(ClubNoShow, "booking_id", rows)
    log.write_many(actor, moment, [Line("club.no_show_found", "booking", one.public_id, after={"event": event.key}) for one in bookings])
    told = [(one.user_id, f"/club/bookings/{one.public_id}/missed", {"title": event.title}) for one in bookings]
    notices.tell_each(told, "club.missed", actor=actor, moment=moment, letter=Letter(f"event:{event.id}:missed"))
    restore({one.person for one in bookings})
    return len(rows)


def _row(one: Booking, until: datetime, moment: datetime) -> dict[str, Any]:
    shared = {"event_id": one.event_id, "booking_id": one.id, "person": one.person, "user_id": one.user_id, "client_no": one.client_no, "starts_at": one.starts_at}
    empty = {"words": "", "decided_label": "", "decided_why": ""}
    return {**shared, **empty, "public_id": secrets.token_hex(10), "state": NoShowState.TOLD, "found_at": moment, "appeal_until": until}


def _clear_late(event: ClubEvent, actor: Actor, moment: datetime) -> None:
    rows = list(db.session.execute(no_show_facts.late().where(ClubNoShow.event_id == event.id).with_for_update()).scalars())
    _decide_all(event, rows, NoShowState.CAME, "", actor, moment)


def restore(persons: Iterable[str]) -> None:
    """Every place that persons have on waitlists stands where it belongs: behind the others, or no longer. Draws know no such thing."""
    wanted = set(persons)
    query = select(WaitPlace).where(WaitPlace.person.in_(wanted), WaitPlace.state.in_(STANDING), WaitPlace.event_id.not_in(select(SeatLot.event_id)))
    until = no_show_facts.behind(wanted)
    for place in db.session.execute(query.order_by(WaitPlace.id).with_for_update().execution_options(populate_existing=True)).scalars():
        place.behind_until = until.get(place.person)
    db.session.flush()


def of_booking(booking_id: int) -> ClubNoShow | None:
    """The no-show of a booking; None where there is none."""
    return db.session.execute(select(ClubNoShow).where(ClubNoShow.booking_id == booking_id)).scalar_one_or_none()


def by_public_id(public_id: str) -> ClubNoShow:
    """A no-show by its public id. Raises NotFound."""
    found = db.session.execute(select(ClubNoShow).where(ClubNoShow.public_id == public_id)).scalar_one_or_none()
    if found is None:
        raise NotFound("there is no such no-show")
    return found


def may_appeal(row: ClubNoShow, moment: datetime) -> bool:
    """Whether its holder may still say something."""
    return row.state == NoShowState.TOLD and moment <= row.appeal_until


def appeal(booking_id: str, words: str, *, actor: Actor, moment: datetime) -> None:
    """Say "I was there" or give a reason, for one's own booking; it does not count until it is decided. Raises NotFound, Refusal, Conflict."""
    actor.need(Can.CLUB_SEAT)
    own = select(ClubNoShow.id, Booking.event_id).select_from(Booking).outerjoin(ClubNoShow, Booking.id == ClubNoShow.booking_id)
    found = db.session.execute(own.where(Booking.public_id == booking_id, Booking.user_id == actor.user_id)).first()
    if found is None:
        raise NotFound("there is no such booking")
    if found.id is None:
        raise Conflict("nothing was missed here: there is nothing to say")
    event, row = _held(found.event_id, found.id)
    words = words.replace("\0", "").strip()
    if not 2 <= len(words) <= LONGEST:
        raise Refusal("say in a few words why, with at most %(most)s characters", most=LONGEST)
    if row.state != NoShowState.TOLD:
        raise Conflict("this was said or decided already")
    if moment > row.appeal_until:
        raise Conflict("the time for saying something is over: ask your contact at the firm")
    row.state, row.words, row.appealed_at = NoShowState.APPEALED, words, moment
    db.session.flush()
    restore([row.person])
    log.write(actor, moment, "club.no_show_appealed", "club_no_show", row.public_id)
    notices.tell(_deciders(), "club.no_show_appealed", f"/club/no-shows/{row.public_id}", {"title": event.title}, actor=actor, moment=moment)


def decide(public_id: str, excused: bool, why: str, *, actor: Actor, moment: datetime) -> None:
    """Excuse a no-show, whether or not its holder said anything, or uphold it against what he said; he is told. Raises NotAllowed, also for who missed it
    himself; NotFound; Refusal without a reason; Conflict where there is nothing to decide."""
    actor.need(Can.CLUB_EDIT)
    found = by_public_id(public_id)
    event, row = _held(found.event_id, found.id)
    if row.user_id == actor.user_id:
        raise NotAllowed("this is your own: somebody else decides it")
    why = _reason(why)
    if row.state not in ((*COUNTING, NoShowState.APPEALED) if excused else (NoShowState.APPEALED,)):
        raise Conflict("there is nothing to decide here any more")
    _decide_all(event, [row], NoShowState.EXCUSED if excused else NoShowState.UPHELD, why, actor, moment)


def waive(event_id: int, why: str, words: str, *, actor: Actor, moment: datetime) -> int:
    """Nobody is held to have missed an event: what was found is taken back and told, and nothing is found any more. Returns how many it reached.

    Raises NotAllowed, NotFound, Refusal without a reason; Conflict where it was said already."""
    actor.need(Can.CLUB_EDIT)
    event, words = capacity.locked(event_id), _reason(words)
    if why not in set(WaiverWhy):
        raise Refusal("choose why nobody is held to have missed it")
    if not insert_new(NoShowWaiver, "event_id", {"event_id": event.id, "why": why, "words": words, "at": moment, "actor_label": actor.label}):
        raise Conflict("it was said already that nobody is held to have missed this event")
    note(event.id, None, "no_shows_waived", actor, moment, why=why, words=words)
    rows = list(db.session.execute(_open(event.id).with_for_update()).scalars())
    _decide_all(event, rows, NoShowState.EXCUSED, words, actor, moment)
    return len(rows)


def waiver_of(event_id: int) -> NoShowWaiver | None:
    """Why nobody is held to have missed an event; None where nothing was said."""
    return db.session.execute(select(NoShowWaiver).where(NoShowWaiver.event_id == event_id)).scalar_one_or_none()


def reached(event_id: int) -> int:
    """How many no-shows a waiver would take back."""
    return len(db.session.execute(_open(event_id).with_only_columns(ClubNoShow.id)).all())


def standing_back(rule: Rule, moment: datetime) -> tuple[int, int]:
    """How many of those who wait stand behind the others: by the rule that holds, and by another one. Raises Refusal for a rule that makes no sense."""
    _check(rule)
    waiting = select(WaitPlace.person).where(WaitPlace.state.in_(STANDING), WaitPlace.event_id.not_in(select(SeatLot.event_id)))
    persons = set(db.session.execute(waiting.distinct()).scalars())
    now, then = no_show_facts.behind(persons), no_show_facts.behind(persons, rule)
    return sum(until > moment for until in now.values()), sum(until > moment for until in then.values())


def _check(rule: Rule) -> None:
    if not (1 <= rule.count <= MOST_COUNT and all(1 <= days <= MOST_DAYS for days in (rule.within_days, rule.behind_days, rule.half_life_days, rule.appeal_days))):
        raise Refusal("a rule counts 1 to %(count)s events, and its times are 1 to %(days)s days", count=MOST_COUNT, days=MOST_DAYS)


def set_rule(rule: Rule, *, actor: Actor, moment: datetime) -> None:
    """From now on no-shows count by this rule; places on waitlists follow at once. Raises NotAllowed, Refusal."""
    actor.need(Can.CLUB_EDIT)
    _check(rule)
    before = asdict(no_show_facts.rule_now())
    db.session.add(NoShowRule(**asdict(rule), at=moment, actor_label=actor.label))
    db.session.flush()
    log.write(actor, moment, "club.no_show_rule", "club_no_show_rule", "", before=before, after=asdict(rule))
    waiting = select(WaitPlace.person).where(WaitPlace.state.in_(STANDING))
    restore(db.session.execute(waiting.distinct()).scalars())


def _open(event_id: int) -> Any:
    return select(ClubNoShow).where(ClubNoShow.event_id == event_id, ClubNoShow.state.in_([*COUNTING, NoShowState.APPEALED])).order_by(ClubNoShow.id)


def _held(event_id: int, number: int) -> tuple[ClubEvent, ClubNoShow]:
    event = capacity.locked(event_id)
    return event, db.session.execute(select(ClubNoShow).where(ClubNoShow.id == number).with_for_update().execution_options(populate_existing=True)).scalar_one()


def _reason(text: str) -> str:
    text = text.replace("\0", "").strip()
    if not 2 <= len(text) <= 400:
        raise Refusal("say in a few words why")
    return text


def _decide_all(event: ClubEvent, rows: Sequence[ClubNoShow], state: NoShowState, why: str, actor: Actor, moment: datetime) -> None:
    """No-shows of an event are decided alike: written down, told, and the places of those people put right."""
    if not rows:
        return
    numbers: dict[int, str] = {row[0]: row[1] for row in db.session.execute(select(Booking.id, Booking.public_id).where(Booking.id.in_([one.booking_id for one in rows])))}
    for row in rows:
        row.state, row.decided_at, row.decided_label, row.decided_why = state, moment, actor.label, why
    db.session.flush()
    log.write_many(actor, moment, [Line(f"club.no_show_{state.value}", "club_no_show", row.public_id, after={"why": why}) for row in rows])
    kind, values = ("club.no_show_upheld", {"title": event.title, "why": why}) if state is NoShowState.UPHELD else ("club.no_show_excused", {"title": event.title})
    told = [(row.user_id, f"/club/bookings/{numbers[row.booking_id]}/missed", values) for row in rows]
    notices.tell_each(told, kind, actor=actor, moment=moment, letter=Letter(f"event:{event.id}:{state.value}"))
    restore({row.person for row in rows})


def _deciders() -> list[int]:
    roles = [role for role in Role if Can.CLUB_EDIT in PERMISSIONS[role]]
    query = select(User.id).join(UserRole, UserRole.user_id == User.id).where(UserRole.role.in_(roles), User.state != UserState.DISABLED)
    return list(db.session.execute(query.distinct()).scalars())
