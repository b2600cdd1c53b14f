"""The two times of the desk, read from an address with suspicion: a trade date, and a step of the firm's knowledge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select

from models import db
from models.attribution import Attribution
from models.audit import KnowledgeClock, Recording
from models.settlement import SettlementDay
from models.values.calendar import NotADate, parse_day
from portal.audit.recordings import known_at
from portal.local_day import zone
from portal.web.list_declared import Asked, ListPage
from portal.web.wanted import Wanted

MOST_STEPS = 1500
"""With more recordings than this, the slider stops at those that changed an attribution and at the last of every day; by number
every one can be reached."""

FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2100, 12, 31)
"""Days that may be asked for: from before the first futures exchange of China, to far enough ahead."""


@dataclass(frozen=True)
class When:
    """On day D, as known at recording K. `day` is None before the first settled day; `step` is None before the first recording."""

    day: date | None
    known: int
    step: Recording | None
    newest: int
    notices: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def asked(self) -> dict[str, Any]:
        """The address's part that repeats this."""
        return {"on": str(self.day) if self.day else None, "known": self.known}


def read_when(args: Mapping[str, str]) -> When:
    """What an address asks; what cannot be read is left out and said. `known_on` (the end of a calendar day) wins over `known`."""
    notices: list[str] = []
    last_day, newest = db.session.execute(select(select(func.max(SettlementDay.trade_date)).scalar_subquery(), KnowledgeClock.last_recording_id)).one()
    day = read_day(args.get("on", ""), notices) or last_day
    known = read_known(args, "known", newest, newest, notices)
    return When(day, known, db.session.get(Recording, known), newest, tuple(notices))


def read_day(text: str, notices: list[str]) -> date | None:
    """A day, or None where none or nothing readable is given."""
    if not text:
        return None
    try:
        day = parse_day(text)
        if FIRST_DAY <= day <= LAST_DAY:
            return day
        raise NotADate
    except NotADate:
        notices.append(_("Left out: “%(given)s” is no day; expected one such as 2026-03-31.", given=_short(text)))
        return None


def read_known(args: Mapping[str, str], name: str, default: int, newest: int, notices: list[str]) -> int:
    """A recording by its number, or by the end of a calendar day under `<name>_on`."""
    by_day = read_day(args.get(f"{name}_on", ""), notices)
    if by_day is not None:
        return known_at(datetime.combine(by_day + timedelta(days=1), time(), zone()).astimezone(UTC) - timedelta(microseconds=1))
    text = args.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 16) or int(text) > newest:
        notices.append(_("Left out: there is no recording “%(given)s”; they run from 0 to %(newest)s.", given=_short(text), newest=newest))
        return default
    return int(text)


class PinnedList(ListPage):
    """A list of the firm on a day as known at a recording: its address says both, also where the reader asked for neither."""

    def read(self, asked: Asked, path: str, also: Sequence[tuple[str, str]] = ()) -> Wanted:
        """What the query asks of the list."""
        args = asked.args.copy()
        for name, value in read_when(asked.args).asked.items():
            args[name] = str(value) if value is not None else ""
        return super().read(replace(asked, args=args), path, also)


def _short(text: str) -> str:
    return "".join(letter if letter.isprintable() else "·" for letter in text)[:40]


def settled() -> list[date]:
    """Every settled day: the steps of the first slider."""
    return list(db.session.execute(select(SettlementDay.trade_date).distinct().order_by(SettlementDay.trade_date)).scalars())


def steps(newest: int) -> list[tuple[int, datetime, str]]:
    """(number, moment, kind) of the recordings that the second slider stops at."""
    row = Recording
    query = select(row.id, row.recorded_at, row.kind).order_by(row.id)
    if newest > MOST_STEPS:
        last_of_days = select(func.max(row.id)).group_by(func.date(row.recorded_at))
        query = query.where(row.id.in_(select(Attribution.recording_id)) | row.id.in_(last_of_days))
    return [(number, moment, kind) for number, moment, kind in db.session.execute(query)]


def changes_around(known: int) -> tuple[int | None, int | None]:
    """The recordings before and after one that changed an attribution."""
    column = Attribution.recording_id
    before, after = select(func.max(column)).where(column < known), select(func.min(column)).where(column > known)
    row = db.session.execute(select(before.scalar_subquery(), after.scalar_subquery())).one()
    return row[0], row[1]
