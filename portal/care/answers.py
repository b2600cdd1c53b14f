"""Answers that are used again (可复用答复): proposed from an answered question or from nothing, approved by a second person, found by subject and words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select

from models import db
from models.audit import Approval, ApprovalState
from models.questions import AnswerState, QuestionEntry, QuestionSubject, ReusableAnswer
from portal.actors import Actor
from portal.audit import approvals, log
from portal.audit.policy import watch
from portal.notices.kinds import N_
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal

APPROVAL = "care.answer"
"""The kind of the approval by which an answer may be used again."""
LONGEST = 4000
FOUND = 5
TITLE = 200


@dataclass(frozen=True)
class Proposed:
    """An answer as it is proposed, in both languages."""

    subject: QuestionSubject
    title_zh: str
    title_en: str
    text_zh: str
    text_en: str

    def checked(self) -> dict[str, str]:
        """The columns that it fills. Raises Refusal where a text is missing or too long."""
        found = {name: getattr(self, name).strip() for name in ("title_zh", "title_en", "text_zh", "text_en")}
        if any(len(text) < 2 for text in found.values()):
            raise Refusal("a reusable answer has a title and a text in both languages")
        if any(len(text) > (TITLE if name.startswith("title") else LONGEST) for name, text in found.items()):
            raise Refusal("a title has at most %(title)s characters and a text at most %(most)s", title=TITLE, most=LONGEST)
        return {"subject": self.subject, **found}


def propose(proposed: Proposed, question_id: int | None, actor: Actor, moment: datetime) -> ReusableAnswer:
    """Put an answer before a second person; until he approves, nobody can put it in. Raises NotAllowed, Refusal."""
    actor.need(Can.ANSWER_WRITE)
    columns = proposed.checked()
    answer = ReusableAnswer(
        **columns, state=AnswerState.WAITING, from_question_id=question_id, prepared_at=moment, prepared_by_id=actor.user_id, prepared_label=actor.label, decided_label=""
    )
    db.session.add(answer)
    db.session.flush()
    payload = {"answer": answer.id, "see": f"/care/answers/{answer.id}"}
    answer.approval_id = approvals.prepare(actor, moment, kind=APPROVAL, subject=columns["title_zh"], payload=payload, preview=columns).id
    log.write(actor, moment, "care.answer_proposed", "answer", str(answer.id), after={"subject": answer.subject, "approval": answer.approval_id})
    return answer


def retire(answer: ReusableAnswer, actor: Actor, moment: datetime) -> None:
    """Let an approved answer be used no more; where it was used it stays. Raises NotAllowed, Conflict."""
    actor.need(Can.ANSWER_WRITE)
    if answer.state != AnswerState.APPROVED:
        raise Conflict("only an approved answer can be retired")
    _decide(answer, AnswerState.RETIRED, actor, moment)


def _approve(approval: Approval, approver: Actor, moment: datetime) -> None:
    _decide(db.session.get_one(ReusableAnswer, approval.payload["answer"]), AnswerState.APPROVED, approver, moment)


@watch
def _refused(approval: Approval, actor: Actor, moment: datetime) -> None:
    """An answer that was refused or taken back waits no more."""
    if approval.kind == APPROVAL and approval.state in (ApprovalState.REFUSED, ApprovalState.WITHDRAWN):
        _decide(db.session.get_one(ReusableAnswer, approval.payload["answer"]), AnswerState.REFUSED, actor, moment)


def _decide(answer: ReusableAnswer, state: AnswerState, actor: Actor, moment: datetime) -> None:
    answer.state, answer.decided_at, answer.decided_label = state, moment, actor.label
    log.write(actor, moment, f"care.answer_{state}", "answer", str(answer.id), after={"state": state})


def used() -> Any:
    """How often an answer was used: the answers that were made from it."""
    return select(func.count()).select_from(QuestionEntry).where(QuestionEntry.answer_id == ReusableAnswer.id).correlate(ReusableAnswer).scalar_subquery()


def listed() -> Select[*tuple[Any, ...]]:
    """Every reusable answer with how often it was used."""
    return select(ReusableAnswer, used().label("used"))


def matches(words: str) -> Any:
    """The condition that an answer speaks of every one of some words, in either language."""
    columns = (ReusableAnswer.title_zh, ReusableAnswer.title_en, ReusableAnswer.text_zh, ReusableAnswer.text_en)
    return and_(*(or_(*(column.icontains(word, autoescape=True) for column in columns)) for word in words.split()[:8]))


def fitting(subject: str, words: str) -> list[Any]:
    """The approved answers to a subject that speak of some words (all words where none are given), the most used first."""
    query = listed().where(ReusableAnswer.state == AnswerState.APPROVED, ReusableAnswer.subject == subject)
    if words.strip():
        query = query.where(matches(words))
    return list(db.session.execute(query.order_by(used().desc(), ReusableAnswer.id.desc()).limit(FOUND)))


def answer_by(answer_id: int) -> ReusableAnswer:
    """A reusable answer. Raises NotFound."""
    found = db.session.get(ReusableAnswer, answer_id)
    if found is None:
        raise NotFound("there is no reusable answer %(number)s", number=answer_id)
    return found


def usable(answer_id: int) -> ReusableAnswer:
    """An approved answer that may be put in. Raises NotFound, Conflict."""
    found = answer_by(answer_id)
    if found.state != AnswerState.APPROVED:
        raise Conflict("this answer is not approved: choose another one")
    return found


approvals.register(APPROVAL, Can.ANSWER_APPROVE, _approve, label=N_("Answer to be used again"))
