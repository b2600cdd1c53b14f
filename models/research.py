"""Research and courses (以研究带开发): what is published to whom, who subscribed to what, and what was opened, as far as readers let that be kept."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import JsonText, choice, day, identifier, moment, one_of, payload, text
from models.service_plans import Interest


class ResearchKind(enum.StrEnum):
    """What is published: a report (研究报告), or a course (课程) of lessons with questions."""

    REPORT = "report"
    COURSE = "course"


class ResearchState(enum.StrEnum):
    """How far a report or course is. A published one stays so while a newer version waits."""

    DRAFT = "draft"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class Audience(enum.StrEnum):
    """For whom it is: everybody, members of a tier and the tiers above it, or the clients of a segment. The grade counts always."""

    EVERYBODY = "everybody"
    TIER = "tier"
    SEGMENT = "segment"


class ResearchItem(Base):
    """A report or course. What it says stands in its versions; `published_version` is the one that is read, `approval_id` the release that
    waits for a second person. `opens_unnamed` and `finished_unnamed` count readers who are not recorded, and those that were forgotten."""

    __tablename__ = "research_item"
    __table_args__ = (
        Index("ix_research_item_state", "state", "kind"),
        one_of("kind", ResearchKind),
        one_of("state", ResearchState),
        CheckConstraint("state <> 'published' OR published_version IS NOT NULL", name="published"),
        CheckConstraint("opens_unnamed >= 0 AND finished_unnamed >= 0", name="counts"),
    )

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(32, unique=True)
    kind: Mapped[str] = choice(ResearchKind)
    state: Mapped[str] = choice(ResearchState)
    made_at: Mapped[datetime] = moment()
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    made_label: Mapped[str] = text(200)
    published_version: Mapped[int | None] = mapped_column()
    published_at: Mapped[datetime | None] = moment(null=True)
    released_label: Mapped[str] = text(200)
    approval_id: Mapped[int | None] = mapped_column(ForeignKey("approval.id"))
    withdrawn_at: Mapped[datetime | None] = moment(null=True)
    withdrawn_why: Mapped[str] = text(400)
    opens_unnamed: Mapped[int] = mapped_column(default=0)
    finished_unnamed: Mapped[int] = mapped_column(default=0)


class ResearchVersion(Base):
    """What a report or course says from its `number`th version on; append-only.

    `chain` is the product chain (产业链), `products` the codes that it speaks of, `risk` the class (R1 to R5) of what it is about, `locale` its
    language. `lessons` are those of a course. `audience_ref` is a tier's key or a segment's public id, `conditions` those of the segment when
    the version was written: what was released counts, whatever becomes of the segment. `valid_until` is the last day on which it is read.
    """

    __tablename__ = "research_version"
    __table_args__ = (
        UniqueConstraint("item_id", "number"),
        one_of("chain", Interest),
        one_of("audience", Audience),
        CheckConstraint("risk IN ('R1', 'R2', 'R3', 'R4', 'R5')", name="risk_known"),
        CheckConstraint("locale IN ('zh', 'en')", name="locale_known"),
        CheckConstraint("length(licence_no) > 0 AND length(risk_line) > 0", name="signed"),
    )

    id: Mapped[int] = identifier()
    item_id: Mapped[int] = mapped_column(ForeignKey("research_item.id"))
    number: Mapped[int] = mapped_column()
    title: Mapped[str] = text(120)
    summary: Mapped[str] = text(300)
    chain: Mapped[str] = choice(Interest)
    products: Mapped[Any] = mapped_column(JsonText)
    risk: Mapped[str] = text(4)
    locale: Mapped[str] = text(4)
    body: Mapped[str] = text()
    lessons: Mapped[Any] = mapped_column(JsonText)
    author: Mapped[str] = text(60)
    licence_no: Mapped[str] = text(40)
    risk_line: Mapped[str] = text(400)
    valid_until: Mapped[date] = day()
    audience: Mapped[str] = choice(Audience)
    audience_ref: Mapped[str] = text(40)
    conditions: Mapped[Any] = mapped_column(JsonText)
    recorded_at: Mapped[datetime] = moment()
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    actor_label: Mapped[str] = text(200)


class ResearchPdf(Base):
    """The PDF of a version, as it was handed in; append-only. `digest` is the SHA-256 of its bytes."""

    __tablename__ = "research_pdf"

    version_id: Mapped[int] = mapped_column(ForeignKey("research_version.id"), primary_key=True, autoincrement=False)
    name: Mapped[str] = text(120)
    digest: Mapped[str] = text(64)
    size: Mapped[int] = mapped_column()
    payload: Mapped[bytes] = payload()


class ResearchSubscription(Base):
    """A person (client:… or user:…) wants to be told of what is published about a product chain."""

    __tablename__ = "research_subscription"
    __table_args__ = (one_of("chain", Interest), Index("ix_research_subscription_chain", "chain", "person"))

    person: Mapped[str] = mapped_column(text(80).column.type, primary_key=True)
    chain: Mapped[str] = mapped_column(choice(Interest).column.type, primary_key=True)
    since: Mapped[datetime] = moment()


class ResearchChoice(Base):
    """What a person said: `wanted`, whether research is put before him at all; `recorded`, whether what he opens is kept under his name.
    Without a row: both."""

    __tablename__ = "research_choice"

    person: Mapped[str] = mapped_column(text(80).column.type, primary_key=True)
    wanted: Mapped[bool] = mapped_column(default=True)
    recorded: Mapped[bool] = mapped_column(default=True)
    changed_at: Mapped[datetime] = moment()


class ResearchOpen(Base):
    """A person opened a report or course: first, last, how often, and when he came to its end (of a course: passed it)."""

    __tablename__ = "research_open"
    __table_args__ = (
        UniqueConstraint("item_id", "person"),
        Index("ix_research_open_person", "person"),
        Index("ix_research_open_client", "client_no"),
        Index("ix_research_open_last", "last_at"),
        CheckConstraint("times > 0 AND last_at >= first_at", name="order"),
    )

    id: Mapped[int] = identifier()
    item_id: Mapped[int] = mapped_column(ForeignKey("research_item.id"))
    person: Mapped[str] = text(80)
    client_no: Mapped[str] = text(64)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    first_at: Mapped[datetime] = moment()
    last_at: Mapped[datetime] = moment()
    times: Mapped[int] = mapped_column()
    finished_at: Mapped[datetime | None] = moment(null=True)


class LessonPassed(Base):
    """A person answered the questions of a lesson well enough, at a version; once a person and lesson. His own record of the course: it is
    kept also where opens are not."""

    __tablename__ = "research_lesson"
    __table_args__ = (CheckConstraint("right_answers >= 0 AND lesson > 0", name="counts"),)

    item_id: Mapped[int] = mapped_column(ForeignKey("research_item.id"), primary_key=True, autoincrement=False)
    person: Mapped[str] = mapped_column(text(80).column.type, primary_key=True)
    lesson: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column()
    right_answers: Mapped[int] = mapped_column()
    passed_at: Mapped[datetime] = moment()
