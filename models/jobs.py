"""Work that outlasts a request: the job row is the truth, whatever queue carries it."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import JsonText, choice, identifier, moment, one_of, payload, text


class JobState(enum.StrEnum):
    """What became of a job."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Job(Base):
    """One piece of work, its progress and its outcome."""

    __tablename__ = "job"
    __table_args__ = (one_of("state", JobState),)

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(32, unique=True)
    kind: Mapped[str] = text(60)
    state: Mapped[str] = choice(JobState)
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    asked_at: Mapped[datetime] = moment()
    started_at: Mapped[datetime | None] = moment(null=True)
    heartbeat_at: Mapped[datetime | None] = moment(null=True)
    finished_at: Mapped[datetime | None] = moment(null=True)
    attempts: Mapped[int] = mapped_column(default=0)
    cancel_asked: Mapped[bool] = mapped_column(default=False)
    step: Mapped[str] = text(200)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    arguments: Mapped[Any] = mapped_column(JsonText)
    result: Mapped[Any] = mapped_column(JsonText, nullable=True)


class JobUpload(Base):
    """A file handed to a job; deleted when the job has ended."""

    __tablename__ = "job_upload"

    id: Mapped[int] = identifier()
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"), index=True)
    name: Mapped[str] = text(400)
    payload: Mapped[bytes] = payload()
