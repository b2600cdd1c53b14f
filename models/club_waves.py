"""Inviting in waves: where clients are too few to hold somebody out, everybody is invited in the end, in an order drawn by lot and stored before the first wave."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import JsonText, amount, day, identifier, moment, text


class ClubWavePlan(Base):
    """A plan as it was drawn, once, before anybody was told. `event_id`: the event from which it was made; `seed` shuffles the client numbers; `gap_days`: days
    from wave to wave, so the length of a period; `settled_on`: the settled day whose equity was looked at."""

    __tablename__ = "club_wave_plan"
    __table_args__ = (Index("ix_club_wave_plan_event", "event_id"), CheckConstraint("gap_days > 0", name="gap"))

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(32, unique=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("club_event.id"))
    criteria: Mapped[Any] = mapped_column(JsonText)
    seed: Mapped[str] = text(64)
    gap_days: Mapped[int] = mapped_column()
    settled_on: Mapped[date | None] = day(null=True)
    drawn_at: Mapped[datetime] = moment()
    drawn_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    drawn_label: Mapped[str] = text(200)


class ClubWave(Base):
    """A wave: from which day on its clients count as invited, and to which evening."""

    __tablename__ = "club_wave"
    __table_args__ = (UniqueConstraint("plan_id", "number"), Index("ix_club_wave_event", "event_id"))

    id: Mapped[int] = identifier()
    plan_id: Mapped[int] = mapped_column(ForeignKey("club_wave_plan.id"))
    number: Mapped[int] = mapped_column()
    on_day: Mapped[date] = day()
    event_id: Mapped[int] = mapped_column(ForeignKey("club_event.id"))


class ClubWaveClient(Base):
    """A client of a plan: his place in the drawn order, and his wave's number. `equity` (fen) is that of the draw."""

    __tablename__ = "club_wave_client"
    __table_args__ = (UniqueConstraint("plan_id", "client_no"), Index("ix_club_wave_client_client", "client_no"))

    id: Mapped[int] = identifier()
    plan_id: Mapped[int] = mapped_column(ForeignKey("club_wave_plan.id"))
    client_no: Mapped[str] = text(64)
    place: Mapped[int] = mapped_column()
    wave: Mapped[int] = mapped_column()
    equity: Mapped[int] = amount()


class ClubWaveSending(Base):
    """That a wave was written to, once. `unreached`: its clients without a sign-in, whom somebody has to call."""

    __tablename__ = "club_wave_sending"

    id: Mapped[int] = identifier()
    wave_id: Mapped[int] = mapped_column(ForeignKey("club_wave.id"), unique=True)
    at: Mapped[datetime] = moment()
    told: Mapped[int] = mapped_column()
    unreached: Mapped[int] = mapped_column()
    actor_label: Mapped[str] = text(200)


class ClubWaveEffect(Base):
    """What a plan's invitations changed, as known on the settled day `until_day`; never edited, the newest counts (portal/risk/staggered.py says what stands in `result`)."""

    __tablename__ = "club_wave_effect"
    __table_args__ = (Index("ix_club_wave_effect_plan", "plan_id", "id"),)

    id: Mapped[int] = identifier()
    plan_id: Mapped[int] = mapped_column(ForeignKey("club_wave_plan.id"))
    until_day: Mapped[date] = day()
    made_at: Mapped[datetime] = moment()
    result: Mapped[Any] = mapped_column(JsonText)
