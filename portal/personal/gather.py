"""Every row that the portal holds about a person, table by table, with its plain values; sealed numbers are opened for their owner."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Table, or_, select, true

from models import Base, db
from models.clients import Account, AccountVersion
from models.identity import Role, User, UserRole
from models.partners import Broker
from models.personal import SubjectKind
from portal.actors import Actor
from portal.personal.sources import BY_ID, BY_NUMBER, BY_OTHERS, FOLLOWED, LEADS_ON, LEFT_OUT, SECRET, group_of
from portal.refusals import NotFound
from portal.resealing import PLACES, Place
from portal.sealing import Keyring, Unreadable

CHUNK = 500
"""Keys of one question: a database takes only so many values at once."""


@dataclass(frozen=True)
class Subject:
    """Whom a copy or a request is about: a client or a broker, by number."""

    kind: SubjectKind
    number: str


@dataclass
class Person:
    """A subject with the keys by which rows know him: ids by table, numbers by column."""

    subject: Subject
    ids: dict[str, set[int]] = field(default_factory=dict)
    numbers: dict[str, set[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Section:
    """A table's rows about a person: `columns` and rows of plain values."""

    table: str
    group: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def subject_of(actor: Actor) -> Subject:
    """Whom a signed-in client or broker is. Raises NotFound where he is neither: of staff the firm keeps files elsewhere."""
    if actor.client_no:
        return Subject(SubjectKind.CLIENT, actor.client_no)
    if actor.broker_no:
        return Subject(SubjectKind.BROKER, actor.broker_no)
    raise NotFound("a copy of one’s data is for clients and brokers")


def person_of(subject: Subject) -> Person:
    """A subject with everything by which rows know him. Raises NotFound where nobody has the number."""
    client = subject.kind == SubjectKind.CLIENT
    column, role = (User.client_no, Role.CLIENT) if client else (User.broker_no, Role.BROKER)
    users = set(db.session.execute(select(User.id).join(UserRole, UserRole.user_id == User.id).where(column == subject.number, UserRole.role == role)).scalars())
    person = Person(subject, {"user": users})
    if client:
        found = select(Account.id, Account.account_no).join(AccountVersion, AccountVersion.account_id == Account.id).where(AccountVersion.client_no == subject.number)
        accounts = db.session.execute(found.distinct()).all()
        person.ids["account"] = {row.id for row in accounts}
        keys = {f"client:{subject.number}", *(f"user:{user}" for user in users)}
        person.numbers = {"client_no": {subject.number}, "account_no": {row.account_no for row in accounts}, "person": keys}
    else:
        person.ids["broker"] = set(db.session.execute(select(Broker.id).where(Broker.broker_no == subject.number)).scalars())
        person.numbers = {"broker_no": {subject.number}, "person": {f"user:{user}" for user in users}}
    if not person.ids.get("account") and not person.ids.get("broker"):
        raise NotFound("nobody has the number %(number)s", number=subject.number[:64])
    return person


def sections(person: Person, ring: Keyring) -> Iterator[Section]:
    """All that is held about a person, parents before what hangs on them."""
    known = {name: set(ids) for name, ids in person.ids.items()}
    for table in Base.metadata.sorted_tables:
        if table.name in LEFT_OUT:
            continue
        found = _rows(table, person, known)
        if table.name in FOLLOWED:
            known[table.name] = known.get(table.name, set()) | {row["id"] for row in found}
        if found:
            yield _section(table, found, ring)


def _rows(table: Table, person: Person, known: Mapping[str, set[int]]) -> list[dict[str, Any]]:
    """The rows of a table about a person, each once; what his guests said of themselves is not among them."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    by_others = BY_OTHERS.get(table.name)
    own = true() if by_others is None else ~table.c[by_others]
    for condition in conditions(table, person, known):
        for row in db.session.execute(select(table).where(condition, own)).mappings():
            found[tuple(row[column.name] for column in table.primary_key.columns)] = dict(row)
    return list(found.values())


def conditions(table: Table, person: Person, known: Mapping[str, set[int]]) -> Iterator[ColumnElement[bool]]:
    """How rows of a table may be about a person; few keys at a time."""
    if table.name in {"account", "broker", "user"}:
        yield from (table.c.id.in_(part) for part in _parts(known.get(table.name, set())))
        return
    if table.name == "audit_entry":
        yield from (table.c.actor_id.in_(part) for part in _parts(known["user"]))
        return
    for name in BY_NUMBER:
        if name in table.c and person.numbers.get(name):
            yield table.c[name].in_(sorted(person.numbers[name]))
    for column in table.columns:
        parents = {key.column.table.name for key in column.foreign_keys} | ({BY_ID[column.name]} if column.name in BY_ID else set())
        for parent in parents & set(FOLLOWED):
            if column.name in LEADS_ON.get(parent, (column.name,)):
                yield from (column.in_(part) for part in _parts(known.get(parent, set())))


def about(table: Table, person: Person) -> ColumnElement[bool] | None:
    """The condition that rows of a table know a person directly, by number or by account, broker or sign-in; None where none can."""
    found = list(conditions(table, person, person.ids))
    return or_(*found) if found else None


def _parts(keys: set[int]) -> Iterator[list[int]]:
    ordered = sorted(keys)
    yield from (ordered[start : start + CHUNK] for start in range(0, len(ordered), CHUNK))


def _section(table: Table, rows: list[dict[str, Any]], ring: Keyring) -> Section:
    shown = [column.name for column in table.columns if _shown(column.name)]
    plain = [dict(row) for row in rows]
    for place in PLACES:
        if place.table is table and _shown(place.column):
            _open(place, plain, ring)
    names = tuple(name.removesuffix("_sealed") for name in shown)
    return Section(table.name, group_of(table.name), names, [tuple(_value(row[name]) for name in shown) for row in plain])


def _shown(name: str) -> bool:
    return name not in SECRET and name != "id" and not name.endswith(("_id", "_index", "_digest", "_hash"))


def _open(place: Place, rows: list[dict[str, Any]], ring: Keyring) -> None:
    """Put what is sealed in a column into the clear; what no key opens says so by being empty."""
    kept = {row["id"] for row in rows if row[place.column]}
    numbers: dict[int, str] = {}
    for part in _parts(kept):
        numbers.update(db.session.execute(select(place.table.c.id, place.number).select_from(place.source).where(place.table.c.id.in_(part))).all())
    for row in rows:
        if row["id"] in kept:
            try:
                row[place.column] = ring.open(row[place.column], f"{place.name}:{numbers[row['id']]}")
            except Unreadable:
                row[place.column] = ""


def _value(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return f"({len(value)} bytes)"
    return str(value) if isinstance(value, Decimal) else value
