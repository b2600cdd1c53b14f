"""Reading questions: the staff's lists begin with the clients whose care they see, a client's with his own accounts."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, or_, select

from models import db
from models.clients import Account, AccountVersion
from models.partners import Staff, StaffVersion
from models.questions import ClientQuestion, QuestionEntry, QuestionState
from portal.actors import Actor
from portal.care.policy import visible_to
from portal.clients.queries import newest_version
from portal.permissions import Can, Scope
from portal.refusals import NotFound
from portal.versions import current


def _base() -> Select[*tuple[Any, ...]]:
    staff = current(StaffVersion).subquery()
    query = select(ClientQuestion, Account.account_no, AccountVersion.name.label("client"), Staff.staff_no, staff.c.name.label("owner_name"))
    query = query.join(Account, Account.id == ClientQuestion.account_id).join(AccountVersion, AccountVersion.account_id == Account.id)
    query = query.outerjoin(Staff, Staff.id == ClientQuestion.owner_id).outerjoin(staff, staff.c.staff_id == Staff.id)
    return query.where(newest_version())


def seen_by(actor: Actor, day: date, can: Can = Can.CARE_SEE) -> ColumnElement[bool]:
    """The condition that the staff see a question (or, by `can`, work on it): of a client whose care they see, or their own to answer."""
    seen = visible_to(actor, day, can)
    return or_(seen, Staff.staff_no == actor.staff_no) if actor.scope(can) is Scope.OWN and actor.staff_no else seen


def questions(actor: Actor, day: date, can: Can = Can.CARE_SEE) -> Select[*tuple[Any, ...]]:
    """Every question that somebody of the firm may see: question, account number, client, number and name of who owes the answer."""
    return _base().where(seen_by(actor, day, can))


def own_questions(actor: Actor) -> Select[*tuple[Any, ...]]:
    """Every question about a client's own accounts."""
    return _base().where(AccountVersion.client_no == (actor.client_no or ""), AccountVersion.client_no != "")


def question_for(actor: Actor, question_id: int, day: date, can: Can = Can.CARE_SEE, *, lock: bool = False) -> Any:
    """A question that somebody of the firm may see, as a row of `questions`. Raises NotFound, the same for foreign and for missing ones."""
    return _one(questions(actor, day, can), question_id, lock)


def own_question(actor: Actor, question_id: int, *, lock: bool = False) -> Any:
    """A client's own question. Raises NotFound, the same for foreign and for missing ones."""
    return _one(own_questions(actor), question_id, lock)


def _one(query: Select[*tuple[Any, ...]], question_id: int, lock: bool) -> Any:
    query = query.where(ClientQuestion.id == question_id)
    if lock:
        query = query.with_for_update(of=ClientQuestion).execution_options(populate_existing=True)
    found = db.session.execute(query).one_or_none()
    if found is None:
        raise NotFound("there is no question %(number)s that you may see", number=question_id)
    return found


def entries(question_id: int) -> list[QuestionEntry]:
    """What was said and done about a question, in its order."""
    return list(db.session.execute(select(QuestionEntry).where(QuestionEntry.question_id == question_id).order_by(QuestionEntry.id)).scalars())


def counted(actor: Actor, day: date, moment: datetime) -> dict[str, int]:
    """How many questions somebody sees wait for an answer, how many of them are overdue, and how many have nobody who owes it."""
    rows = questions(actor, day).where(ClientQuestion.state == QuestionState.OPEN).with_only_columns(ClientQuestion.due_at, ClientQuestion.owner_id).subquery()
    ways = ((rows.c.due_at < moment), rows.c.owner_id.is_(None))
    found = db.session.execute(select(func.count(), *(func.coalesce(func.sum(case((way, 1), else_=0)), 0) for way in ways)).select_from(rows)).one()
    return dict(zip(("open", "overdue", "nobody"), map(int, found), strict=True))


def late(actor: Actor, day: date, moment: datetime, most: int) -> list[Any]:
    """The questions that somebody sees whose answer is late, the latest first."""
    query = questions(actor, day).where(ClientQuestion.state == QuestionState.OPEN, ClientQuestion.due_at < moment)
    return list(db.session.execute(query.order_by(ClientQuestion.due_at, ClientQuestion.id).limit(most)))


def by_owner(actor: Actor, day: date, moment: datetime) -> dict[str, tuple[int, int]]:
    """How many questions each of the staff owes an answer, and how many of them are overdue, by staff number."""
    rows = questions(actor, day).where(ClientQuestion.state == QuestionState.OPEN, Staff.staff_no.is_not(None)).with_only_columns(Staff.staff_no, ClientQuestion.due_at).subquery()
    query = select(rows.c.staff_no, func.count(), func.sum(case((rows.c.due_at < moment, 1), else_=0))).group_by(rows.c.staff_no)
    return {number: (int(count), int(overdue)) for number, count, overdue in db.session.execute(query)}
