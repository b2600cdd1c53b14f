"""Risk: the models that score clients, and every score with the version that made it. A score is never a verdict on a person."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import JsonText, amount, choice, day, identifier, moment, one_of, text


class RiskMethod(enum.StrEnum):
    """Stated priors until the firm has seen enough, then fitted on what it has seen."""

    PRIORS = "priors"
    FITTED = "fitted"


class ChurnCause(enum.StrEnum):
    """Why a client leaves: inevitable (abandoned, poached, forced), incidental (on his own, lost money, drawn away), or taken along."""

    ABANDONED = "abandoned"
    POACHED = "poached"
    FORCED = "forced"
    OWN_WILL = "own_will"
    LOST_MONEY = "lost_money"
    DRAWN_AWAY = "drawn_away"
    TAKEN_BY_STAFF = "taken_by_staff"
    TAKEN_BY_BROKER = "taken_by_broker"


class RiskModel(Base):
    """A version of the model. `weights` and `grades` (what a backtest measured) are JSON; `seen` counts the losses and departures it learned from."""

    __tablename__ = "risk_model"
    __table_args__ = (one_of("method", RiskMethod),)

    id: Mapped[int] = identifier()
    version: Mapped[str] = text(40, unique=True)
    method: Mapped[str] = choice(RiskMethod)
    made_at: Mapped[datetime] = moment()
    learned_to: Mapped[date | None] = day(null=True)
    seen: Mapped[int] = mapped_column()
    weights: Mapped[Any] = mapped_column(JsonText)
    grades: Mapped[Any] = mapped_column(JsonText, nullable=True)


class RiskRun(Base):
    """One scoring of all clients as of a day, by one model. `sums` (JSON) is what it adds up to, so that no reader adds it up again; empty of
    scorings before it was kept."""

    __tablename__ = "risk_run"
    __table_args__ = (Index("ix_risk_run_day", "on_day", "id"),)

    id: Mapped[int] = identifier()
    on_day: Mapped[date] = day()
    model_id: Mapped[int] = mapped_column(ForeignKey("risk_model.id"))
    made_at: Mapped[datetime] = moment()
    accounts: Mapped[int] = mapped_column()
    sums: Mapped[Any] = mapped_column(JsonText, nullable=True, deferred=True)


class RiskScore(Base):
    """An account's score in a run. Derived and many, so its rows bear no foreign keys, as balances and trades do not.

    `probability` (of leaving within 90 days) and `follow` (of going along if the introducer or servicer leaves) are parts per million;
    `expected_loss` is fen of equity; `drivers` is a list of [feature, log-odds in thousandths, value], largest first (the last, `rest`, is what
    all others come to). `equity` is that of the day (fen), `contacted` the probability if he were reached this month; empty where nobody asked.
    """

    __tablename__ = "risk_score"
    __table_args__ = (
        Index("ix_risk_score_account", "account_id", "run_id"),
        Index("ix_risk_score_loss", "run_id", "expected_loss", "account_id", "probability", "equity", "contacted", "cause"),
        one_of("cause", ChurnCause),
        CheckConstraint("probability BETWEEN 0 AND 1000000 AND follow BETWEEN 0 AND 1000000", name="probabilities"),
        {"sqlite_with_rowid": False},
    )

    run_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    probability: Mapped[int] = mapped_column(Integer)
    follow: Mapped[int] = mapped_column(Integer)
    expected_loss: Mapped[int] = amount()
    cause: Mapped[str] = choice(ChurnCause)
    drivers: Mapped[Any] = mapped_column(JsonText)
    equity: Mapped[int | None] = amount(null=True)
    contacted: Mapped[int | None] = mapped_column(Integer)


class RiskBacktest(Base):
    """Scores of past month ends held against what happened, as it was known at `made_at`. `result` is JSON (portal/risk/backtest.py says what stands in it)."""

    __tablename__ = "risk_backtest"

    id: Mapped[int] = identifier()
    from_day: Mapped[date] = day()
    to_day: Mapped[date] = day()
    until_day: Mapped[date] = day()
    made_at: Mapped[datetime] = moment()
    result: Mapped[Any] = mapped_column(JsonText)


class CauseCorrection(Base):
    """A person's word on why a client leaves, in place of what was proposed; append-only, the newest of an account counts."""

    __tablename__ = "cause_correction"
    __table_args__ = (Index("ix_cause_correction_account", "account_id", "id"), one_of("cause", ChurnCause), one_of("proposed", ChurnCause))

    id: Mapped[int] = identifier()
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    run_id: Mapped[int] = mapped_column(ForeignKey("risk_run.id"))
    proposed: Mapped[str] = choice(ChurnCause)
    cause: Mapped[str] = choice(ChurnCause)
    note: Mapped[str] = text(400)
    at: Mapped[datetime] = moment()
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
