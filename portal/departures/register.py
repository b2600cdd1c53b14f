"""The register of departures: recorded as suspected or announced, announced, settled, withdrawn. That one takes effect: portal/departures/leaving.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from models import db
from models.departures import Departure, DepartureKind, DepartureState, DepartureStep
from models.handovers import Handover, HandoverState
from portal.actors import Actor
from portal.audit import log
from portal.departures import states
from portal.departures.people import Person, person, person_of
from portal.departures.policy import visible_to
from portal.permissions import Can
from portal.refusals import Conflict, NotAllowed, NotFound, Refusal
from portal.webhooks.recording import Happened
from portal.webhooks.recording import record as tell

LIVE = (DepartureState.SUSPECTED, DepartureState.ANNOUNCED)
SHORT, LONG = 200, 2000
"""Characters of a cause or destination, and of the evidence."""


@dataclass(frozen=True)
class Told:
    """What is known of a departure when it is recorded. `announced_on` is None where it is only suspected, for which the evidence speaks;
    `effective_on` is the first day without the person, None where nobody knows it yet."""

    kind: DepartureKind
    person_no: str
    announced_on: date | None
    effective_on: date | None = None
    cause: str = ""
    destination: str = ""
    evidence: str = ""


def checked(told: Told, *, actor: Actor, today: date, hold: bool = False) -> Person:
    """Who goes, where this may be recorded. Raises NotAllowed, NotFound, Refusal; Conflict where a departure of him is live or he has left."""
    who = person(told.kind, told.person_no, actor, hold=hold)
    if who.number == (actor.staff_no if who.kind == "staff" else actor.broker_no):
        raise NotAllowed("nobody records his own departure: somebody else does")
    if told.announced_on is None and len(told.evidence.strip()) < 4:
        raise Refusal("say what speaks for it, in at least four characters: a departure that nobody announced is a suspicion")
    _check_days(told.announced_on, told.effective_on, today)
    _check_words(told.cause, told.destination, told.evidence)
    if who.left_on is not None and who.left_on <= today:
        raise Conflict("%(number)s has left the firm on %(day)s already", number=who.number, day=who.left_on)
    column = Departure.staff_id if who.kind == "staff" else Departure.broker_id
    live = db.session.execute(select(Departure).where(column == who.id, Departure.state.in_(LIVE))).scalar()
    if live is not None:
        raise Conflict("%(person)s has a departure already, %(number)s: take its next step or withdraw it", person=who.number, number=live.number)
    return who


def record(told: Told, *, actor: Actor, moment: datetime, today: date) -> Departure:
    """Record a departure: announced where there is the day on which the firm was told, else suspected. Raises as `checked`."""
    who = checked(told, actor=actor, today=today, hold=True)
    departure = Departure(
        kind=told.kind,
        staff_id=who.id if who.kind == "staff" else None,
        broker_id=who.id if who.kind == "broker" else None,
        state=DepartureState.SUSPECTED if told.announced_on is None else DepartureState.ANNOUNCED,
        announced_on=told.announced_on,
        effective_on=told.effective_on,
        cause=told.cause.strip(),
        destination=told.destination.strip(),
        evidence=told.evidence.strip(),
        recorded_at=moment,
        recorded_by_id=actor.user_id,
    )
    db.session.add(departure)
    db.session.flush()
    write_step(departure, states.RECORDED, "", None, actor, moment)
    return departure


def announce(departure_id: int, announced_on: date, effective_on: date | None, note: str = "", *, actor: Actor, moment: datetime, today: date) -> Departure:
    """What was suspected was announced to the firm. Raises NotAllowed, NotFound, Conflict, Refusal."""
    departure = departure_for(actor, departure_id, Can.DEPARTURE_RECORD, lock=True)
    target, before = states.step(states.ANNOUNCE, departure.state, departure.number), standing(departure)
    _check_days(announced_on, effective_on or departure.effective_on, today)
    departure.state, departure.announced_on, departure.effective_on = target, announced_on, effective_on or departure.effective_on
    write_step(departure, states.ANNOUNCE, note, before, actor, moment)
    return departure


def settle(departure_id: int, note: str = "", *, actor: Actor, moment: datetime) -> Departure:
    """Every client's outcome stands. Raises NotAllowed, NotFound; Conflict while its handover is open."""
    departure = departure_for(actor, departure_id, Can.DEPARTURE_RECORD, lock=True)
    target, before = states.step(states.SETTLE, departure.state, departure.number), standing(departure)
    handover = db.session.execute(select(Handover).where(Handover.departure_id == departure.id)).scalar()
    if handover is not None and handover.state == HandoverState.OPEN:
        raise Conflict("its handover %(number)s is open: say of every client what became of him and close it first", number=handover.number)
    departure.state = target
    write_step(departure, states.SETTLE, note, before, actor, moment)
    return departure


def withdraw(departure_id: int, note: str, *, actor: Actor, moment: datetime) -> Departure:
    """The person stays, or nothing was in it. Raises NotAllowed, NotFound; Conflict once it is effective; Refusal without a reason."""
    departure = departure_for(actor, departure_id, Can.DEPARTURE_RECORD, lock=True)
    target, before = states.step(states.WITHDRAW, departure.state, departure.number), standing(departure)
    if len(note.strip()) < 4:
        raise Refusal("say in a few words why it is withdrawn: at least four characters")
    departure.state = target
    write_step(departure, states.WITHDRAW, note, before, actor, moment)
    return departure


def departure_for(actor: Actor, departure_id: int, can: Can = Can.DEPARTURE_SEE, *, lock: bool = False) -> Departure:
    """A departure over which somebody holds a right. Raises NotAllowed, NotFound."""
    actor.need(can)
    query = select(Departure).where(Departure.id == departure_id, visible_to(actor, can))
    found = db.session.execute(query.with_for_update(of=Departure).execution_options(populate_existing=True) if lock else query).scalar()
    if found is None:
        raise NotFound("there is no such departure")
    return found


def standing(departure: Departure) -> dict[str, Any]:
    """What a departure says, as its steps keep it."""
    days = {name: None if value is None else value.isoformat() for name, value in (("announced_on", departure.announced_on), ("effective_on", departure.effective_on))}
    return {"state": str(departure.state), **days, "cause": departure.cause, "destination": departure.destination}


def write_step(departure: Departure, action: str, note: str, before: dict[str, Any] | None, actor: Actor, moment: datetime, **more: object) -> None:
    """Keep a step and its line in the log; `more` stands in the log beside what the departure says now. Raises Refusal for a note too long."""
    if len(note) > LONG:
        raise Refusal("this is too long: %(length)s characters, at most %(most)s", length=len(note), most=LONG)
    after = standing(departure)
    db.session.add(DepartureStep(departure_id=departure.id, at=moment, actor_id=actor.user_id, actor_label=actor.label, action=action, note=note.strip(), after=after))
    log.write(actor, moment, f"departure.{action}", "departure", departure.number, before=before, after={**after, **more}, reason=note.strip())
    if action in {states.RECORDED, states.ANNOUNCE} and departure.state == DepartureState.ANNOUNCED:  # a suspicion stays in the house
        details = {"kind": str(departure.kind), "person_no": person_of(departure).number}
        tell("departure.announced", [Happened(departure.number, f"/departures/{departure.id}", details)], moment)


def _check_days(announced_on: date | None, effective_on: date | None, today: date) -> None:
    if announced_on is not None and announced_on > today:
        raise Refusal("it cannot have been announced on %(day)s, which is still to come", day=announced_on)
    if announced_on is not None and effective_on is not None and effective_on < announced_on:
        raise Refusal("it is effective from %(effective)s and was announced on %(announced)s: nobody leaves before he says so", effective=effective_on, announced=announced_on)


def _check_words(cause: str, destination: str, evidence: str) -> None:
    for words, most in ((cause, SHORT), (destination, SHORT), (evidence, LONG)):
        if len(words) > most:
            raise Refusal("this is too long: %(length)s characters, at most %(most)s", length=len(words), most=most)
