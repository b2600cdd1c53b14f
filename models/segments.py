"""Client segments: named sets of conditions on clients. Who is in one is found when it is asked, never stored."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import JsonText, choice, identifier, moment, one_of, text


class Shared(enum.StrEnum):
    """Who may use a segment besides its maker."""

    NOBODY = "nobody"
    BRANCH = "branch"
    FIRM = "firm"


class ClientSegment(Base):
    """A segment with its name and conditions (portal/clients/segments.py reads them). `branch_no`: the maker's branch, where shared with it."""

    __tablename__ = "client_segment"
    __table_args__ = (Index("ix_client_segment_made_by", "made_by_id"), one_of("shared", Shared))

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(32, unique=True)
    name: Mapped[str] = text(60)
    conditions: Mapped[Any] = mapped_column(JsonText)
    shared: Mapped[str] = choice(Shared)
    branch_no: Mapped[str] = text(64)
    made_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    made_label: Mapped[str] = text(200)
    made_at: Mapped[datetime] = moment()
    changed_at: Mapped[datetime] = moment()
