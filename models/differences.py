"""Kept answers to the question what two states of knowledge pay differently. No facts: they can be computed again at any time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import JsonText, identifier, moment, payload, text


class DifferenceReport(Base):
    """What the months from `first` to `last` earn by what was known at `after` less what they earn by what was known at `before`.

    Both states of knowledge are fixed for ever, so the answer never goes stale. `payload` holds its rows in columns (Parquet),
    `totals` what every broker earned by either state, in fen.
    """

    __tablename__ = "difference_report"
    __table_args__ = (UniqueConstraint("known_before", "known_after", "first", "last"),)

    id: Mapped[int] = identifier()
    known_before: Mapped[int] = mapped_column(BigInteger)
    known_after: Mapped[int] = mapped_column(BigInteger)
    first: Mapped[str] = text(7)
    last: Mapped[str] = text(7)
    computed_at: Mapped[datetime] = moment()
    rows: Mapped[int] = mapped_column(BigInteger)
    totals: Mapped[Any] = mapped_column(JsonText)
    payload: Mapped[bytes] = payload()
