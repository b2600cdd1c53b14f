"""A list as a file with its watermark: who took it out, when, which rows of which list, and under which number the log knows it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from portal.actors import Actor
from portal.audit import log
from portal.commission.queries import last_settled_day
from portal.documents.list_paper import Head, ListPaper, list_pdf, most_rows, rows_at_once, too_long
from portal.notices.kinds import N_
from portal.refusals import Refusal
from portal.transaction import snapshot
from portal.web.exports import Cell, csv_lines, write_xlsx
from portal.web.formats import language, moment_text, number_text
from portal.web.list_declared import COUNT, Asked, Field, ListPage, Source
from portal.web.wanted import Wanted

AT_ONCE = 20_000
"""Rows that are written into CSV and XLSX while the reader waits; more become a job. Paper takes longer: portal/documents/list_paper.py."""
SHEET = 1_000_000
"""Rows that a spreadsheet takes."""
FORMS = ("csv", "xlsx", "pdf")
WRITING, SETTING = N_("Writing the rows"), N_("Setting the pages")


class Step(Protocol):
    """Is told how many rows are done, and with what; may raise to stop."""

    def __call__(self, done: int, doing: str = WRITING) -> None: ...


def no_step(done: int, doing: str = WRITING) -> None:
    """For who does not look."""


@dataclass(frozen=True)
class Order:
    """What is to be written: a list as asked, in which form, which of its columns; its number stands in file and log."""

    page: ListPage
    asked: Asked
    source: Source
    wanted: Wanted
    form: str
    fields: tuple[Field, ...]
    number: str

    @property
    def name(self) -> str:
        """The file's name without ending."""
        return self.page.file_name or self.page.endpoint.partition(".")[0].replace("_", "-")


def order(page: ListPage, asked: Asked, source: Source, wanted: Wanted, form: str, keys: list[str]) -> Order:
    """What is asked for. Raises Refusal for another form than csv, xlsx and pdf."""
    if form not in FORMS:
        raise Refusal("a list can be taken out as CSV, XLSX or PDF")
    return Order(page, asked, source, wanted, form, page.chosen(keys), secrets.token_hex(6))


def is_short(what: Order) -> bool:
    """Whether the file is written while the reader waits. Raises Refusal where the list is too long for paper."""
    if what.form != "pdf":
        return what.page.count(what.source, what.wanted, AT_ONCE + 1) <= AT_ONCE
    found = what.page.count(what.source, what.wanted)
    if found > most_rows(len(what.fields)):
        raise too_long(found, len(what.fields))
    return found <= rows_at_once(len(what.fields))


def write(target: Path, what: Order, actor: Actor, moment: datetime, zone: ZoneInfo, step: Step = no_step) -> int:
    """Write the file and return how many rows it has. Raises Refusal where a spreadsheet or paper cannot hold them."""
    if what.form == "pdf":
        return _write_pdf(target, what, actor, moment, zone, step)
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


def _write_pdf(target: Path, what: Order, actor: Actor, moment: datetime, zone: ZoneInfo, step: Step) -> int:
    with snapshot():
        day, (rows, totals) = last_settled_day(), _read_for_paper(what, step)
    marks, columns = watermark(what, actor, moment_text(moment, zone, seconds=True), len(rows)), what.page.columns
    as_of = _("Data as of %(when)s, settled up to %(day)s", when=moment_text(moment, zone, seconds=True), day=day or "–")
    heads = []
    for one in what.fields:
        column = columns.get(one.key)
        heads.append(Head(one.key, str(one.label), column is not None and column.number, column is not None and column.money))
    paper = ListPaper(language(), str(what.page.title), what.number, moment, [*marks[1:2], as_of, marks[0], *marks[2:]], heads, rows, totals, zone)
    target.write_bytes(list_pdf(paper, lambda: step(len(rows), SETTING)))
    return len(rows)


def _read_for_paper(what: Order, step: Step) -> tuple[list[tuple[Cell, ...]], dict[str, int | None]]:
    """The rows and the sums that the screen shows, both of one snapshot. Raises Refusal where the rows are too many."""
    most, rows = most_rows(len(what.fields)), []
    words = {one.name: {code: str(label) for code, label in one.choices} for one in what.page.listing.filters}
    sums = what.page.sums_of(what.asked, what.source, what.wanted)
    with closing(what.page.rows(what.source, what.wanted)) as found:
        for row in found:
            rows.append(tuple(_in_words(one, words.get(one.key, {}), row) for one in what.fields))
            if len(rows) % 500 == 0:
                step(len(rows))
            if len(rows) > most:
                raise too_long(what.page.count(what.source, what.wanted), len(what.fields))
    return rows, {key: value for key, value in sums.items() if key != COUNT}


def _in_words(one: Field, words: Mapping[str, str], row: Any) -> Cell:
    """A cell for a reader: a code for programs is said in the words of the list."""
    cell = (one.on_paper or one.cell)(row)
    return words.get(cell, cell) if one.heading and isinstance(cell, str) else cell


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
