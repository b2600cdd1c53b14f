"""Many rows at once, on the session's own connection and so inside the door's one transaction.

SQLite takes them by the driver's executemany, PostgreSQL by COPY; both are 10 to 50 times as fast as objects one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import polars as pl
from sqlalchemy import Select, Table, Text, cast, func, select

from models import db

CHUNK = 20_000
"""Rows handed over at once: the memory of a bulk insert stays that of one chunk."""
IN_BYTES = {"in_bytes": True}
"""The execution option of a query whose payloads PostgreSQL is to send as bytes, not as text of twice their length."""


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
        with driver.cursor() as cursor, cursor.copy(f"COPY {_quoted(table, columns)} FROM STDIN") as copy:
            for row in bound():
                copy.write_row(row)
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
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(f"COPY {_quoted(table, frame.columns)} FROM STDIN WITH (FORMAT csv)") as copy:
            for part in frame.iter_slices(CHUNK):
                copy.write(part.write_csv(include_header=False).encode())
        return
    marks = ", ".join("?" * len(frame.columns))
    statement = f"INSERT INTO {_quoted(table, frame.columns)} VALUES ({marks})"  # noqa: S608 - names of our own tables
    dates = [name for name, kind in frame.schema.items() if kind == pl.Date]
    for part in frame.with_columns(pl.col(dates).dt.to_string("iso")).iter_slices(CHUNK) if dates else frame.iter_slices(CHUNK):
        connection.exec_driver_sql(statement, part.rows())


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
    """As `read_frame` for hundreds of thousands of rows of whole numbers and dates: PostgreSQL sends them as one text, which is read
    three times as fast as its rows."""
    if db.session().get_bind().dialect.name != "postgresql":
        return read_frame(query, schema)
    db.session.flush()
    line = [func.coalesce(cast(column, Text), "") for column in query.selected_columns]
    text = query.with_only_columns(func.string_agg(func.concat_ws(",", *line), "\n")).scalar_subquery()
    content = db.session.execute(select(text)).scalar()
    return pl.read_csv(content.encode(), has_header=False, new_columns=list(schema), schema_overrides=list(schema.values())) if content else pl.DataFrame(schema=schema)


def _quoted(table: Table, columns: Sequence[str]) -> str:
    return f'"{table.name}" ({", ".join(f"{chr(34)}{name}{chr(34)}" for name in columns)})'
