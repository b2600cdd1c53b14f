"""How far the data reach and what waits for the reader: on top of every page, so it is asked with who the reader is, in one question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import bindparam, func, select

from models.identity import User
from models.settlement import CalendarDay, SettlementDay
from portal.notices import queries as notices

_DAYS, _CALENDAR = SettlementDay.__table__.c, CalendarDay.__table__.c
REACH = (
    select(func.max(_DAYS.trade_date)).scalar_subquery(),
    select(_CALENDAR.day).where(_CALENDAR.trading, _CALENDAR.day < bindparam("today")).order_by(_CALENDAR.day.desc()).limit(1).scalar_subquery(),
    notices.unread_of(User.__table__.c.id),
)
"""Columns for the question of who is signed in, with `today` where the firm is: `reach_of` makes of their values what the layouts show."""


@dataclass(frozen=True)
class DataAsOf:
    """The last settled day; stale where a trading day after it has already passed."""

    day: date
    stale: bool


def reach_of(asked: Sequence[Any]) -> dict[str, Any]:
    """How far settled days reach and how many notices are unread; nothing of both where nobody was asked for."""
    last, expected, unread = asked or (None, None, 0)
    return {"data_as_of": DataAsOf(last, expected is not None and last < expected) if last else None, "unread": unread}
