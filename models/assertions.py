"""Bitemporal rows: what the firm believed, from when on.

An assertion is never edited. To correct one, a later row with the same key is written; to take one back, a later row
with `withdrawn`. The row that counts at a recording N is the newest one (greatest id) of its key with recording_id <= N.
"""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from models.columns import day, identifier


class Asserted:
    """Mixin of a row that the firm believed from its recording on. `KEY` names the columns that say what it is about."""

    KEY: ClassVar[tuple[str, ...]]
    RULED: ClassVar[bool] = False
    """Whether law and contract are asked before such a row is written (portal/versions.py refuses one for which nobody was)."""

    id: Mapped[int] = identifier()
    withdrawn: Mapped[bool] = mapped_column(default=False)

    @declared_attr
    def recording_id(cls) -> Mapped[int]:
        """The step of knowledge that wrote this row."""
        return mapped_column(ForeignKey("recording.id"), index=True)


class Dated(Asserted):
    """Mixin of an assertion about the trade dates from `valid_from` inclusive to `valid_to` exclusive."""

    valid_from: Mapped[date] = day()
    valid_to: Mapped[date] = day()


def span_check() -> CheckConstraint:
    """The CHECK that a span is not empty."""
    return CheckConstraint("valid_from < valid_to", name="span")
