"""The book of clients, and how the work is spread over the staff."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import polars as pl
from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, case, func, select

from models import db
from models.care import TaskState
from models.clients import Account, AccountVersion
from models.settlement import Balance
from portal import clock, local_day
from portal.care import book, key_clients, people, queries, question_queries, settings
from portal.care.key_clients import KeyRule
from portal.commission.queries import now_known
from portal.local_day import today
from portal.pages import segment_words
from portal.permissions import Can
from portal.web.exports import amount
from portal.web.guard import requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.once import once
from portal.web.paging import Column, Filter, Listing, columns
from portal.web.remembered import remembered

bp = Blueprint("care_book", __name__, url_prefix="/care")
YEAR = timedelta(days=365)
SIZES = {"1": (_l("10 million yuan or more"), 1_000_000_000), "2": (_l("1 million yuan or more"), 100_000_000), "3": (_l("100,000 yuan or more"), 10_000_000)}
AGES = {"new": _l("opened within a year"), "grown": _l("opened within 3 years"), "old": _l("opened earlier")}
SPOKEN = {"30": _l("within 30 days"), "90": _l("within 90 days"), "silent": _l("not within 90 days")}
COLUMNS = columns(
    Column("name", _l("Client"), sort=True),
    Column("equity", _l("Equity"), sort=True, number=True, money=True),
    Column("spoken_at", _l("Last spoken with")),
    Column("next_due", _l("Next step")),
    Column("servicer", _l("Looked after by")),
    Column("coverage", _l("People"), number=True),
)


class Counting(NamedTuple):
    """What care's pages go by today: the last settled day, the settings, the rule of key clients and each branch's cut-off by it."""

    settled: date
    values: dict[str, Any]
    rule: KeyRule
    cuts: dict[int, int]


def counting() -> Counting:
    """What counts now; asked once a request."""
    return once("what care counts by", _counting)


def _counting() -> Counting:
    now, values = now_known(), settings.values_on(today())
    settled, found = now.day or date.min, KeyRule.read(values)
    return Counting(settled, values, found, remembered(("key clients", settled, now.known, found), lambda: key_clients.cut_offs(settled, found)))


def rule() -> tuple[KeyRule, dict[int, int]]:
    """The rule of key clients as it counts today, and each branch's cut-off of the last settled day."""
    return counting().rule, counting().cuts


def _age(text: str) -> ColumnElement[bool]:
    day, opened = today(), AccountVersion.opened_on
    return {"new": opened > day - YEAR, "grown": opened.between(day - 3 * YEAR, day - YEAR), "old": opened < day - 3 * YEAR}[text]


def _spoken(text: str) -> ColumnElement[bool]:
    at = book.spoken_with()
    if text == "silent":
        return at.is_(None) | (at < clock.now() - timedelta(days=90))
    return at >= clock.now() - timedelta(days=int(text))


def _covered(text: str) -> ColumnElement[bool]:
    return book.is_covered(today(), *{"none": (0, 0), "one": (1, 1), "second": (2,)}[text])


LIST = declare(
    ListPage(
        "care_book.index",
        _l("Book of clients"),
        Listing(
            tiebreak=Account.id,
            sorts={"name": AccountVersion.name, "equity": func.coalesce(Balance.equity, 0)},
            default="-equity",
            filters=(
                Filter("q", _l("Name or account"), lambda text: AccountVersion.name.contains(text, autoescape=True) | (Account.account_no == text), personal=True),
                Filter("size", _l("Size"), lambda text: Balance.equity >= SIZES[text][1], choices=tuple((key, label) for key, (label, _least) in SIZES.items())),
                Filter("key", _l("Key clients"), lambda text: key_clients.is_key(*rule()), choices=(("yes", _l("key clients alone")),)),
                Filter("kind", _l("Kind"), lambda text: AccountVersion.kind == text, choices=(("person", _l("Person")), ("institution", _l("Institution")))),
                Filter("age", _l("Age of the account"), _age, choices=tuple(AGES.items())),
                Filter("spoken", _l("Spoken with"), _spoken, choices=tuple(SPOKEN.items())),
                segment_words.FILTER,
                Filter("covered", _l("Looked after"), _covered, choices=(("none", _l("by nobody")), ("one", _l("by one person")), ("second", _l("by two or more")))),
            ),
        ),
        COLUMNS,
        source=lambda asked: book.listed(asked.actor, today(), counting().settled),
        fields=(
            Field("account_no", _l("Account"), lambda row: row[0].account_no),
            Field("name", _l("Client"), lambda row: row[1].name),
            Field("equity", _l("Equity"), lambda row: amount(row.equity)),
            Field("spoken_at", _l("Last spoken with"), lambda row: seen_at(row.spoken_at)),
            Field("next_due", _l("Next step"), lambda row: row.next_due),
            Field("servicer", _l("Looked after by"), lambda row: row.servicer or ""),
            Field("coverage", _l("People"), lambda row: row.coverage),
        ),
        file_name="care-book",
    )
)


def seen_at(at: datetime | None) -> date | None:
    """The day of a contact where the firm is."""
    return at.astimezone(local_day.zone()).date() if at is not None else None


@bp.get("/book")
@requires(Can.CARE_SEE)
def index() -> ResponseReturnValue:
    """The clients, the largest first."""
    found, cuts = rule()
    key = lambda row: row.equity is not None and (row.equity >= found.equity or row.equity >= cuts.get(row[1].branch_id, row.equity + 1))  # noqa: E731
    return show_list(LIST, "care/book.html", rule=found, is_key=key, seen_at=seen_at, settled=counting().settled if counting().settled > date.min else None, today=today())


LOAD_SCHEMA: dict[str, Any] = {
    "staff_no": pl.String,
    "name": pl.String,
    "open": pl.Int64,
    "overdue": pl.Int64,
    "today": pl.Int64,
    "coming": pl.Int64,
    "done": pl.Int64,
    "asked": pl.Int64,
    "asked_late": pl.Int64,
}
LOAD_COLUMNS = columns(
    Column("staff_no", _l("Staff number"), sort=True),
    Column("name", _l("Name"), sort=True),
    *(Column(key, label, sort=True, number=True) for key, label in (("open", _l("To do")), ("overdue", _l("Overdue")), ("today", _l("Today")), ("coming", _l("Coming")))),
    Column("done", _l("Finished in 30 days"), sort=True, number=True),
    Column("asked", _l("Questions to answer"), sort=True, number=True),
    Column("asked_late", _l("Questions overdue"), sort=True, number=True),
)


def _load(asked: Asked) -> pl.DataFrame:
    """Each owner's tasks and questions, counted once in the database."""
    day, rows = today(), queries.tasks(asked.actor, today()).subquery()
    is_open = rows.c.state == TaskState.OPEN
    ways = (is_open, is_open & (rows.c.due_on < day), is_open & (rows.c.due_on == day), is_open & (rows.c.due_on > day), rows.c.finished_at >= clock.now() - timedelta(days=30))
    counts = [func.sum(case((which, 1), else_=0)) for which in ways]
    found = db.session.execute(select(rows.c.staff_no, func.max(rows.c.owner_name), *counts).group_by(rows.c.staff_no)).all()
    owed, names = question_queries.by_owner(asked.actor, day, clock.now()), people.names(day)
    tasks = {number: (name, *counts) for number, name, *counts in found}
    both = [(number, *tasks.get(number, (names.get(number), *[0] * len(ways))), *owed.get(number, (0, 0))) for number in sorted({*tasks, *owed})]
    return pl.DataFrame(both, schema=LOAD_SCHEMA, orient="row")


LOAD = declare(
    ListPage(
        "care_book.load",
        _l("Load of the staff"),
        Listing(
            tiebreak="place",
            sorts={name: name for name in LOAD_SCHEMA},
            default="-overdue",
            filters=(
                Filter("staff", _l("Staff number"), lambda text: pl.col("staff_no") == text),
                Filter("late", _l("Overdue"), lambda text: pl.col("overdue") > 0, choices=(("yes", _l("with overdue tasks")),)),
            ),
        ),
        LOAD_COLUMNS,
        source=_load,
        sums={name: pl.col(name) for name in ("open", "overdue", "today", "coming", "done", "asked", "asked_late")},
        fields=tuple(Field(column.key, column.label, lambda row, key=column.key: row[key]) for column in LOAD_COLUMNS.values()),  # type: ignore[misc]
        file_name="care-load",
    )
)


@bp.get("/load")
@requires(Can.CARE_SEE)
def load() -> ResponseReturnValue:
    """How many tasks each of the staff has."""
    return show_list(LOAD, "care/load.html")
