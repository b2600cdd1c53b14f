"""Facts are never edited: the database itself refuses UPDATE and DELETE on them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, text

FACTS = (
    "recording", "audit_entry",
    "branch_version", "staff_version", "broker_version", "broker_status", "licence", "upline", "relative",
    "account_version", "servicing", "attribution",
    "settlement_file", "settlement_day", "settlement_day_file", "day_segment", "balance", "trade", "exchange_fee",
    "plan_version", "agreement", "adjustment",
    "month_close",
)  # fmt: skip
"""Tables whose rows stay as they were written. Key rotation alone may re-seal a version's numbers, through `resealing`."""

SEALED = {
    "staff_version": ("phone_sealed",),
    "broker_version": ("id_no_sealed", "phone_sealed"),
    "relative": ("id_no_sealed",),
    "account_version": ("id_no_sealed", "phone_sealed"),
}
"""Columns that key rotation re-seals: their plain value stays the same, so an UPDATE of nothing else is let through."""


def install(connection: Connection, tables: Sequence[str] = FACTS) -> None:
    """Create the triggers that keep `tables` append-only."""
    make = _postgresql if connection.dialect.name == "postgresql" else _sqlite
    for table in tables:
        columns = [row[0] for row in connection.execute(text(_COLUMNS[connection.dialect.name].format(table=table)))]
        kept = [column for column in columns if column not in SEALED.get(table, ())]
        for statement in make(table, kept, table in SEALED):
            connection.exec_driver_sql(statement)


_COLUMNS = {
    "sqlite": "SELECT name FROM pragma_table_info('{table}')",
    "postgresql": "SELECT column_name FROM information_schema.columns WHERE table_name = '{table}' AND table_schema = current_schema()",
}


def _sqlite(table: str, kept: list[str], sealed: bool) -> list[str]:
    only = f"UPDATE OF {', '.join(kept)}" if sealed else "UPDATE"
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    return [
        f"CREATE TRIGGER {table}_no_update BEFORE {only} ON {table} {refuse}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
    ]


def _postgresql(table: str, kept: list[str], sealed: bool) -> list[str]:
    only = f"UPDATE OF {', '.join(kept)}" if sealed else "UPDATE"
    return [
        f"CREATE OR REPLACE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$",
        f"CREATE TRIGGER {table}_no_update BEFORE {only} ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_append_only()",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_append_only()",
    ]
