"""Migrations widen a vocabulary here: the CHECK of a column gets other words, and every row stays as it is."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, text


def change_words(connection: Connection, table: str, column: str, before: Sequence[str], after: Sequence[str], referring: Sequence[str] = ()) -> None:
    """Replace the words that a column may hold. `referring`: every table with a key to this one, each after those that it refers to.

    SQLite changes no CHECK and drops no table that another one refers to, so there all of them are written anew, with their rows,
    indexes and triggers. Raises LookupError where the table has no such CHECK.
    """
    name = f"ck_{table}_{column}_known"
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))
        connection.execute(text(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK {_check(column, after)}"))
        return
    tables = (table, *referring)
    names = ", ".join(f"'{one}'" for one in tables)
    made = connection.execute(text(f"SELECT type, name, tbl_name, sql FROM sqlite_master WHERE tbl_name IN ({names}) AND sql IS NOT NULL")).all()  # noqa: S608 - our own names
    written = {row.name: row.sql for row in made if row.type == "table"}
    if _check(column, before) not in written[table]:
        raise LookupError(f"{table} has no CHECK {_check(column, before)}")
    written[table] = written[table].replace(_check(column, before), _check(column, after))
    around = [row for row in made if row.type != "table"]
    for row in around:
        connection.execute(text(f"DROP {row.type} {row.name}"))
    _write_anew(connection, tables, written)
    for row in around:
        connection.exec_driver_sql(row.sql)


def _write_anew(connection: Connection, tables: Sequence[str], written: dict[str, str]) -> None:
    for name in tables:
        connection.execute(text(f"ALTER TABLE {name} RENAME TO {name}_old"))
    for name in tables:
        connection.exec_driver_sql(written[name])
        columns = ", ".join(f'"{row.name}"' for row in connection.execute(text(f"PRAGMA table_info({name})")))
        connection.execute(text(f"INSERT INTO {name} ({columns}) SELECT {columns} FROM {name}_old"))  # noqa: S608 - names of our own columns
    for name in reversed(tables):
        connection.execute(text(f"DROP TABLE {name}_old"))


def _check(column: str, words: Sequence[str]) -> str:
    return f"({column} IN ({', '.join(repr(word) for word in words)}))"
