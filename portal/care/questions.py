"""Putting a question, and what becomes of it: each step by the table, written down with its words, told to whom it concerns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from models import db
from models.identity import User
from models.partners import Staff
from models.questions import AskedVia, ClientQuestion, FeeDecision, QuestionEntry, QuestionState, QuestionSubject, ReusableAnswer
from portal.actors import Actor
from portal.audit import log
from portal.bulk import insert_rows
from portal.care import book, people
from portal.care.fee_requests import Wish, columns_of, decided
from portal.care.question_states import STEPS, Side
from portal.care.response_times import Now, Running, due_times
from portal.notices.kinds import N_, register
from portal.notices.verbs import settle, tell
from portal.permissions import Can
from portal.refusals import Conflict, NotAllowed, Refusal
from portal.versions import table_of

LONGEST = 4000
ASKED, ANSWERED, REOPENED = "question.asked", "question.answered", "question.reopened"
register(ASKED, N_("%(number)s waits for your answer until %(due)s."), "clients", label=N_("A client asks something"), tone="warn")
register(REOPENED, N_("%(number)s is asked again: answer it until %(due)s."), "clients", label=N_("A client asks again"), tone="warn")
register(
    ANSWERED,
    N_("Your question %(number)s to the firm is answered."),
    "account",
    label=N_("The firm answers my question"),
    tone="good",
    mail=N_("A question that you put is answered."),
)


@dataclass(frozen=True)
class Asked:
    """A question as it is put: what about, in which words, and how it came; `wish` where lower fees are asked for."""

    subject: QuestionSubject
    words: str
    via: AskedVia
    wish: Wish | None = None


def ask(account_id: int, asked: Asked, owner_id: int | None, actor: Actor, now: Now) -> ClientQuestion:
    """Keep a question about an account. Without `owner_id` whoever looks after it and is there owes the answer (of several the first who came; of none
    the branch has to name somebody). That the account is the client's own, or one whose care the actor works on, is for the caller to see to.

    Raises NotAllowed; Refusal without words, for an owner who has left, or for a broker's wish where there is no broker.
    """
    actor.need(Can.QUESTION_ASK if asked.via is AskedVia.PORTAL else Can.CARE_WORK)
    words = _words(asked.words, needed=True)
    if owner_id is not None:
        people.need_there(owner_id, now.today)
    (due,) = due_times([Running(account_id, asked.subject, now.moment)], now)
    question = ClientQuestion(
        account_id=account_id, subject=asked.subject, via=asked.via, words=words, state=QuestionState.OPEN, owner_id=owner_id or default_owner(account_id, now),
        asked_at=now.moment, asked_by_id=actor.user_id, runs_from=now.moment, due_at=due, **columns_of(asked.subject, asked.wish, account_id, now.today),
    )  # fmt: skip
    db.session.add(question)
    db.session.flush()
    _note(question, "asked", words, asked.via is AskedVia.PORTAL, actor, now)
    _tell_owner(question, ASKED, actor, now)
    return question


def default_owner(account_id: int, now: Now) -> int | None:
    """Who owes the answer where nobody is named: who looks after the account and is there; None where nobody does."""
    there = [one.staff_no for one in book.servicers([account_id], now.today).get(account_id, []) if one.there]
    return db.session.execute(select(Staff.id).where(Staff.staff_no.in_(there)).order_by(Staff.id).limit(1)).scalar()


def step(
    question: ClientQuestion, name: str, side: Side, actor: Actor, now: Now, *, words: str = "", answer: ReusableAnswer | None = None, decision: FeeDecision | None = None
) -> None:
    """Take a step of the table with a question that is held. Reopened, its response time runs anew and an owner who has left is replaced.
    The answer to a request for lower fees says what was decided.

    Raises NotAllowed for the wrong side, Conflict where the state has no such step, Refusal where words are missing.
    """
    actor.need(Can.QUESTION_ASK if side is Side.CLIENT else Can.CARE_WORK)
    taken = STEPS.get((QuestionState(question.state), name))
    if taken is None:
        raise Conflict("%(number)s is in another state by now: %(state)s", number=question.number, state=question.state)
    if side not in taken.sides:
        raise NotAllowed("this step belongs to the other side")
    said = _words(words, needed=name in {"answer", "reopen"})
    question.state = taken.to
    if name == "answer":
        question.answered_at = now.moment
        question.owner_id = question.owner_id or _staff_id(actor)
        question.fee_decision = decided(question.subject, decision)
    if name == "reopen":
        _run_anew(question, now)
    _note(question, name, said, side is Side.CLIENT, actor, now, answer)
    if name == "answer":
        _tell_client(question, actor, now)
    if name == "reopen":
        _tell_owner(question, REOPENED, actor, now)
    else:
        for kind in (ASKED, REOPENED):
            settle(kind, link(question), now.moment)


def move(question: ClientQuestion, owner_id: int, note: str, actor: Actor, now: Now) -> None:
    """Let somebody else who is there owe the answer; the time goes on. Raises Conflict where nothing is owed, Refusal."""
    actor.need(Can.CARE_WORK)
    if question.state != QuestionState.OPEN:
        raise Conflict("%(number)s is in another state by now: %(state)s", number=question.number, state=question.state)
    if owner_id == question.owner_id:
        raise Refusal("this question is his already")
    people.need_there(owner_id, now.today)
    question.owner_id = owner_id
    _note(question, "moved", _words(note, needed=False), False, actor, now)
    _tell_owner(question, ASKED, actor, now)


def hand_on(from_id: int, to: Mapping[int, int], actor: Actor, moment: datetime) -> int:
    """Give the open questions of one who goes to who gets their accounts (account id to staff id), each with an entry. For rooms that have asked
    who may, and that these people are there. Returns how many."""
    mine = select(ClientQuestion).where(ClientQuestion.owner_id == from_id, ClientQuestion.state == QuestionState.OPEN)
    held = [one for one in db.session.execute(mine.with_for_update()).scalars() if one.account_id in to]
    for one in held:
        one.owner_id = to[one.account_id]
    db.session.flush()
    columns = ("question_id", "at", "actor_id", "actor_label", "by_client", "action", "text", "answer_id")
    insert_rows(table_of(QuestionEntry), columns, [(one.id, moment, actor.user_id, actor.label, False, "moved", "", None) for one in held])
    if held:
        log.write(actor, moment, "care.questions_moved", "staff", str(from_id), after={"questions": len(held)})
    return len(held)


def link(question: ClientQuestion) -> str:
    """Where the staff find a question."""
    return f"/care/questions/{question.id}"


def _run_anew(question: ClientQuestion, now: Now) -> None:
    (question.due_at,) = due_times([Running(question.account_id, question.subject, now.moment)], now)
    question.runs_from, question.answered_at, question.fee_decision = now.moment, None, None
    there = people.there(now.today).subquery()
    if question.owner_id is None or db.session.execute(select(there.c.staff_id).where(there.c.staff_id == question.owner_id)).first() is None:
        question.owner_id = default_owner(question.account_id, now)


def _staff_id(actor: Actor) -> int | None:
    return db.session.execute(select(Staff.id).where(Staff.staff_no == actor.staff_no)).scalar() if actor.staff_no else None


def _words(text: str, *, needed: bool) -> str:
    words = text.strip()
    if needed and len(words) < 4:
        raise Refusal("say it in a few words: at least four characters")
    if len(words) > LONGEST:
        raise Refusal("this is too long: %(length)s characters, at most %(most)s", length=len(words), most=LONGEST)
    return words


def _note(question: ClientQuestion, action: str, words: str, by_client: bool, actor: Actor, now: Now, answer: ReusableAnswer | None = None) -> None:
    """Write down what was done. The log keeps codes only: it outlives erasure."""
    entry = QuestionEntry(question_id=question.id, at=now.moment, actor_id=actor.user_id, actor_label=actor.label, by_client=by_client, action=action, text=words)
    entry.answer_id = answer.id if answer is not None else None
    db.session.add(entry)
    after = {"state": question.state, "subject": question.subject, "owner": question.owner_id, "due_at": question.due_at.isoformat(), "answer": entry.answer_id}
    after |= {"fee_asker": question.fee_asker, "fee_decision": question.fee_decision} if question.fee_asker else {}
    log.write(actor, now.moment, f"care.question_{action}", "question", question.number, after=after)
    db.session.flush()


def _tell_owner(question: ClientQuestion, kind: str, actor: Actor, now: Now) -> None:
    mine = select(User.id).join(Staff, Staff.staff_no == User.staff_no).where(Staff.id == question.owner_id, User.id != (actor.user_id or 0))
    due = f"{question.due_at.astimezone(now.zone):%Y-%m-%d %H:%M}"
    tell(list(db.session.execute(mine).scalars()), kind, link(question), {"number": question.number, "due": due}, actor=actor, moment=now.moment)


def _tell_client(question: ClientQuestion, actor: Actor, now: Now) -> None:
    version = book.client_no_of(question.account_id)
    his = select(User.id).where(User.client_no == version)
    tell(list(db.session.execute(his).scalars()), ANSWERED, f"/questions/{question.id}", {"number": question.number}, actor=actor, moment=now.moment)
