"""By when somebody of the firm must have spoken to a new lead: in trading days, by the calendar."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import func, select

from models import db
from models.settlement import CalendarDay, CalendarYear
from portal.leads.terms import Terms

SATURDAY = 5


def trading_day_after(day: date, count: int, trading: list[date], known_until: date) -> date:
    """The count-th trading day after a day. `trading` are the trading days after it as far as the calendar knows them,
    `known_until` the last day that it knows; beyond that weekdays count.

    >>> trading_day_after(date(2026, 9, 30), 2, [date(2026, 10, 8), date(2026, 10, 9)], date(2026, 12, 31))
    datetime.date(2026, 10, 9)
    """
    days = [one for one in trading if one > day][:count]
    last = max(day, known_until)
    while len(days) < count:
        last += timedelta(days=1)
        if last.weekday() < SATURDAY:
            days.append(last)
    return days[-1]


def contact_due(day: date, terms: Terms) -> date:
    """The last day for the first contact with a lead that came to somebody on `day`."""
    count = terms.first_contact_trading_days
    last_year = db.session.execute(select(func.max(CalendarYear.year))).scalar()
    until = date(last_year, 12, 31) if last_year else day
    ahead = select(CalendarDay.day).where(CalendarDay.day > day, CalendarDay.trading).order_by(CalendarDay.day).limit(count)
    return trading_day_after(day, count, list(db.session.execute(ahead).scalars()), until)
