"""What speaks for a departure before anybody announces it: signals of a day, who looked at them, what was explained, and the person's hearing."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import JsonText, choice, day, identifier, moment, one_of, text

ONE_PERSON = "(staff_id IS NULL) <> (broker_id IS NULL)"


class SignalKind(enum.StrEnum):
    """What a signal says; portal/departures/signal_rules.py says when."""

    AGREEMENT_ENDS = "agreement_ends"
    LICENCE_ENDS = "licence_ends"
    NO_SIGN_IN = "no_sign_in"
    NO_LEAD = "no_lead"
    NO_CONTACT = "no_contact"
    WITHDRAWALS = "withdrawals"
    SILENT_CLIENTS = "silent_clients"
    FEE_REQUESTS = "fee_requests"
    LOOK_UPS = "look_ups"
    EXPORTS = "exports"


class SignalRun(Base):
    """One look at everybody as of a day, by one version of the rules; append-only. `persons` is how many were looked at."""

    __tablename__ = "signal_run"
    __table_args__ = (Index("ix_signal_run_day", "on_day", "id"),)

    id: Mapped[int] = identifier()
    on_day: Mapped[date] = day()
    rule_version: Mapped[str] = text(20)
    made_at: Mapped[datetime] = moment()
    persons: Mapped[int] = mapped_column()


class DepartureSignal(Base):
    """A signal about one person in a run; append-only. `first_on` is the day of the first of the unbroken runs that raised it, the run's own day
    is when it was seen last. `evidence` is what the rule read: figures, days, and the person's own habit; amounts are fen."""

    __tablename__ = "departure_signal"
    __table_args__ = (
        Index("ix_departure_signal_run", "run_id"),
        Index("ix_departure_signal_staff", "staff_id"),
        Index("ix_departure_signal_broker", "broker_id"),
        one_of("kind", SignalKind),
        CheckConstraint(ONE_PERSON, name="one_person"),
    )

    id: Mapped[int] = identifier()
    run_id: Mapped[int] = mapped_column(ForeignKey("signal_run.id"))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    broker_id: Mapped[int | None] = mapped_column(ForeignKey("broker.id"))
    kind: Mapped[str] = choice(SignalKind)
    first_on: Mapped[date] = day()
    evidence: Mapped[Any] = mapped_column(JsonText)


class SignalRest(Base):
    """Somebody's word that a signal is explained and no sign: it rests through `until_on`. Append-only; `departure_id` where an upheld appeal says so."""

    __tablename__ = "signal_rest"
    __table_args__ = (one_of("kind", SignalKind), CheckConstraint(ONE_PERSON, name="one_person"))

    id: Mapped[int] = identifier()
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)
    broker_id: Mapped[int | None] = mapped_column(ForeignKey("broker.id"), index=True)
    kind: Mapped[str] = choice(SignalKind)
    until_on: Mapped[date] = day()
    reason: Mapped[str] = text(400)
    departure_id: Mapped[int | None] = mapped_column(ForeignKey("departure.id"))
    at: Mapped[datetime] = moment()
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    actor_label: Mapped[str] = text(200)


class SignalLook(Base):
    """Somebody opened the evidence about one person; append-only. The audit log names only the number of the look, so that nobody reads there
    that his own evidence was opened."""

    __tablename__ = "signal_look"
    __table_args__ = (CheckConstraint(ONE_PERSON, name="one_person"),)

    id: Mapped[int] = identifier()
    at: Mapped[datetime] = moment(index=True)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    actor_label: Mapped[str] = text(200)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    broker_id: Mapped[int | None] = mapped_column(ForeignKey("broker.id"))
    run_id: Mapped[int | None] = mapped_column(ForeignKey("signal_run.id"))


class HearingAction(enum.StrEnum):
    """What happened between the firm and the person of whom a suspicion speaks."""

    TOLD = "told"
    ANSWERED = "answered"
    HEARD = "heard"
    UPHELD = "upheld"
    REJECTED = "rejected"


class HearingEntry(Base):
    """One step of a hearing; append-only. `words` of `told` are the evidence in neutral words, as the person sees them. `heard` is an answer that was
    given by word of mouth: `heard_on` the day, `heard_by` who listened."""

    __tablename__ = "hearing_entry"
    __table_args__ = (one_of("action", HearingAction), CheckConstraint("(action = 'heard') = (heard_on IS NOT NULL)", name="heard_on_a_day"))

    id: Mapped[int] = identifier()
    departure_id: Mapped[int] = mapped_column(ForeignKey("departure.id"), index=True)
    at: Mapped[datetime] = moment()
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    actor_label: Mapped[str] = text(200)
    action: Mapped[str] = choice(HearingAction)
    words: Mapped[str] = text()
    heard_on: Mapped[date | None] = day(null=True)
    heard_by: Mapped[str] = text(120)
