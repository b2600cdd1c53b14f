"""What an event asks of who signs up: questions in their order, written by who prepares the event. Answers keep the words that were shown, so a question may be put
better at any time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from models import db
from models.club import ClubEvent, ClubSession
from models.club_questions import AskedAs, ClubQuestion, ClubQuestionRule
from portal.actors import Actor
from portal.club import capacity
from portal.club.entries import note
from portal.fields import one_line
from portal.permissions import Can
from portal.refusals import NotFound, Refusal

MOST, MOST_CHOICES = 12, 12
LONGEST, LONGEST_CHOICE = 200, 60
MOST_HOURS = 720


@dataclass(frozen=True)
class Asking:
    """A question as it is written: `choices` as (中文, English), for a choice alone; `place`: where it stands among the others (from 1; 0: last)."""

    kind: str
    words: str
    words_en: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    required: bool = False
    private: bool = False
    at_door: bool = False
    place: int = 0


def of_event(event_id: int) -> Sequence[ClubQuestion]:
    """The questions of an event that are asked, in their order."""
    query = select(ClubQuestion).where(ClubQuestion.event_id == event_id, ClubQuestion.gone_at.is_(None))
    return db.session.execute(query.order_by(ClubQuestion.position, ClubQuestion.id)).scalars().all()


def add(event_id: int, asking: Asking, *, actor: Actor, moment: datetime) -> ClubQuestion:
    """Ask one question more. Raises NotAllowed, NotFound, Refusal. Verb."""
    actor.need(Can.CLUB_EDIT)
    event = capacity.locked(event_id)
    known = list(of_event(event.id))
    if len(known) >= MOST:
        raise Refusal("an event asks at most %(most)s questions", most=MOST)
    if asking.kind not in set(AskedAs):
        raise Refusal("choose from what the form offers")
    row = ClubQuestion(event_id=event.id, kind=asking.kind, position=len(known) + 1, **_columns(asking))
    db.session.add(row)
    db.session.flush()
    _put(known, row, asking.place)
    note(event.id, None, "question_added", actor, moment, question=row.id)
    return row


def change(event_id: int, number: int, asking: Asking, *, actor: Actor, moment: datetime) -> ClubQuestion:
    """Put a question otherwise, or elsewhere among the others; what was answered keeps the words that were shown, and the kind stays as it is. Raises NotAllowed,
    NotFound, Refusal. Verb."""
    actor.need(Can.CLUB_EDIT)
    event = capacity.locked(event_id)
    row = _of(event.id, number)
    for name, value in _columns(Asking(**{**vars(asking), "kind": row.kind})).items():
        setattr(row, name, value)
    _put([one for one in of_event(event.id) if one.id != row.id], row, asking.place or row.position)
    note(event.id, None, "question_changed", actor, moment, question=row.id)
    return row


def take_away(event_id: int, number: int, *, actor: Actor, moment: datetime) -> None:
    """Ask a question no more; its answers stay. Raises NotAllowed, NotFound. Verb."""
    actor.need(Can.CLUB_EDIT)
    event = capacity.locked(event_id)
    row = _of(event.id, number)
    row.gone_at = moment
    db.session.flush()
    for place, one in enumerate(of_event(event.id), 1):
        one.position = place
    db.session.flush()
    note(event.id, None, "question_taken_away", actor, moment, question=row.id)


def set_hours(event_id: int, hours: int, *, actor: Actor, moment: datetime) -> None:
    """Answers can be changed until so many hours before the event begins. Raises NotAllowed, NotFound, Refusal. Verb."""
    actor.need(Can.CLUB_EDIT)
    event = capacity.locked(event_id)
    if not 0 <= hours <= MOST_HOURS:
        raise Refusal("answers can be changed until 0 to %(most)s hours before the event begins", most=MOST_HOURS)
    row = _rule(event.id)
    if row is None:
        row = ClubQuestionRule(event_id=event.id)
        db.session.add(row)
    row.hours_before = hours
    db.session.flush()
    note(event.id, None, "question_rule", actor, moment, hours=hours)


def hours_before(event_id: int) -> int:
    """How many hours before the event answers stand."""
    row = _rule(event_id)
    return row.hours_before if row is not None else 0


def open_until(event_id: int) -> datetime | None:
    """Until when answers can be changed; None where the event has no time yet."""
    starts_at: datetime | None = db.session.execute(select(func.min(ClubSession.starts_at)).where(ClubSession.event_id == event_id)).scalar()
    return starts_at - timedelta(hours=hours_before(event_id)) if starts_at is not None else None


def take_along(source: ClubEvent, copies: Sequence[ClubEvent], *, actor: Actor, moment: datetime) -> None:
    """Give the questions of an event, and until when they can be answered, to its copies; no answer goes along. Verb."""
    actor.need(Can.CLUB_EDIT)
    rows, hours = of_event(source.id), hours_before(source.id)
    kept = ("kind", "words", "words_en", "choices", "required", "private", "at_door")
    for one in copies:
        db.session.add_all(ClubQuestion(event_id=one.id, position=place, **{name: getattr(row, name) for name in kept}) for place, row in enumerate(rows, 1))
        if hours:
            db.session.add(ClubQuestionRule(event_id=one.id, hours_before=hours))
        if rows or hours:
            note(one.id, None, "questions_taken_along", actor, moment, source=source.id, questions=len(rows), hours=hours)
    db.session.flush()


def _rule(event_id: int) -> ClubQuestionRule | None:
    return db.session.execute(select(ClubQuestionRule).where(ClubQuestionRule.event_id == event_id)).scalar_one_or_none()


def _of(event_id: int, number: int) -> ClubQuestion:
    query = select(ClubQuestion).where(ClubQuestion.id == number, ClubQuestion.event_id == event_id, ClubQuestion.gone_at.is_(None))
    row = db.session.execute(query).scalar_one_or_none()
    if row is None:
        raise NotFound("there is no such question")
    return row


def _put(others: list[ClubQuestion], row: ClubQuestion, place: int) -> None:
    """Let a question stand at a place among the others; 0: last."""
    at = min(len(others), max(0, place - 1)) if place else len(others)
    for number, one in enumerate([*others[:at], row, *others[at:]], 1):
        one.position = number
    db.session.flush()


def _columns(asking: Asking) -> dict[str, Any]:
    words, words_en = one_line(asking.words), one_line(asking.words_en)
    if not words or max(len(words), len(words_en)) > LONGEST:
        raise Refusal("a question has 1 to %(most)s characters", most=LONGEST)
    choices = [[one_line(name), one_line(name_en)] for name, name_en in asking.choices] if asking.kind == AskedAs.CHOICE else []
    named = [one[0] for one in choices]
    if asking.kind == AskedAs.CHOICE and not 2 <= len(choices) <= MOST_CHOICES:
        raise Refusal("a choice has 2 to %(most)s answers, one a line", most=MOST_CHOICES)
    if any(not one[0] or max(map(len, one)) > LONGEST_CHOICE for one in choices) or len(set(named)) < len(named):
        raise Refusal("each answer of a choice has 1 to %(most)s characters and stands there once", most=LONGEST_CHOICE)
    return {"words": words, "words_en": words_en, "choices": choices, "required": asking.required, "private": asking.private, "at_door": asking.at_door}
