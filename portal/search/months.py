"""Months in what was typed: 2026-03, 202603, 2026年3月, 2026/3."""

from __future__ import annotations

import re

from sqlalchemy import select

from models import db
from models.commission import CommissionRun

MONTH = re.compile(r"(?<!\d)(20\d\d)(?:[-/.年]?(0?[1-9]|1[0-2]))(?:月)?(?!\d)")


def month_in(text: str) -> str:
    """The first month that a text names, as 2026-03; empty where it names none.

    >>> month_in("B001 2026年3月"), month_in("202603"), month_in("80202603")
    ('2026-03', '2026-03', '')
    """
    found = MONTH.search(text)
    return f"{found[1]}-{int(found[2]):02d}" if found else ""


def without_month(text: str) -> str:
    """The text without the month that it names.

    >>> without_month("B001 2026-03")
    'B001 '
    """
    return MONTH.sub("", text, count=1)


def known_months(text: str) -> list[str]:
    """The computed months that a text names: one, or all of a year. Newest first."""
    month, year = month_in(text), text.strip().removesuffix("年")
    if without_month(text).strip() if month else not re.fullmatch(r"20\d\d", year):
        return []
    wanted = CommissionRun.period == month if month else CommissionRun.period.startswith(year + "-")
    return sorted(set(db.session.execute(select(CommissionRun.period).where(wanted)).scalars()), reverse=True)
