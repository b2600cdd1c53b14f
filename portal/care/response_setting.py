"""Setting a response time from a day on: what it would make late is shown first; from today on, what waits is dated anew."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select, update

from models import db
from models.care import CareTask, Contact, TaskState
from models.questions import ClientQuestion, QuestionEntry, QuestionState
from portal.actors import Actor
from portal.audit import log
from portal.bulk import insert_rows
from portal.care import settings
from portal.care.response import CONTACT, PREFIX, SUBJECTS, ResponseTime, read
from portal.care.response_times import Now, Running, due_times
from portal.permissions import Can
from portal.refusals import Conflict, NotFound
from portal.versions import table_of


@dataclass(frozen=True)
class Late:
    """Something that waits: its row, when its response time is over now, and when it would be."""

    row: Any
    was: datetime
    will_be: datetime


@dataclass(frozen=True)
class Effect:
    """What a response time would do from today on: everything that waits and gets another time, and of that what is late by it and was not."""

    dated_anew: list[Late]
    late: list[Late]


NOTHING = Effect([], [])


def effect_of(subject: str, time: ResponseTime, counts_from: date, now: Now) -> Effect:
    """What it would do. Later than today it reaches only what is asked or set from that day on, so nothing that waits. Raises NotFound for a subject that
    there is not."""
    if subject not in SUBJECTS:
        raise NotFound("there is no response time for %(name)s", name=subject[:40])
    if counts_from > now.today:
        return NOTHING
    rows, running = _tasks() if subject == CONTACT else _questions(subject)
    counting = read(settings.values_on(now.today))
    was, will_be = due_times(running, now, counting), due_times(running, now, {**counting, subject: time})
    if subject != CONTACT:
        was = [row.due_at for row in rows]
    changed = [Late(row, before, after) for row, before, after in zip(rows, was, will_be, strict=True) if before != after]
    return Effect(changed, [one for one in changed if _becomes_late(one, subject, now)])


def _becomes_late(one: Late, subject: str, now: Now) -> bool:
    """Whether something is late by the new time and was not: a question to the minute, a first reaction by its day."""
    if subject == CONTACT:
        return one.will_be.astimezone(now.zone).date() < now.today <= one.was.astimezone(now.zone).date()
    return one.will_be < now.moment <= one.was


def put(subject: str, time: ResponseTime, counts_from: date, seen: int, actor: Actor, now: Now) -> Effect:
    """Set it, and date anew what waits. `seen`: how many were shown to become late. Raises NotAllowed, NotFound; Refusal for a day gone by; Conflict where
    it would be another number by now."""
    actor.need(Can.CARE_EDIT)
    effect = effect_of(subject, time, counts_from, now)
    if len(effect.late) != seen:
        raise Conflict("%(count)s would become late by now: look at them again", count=len(effect.late))
    settings.put(PREFIX + subject, time.value(), counts_from, actor, now.moment, now.today)
    if subject != CONTACT and effect.dated_anew:
        db.session.execute(update(ClientQuestion), [{"id": one.row.id, "due_at": one.will_be} for one in effect.dated_anew])
        columns = ("question_id", "at", "actor_id", "actor_label", "by_client", "action", "text", "answer_id")
        insert_rows(table_of(QuestionEntry), columns, [(one.row.id, now.moment, actor.user_id, actor.label, False, "dated", "", None) for one in effect.dated_anew])
    after = {"counts_from": str(counts_from), "dated_anew": len(effect.dated_anew), "late": len(effect.late)}
    log.write(actor, now.moment, "care.response_set", "care", subject, after={**time.value(), **after})
    return effect


def _questions(subject: str) -> tuple[list[Any], list[Running]]:
    """The questions of a subject that wait, locked until the transaction ends."""
    query = select(ClientQuestion).where(ClientQuestion.subject == subject, ClientQuestion.state == QuestionState.OPEN).order_by(ClientQuestion.due_at, ClientQuestion.id)
    rows = list(db.session.execute(query.with_for_update()).scalars())
    return rows, [Running(row.account_id, row.subject, row.runs_from) for row in rows]


def _tasks() -> tuple[list[Any], list[Running]]:
    """The open tasks to which nobody has reacted yet: no contact with the client since they were set."""
    reacted = select(func.min(Contact.at)).where(Contact.account_id == CareTask.account_id, Contact.at >= CareTask.created_at).scalar_subquery()
    rows = list(db.session.execute(select(CareTask).where(CareTask.state == TaskState.OPEN, reacted.is_(None)).order_by(CareTask.due_on, CareTask.id)).scalars())
    return rows, [Running(row.account_id, CONTACT, row.created_at) for row in rows]
