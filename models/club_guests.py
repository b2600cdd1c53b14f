"""Guests of the club's events: the page that each gets by a link, and what he said to being called."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import identifier, moment, text


class ClubInvitation(Base):
    """The page of one guest, made by who brings him. `token` stands in its address and opens no more than his own ticket.

    `link_id`: the personal link of who brings him for this event, through which the guest may leave his number; none for an event that
    only teaches. `declined_at`: he does not want to be asked.
    """

    __tablename__ = "club_invitation"

    id: Mapped[int] = identifier()
    token: Mapped[str] = text(32, unique=True)
    seat_id: Mapped[int] = mapped_column(ForeignKey("club_seat.id"), unique=True)
    link_id: Mapped[int | None] = mapped_column(ForeignKey("introduction_link.id"))
    created_at: Mapped[datetime] = moment()
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    declined_at: Mapped[datetime | None] = moment(null=True)
