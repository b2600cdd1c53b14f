"""Visitors of the club's events: somebody without an account who proved his mail address and takes seats by himself."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import identifier, moment, text


class ClubVisitor(Base):
    """A visitor. `user_id`: the row under which his seats stand; it holds no role and no password. `mailbox`: digest of his mailbox, so that spellings of one
    address are one person. `lead_id`: the lead that he is, where he allowed to be contacted or was known. Consent: version and digest of the words he read."""

    __tablename__ = "club_visitor"

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(32, unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), unique=True)
    mailbox: Mapped[str] = text(64, unique=True)
    lead_id: Mapped[int | None] = mapped_column(ForeignKey("lead.id"), index=True)
    phone_sealed: Mapped[str | None] = text(400, null=True)
    consent_version: Mapped[int] = mapped_column()
    consent_digest: Mapped[str] = text(64)
    consented_at: Mapped[datetime] = moment()
    created_at: Mapped[datetime] = moment()
    seen_at: Mapped[datetime] = moment(index=True)
    forgotten_at: Mapped[datetime | None] = moment(null=True)


class ClubVisitorLink(Base):
    """A link that was mailed to an address; digests alone are kept. It works once, until `expires_at`. `asked_sealed`: what was typed, until the link is used
    or over; empty where a known visitor asked for a new link."""

    __tablename__ = "club_visitor_link"

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(32, unique=True)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("club_event.id"))
    mailbox: Mapped[str] = text(64, index=True)
    token_digest: Mapped[str] = text(64, unique=True)
    asked_sealed: Mapped[str | None] = text(4000, null=True)
    created_at: Mapped[datetime] = moment()
    expires_at: Mapped[datetime] = moment(index=True)
    used_at: Mapped[datetime | None] = moment(null=True)
