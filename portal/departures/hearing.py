"""The hearing of whom a suspicion speaks: told by the firm, answered by the person, judged by a second one. Verbs.

Until the firm tells him, nothing shows to the person. One of the staff answers on a page of his own; a broker sees none of this, and answers by
word of mouth to somebody of the firm's desk, who writes down what was said, when, and to whom.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from models import db
from models.departure_signals import HearingAction, HearingEntry
from models.departures import Departure, DepartureState
from models.identity import User
from models.partners import Staff
from portal.actors import Actor
from portal.audit import log
from portal.departures import signals, states
from portal.departures.exposure import Kind, Person
from portal.departures.people import person_of
from portal.departures.register import LONG, departure_for, standing, write_step
from portal.notices.kinds import N_, register
from portal.notices.verbs import tell as notify
from portal.permissions import Can, Scope
from portal.refusals import Conflict, NotAllowed, NotFound, Refusal

SHORTEST = 4
"""Characters of what is told, said and judged."""
MINE = "/departures/mine"
TOLD, JUDGED = "departures.told", "departures.judged"
register(TOLD, N_("The firm recorded something that concerns you: read it, and answer if you wish."), "account", label=N_("Something was recorded about you"))
register(JUDGED, N_("Your answer was judged: read what came of it."), "account", label=N_("Your answer was judged"))


class Hearing(enum.StrEnum):
    """How far a hearing is."""

    UNTOLD = "untold"
    TOLD = "told"
    ANSWERED = "answered"
    UPHELD = "upheld"
    REJECTED = "rejected"


def how_far(entries: Iterable[HearingEntry]) -> Hearing:
    """How far a hearing is by its entries."""
    done = {HearingAction(one.action) for one in entries}
    for action, far in ((HearingAction.UPHELD, Hearing.UPHELD), (HearingAction.REJECTED, Hearing.REJECTED)):
        if action in done:
            return far
    if done & {HearingAction.ANSWERED, HearingAction.HEARD}:
        return Hearing.ANSWERED
    return Hearing.TOLD if HearingAction.TOLD in done else Hearing.UNTOLD


def entries_of(departure_id: int) -> list[HearingEntry]:
    """The entries of a hearing in their order."""
    return list(db.session.execute(select(HearingEntry).where(HearingEntry.departure_id == departure_id).order_by(HearingEntry.id)).scalars())


def own(actor: Actor) -> list[tuple[Departure, list[HearingEntry]]]:
    """The suspicions of which the firm told one of the staff, the newest first; two questions, however many."""
    staff = select(Staff.id).where(Staff.staff_no == (actor.staff_no or ""))
    told = select(HearingEntry.departure_id).where(HearingEntry.action == HearingAction.TOLD.value)
    rows = db.session.execute(select(Departure).where(Departure.staff_id.in_(staff), Departure.id.in_(told)).order_by(Departure.id.desc())).scalars().all()
    said: dict[int, list[HearingEntry]] = {row.id: [] for row in rows}
    for entry in db.session.execute(select(HearingEntry).where(HearingEntry.departure_id.in_(list(said))).order_by(HearingEntry.id)).scalars():
        said[entry.departure_id].append(entry)
    return [(row, said[row.id]) for row in rows]


def tell(departure_id: int, words: str, *, actor: Actor, moment: datetime) -> HearingEntry:
    """The firm tells the person that a suspicion about him is recorded, with its evidence in neutral words; from now on he sees both.

    Raises NotAllowed, NotFound, Refusal without words, Conflict where he was told or nothing is suspected."""
    departure = departure_for(actor, departure_id, Can.DEPARTURE_RECORD, lock=True)
    _need_suspected(departure)
    if how_far(entries_of(departure.id)) is not Hearing.UNTOLD:
        raise Conflict("%(number)s: the person was told already", number=departure.number)
    entry = _write(departure, HearingAction.TOLD, words, actor, moment)
    _notify(departure, TOLD, actor, moment)
    return entry


def answer(departure_id: int, words: str, *, actor: Actor, moment: datetime) -> HearingEntry:
    """The person answers. Raises NotAllowed; NotFound for what he was not told; Refusal without words; Conflict once it is judged or no suspicion."""
    actor.need(Can.APPEAL_OWN)
    if departure_id not in {row.id for row, _said in own(actor)}:
        raise NotFound("there is no such departure")
    departure = db.session.execute(select(Departure).where(Departure.id == departure_id).with_for_update().execution_options(populate_existing=True)).scalar_one()
    _need_open(departure)
    return _write(departure, HearingAction.ANSWERED, words, actor, moment)


def hear(departure_id: int, words: str, heard_on: date, heard_by: str, *, actor: Actor, moment: datetime, today: date) -> HearingEntry:
    """The desk writes down what a broker answered by word of mouth, on which day and to whom. Raises as `answer`, and Refusal for a day to come."""
    departure = _at_the_desk(departure_id, actor)
    if departure.broker_id is None:
        raise Refusal("one of the staff answers for himself: a broker alone is heard by somebody")
    _need_open(departure)
    if heard_on > today:
        raise Refusal("he cannot have been heard on %(day)s, which is still to come", day=heard_on)
    if not heard_by.strip():
        raise Refusal("say who heard him")
    return _write(departure, HearingAction.HEARD, words, actor, moment, heard_on, heard_by.strip())


def judge(departure_id: int, upheld: bool, words: str, *, actor: Actor, moment: datetime, today: date) -> HearingEntry:
    """A second person judges the answer. Upheld, the suspicion is withdrawn and the signals about the person rest.

    Raises NotAllowed for whoever recorded it, NotFound, Refusal without a reason, Conflict where nothing was answered or it is judged."""
    departure = _at_the_desk(departure_id, actor)
    if actor.user_id is None or actor.user_id == departure.recorded_by_id:
        raise NotAllowed("a second person judges it, not whoever recorded the suspicion")
    if how_far(entries_of(departure.id)) is not Hearing.ANSWERED:
        raise Conflict("%(number)s: there is no answer that waits to be judged", number=departure.number)
    _need_suspected(departure)
    entry = _write(departure, HearingAction.UPHELD if upheld else HearingAction.REJECTED, words, actor, moment)
    if upheld:
        before = standing(departure)
        departure.state = states.step(states.WITHDRAW, departure.state, departure.number)
        until = signals.rest_all(_named(departure), departure.id, words.strip(), actor=actor, moment=moment, today=today)
        write_step(departure, states.WITHDRAW, words, before, actor, moment, rests_until=str(until))
    _notify(departure, JUDGED, actor, moment)
    return entry


def _at_the_desk(departure_id: int, actor: Actor) -> Departure:
    departure = departure_for(actor, departure_id, Can.DEPARTURE_RECORD, lock=True)
    if actor.scope(Can.DEPARTURE_RECORD) is not Scope.ALL:
        raise NotAllowed("the firm's desk hears and judges, not a branch")
    return departure


def _named(departure: Departure) -> Person:
    who = person_of(departure)
    return Person(Kind(who.kind), who.id, who.number)


def _need_suspected(departure: Departure) -> None:
    if departure.state != DepartureState.SUSPECTED:
        raise Conflict("%(number)s is no suspicion any more: there is nothing to hear", number=departure.number)


def _need_open(departure: Departure) -> None:
    _need_suspected(departure)
    far = how_far(entries_of(departure.id))
    if far is Hearing.UNTOLD:
        raise Conflict("%(number)s: tell the person first", number=departure.number)
    if far in (Hearing.UPHELD, Hearing.REJECTED):
        raise Conflict("%(number)s is judged: there is nothing more to answer", number=departure.number)


def _write(departure: Departure, action: HearingAction, words: str, actor: Actor, moment: datetime, heard_on: date | None = None, heard_by: str = "") -> HearingEntry:
    if not SHORTEST <= len(words.strip()) <= LONG:
        raise Refusal("say it in %(shortest)s to %(longest)s characters", shortest=SHORTEST, longest=LONG)
    said: dict[str, Any] = {"at": moment, "actor_id": actor.user_id, "actor_label": actor.label, "words": words.strip(), "heard_on": heard_on, "heard_by": heard_by[:120]}
    entry = HearingEntry(departure_id=departure.id, action=action, **said)
    db.session.add(entry)
    db.session.flush()
    log.write(actor, moment, f"departure.{action.value}", "departure", departure.number, after={"heard_on": str(heard_on)} if heard_on else None)
    return entry


def _notify(departure: Departure, kind: str, actor: Actor, moment: datetime) -> None:
    """One of the staff is told at his sign-ins; a broker is told by a person, never by the portal."""
    if departure.staff_id is None:
        return
    number = select(Staff.staff_no).where(Staff.id == departure.staff_id).scalar_subquery()
    notify(db.session.execute(select(User.id).where(User.staff_no == number)).scalars().all(), kind, MINE, {}, actor=actor, moment=moment)
