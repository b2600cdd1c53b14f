"""The two times of the desk, read from an address with suspicion: a trade date, and a step of the firm's knowledge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any, NamedTuple

from flask_babel import gettext as _
from sqlalchemy import func, literal, select

from models import db
from models.attribution import Attribution
from models.audit import KnowledgeClock, Recording
from models.settlement import SettlementDay
from models.values.calendar import NotADate, parse_day
from portal.audit.recordings import known_at
from portal.local_day import zone
from portal.web.list_declared import Asked, ListPage
from portal.web.once import once
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
    """What an address asks; what cannot be read is left out and said. `known_on` (the end of a calendar day) wins over `known`.

    A page asks several times; it is answered once, so that all of the page speaks of one knowledge.
    """
    asked = tuple(args.get(name, "") for name in ("on", "known", "known_on"))
    return once(("attribution", asked), partial(_read_when, args))


def _read_when(args: Mapping[str, str]) -> When:
    notices: list[str] = []
    last_day = select(func.max(SettlementDay.trade_date)).scalar_subquery()
    number = args.get("known", "")
    step_of = literal(int(number)) if _is_number(number) else KnowledgeClock.last_recording_id
    step: Recording | None
    latest, newest, step = db.session.execute(select(last_day, KnowledgeClock.last_recording_id, Recording).outerjoin(Recording, Recording.id == step_of)).one()
    day = read_day(args.get("on", ""), notices) or latest
    known = read_known(args, "known", newest, newest, notices)
    if step is None or step.id != known:
        step = db.session.get(Recording, known)
    return When(day, known, step, newest, tuple(notices))


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
    if not _is_number(text) or int(text) > newest:
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


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 16


def _short(text: str) -> str:
    return "".join(letter if letter.isprintable() else "·" for letter in text)[:40]


def settled() -> list[date]:
    """Every settled day: the steps of the first slider."""
    return list(db.session.execute(select(SettlementDay.trade_date).distinct().order_by(SettlementDay.trade_date)).scalars())


class Stop(NamedTuple):
    """A recording that the second slider stops at, and whether it changed an attribution."""

    number: int
    moment: datetime
    kind: str
    changed: bool


def steps(newest: int) -> list[Stop]:
    """The recordings that the second slider stops at, the oldest first."""
    row = Recording
    changed = row.id.in_(select(Attribution.recording_id))
    query = select(row.id, row.recorded_at, row.kind, changed).order_by(row.id)
    if newest > MOST_STEPS:
        query = query.where(changed | row.id.in_(select(func.max(row.id)).group_by(func.date(row.recorded_at))))
    return [Stop(number, moment, kind, bool(did)) for number, moment, kind, did in db.session.execute(query)]


def changes_around(known: int, stops: Sequence[Stop]) -> tuple[int | None, int | None]:
    """The recordings before and after one that changed an attribution."""
    changed = [stop.number for stop in stops if stop.changed]
    return max((number for number in changed if number < known), default=None), min((number for number in changed if number > known), default=None)
