"""What clients consented to: one row for each time that a consent was given or withdrawn."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import choice, identifier, moment, one_of, text


class ConsentPurpose(enum.StrEnum):
    """What a client may allow, each for itself."""

    MARKETING = "marketing"
    PROFILING = "profiling"
    INTRODUCER = "introducer"
    CLUB = "club"


class Consent(Base):
    """A consent given or withdrawn by a client, with the version and digest of the text that he read. Never edited."""

    __tablename__ = "consent"
    __table_args__ = (Index("ix_consent_client", "client_no", "purpose", "id"), one_of("purpose", ConsentPurpose))

    id: Mapped[int] = identifier()
    client_no: Mapped[str] = text(64)
    purpose: Mapped[str] = choice(ConsentPurpose)
    given: Mapped[bool] = mapped_column()
    text_version: Mapped[int] = mapped_column()
    text_digest: Mapped[str] = text(64)
    locale: Mapped[str] = text(16)
    at: Mapped[datetime] = moment()
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
