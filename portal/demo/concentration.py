"""Limits on concentration of the demonstration firm, and its reports to the association: all but the last that is due went out."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from models.concentration import LimitName
from portal.demo.signed_in import acting
from portal.departures import association, limits
from portal.departures import association_sent as sent

LIMITS = ((LimitName.BROKER_TOP_1, 1_500), (LimitName.BROKER_TOP_5, 4_000), (LimitName.SINGLE_CONTACT, 3_000), (LimitName.BROKER_INDEX, 1_800))
ADMIN, COMPLIANCE = "admin@example.com", "compliance@example.com"


def add_limits(today: date, moment: datetime) -> int:
    """Set the limits, inside the open transaction. Returns how many."""
    held = limits.limits_on(today)
    fresh = [(name, value) for name, value in LIMITS if name not in held]
    for name, value in fresh:
        limits.put(name.value, value, today, "风险管理委员会决议", actor=acting(ADMIN), moment=moment, today=today)
    return len(fresh)


def add_sendings(today: date, moment: datetime) -> int:
    """Record every report whose day is past as sent a few days before it was due, but for the last. Returns how many."""
    waiting = [one for one in sent.standings() if one.first is None and one.state(today) == "overdue"]
    for one in sorted(waiting[1:], key=lambda one: one.due_on):
        found = association.report(one.month)
        if found is not None:
            digest, number = sent.digest_of(sent.file_of(found)), f"ZQX-{one.month}-01"
            sent.record(one.month, digest, one.due_on - timedelta(days=3), "协会信息报送系统", number, "", actor=acting(COMPLIANCE), moment=moment, today=today)
    return max(len(waiting) - 1, 0)
