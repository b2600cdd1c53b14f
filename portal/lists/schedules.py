"""Orders of lists that come by themselves: placed and ended by their person, due on the trading calendar, stopped where he may not see the list any more.

The mail never holds the data: it says that the file is there, behind an address that nobody guesses, that expires with the file after
seven days, and that opens to its person alone once he has signed in.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import Select, select

from models import db
from models.identity import User, UserState
from models.schedules import ExportSchedule, ExportSending, Outcome, Rhythm
from portal.actors import Actor
from portal.audit import log
from portal.notices.kinds import N_, register
from portal.refusals import Conflict, NotFound, Refusal
from portal.settlement.calendar import trading_days
from portal.web.list_declared import list_at
from portal.web.list_files import FORMS

READY, STOPPED = "export.ready", "export.stopped"
MOST = 20
"""Orders that one person may have at a time."""
AHEAD = timedelta(days=45)
SATURDAY = 5

register(
    READY,
    N_("The list “%(title)s” that you ordered is ready: %(rows)s rows."),
    "lists",
    label=N_("A list that I ordered is ready"),
    tone="good",
    mail=N_("A list that you ordered is ready."),
)
register(STOPPED, N_("The list “%(title)s” does not come any more: %(why)s"), "lists", label=N_("A list that I ordered does not come any more"), words=("why",), tone="warn")


@dataclass(frozen=True)
class Wish:
    """What is ordered: a list's address, form and columns of its file, the language, how often."""

    address: str
    form: str
    columns: tuple[str, ...]
    locale: str
    rhythm: str


def next_day(rhythm: str, after: date) -> date:
    """The first day after `after` on which something in this rhythm is due: by the trading calendar, and by weekdays where it does not reach.

    Weekly is the first trading day of a week, monthly of a month."""
    try:
        days = trading_days(after + timedelta(days=1), after + AHEAD)
    except Refusal:
        days = [day for count in range(1, AHEAD.days + 1) if (day := after + timedelta(days=count)).weekday() < SATURDAY]
    before = after
    for day in days:
        if rhythm == Rhythm.DAILY or _part(rhythm, day) != _part(rhythm, before):
            return day
        before = day
    return after + AHEAD  # a calendar without a trading day: it is looked at again later


def _part(rhythm: str, day: date) -> tuple[int, int]:
    return day.isocalendar()[:2] if rhythm == Rhythm.WEEKLY else (day.year, day.month)


def place(app: Flask, wish: Wish, today: date, *, actor: Actor, moment: datetime) -> ExportSchedule:
    """Order a list for oneself. Raises NotFound, NotAllowed for a list that one may not see; Refusal for a form or rhythm that there is not;
    Conflict where it is ordered already, or too many are."""
    page, _asked, _path = list_at(app, actor, wish.address)
    if wish.form not in FORMS or wish.rhythm not in set(Rhythm):
        raise Refusal("choose how often the list comes, and as CSV, Excel or PDF")
    mine = list(db.session.scalars(of_owner(actor).where(ExportSchedule.ended_at.is_(None))))
    if any((one.address, one.rhythm, one.form) == (wish.address, wish.rhythm, wish.form) for one in mine):
        raise Conflict("this list is ordered already")
    if len(mine) >= MOST:
        raise Conflict("you have %(most)s orders: end one first", most=MOST)
    known = {one.key for one in page.fields}
    columns = [key for key in wish.columns if key in known]
    row = ExportSchedule(public_id=secrets.token_urlsafe(12), owner_id=actor.user_id, endpoint=page.endpoint, address=wish.address, title=str(page.title)[:200], columns=columns)
    row.form, row.locale, row.rhythm, row.next_on, row.since, row.ended_why = wish.form, wish.locale, wish.rhythm, next_day(wish.rhythm, today), moment, ""
    db.session.add(row)
    db.session.flush()
    log.write(actor, moment, "export.ordered", "export_schedule", row.public_id, after={"address": row.address, "rhythm": row.rhythm, "form": row.form})
    return row


def of_owner(actor: Actor) -> Select[ExportSchedule]:
    """A person's own orders."""
    return select(ExportSchedule).where(ExportSchedule.owner_id == actor.user_id)


def end(public_id: str, *, actor: Actor, moment: datetime) -> None:
    """End one of one's own orders. Raises NotFound; Conflict where it ended already."""
    row = db.session.execute(of_owner(actor).where(ExportSchedule.public_id == public_id).with_for_update()).scalar_one_or_none()
    if row is None:
        raise NotFound("there is no such order")
    if row.ended_at is not None:
        raise Conflict("this order ended already")
    stop(row, "", actor=actor, moment=moment)


def stop(row: ExportSchedule, why: str, *, actor: Actor, moment: datetime) -> None:
    """An order ends, by its person (no `why`) or because he may not see the list any more."""
    row.ended_at, row.ended_why = moment, why[:300]
    log.write(actor, moment, "export.order_ended", "export_schedule", row.public_id, reason=why)
    db.session.flush()


def due(today: date) -> Select[ExportSchedule]:
    """The orders that are due."""
    return select(ExportSchedule).where(ExportSchedule.ended_at.is_(None), ExportSchedule.next_on <= today).order_by(ExportSchedule.id)


def is_due(today: date) -> bool:
    """Whether an order is due, or one that was begun was never ended."""
    begun = select(ExportSending.id).where(ExportSending.outcome == Outcome.BEGUN)
    return db.session.execute(due(today).limit(1)).first() is not None or db.session.execute(begun.limit(1)).first() is not None


def begin(today: date, moment: datetime) -> list[int]:
    """Write down, inside the open transaction, that every due order is begun, and when it is due next. Returns the sendings that are to be done,
    those that a worker left undone among them. An order that was due on several days that nobody worked comes once."""
    for row in db.session.scalars(due(today).with_for_update(skip_locked=True)):
        db.session.add(ExportSending(schedule_id=row.id, due_on=row.next_on, begun_at=moment, outcome=Outcome.BEGUN, export_no="", rows=0, why=""))
        row.next_on = next_day(row.rhythm, today)
    db.session.flush()
    return list(db.session.execute(select(ExportSending.id).where(ExportSending.outcome == Outcome.BEGUN).order_by(ExportSending.id)).scalars())


def sending_of(number: int) -> tuple[ExportSending, ExportSchedule, User]:
    """A sending with its order and its person."""
    query = select(ExportSending, ExportSchedule, User).join(ExportSchedule, ExportSchedule.id == ExportSending.schedule_id).join(User, User.id == ExportSchedule.owner_id)
    row = db.session.execute(query.where(ExportSending.id == number)).one()
    return row[0], row[1], row[2]


def settle(number: int, outcome: Outcome, moment: datetime, **said: Any) -> bool:
    """Write down how a sending ended; False where somebody else had done so."""
    row = db.session.execute(select(ExportSending).where(ExportSending.id == number).with_for_update().execution_options(populate_existing=True)).scalar_one()
    if row.outcome != Outcome.BEGUN:
        return False
    row.outcome, row.ended_at = outcome, moment
    for name, value in said.items():
        setattr(row, name, value)
    db.session.flush()
    return True


def may_sign_in(user: User) -> bool:
    """Whether a person may still sign in."""
    return user.state == UserState.ACTIVE


def log_of(actor: Actor) -> Any:
    """Every time that one's orders were due, with the order."""
    return select(ExportSending, ExportSchedule).join(ExportSchedule, ExportSchedule.id == ExportSending.schedule_id).where(ExportSchedule.owner_id == actor.user_id)
