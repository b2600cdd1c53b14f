"""leads.csv, and lists of leads as people have them: CSV or XLSX, with English or Chinese headings, checked row by row.

Reading asks nothing of the books about the people in the list, so a preview tells nobody who is known.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, ZipError
from sqlalchemy import select

from models import db
from models.clients import AccountVersion
from models.leads import Campaign, IntroducerKind
from models.partners import Broker
from models.values.calendar import NotADate, parse_day
from portal.actors import Actor
from portal.leads.introducers import FIRM, Introducer, introducer_of
from portal.leads.many import Asked
from portal.leads.people import BadField, person
from portal.notices.kinds import N_
from portal.permissions import Can
from portal.refusals import Refusal
from portal.settlement.cfmmc_sheets import cell_text
from portal.settlement.decoding import Undecodable, decoded
from portal.versions import current, numbers

COLUMNS = ("name", "phone", "id_no", "email", "kind", "source", "broker_no", "referrer_client_no", "consent_on", "note")
OF_OTHERS = ("broker_no", "referrer_client_no")
"""Columns by which a list names introducers: only the firm's desk fills them in."""
HEADINGS = {
    "姓名": "name",
    "名称": "name",
    "手机": "phone",
    "手机号": "phone",
    "电话": "phone",
    "证件号码": "id_no",
    "身份证号": "id_no",
    "邮箱": "email",
    "类型": "kind",
    "来源": "source",
    "居间人编号": "broker_no",
    "推荐客户号": "referrer_client_no",
    "同意日期": "consent_on",
    "备注": "note",
}
"""Chinese headings of the columns."""
KINDS = {"": "person", "个人": "person", "自然人": "person", "机构": "institution", "法人": "institution"}
MOST_ROWS = 200_000
MOST_LISTED = 10_000
"""So many faults are listed; the rest is counted."""
EVERY = 2_000
LONGEST_SOURCE = 60

Step = Callable[[int, int], None]


@dataclass(frozen=True)
class Fault:
    """What does not hold on a line: the column, and an English sentence with what fills it. Holds no phone or ID number."""

    line: int
    column: str
    message: str
    values: dict[str, str] = field(default_factory=dict)


@dataclass
class Listed:
    """A list as read: how many rows it has, those that hold, and the faults of the others; which rows repeat a person of an earlier line."""

    lines: int = 0
    rows: list[Asked] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    faulty: int = 0
    repeats: list[tuple[int, int]] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=dict)

    def take(self, row: Asked) -> None:
        """Keep a row that holds; where its person stands on an earlier line already, `repeats` has both lines."""
        self.rows.append(row)
        numbers = [number for number in (row.person.phone, row.person.id_no) if number]
        first = min((self.seen[number] for number in numbers if number in self.seen), default=None)
        if first is not None:
            self.repeats.append((row.line, first))
        for number in numbers:
            self.seen.setdefault(number, row.line)

    def refuse(self, line: int, error: Refusal, column: str = "") -> None:
        """Count a row that does not hold, and list it while there is room."""
        self.faulty += 1
        if len(self.faults) < MOST_LISTED:
            name = error.field if isinstance(error, BadField) else column
            self.faults.append(Fault(line, name, error.message, {key: str(value) for key, value in error.values.items()}))


def read(name: str, data: bytes, actor: Actor, step: Step = lambda done, total: None) -> Listed:
    """Read and check a list. Raises Refusal where it is no list of leads at all."""
    listed, who = Listed(), Introducers(actor)
    campaigns = {code.lower(): key for key, code in db.session.execute(select(Campaign.id, Campaign.code))}
    table = list(_cells(name, data))
    if not table:
        raise Refusal("this file is empty: its first line names the columns")
    places = _places(table[0][1])
    if len(table) - 1 > MOST_ROWS:
        raise Refusal("this list has %(count)s rows; at most %(most)s can be taken at once", count=len(table) - 1, most=MOST_ROWS)
    who.know_clients({_value(cells, places, "referrer_client_no") for _line, cells in table[1:]})
    for line, cells in table[1:]:
        if not any(cells):
            continue
        listed.lines += 1
        if listed.lines % EVERY == 0:
            step(listed.lines, len(table) - 1)
        try:
            listed.take(_row(line, {column: _value(cells, places, column) for column in COLUMNS}, who, campaigns))
        except Refusal as error:
            listed.refuse(line, error)
    return listed


class Introducers:
    """Whose rows a list may hold: one's own, or anybody's for the firm's desk."""

    def __init__(self, actor: Actor) -> None:
        self.desk = is_desk(actor)
        self.own = introducer_of(actor) if not actor.at_terminal else FIRM
        self.brokers = numbers(Broker, "broker_no") if self.desk else {}
        self.clients: set[str] = set()

    def know_clients(self, wanted: set[str]) -> None:
        """Look up once which client numbers of a list there are."""
        some = sorted(wanted - {""})[:MOST_ROWS] if self.desk else []
        for start in range(0, len(some), 500):
            query = current(AccountVersion).where(AccountVersion.client_no.in_(some[start : start + 500])).with_only_columns(AccountVersion.client_no)
            self.clients |= set(db.session.execute(query.distinct()).scalars())

    def of(self, broker_no: str, client_no: str) -> Introducer:
        """The introducer that a row names. Raises BadField."""
        if broker_no and client_no:
            raise BadField("broker_no", N_("a lead has one introducer: a broker or a client, not both"))
        if not broker_no and not client_no:
            return self.own
        if not self.desk:
            if broker_no and broker_no == self.own.number and self.own.kind is IntroducerKind.BROKER:
                return self.own
            raise BadField("broker_no" if broker_no else "referrer_client_no", N_("a list of your own names no other introducer: leave this empty"))
        if client_no:
            if client_no not in self.clients:
                raise BadField("referrer_client_no", N_("there is no client %(number)s"), number=client_no[:64])
            return Introducer(IntroducerKind.CLIENT, client_no)
        if broker_no not in self.brokers:
            raise BadField("broker_no", N_("there is no broker %(number)s"), number=broker_no[:64])
        return Introducer(IntroducerKind.BROKER, broker_no, self.brokers[broker_no])


def columns_for(actor: Actor) -> tuple[str, ...]:
    """The columns that somebody's list may fill in."""
    return COLUMNS if is_desk(actor) else tuple(column for column in COLUMNS if column not in OF_OTHERS)


def is_desk(actor: Actor) -> bool:
    """Whether somebody hands in lists for others: who assigns leads, who imports files, the terminal."""
    return actor.may(Can.LEAD_ASSIGN) or actor.may(Can.IMPORT_FILES)


def _row(line: int, values: dict[str, str], who: Introducers, campaigns: dict[str, int]) -> Asked:
    given = {name: values[name] for name in ("name", "phone", "id_no", "email", "note")}
    somebody = person(**given, kind=KINDS.get(values["kind"], values["kind"]))
    introducer = who.of(values["broker_no"], values["referrer_client_no"])
    source = values["source"]
    if len(source) > LONGEST_SOURCE or not source.isprintable():
        raise BadField("source", N_("the source is a short word, such as the code of a campaign"))
    return Asked(line, somebody, introducer, campaigns.get(source.lower()), source, _consent(values["consent_on"]))


def _consent(text: str) -> date | None:
    if not text:
        return None
    try:
        return parse_day(text)
    except NotADate as error:
        raise BadField("consent_on", N_("“%(given)s” is no date such as 2026-03-31"), given=text[:40]) from error


def _value(cells: Sequence[str], places: dict[str, int], column: str) -> str:
    place = places.get(column)
    return cells[place].strip() if place is not None and place < len(cells) else ""


def _places(header: Sequence[str]) -> dict[str, int]:
    """Where each column stands. Raises Refusal for an unknown one by name, for one that stands twice, and where name or number is missing."""
    places: dict[str, int] = {}
    for place, text in enumerate(header):
        heading = text.strip().lstrip("\ufeff")
        if not heading:
            continue
        column = HEADINGS.get(heading, heading.lower())
        if column not in COLUMNS:
            raise Refusal("the column “%(name)s” is not known; known are %(columns)s", name=heading[:40], columns=", ".join(COLUMNS))
        if column in places:
            raise Refusal("the column “%(name)s” stands twice", name=heading[:40])
        places[column] = place
    if "name" not in places or not {"phone", "id_no"} & set(places):
        raise Refusal("a list of leads has a column “name”, and “phone” or “id_no”: its first line names them")
    return places


def _cells(name: str, data: bytes) -> Iterable[tuple[int, list[str]]]:
    if name.lower().endswith((".xlsx", ".xls", ".ods")) or data.startswith(b"PK"):
        return _workbook(data)
    try:
        return _csv(decoded(data))
    except Undecodable as error:
        raise Refusal("the bytes of this file are neither UTF-8 nor GB18030, nor is it a workbook") from error


def _csv(text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""))
    line = 1
    try:
        for row in reader:
            yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise Refusal("line %(line)s cannot be read as CSV: its quotes do not pair", line=line) from error


def _workbook(data: bytes) -> Iterator[tuple[int, list[str]]]:
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        rows: list[list[Any]] = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (CalamineError, PasswordError, ZipError, OSError, ValueError) as error:
        raise Refusal("this workbook cannot be opened: save it anew, without a password") from error
    yield from ((line, [cell_text(cell) for cell in row]) for line, row in enumerate(rows, start=1))
