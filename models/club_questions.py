"""What an event asks of who signs up: the questions in their order, and what each seat answered."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import JsonText, choice, identifier, moment, one_of, text


class AskedAs(enum.StrEnum):
    """How a question is answered: in a few words, by one of several choices, or by a tick."""

    WORDS = "words"
    CHOICE = "choice"
    TICK = "tick"


class ClubQuestion(Base):
    """A question of an event. `required`: nobody signs up without an answer (a tick: without ticking it). `private`: who brings a guest does not read that guest's
    answer; he is asked on his own page. `at_door`: the door reads the answer. `choices`: [中文, English] each. One that was taken away keeps its answers (`gone_at`)."""

    __tablename__ = "club_question"
    __table_args__ = (Index("ix_club_question_event", "event_id", "position"), one_of("kind", AskedAs), CheckConstraint("position > 0", name="position"))

    id: Mapped[int] = identifier()
    event_id: Mapped[int] = mapped_column(ForeignKey("club_event.id"))
    position: Mapped[int] = mapped_column()
    kind: Mapped[str] = choice(AskedAs)
    words: Mapped[str] = text(200)
    words_en: Mapped[str] = text(200)
    choices: Mapped[Any] = mapped_column(JsonText)
    required: Mapped[bool] = mapped_column()
    private: Mapped[bool] = mapped_column()
    at_door: Mapped[bool] = mapped_column()
    gone_at: Mapped[datetime | None] = moment(null=True)


class ClubQuestionRule(Base):
    """Until when answers to an event's questions can be changed: so many hours before it begins. Without a row: until it begins."""

    __tablename__ = "club_question_rule"
    __table_args__ = (CheckConstraint("hours_before >= 0", name="hours"),)

    id: Mapped[int] = identifier()
    event_id: Mapped[int] = mapped_column(ForeignKey("club_event.id"), unique=True)
    hours_before: Mapped[int] = mapped_column()


class ClubSaid(Base):
    """What a seat answered to a question. `asked`: the question in the words that were shown then, whatever it says now; `said`: the answer, of a tick "yes";
    `by_guest`: the guest said it on his own page. Emptied when the evening is long over, so that it stays known how many answered."""

    __tablename__ = "club_said"
    __table_args__ = (UniqueConstraint("seat_id", "question_id"), Index("ix_club_said_event", "event_id", "question_id"))

    id: Mapped[int] = identifier()
    event_id: Mapped[int] = mapped_column(ForeignKey("club_event.id"))
    seat_id: Mapped[int] = mapped_column(ForeignKey("club_seat.id"))
    question_id: Mapped[int] = mapped_column(ForeignKey("club_question.id"))
    asked: Mapped[str] = text(200)
    said: Mapped[str] = text(200)
    by_guest: Mapped[bool] = mapped_column()
    at: Mapped[datetime] = moment()
