"""Does an evening help? Who was invited and who was held out by lot, stored before anybody was told; what the evening cost; and what came of it."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import JsonText, amount, choice, day, identifier, moment, one_of, text


class Arm(enum.StrEnum):
    """On which side of the comparison a client of a list stands. Owed: the invitation is his by right, so that he is told and not compared."""

    INVITED = "invited"
    HELD_OUT = "held_out"
    OWED = "owed"


class CostKind(enum.StrEnum):
    """What money of an event was spent on. Subsidy: what the firm pays for its guests (travel, a gift); staff: hours of the firm's own people."""

    VENUE = "venue"
    CATERING = "catering"
    SPEAKER = "speaker"
    SUBSIDY = "subsidy"
    STAFF = "staff"
    OTHER = "other"


class InviteList(Base):
    """A list of clients for an event as it was drawn, once. `criteria`: who was eligible; `percent`: the share held out (0, or 10 to 20), by the order
    into which `seed` shuffles the client numbers; `why_none`: the reason where nobody was held out; `contractual`: the invitation is owed to all of them.
    `settled_on`: the settled day whose equity was looked at; `drawn_on`: the day of the draw where the event takes place."""

    __tablename__ = "club_invite_list"
    __table_args__ = (
        Index("ix_club_invite_list_event", "event_id"),
        CheckConstraint("percent = 0 OR percent BETWEEN 10 AND 20", name="percent"),
        CheckConstraint("percent > 0 OR contractual OR length(why_none) > 1", name="why_none"),
        CheckConstraint("percent = 0 OR NOT contractual", name="contractual"),
    )

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(32, unique=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("club_event.id"))
    criteria: Mapped[Any] = mapped_column(JsonText)
    percent: Mapped[int] = mapped_column()
    why_none: Mapped[str] = text(400)
    contractual: Mapped[bool] = mapped_column()
    seed: Mapped[str] = text(64)
    settled_on: Mapped[date | None] = day(null=True)
    drawn_on: Mapped[date] = day()
    drawn_at: Mapped[datetime] = moment()
    drawn_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    drawn_label: Mapped[str] = text(200)


class Invitee(Base):
    """A client of a list and his side, written before anything is sent, never edited; in one list of an event at most. `place`: in the drawn order;
    `equity` (fen), `tier`, `risk_class` and `chance` (to leave within 90 days, parts per million) are those of the draw; empty where not known."""

    __tablename__ = "club_invitee"
    __table_args__ = (UniqueConstraint("event_id", "client_no"), Index("ix_club_invitee_list", "list_id", "arm"), Index("ix_club_invitee_client", "client_no"), one_of("arm", Arm))

    id: Mapped[int] = identifier()
    list_id: Mapped[int] = mapped_column(ForeignKey("club_invite_list.id"))
    event_id: Mapped[int] = mapped_column(ForeignKey("club_event.id"))
    client_no: Mapped[str] = text(64)
    arm: Mapped[str] = choice(Arm)
    place: Mapped[int] = mapped_column()
    equity: Mapped[int] = amount()
    tier: Mapped[str] = text(40)
    risk_class: Mapped[str] = text(20)
    chance: Mapped[int | None] = mapped_column()


class InviteSending(Base):
    """That the invited of a list were written to, once. `told`: sign-ins that got the notice; `unreached`: invited clients without one, whom somebody has to call.
    `upto_place`: the last place of the drawn order that was written to, where the rest waits in reserve; empty: everybody was."""

    __tablename__ = "club_invite_sending"

    id: Mapped[int] = identifier()
    list_id: Mapped[int] = mapped_column(ForeignKey("club_invite_list.id"), unique=True)
    at: Mapped[datetime] = moment()
    told: Mapped[int] = mapped_column()
    unreached: Mapped[int] = mapped_column()
    actor_label: Mapped[str] = text(200)
    upto_place: Mapped[int | None] = mapped_column()


class InviteTopUp(Base):
    """That the next of a list's drawn order were written to, because seats were free: from after the place before up to `upto_place`. `free`: seats that were free."""

    __tablename__ = "club_invite_top_up"
    __table_args__ = (UniqueConstraint("list_id", "upto_place"), CheckConstraint("free > 0", name="free"))

    id: Mapped[int] = identifier()
    list_id: Mapped[int] = mapped_column(ForeignKey("club_invite_list.id"))
    upto_place: Mapped[int] = mapped_column()
    free: Mapped[int] = mapped_column()
    at: Mapped[datetime] = moment()
    told: Mapped[int] = mapped_column()
    unreached: Mapped[int] = mapped_column()
    actor_label: Mapped[str] = text(200)


class EventCost(Base):
    """What an event cost (fen), a line each; never edited. A line with `undoes_id` takes an earlier one back. `minutes`: of staff, where they were counted."""

    __tablename__ = "club_event_cost"
    __table_args__ = (Index("ix_club_event_cost_event", "event_id", "id"), one_of("kind", CostKind), CheckConstraint("amount > 0 AND minutes >= 0", name="amount"))

    id: Mapped[int] = identifier()
    event_id: Mapped[int] = mapped_column(ForeignKey("club_event.id"))
    kind: Mapped[str] = choice(CostKind)
    amount: Mapped[int] = amount()
    minutes: Mapped[int] = mapped_column()
    note: Mapped[str] = text(200)
    at: Mapped[datetime] = moment()
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    actor_label: Mapped[str] = text(200)
    undoes_id: Mapped[int | None] = mapped_column(ForeignKey("club_event_cost.id"), unique=True)


class EventEffect(Base):
    """What became of the invited and the held-out of an event, as known on the settled day `until_day`; never edited, the newest counts.
    `result` is JSON (portal/risk/invited.py says what stands in it)."""

    __tablename__ = "club_event_effect"
    __table_args__ = (Index("ix_club_event_effect_event", "event_id", "id"),)

    id: Mapped[int] = identifier()
    event_id: Mapped[int] = mapped_column(ForeignKey("club_event.id"))
    until_day: Mapped[date] = day()
    made_at: Mapped[datetime] = moment()
    result: Mapped[Any] = mapped_column(JsonText)
