"""Questions (咨询) that clients put to the firm, every word about them, and approved answers that are used again."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import choice, identifier, moment, one_of, text


class QuestionSubject(enum.StrEnum):
    """What a question is about."""

    ACCOUNTS = "accounts"
    MARGIN = "margin"
    DELIVERY = "delivery"
    STATEMENTS = "statements"
    MARKET = "market"
    FEES = "fees"
    """A request for lower fees (降低手续费), and nothing else about fees."""


class QuestionState(enum.StrEnum):
    """How far a question is; portal/care/question_states.py says which step leads where."""

    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"


class AskedVia(enum.StrEnum):
    """How a question came: by the client on his own page, or told to somebody of the staff."""

    PORTAL = "portal"
    PHONE = "phone"


class FeeAsker(enum.StrEnum):
    """Who asks that a client's fees be lowered."""

    CLIENT = "client"
    BROKER = "broker"


class FeeDecision(enum.StrEnum):
    """What the firm decided about a request for lower fees."""

    LOWERED = "lowered"
    PARTLY = "partly"
    KEPT = "kept"


class ClientQuestion(Base):
    """A question about an account. `owner_id` is who of the staff owes the answer (none: the branch has to name somebody).

    `due_at` is reckoned from `runs_from` (when it was asked or reopened last) by the response time that counts; it runs only while open.
    `words` are the client's own; what was said afterwards stands in the entries. A request for lower fees (`fees`) says who asks, and in his words what
    he wants (`fee_wanted`, where he said it); with the answer stands what was decided (`fee_decision`).
    """

    __tablename__ = "client_question"
    __table_args__ = (
        Index("ix_client_question_owner", "owner_id", "state", "due_at"),
        Index("ix_client_question_state", "state", "due_at"),
        Index("ix_client_question_subject", "subject", "asked_at"),
        one_of("subject", QuestionSubject),
        one_of("state", QuestionState),
        one_of("via", AskedVia),
        one_of("fee_asker", FeeAsker),
        one_of("fee_decision", FeeDecision),
        CheckConstraint("state <> 'answered' OR answered_at IS NOT NULL", name="answered"),
        CheckConstraint("(subject = 'fees') = (fee_asker IS NOT NULL)", name="fee_asker_of_fees"),
        CheckConstraint("fee_decision IS NULL OR subject = 'fees'", name="fee_decision_of_fees"),
    )

    id: Mapped[int] = identifier()
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    subject: Mapped[str] = choice(QuestionSubject)
    via: Mapped[str] = choice(AskedVia)
    words: Mapped[str] = text()
    state: Mapped[str] = choice(QuestionState)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    asked_at: Mapped[datetime] = moment()
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    runs_from: Mapped[datetime] = moment()
    due_at: Mapped[datetime] = moment()
    answered_at: Mapped[datetime | None] = moment(null=True)
    fee_asker: Mapped[str | None] = choice(FeeAsker, null=True)
    fee_wanted: Mapped[str | None] = text(120, null=True)
    fee_decision: Mapped[str | None] = choice(FeeDecision, null=True)

    @property
    def number(self) -> str:
        """How people call it: Q2026-00012."""
        return f"Q{self.asked_at:%Y}-{self.id:05d}"


class QuestionEntry(Base):
    """One thing said or done about a question; append-only. `action` is a step of portal/care/question_states.py or `asked`, `moved`.

    `answer_id` names the approved answer from which an answer was made.
    """

    __tablename__ = "question_entry"

    id: Mapped[int] = identifier()
    question_id: Mapped[int] = mapped_column(ForeignKey("client_question.id"), index=True)
    at: Mapped[datetime] = moment()
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    actor_label: Mapped[str] = text(200)
    by_client: Mapped[bool] = mapped_column()
    action: Mapped[str] = text(20)
    text: Mapped[str] = text()
    answer_id: Mapped[int | None] = mapped_column(ForeignKey("reusable_answer.id"), index=True)


class AnswerState(enum.StrEnum):
    """Whether an answer may be used: only an approved one is put in."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"
    RETIRED = "retired"


class ReusableAnswer(Base):
    """An answer in both languages that is used again once a second person approved it. Its words stay as they were approved:
    a better one is proposed anew and the old one retired."""

    __tablename__ = "reusable_answer"
    __table_args__ = (Index("ix_reusable_answer_subject", "subject", "state"), one_of("subject", QuestionSubject), one_of("state", AnswerState))

    id: Mapped[int] = identifier()
    subject: Mapped[str] = choice(QuestionSubject)
    title_zh: Mapped[str] = text(200)
    title_en: Mapped[str] = text(200)
    text_zh: Mapped[str] = text()
    text_en: Mapped[str] = text()
    state: Mapped[str] = choice(AnswerState)
    from_question_id: Mapped[int | None] = mapped_column(ForeignKey("client_question.id"))
    prepared_at: Mapped[datetime] = moment()
    prepared_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    prepared_label: Mapped[str] = text(200)
    approval_id: Mapped[int | None] = mapped_column(ForeignKey("approval.id"))
    decided_at: Mapped[datetime | None] = moment(null=True)
    decided_label: Mapped[str] = text(200)
