"""The database itself refuses to change or delete a fact, whoever asks and however."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from sqlalchemy import Boolean, Column, Date, DateTime, Integer, LargeBinary, Table, text
from sqlalchemy.exc import DBAPIError

from models import Base, db
from models.append_only import ERASED, FACTS, MOVED, SEALED
from portal.transaction import on_postgresql, transaction

TABLES = Base.metadata.tables
ONWARD = {"payout": "state = 'void', serial = 'x', why = 'came back', settled_label = 'somebody'"}
"""How a row of a table whose rows go onward does."""


def some_value(column: Column[Any]) -> Any:
    """Anything that a column of this type can hold."""
    kind = getattr(column.type, "impl", column.type)
    for type_, value in (
        (Boolean, False),
        (DateTime, datetime.datetime(2026, 11, 20, tzinfo=None if not on_postgresql() else datetime.UTC)),
        (Date, datetime.date(2026, 11, 20)),
        (Integer, 1),
        (LargeBinary, b"x"),
    ):
        if isinstance(kind, type_):
            return value
    return "1"


def put_a_row(table: Table) -> None:
    """One row, past foreign keys and checks: only the triggers are on trial."""
    row = {column.name: some_value(column) for column in table.columns}
    names, places = ", ".join(f'"{name}"' for name in row), ", ".join(f":{name}" for name in row)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if connection.dialect.name == "postgresql":
            for check in connection.execute(text("SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid = CAST(:t AS regclass)"), {"t": f'"{table.name}"'}).scalars():
                connection.exec_driver_sql(f'ALTER TABLE "{table.name}" DROP CONSTRAINT "{check}"')
            connection.exec_driver_sql("SET session_replication_role = replica")
            connection.execute(text(f'INSERT INTO "{table.name}" ({names}) VALUES ({places})'), row)
            connection.exec_driver_sql("SET session_replication_role = origin")
        else:
            connection.commit()
            raw: Any = connection.connection.driver_connection
            raw.execute("PRAGMA foreign_keys = OFF")
            raw.execute("PRAGMA ignore_check_constraints = ON")
            raw.execute(f'INSERT INTO "{table.name}" ({names}) VALUES ({places})', {name: str(value) if isinstance(value, datetime.date) else value for name, value in row.items()})
            raw.execute("PRAGMA ignore_check_constraints = OFF")
            raw.execute("PRAGMA foreign_keys = ON")


def attempt(statement: str) -> None:
    with transaction():
        assert db.session.execute(text(statement)).rowcount == 1  # type: ignore[attr-defined]


def refused(statement: str) -> None:
    with pytest.raises(DBAPIError, match="is append-only"):
        attempt(statement)


def test_update_and_delete_are_refused_on_every_table_of_facts(database: None) -> None:
    for name in FACTS:
        table = TABLES[name]
        put_a_row(table)
        refused(f'DELETE FROM "{name}"')
        for column in table.columns:
            if column.name in (*SEALED.get(name, ()), *ERASED.get(name, ())):
                attempt(f"UPDATE \"{name}\" SET {column.name} = 'k2.sealed anew'")
            elif column.name not in MOVED.get(name, ()):
                refused(f'UPDATE "{name}" SET "{column.name}" = "{column.name}"')
        if name in MOVED:
            attempt(f'UPDATE "{name}" SET {ONWARD[name]}')
        for column_name in SEALED.get(name, ()):
            refused(f"UPDATE \"{name}\" SET {column_name} = '', recording_id = 2")


def test_control_a_table_without_triggers_lets_it_happen(database: None) -> None:
    assert "account" not in FACTS
    put_a_row(TABLES["account"])
    attempt("UPDATE account SET account_no = '2'")
    attempt("DELETE FROM account")


def test_control_without_its_trigger_a_fact_can_be_changed(database: None) -> None:
    put_a_row(TABLES["balance"])
    with transaction():
        db.session.execute(text("DROP TRIGGER balance_no_update" + (" ON balance" if on_postgresql() else "")))
    column = next(column.name for column in TABLES["balance"].columns if column.name != "id")
    attempt(f"UPDATE balance SET {column} = {column}")
    refused("DELETE FROM balance")
