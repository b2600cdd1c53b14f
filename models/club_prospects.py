"""A prospect's own page of the club: by a link that opens once, and then by the browser that opened it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import identifier, moment, text


class ClubProspectLink(Base):
    """A link to a prospect's page; digests alone are kept. Opened, it holds until `expires_at` for the browser that has its grant; `ended_at`: replaced,
    or left. `consent_edition`: the words to which he agreed when he asked for a tier by it, empty where he did not."""

    __tablename__ = "club_prospect_link"

    id: Mapped[int] = identifier()
    member_id: Mapped[int] = mapped_column(ForeignKey("club_member.id"), index=True)
    token_digest: Mapped[str] = text(64, unique=True)
    grant_digest: Mapped[str | None] = text(64, null=True, unique=True)
    created_at: Mapped[datetime] = moment()
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    expires_at: Mapped[datetime] = moment()
    used_at: Mapped[datetime | None] = moment(null=True)
    ended_at: Mapped[datetime | None] = moment(null=True)
    consent_edition: Mapped[str] = text(40)
    consented_at: Mapped[datetime | None] = moment(null=True)
