"""Plans being written: drafts, and what months of the past would have come to under one."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import JsonText, choice, identifier, moment, one_of, text


class DraftState(enum.StrEnum):
    """A draft is written, waits for a second person, and is then in force or thrown away."""

    OPEN = "open"
    ASKED = "asked"
    ACTIVATED = "activated"
    DISCARDED = "discarded"


class PlanDraft(Base):
    """A plan being written. `sheet` is the editor's page as filled in, which may still be wrong; `revision` counts its savings,
    so that two people who write at once do not overwrite each other. `based_on` is the code of the plan that it began from."""

    __tablename__ = "plan_draft"
    __table_args__ = (one_of("state", DraftState),)

    id: Mapped[int] = identifier()
    plan_code: Mapped[str] = text(64, index=True)
    sheet: Mapped[Any] = mapped_column(JsonText)
    based_on: Mapped[str] = text(64)
    state: Mapped[str] = choice(DraftState)
    revision: Mapped[int] = mapped_column(default=1)
    begun_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    changed_label: Mapped[str] = text(254)
    changed_at: Mapped[datetime] = moment()
    approval_id: Mapped[int | None] = mapped_column(ForeignKey("approval.id"))


class ShadowRun(Base):
    """What some months would have come to with a plan in place of what was: computed in memory, posted nowhere, kept for ever.

    `digest` is of the plan tried (an entry of plans.json), `brokers` the numbers of those put on it, empty where those on the
    plan of that code are meant. `known_recording_id` says what was known. `result` holds amounts in fen.
    """

    __tablename__ = "shadow_run"

    id: Mapped[int] = identifier()
    job_public_id: Mapped[str] = text(32, unique=True)
    draft_id: Mapped[int | None] = mapped_column(ForeignKey("plan_draft.id"), index=True)
    plan_code: Mapped[str] = text(64)
    digest: Mapped[str] = text(64, index=True)
    plan: Mapped[Any] = mapped_column(JsonText)
    periods: Mapped[Any] = mapped_column(JsonText)
    brokers: Mapped[Any] = mapped_column(JsonText)
    known_recording_id: Mapped[int] = mapped_column(BigInteger)
    computed_at: Mapped[datetime] = moment()
    asked_label: Mapped[str] = text(254)
    result: Mapped[Any] = mapped_column(JsonText)
