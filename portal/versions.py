"""What the firm believes: reading and writing the append-only assertions of models/assertions.py.

Nothing is edited. What changed is asserted again under a newer recording, what is taken back is asserted as withdrawn,
and "as known at recording N" is the newest row of each key with recording_id <= N.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple, TypeVar

import polars as pl
from sqlalchemy import ColumnElement, Date, Integer, Select, String, and_, case, cast, func, select
from sqlalchemy.orm import aliased

from models import db
from models.assertions import Asserted
from portal.bulk import insert_rows, read_table
from portal.rows import Row, places_of
from portal.sealing import Keyring, Unreadable

Kind = TypeVar("Kind", bound=Asserted)

BOOKKEEPING = ("id", "withdrawn", "recording_id")
"""Columns that say when something was believed, not what."""


class Sealed(NamedTuple):
    """A value to be kept sealed: its plain text, the column that keeps it, and the number of the one whom it is about."""

    plain: str
    column: str
    number: str

    @property
    def about(self) -> str:
        """What its seal is bound to (see portal/sealing.py)."""
        return f"{self.column}:{self.number}"


def current(model: type[Kind], known: int | None = None, where: ColumnElement[bool] | None = None) -> Select[Kind]:
    """The rows of `model` that count, at recording `known` (None: now).

    `where` is applied before the newest row is chosen, so that a look-up by key reads only that key: it may speak of
    KEY columns alone. Conditions on other columns go on the returned select.
    """
    newest = select(func.max(model.id))
    if known is not None:
        newest = newest.where(model.recording_id <= known)
    if where is not None:
        newest = newest.where(where)
    newest = newest.group_by(*(getattr(model, name) for name in model.KEY))
    return select(model).where(model.id.in_(newest), ~model.withdrawn)


def newest_of(frame: pl.DataFrame, key: Sequence[str], row: str = "id") -> pl.DataFrame:
    """`current` in columns, for many rows that were read whole (`row` is their number): of each key the newest, unless it was withdrawn.
    Where everybody is read this is several times as fast as letting the database look each of them up."""
    newest = pl.col(row) == pl.col(row).max().over(*key)
    return frame.filter(newest).filter(~pl.col("withdrawn"))


def version_of(model: type[Kind], number: Any, known: int | None = None) -> tuple[type[Kind], ColumnElement[bool]]:
    """The row of `model` that counts for one thing, and the condition of the join that brings it: by key, thing by thing, which is how a few
    thousand of them are looked up beside their numbers. `number` is the column of their ids; the first of KEY is what it is compared with."""
    row, other = aliased(model), aliased(model)
    newest = select(func.max(other.id)).where(getattr(other, model.KEY[0]) == number)
    if known is not None:
        newest = newest.where(other.recording_id <= known)
    return row, (row.id == newest.scalar_subquery()) & ~row.withdrawn


def newest_frame(model: type[Any], columns: Mapping[str, Any], *more: ColumnElement[bool], known: int | None = None, of: type[Any] | None = None) -> pl.DataFrame:
    """What was believed of everybody at recording `known` (None: now): the `columns` of the newest row of each key; where `of` is what
    the rows speak of (Account of AccountVersion), its columns may be asked for as well.

    `more` speaks of KEY columns alone. It must pin those that are words (role, relation): they are not told apart here.
    """
    key = {
        column.name: pl.Date if isinstance(column.type, Date) else pl.Int64
        for column in table_of(model).columns
        if column.name in model.KEY and not isinstance(column.type, String)
    }
    wanted = {"id": pl.Int64, **key, **columns, "withdrawn": pl.Int64}
    chosen = [cast(model.withdrawn, Integer) if name == "withdrawn" else getattr(model if hasattr(model, name) else of, name) for name in wanted]
    conditions = more if known is None else (*more, model.recording_id <= known)
    query = select(*chosen).where(*conditions)
    frame = read_table(query if of is None else query.join_from(model, of), wanted).with_columns(pl.col("withdrawn").cast(pl.Boolean))
    return newest_of(frame, list(key)).select(*columns)


def first_day_changed(model: type[Any], since: int, known: int) -> date | None:
    """The first day on which rows of a dated `model` recorded after `since`, up to `known`, may count otherwise; None where there
    are none. A row touches all days from its valid_from on; one that differs from what was believed in its end alone, those from
    the earlier of both ends on."""
    earlier, before = aliased(model), aliased(model)
    own_key = (getattr(earlier, name) == getattr(model, name) for name in model.KEY)
    previous = select(func.max(earlier.id)).where(earlier.id < model.id, *own_key).scalar_subquery()
    names = [name for name in (*columns_of(model), "withdrawn") if name != "valid_to"]
    otherwise_same = and_(*(getattr(before, name).is_not_distinct_from(getattr(model, name)) for name in names))
    earlier_end = case((before.valid_to < model.valid_to, before.valid_to), else_=model.valid_to)
    first = func.min(case((otherwise_same, earlier_end), else_=model.valid_from))
    query = select(first).select_from(model).outerjoin(before, before.id == previous).where(model.recording_id > since, model.recording_id <= known)
    found: date | None = db.session.execute(query).scalar()
    return found


@dataclass
class Difference:
    """What a set of rows would change in what is believed now."""

    model: type[Asserted]
    new: list[Mapping[str, Any]] = field(default_factory=list)
    changed: list[Mapping[str, Any]] = field(default_factory=list)
    same: int = 0
    vanished: list[dict[str, Any]] = field(default_factory=list)
    """Believed now and not in the set; as kept, sealed values still sealed."""

    @property
    def counts(self) -> dict[str, int]:
        """How many rows are new, changed, the same and vanished."""
        return {"new": len(self.new), "changed": len(self.changed), "same": self.same, "vanished": len(self.vanished)}


def difference(model: type[Asserted], rows: Iterable[Mapping[str, Any]], keyring: Keyring | None = None) -> Difference:
    """Compare `rows` (every column but the bookkeeping; sealed ones as `Sealed`) with what is believed now.

    A row is the same if all its columns are equal; sealed columns are compared by their plain text.
    """
    names = columns_of(model)
    sealed = [name for name in names if name.endswith("_sealed")]
    plain = [name for name in names if name not in sealed and name not in model.KEY]
    held = db.session.execute(current(model).with_only_columns(*(getattr(model, name) for name in names)))
    places = places_of(names)
    believed = {key_of(model, row): row for row in (Row(places, values) for values in held)}
    found = Difference(model)
    for row in rows:
        old = believed.pop(key_of(model, row), None)
        if old is None:
            found.new.append(row)
        elif any(old[name] != row[name] for name in plain) or any(_opened(old[name], row[name].about, keyring) != row[name].plain for name in sealed):
            found.changed.append(row)
        else:
            found.same += 1
    found.vanished = [dict(row) for row in believed.values()]
    return found


class Unasked(TypeError):
    """Rows were to be written about which the rules were not asked."""


def write(found: Difference, recording_id: int, *, replace: bool = False, keyring: Keyring | None = None, ruled: bool = False) -> None:
    """Assert what is new or changed under a recording; with `replace`, withdraw what vanished.

    `ruled` says that the rules were asked, or that a file brings these rows as facts, which are held against the rules afterwards.
    Raises Unasked without it where the model is one of which the rules speak."""
    if found.model.RULED and not ruled:
        raise Unasked(f"{found.model.__name__} is written through portal/rules/attributing.py, which asks the rules first")
    names = columns_of(found.model)
    sealed = {name for name in names if name.endswith("_sealed")}

    def values(row: Mapping[str, Any], withdrawn: bool) -> tuple[Any, ...]:
        return (*(_sealed(row[name], keyring) if name in sealed else row[name] for name in names), withdrawn, recording_id)

    rows = [(row, False) for row in (*found.new, *found.changed)] + ([(row, True) for row in found.vanished] if replace else [])
    if rows:
        insert_rows(table_of(found.model), (*names, "withdrawn", "recording_id"), (values(row, withdrawn) for row, withdrawn in rows))


def assert_rows(
    model: type[Asserted], rows: Iterable[Mapping[str, Any]], recording_id: int, *, replace: bool = False, keyring: Keyring | None = None, ruled: bool = False
) -> dict[str, int]:
    """Assert those of `rows` that are new or changed; with `replace`, `rows` are all there are and the others are withdrawn.

    Returns how many were new, changed, the same and vanished (vanished rows are only counted without `replace`).
    """
    found = difference(model, rows, keyring)
    write(found, recording_id, replace=replace, keyring=keyring, ruled=ruled)
    return found.counts


def key_of(model: type[Asserted], row: Mapping[str, Any]) -> tuple[Any, ...]:
    """What a row is about."""
    return tuple(row[name] for name in model.KEY)


def columns_of(model: type[Any]) -> tuple[str, ...]:
    """The columns that say what is believed, in the table's order."""
    return tuple(column.name for column in table_of(model).columns if column.name not in BOOKKEEPING)


def table_of(model: type[Any]) -> Any:
    """The table of a model."""
    return model.__table__


def numbers(model: type[Any], column: str) -> dict[str, int]:
    """The ids of all numbered things of a kind: account number → account id, and so on."""
    return {number: key for key, number in db.session.execute(select(model.id, getattr(model, column)))}


def bring(model: type[Any], column: str, known: dict[str, int], wanted: Sequence[str]) -> dict[str, int]:
    """Give every number of `wanted` an id and return all ids; `known` are those that have one."""
    fresh = [(number,) for number in dict.fromkeys(wanted) if number not in known]
    if not fresh:
        return known
    insert_rows(table_of(model), (column,), fresh)
    return numbers(model, column)


def _sealed(value: Any, keyring: Keyring | None) -> str:
    if not isinstance(value, Sealed):
        return str(value)  # a withdrawn row keeps what was sealed before
    if keyring is None:
        raise ValueError("sealed columns need the keyring")
    return keyring.seal(value.plain, value.about)


def _opened(kept: str, about: str, keyring: Keyring | None) -> str | None:
    if keyring is None:
        raise ValueError("sealed columns need the keyring")
    try:
        return keyring.open(kept, about)
    except Unreadable:
        return None  # a value that no key opens any more is asserted again
