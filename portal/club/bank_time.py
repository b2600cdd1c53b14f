"""How long an order waits for its transfer, and how the words on a transfer lead to its order. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from portal.club.codes import CODE

BANKS = ZoneInfo("Asia/Shanghai")
TRADING_DAYS = 3
"""So many trading days after the day of the order its transfer is awaited."""
CLOSE = time(17)
"""When banks close for companies: until then on the last of these days."""
SHORTEST = timedelta(hours=24)
"""Less than that before sign-up ends no transfer is offered: it would come too late."""
REACH = timedelta(days=30)
MARK, LENGTH = "JY", 8
_REFERENCE = re.compile(f"(?={MARK}([{CODE}]{{{LENGTH}}}))")


def awaited_until(ordered_at: datetime, trading: Mapping[date, bool], end: datetime | None = None) -> datetime:
    """Until when (UTC) an order waits for its transfer: bank close on the third trading day after the day of the order, and never past the
    event's own end of sign-up. A day that the calendar does not know counts as a trading day from Monday to Friday.

    >>> awaited_until(datetime(2026, 12, 3, 2, tzinfo=UTC), {})
    datetime.datetime(2026, 12, 8, 9, 0, tzinfo=datetime.timezone.utc)
    >>> awaited_until(datetime(2026, 12, 3, 2, tzinfo=UTC), {date(2026, 12, 7): False})
    datetime.datetime(2026, 12, 9, 9, 0, tzinfo=datetime.timezone.utc)
    """
    day, left = ordered_at.astimezone(BANKS).date(), TRADING_DAYS
    while left:
        day += timedelta(days=1)
        left -= trading.get(day, day.weekday() < 5)
    until = datetime.combine(day, CLOSE, BANKS).astimezone(UTC)
    return until if end is None else min(until, end)


def references(text: str) -> list[str]:
    """What in the words on a transfer may be an order's reference, however it was spaced or glued to other words.

    >>> references("活动费 jy7k3m-9qxa 王"), references("JYJY234567892"), references("会费")
    (['JY7K3M9QXA'], ['JYJY234567', 'JY23456789'], [])
    """
    plain = re.sub(r"[\s\-_.:：]", "", unicodedata.normalize("NFKC", text)).upper()
    return list(dict.fromkeys(MARK + found for found in _REFERENCE.findall(plain)))


def same_name(one: str, other: str) -> bool:
    """Whether two names are the same but for width, blanks and case.

    >>> same_name("王 小明", "王小明"), same_name("（甲）公司", "(甲)公司"), same_name("王小明", "王小红")
    (True, True, False)
    """
    return _bare(one) == _bare(other)


def _bare(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())
