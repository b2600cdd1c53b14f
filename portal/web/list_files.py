"""A list as a file with its watermark: who took it out, when, which rows of which list, and under which number the log knows it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from portal.actors import Actor
from portal.audit import log
from portal.refusals import Refusal
from portal.web.exports import Cell, csv_lines, write_xlsx
from portal.web.formats import moment_text, number_text
from portal.web.list_declared import Field, ListPage, Source
from portal.web.wanted import Wanted

AT_ONCE = 20_000
"""Rows that are written while the reader waits; more become a job."""
SHEET = 1_000_000
"""Rows that a spreadsheet takes."""
FORMS = ("csv", "xlsx")
Step = Callable[[int], None]


@dataclass(frozen=True)
class Order:
    """What is to be written: a list as asked, in which form, which of its columns; its number stands in file and log."""

    page: ListPage
    source: Source
    wanted: Wanted
    form: str
    fields: tuple[Field, ...]
    number: str

    @property
    def name(self) -> str:
        """The file's name without ending."""
        return self.page.file_name or self.page.endpoint.partition(".")[0].replace("_", "-")


def order(page: ListPage, source: Source, wanted: Wanted, form: str, keys: list[str]) -> Order:
    """What is asked for. Raises Refusal for another form than csv and xlsx."""
    if form not in FORMS:
        raise Refusal("a list can be taken out as CSV or XLSX")
    return Order(page, source, wanted, form, page.chosen(keys), secrets.token_hex(6))


def write(target: Path, what: Order, actor: Actor, moment: datetime, zone: ZoneInfo, step: Step = lambda done: None) -> int:
    """Write the file and return how many rows it has. Raises Refusal where a spreadsheet cannot hold them."""
    count = 0

    def cells() -> Iterator[tuple[Cell, ...]]:
        nonlocal count
        for row in what.page.rows(what.source, what.wanted):
            count += 1
            if count % 1000 == 0:
                step(count)
            if what.form == "xlsx" and count > SHEET:
                raise Refusal("a spreadsheet holds %(most)s rows: narrow the list or take CSV", most=number_text(SHEET))
            yield tuple(one.cell(row) for one in what.fields)

    headings = [one.heading or str(one.label) for one in what.fields]

    def mark() -> list[str]:
        return watermark(what, actor, moment_text(moment, zone, seconds=True), count)

    if what.form == "xlsx":
        write_xlsx(target, str(what.page.title), headings, cells(), mark=mark)
    else:
        with target.open("wb") as file:
            file.writelines(csv_lines(headings, cells(), mark=mark))
    return count


def watermark(what: Order, actor: Actor, when: str, rows: int) -> list[str]:
    """The lines that say where a file comes from."""
    filters = "; ".join(f"{bound.label}{_(': ')}{bound.filter.shown(bound.text)}" for bound in what.wanted.filters if bound.value is not None)
    return [
        _("Taken out by %(who)s on %(when)s", who=actor.label, when=when),
        _("%(title)s, %(rows)s rows; filters: %(filters)s", title=what.page.title, rows=number_text(rows), filters=filters or _("none")),
        _("Number %(number)s in the audit log", number=what.number),
    ]


def record(what: Order, actor: Actor, moment: datetime, rows: int, *, request_id: str = "") -> None:
    """Write into the audit log that a list left the portal. Verb. Texts that may name a person are not repeated there."""
    after = {"rows": rows, "form": what.form, "columns": [one.key for one in what.fields], "filters": logged_filters(what.wanted), "number": what.number, "path": what.wanted.path}
    log.write(actor, moment, "list.exported", "list", what.page.endpoint, after=after, request_id=request_id)


def logged_filters(wanted: Wanted) -> dict[str, Any]:
    """The filters and the rest of the address as the log keeps them."""
    set_ = {bound.name: "…" if bound.filter.personal else bound.text for bound in wanted.filters if bound.value is not None}
    return {**dict(wanted.extra), **set_}
