"""Many rows at once, on the session's own connection and so inside the door's one transaction.

SQLite takes them by the driver's executemany, PostgreSQL by COPY; both are 10 to 50 times as fast as objects one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sqlalchemy import ARRAY, BigInteger, Boolean, ColumnElement, Date, Integer, LargeBinary, Select, String, Table, any_, cast, func, literal, select, text

from models import db
from portal.transaction import afterwards, snapshot

CHUNK = 20_000
"""Rows handed over at once: the memory of a bulk insert stays that of one chunk."""
MANY = 50_000
"""From so many rows at once on, a table is looked at again by PostgreSQL's planner."""
IN_BYTES = {"in_bytes": True}
"""The execution option of a query whose payloads PostgreSQL is to send as bytes, not as text of twice their length."""
BY_PARTS = {**IN_BYTES, "stream_results": True, "max_row_buffer": 1}
"""The same where few large answers are to be taken one after the other, in a snapshot()."""
PART = 65_536
"""Rows that are asked for at once, by their key."""
BYTES_OF: dict[Any, tuple[int, str]] = {pl.Int64: (8, ">i8"), pl.Int32: (4, ">i4"), pl.Date: (4, ">i4"), pl.Boolean: (1, "i1")}
"""How PostgreSQL writes a value: in how many bytes, and how numpy calls that."""
MILLENNIUM = 10_957
"""Days from 1970, where polars counts from, to 2000, where PostgreSQL does."""
NEVER = date(1, 1, 1)
"""What PostgreSQL sends for a date that is not there, where all of a row's numbers and dates come as one value."""
COPY_HEAD, COPY_END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"


def insert_rows(table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows of plain values, in the order of `columns`."""
    connection = db.session().connection()
    kinds = [table.c[name].type.dialect_impl(connection.dialect).bind_processor(connection.dialect) for name in columns]
    changed = [(place, kind) for place, kind in enumerate(kinds) if kind is not None]

    def bound() -> Iterator[tuple[Any, ...]]:
        for row in rows:
            values = list(row)
            for place, kind in changed:
                values[place] = kind(values[place])
            yield tuple(values)

    if connection.dialect.name == "postgresql":
        driver: Any = connection.connection.driver_connection
        written = 0
        with driver.cursor() as cursor, cursor.copy(f"COPY {_quoted(table, columns)} FROM STDIN") as copy:
            for row in bound():
                copy.write_row(row)
                written += 1
        _plan_anew(table, written)
        return
    marks = ", ".join("?" * len(columns))
    statement = f"INSERT INTO {_quoted(table, columns)} VALUES ({marks})"  # noqa: S608 - names of our own tables
    source = bound()
    while chunk := list(islice(source, CHUNK)):
        connection.exec_driver_sql(statement, chunk)


def insert_frame(table: Table, frame: pl.DataFrame) -> None:
    """Insert a frame of whole numbers, truth values, dates and non-empty texts; its columns are the table's."""
    connection = db.session().connection()
    if connection.dialect.name == "postgresql":
        _copy(connection.connection.driver_connection, table, frame)
        return
    marks = ", ".join("?" * len(frame.columns))
    statement = f"INSERT INTO {_quoted(table, frame.columns)} VALUES ({marks})"  # noqa: S608 - names of our own tables
    dates = [name for name, kind in frame.schema.items() if kind == pl.Date]
    for part in frame.with_columns(pl.col(dates).dt.to_string("iso")).iter_slices(CHUNK) if dates else frame.iter_slices(CHUNK):
        connection.exec_driver_sql(statement, part.rows())


def _copy(driver: Any, table: Table, frame: pl.DataFrame) -> None:
    """Where the table keeps every value in so many bytes, PostgreSQL takes them as it keeps them and reads no text."""
    kinds = [_kind_in(table, name) for name in frame.columns]
    fixed = None not in kinds and not sum(frame.null_count().row(0))
    frame = frame.cast(dict(zip(frame.columns, kinds, strict=True))) if fixed else frame
    _plan_anew(table, frame.height)
    with driver.cursor() as cursor, cursor.copy(f"COPY {_quoted(table, frame.columns)} FROM STDIN WITH (FORMAT {'binary' if fixed else 'csv'})") as copy:
        if fixed:
            copy.write(COPY_HEAD)
        for part in frame.iter_slices(CHUNK):
            copy.write(_as_kept(part).tobytes() if fixed else part.write_csv(include_header=False).encode())
        if fixed:
            copy.write(COPY_END)


def _plan_anew(table: Table, rows: int) -> None:
    """Let PostgreSQL look at a table again once many rows are committed. Its own housekeeping does so a minute later, or never where it is
    switched off; until then it plans as if the table were as it was, and reads it whole where a key would do."""
    if rows >= MANY:
        afterwards(lambda: analyze(table.name))


def analyze(table: str) -> None:
    """Renew what PostgreSQL plans with about a table, if that is at least half new since it last did. Opens a connection of its own."""
    new = text("SELECT 1 FROM pg_stat_user_tables WHERE relname = :table AND 2 * n_mod_since_analyze >= n_live_tup")
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if connection.execute(new, {"table": table}).first() is not None:
            connection.exec_driver_sql(f'ANALYZE "{table}"')


def _kind_in(table: Table, name: str) -> Any:
    """As what a column of fixed width is kept; None for others."""
    return {BigInteger: pl.Int64, Integer: pl.Int32, Date: pl.Date, Boolean: pl.Boolean}.get(type(table.c[name].type))


def _as_kept(frame: pl.DataFrame) -> NDArray[Any]:
    """Rows as PostgreSQL's binary COPY has them: how many fields, then of each its length and its value."""
    kinds = [BYTES_OF[kind] for kind in frame.dtypes]
    fields = [("fields", ">i2")] + [field for place, (_, form) in enumerate(kinds) for field in ((f"length{place}", ">i4"), (f"value{place}", form))]
    rows = np.empty(frame.height, dtype=fields)
    rows["fields"] = len(kinds)
    for place, (column, (length, _)) in enumerate(zip(frame.get_columns(), kinds, strict=True)):
        rows[f"length{place}"] = length
        rows[f"value{place}"] = (column.to_physical() - MILLENNIUM if column.dtype == pl.Date else column).to_numpy()
    return rows


def read_frame(query: Any, schema: dict[str, Any]) -> pl.DataFrame:
    """The rows of a query of plain columns as a frame, straight from the driver: no object is made for a row."""
    db.session.flush()
    connection = db.session().connection()
    result = connection.execute(query)
    rows = result.cursor.fetchall() if result.cursor else []
    if connection.dialect.name == "postgresql":
        return pl.DataFrame(rows, schema=schema, orient="row")
    # SQLite keeps dates as text and truth values as numbers.
    plain = {name: pl.String if kind == pl.Date else pl.Int64 if kind == pl.Boolean else kind for name, kind in schema.items()}
    frame = pl.DataFrame(rows, schema=plain, orient="row")
    return frame.with_columns(pl.col(name).str.to_date("%Y-%m-%d") if kind == pl.Date else pl.col(name).cast(kind) for name, kind in schema.items() if plain[name] != kind)


def read_table(query: Select[*tuple[Any, ...]], schema: dict[str, Any]) -> pl.DataFrame:
    """As `read_frame` for hundreds of thousands of rows of whole numbers (Int64; the first of them a key), dates (some may be missing) and
    texts: PostgreSQL sends them as one value for all numbers and dates and one for each text, which are read many times as fast as its
    rows; by parts, because the driver keeps room for the largest answer that it ever had."""
    if db.session().get_bind().dialect.name != "postgresql":
        return read_frame(query, schema)
    db.session.flush()
    columns = dict(zip(schema, query.selected_columns, strict=True))
    fixed = {name: kind for name, kind in schema.items() if kind in (pl.Int64, pl.Date)}
    sent = [func.date_send(func.coalesce(columns[name], NEVER)) if kind == pl.Date else func.int8send(cast(columns[name], BigInteger)) for name, kind in fixed.items()]
    row: Any = sent[0]
    for value in sent[1:]:
        row = row.op("||")(value)
    joined = [func.string_agg(func.coalesce(cast(columns[name], String), "\n"), "\n") for name in schema if name not in fixed]
    key = next(columns[name] for name, kind in fixed.items() if kind == pl.Int64)
    whole = query.with_only_columns(func.count(), func.string_agg(row, cast(literal(b""), LargeBinary), type_=LargeBinary), *joined).group_by(key // PART)
    with snapshot():
        found = [_part(answer, schema, fixed) for answer in db.session.execute(whole, execution_options=BY_PARTS)]
    if not all(part is not None for part in found):
        return read_frame(query, schema)
    return pl.concat([pl.DataFrame(schema=schema), *(part for part in found if part is not None)], rechunk=True)


def _part(answer: Any, schema: dict[str, Any], fixed: dict[str, Any]) -> pl.DataFrame | None:
    """The rows of one part; None where an empty field or a text of two lines hides how its texts are to be told apart."""
    count, kept, *texts = answer
    form = np.dtype([(name, BYTES_OF[kind][1]) for name, kind in fixed.items()])
    words = [text.split("\n") for text in texts if text is not None]
    if len(kept or b"") != count * form.itemsize or any(len(one) != count for one in words):
        return None
    rows, word = np.frombuffer(kept, form), iter(words)
    return pl.DataFrame([_column(name, kind, rows[name]) if name in fixed else pl.Series(name, next(word)) for name, kind in schema.items()])


def _column(name: str, kind: Any, kept: NDArray[Any]) -> pl.Series:
    numbers = pl.Series(name, kept.astype(kept.dtype.newbyteorder("=")))
    if kind != pl.Date:
        return numbers
    days = (numbers + MILLENNIUM).cast(pl.Date)
    return days.set(days == NEVER, None)


def among(column: Any, values: Sequence[Any]) -> ColumnElement[bool]:
    """`column.in_(values)` for thousands of values: PostgreSQL is given them as one, and has not to read a statement of so many words."""
    if db.session().get_bind().dialect.name == "postgresql":
        one: ColumnElement[bool] = column == any_(literal(list(values), ARRAY(column.type)))
        return one
    found: ColumnElement[bool] = column.in_(values)
    return found


def listed(values: pl.Series) -> Select[Any]:
    """Very many whole numbers as a selection, for `in_` and `not_in`: they travel as one value, and the database looks each up in a set."""
    if db.session().get_bind().dialect.name == "postgresql":
        return select(func.unnest(literal(values.to_list(), ARRAY(BigInteger))).column_valued("one"))
    return select(func.json_each("[" + ",".join(map(str, values.to_list())) + "]").table_valued("value").c.value)


def _quoted(table: Table, columns: Sequence[str]) -> str:
    return f'"{table.name}" ({", ".join(f"{chr(34)}{name}{chr(34)}" for name in columns)})'
