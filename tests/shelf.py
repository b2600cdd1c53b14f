"""Databases of a PostgreSQL server that tests use one after the other.

Making and dropping a database costs more than most tests do, so one that a test has done with is emptied and serves again.
Emptied, it is like a new one: the rows of the migrations, sequences at their beginning, no sizes or statistics of before.
Whatever a test changed beyond rows (a trigger, a column) is seen, and such a database is dropped. None needs to outlive a
power cut, so a commit does not wait for the disk.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

TABLES = "SELECT oid::int, relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname"
HOLD_PAGES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0 ORDER BY relname"
REFERENCES = "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace"
SEQUENCES = "SELECT seqrelid::int, pg_sequence_last_value(seqrelid) FROM pg_sequence WHERE pg_sequence_last_value(seqrelid) IS NOT NULL"
MAKE = "SELECT (SELECT array_agg(oid::int ORDER BY oid) FROM pg_class WHERE relnamespace = 'public'::regnamespace)," + ",".join(
    f"(SELECT count(*) || ' ' || max(xmin::text::bigint) FROM {catalogue})"
    for catalogue in ["pg_attribute", "pg_attrdef", "pg_constraint", "pg_extension", "pg_index", "pg_namespace", "pg_proc", "pg_rewrite", "pg_trigger"]
)
"""Tells apart databases that were made differently: each change of a definition writes a row of a catalogue anew."""
ALONE = "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"

FREELY = "SET LOCAL session_replication_role = replica"
"""Facts may go, and foreign keys need not be asked."""


def new_name() -> str:
    """The name of a database that was never there."""
    return f"juyuan_test_{uuid.uuid4().hex[:12]}"


def create(server: str, template: str = "", name: str = "") -> str:
    """A new database, empty or a copy of one to which nobody is connected. Returns its name."""
    name = name or new_name()
    execute(server, f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""), f"ALTER DATABASE {name} SET synchronous_commit = off")
    return name


def drop(server: str, name: str) -> None:
    """Drop a database, whoever is connected to it."""
    execute(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def execute(server: str, *statements: str) -> None:
    """Statements outside of every transaction."""
    with psycopg.connect(server + "postgres", autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)  # type: ignore[call-overload]


class Altered(Exception):
    """A database is no longer made as its template is."""


@dataclass(frozen=True)
class Content:
    """Rows of a database, by table, and how far its sequences have come."""

    rows: dict[str, bytes]
    sequences: dict[int, int]

    @classmethod
    def of(cls, connection: psycopg.Connection) -> Content:
        """What a database holds."""
        rows = {}
        for (table,) in connection.execute(HOLD_PAGES).fetchall():
            with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT (FORMAT binary)").format(sql.Identifier(table))) as copy:
                rows[table] = b"".join(copy)
        return cls(rows, dict(connection.execute(SEQUENCES).fetchall()))

    def put_in(self, connection: psycopg.Connection) -> None:
        """Make this what a database of empty tables holds."""
        for table, rows in self.rows.items():
            with connection.cursor().copy(sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(sql.Identifier(table))) as copy:
                copy.write(rows)
        for sequence, value in self.sequences.items():
            connection.execute("SELECT setval(%s::oid::regclass, %s)", (sequence, value))


@dataclass
class Shelf:
    """The databases of a process that are copies of one template."""

    server: str
    template: str
    free: list[str] = field(default_factory=list)
    _make: tuple[object, ...] = ()
    _content: Content = field(default_factory=lambda: Content({}, {}))
    _referring: dict[str, set[str]] = field(default_factory=dict)

    def take(self) -> str:
        """A database like the template, of a name that nothing remembers: one that was put back, or a new one."""
        if not self.free:
            return create(self.server, self.template)
        name = new_name()
        execute(self.server, f"ALTER DATABASE {self.free.pop()} RENAME TO {name}")
        return name

    def put_back(self, name: str) -> None:
        """Take a database that is no longer used, for the next who asks for one."""
        self.make_new(name)
        self.free.append(name)

    def make_new(self, name: str) -> None:
        """Make a database like the template again; who is still connected to it is cut off."""
        try:
            with psycopg.connect(self.server + name) as connection:
                self._empty(connection)
        except (psycopg.Error, Altered):
            drop(self.server, name)
            create(self.server, self.template, name)

    def clear(self) -> None:
        """Drop what is left."""
        while self.free:
            drop(self.server, self.free.pop())

    def _look(self) -> None:
        """See how the template is made and what it holds."""
        with psycopg.connect(self.server + self.template) as connection:
            self._make = _made(connection)
            self._content = Content.of(connection)
            for referring, referred in connection.execute(REFERENCES).fetchall():
                self._referring.setdefault(referred, set()).add(referring)

    def _empty(self, connection: psycopg.Connection) -> None:
        if not self._make:
            self._look()
        connection.execute(ALONE)
        connection.execute(FREELY)
        if _made(connection) != self._make:
            raise Altered
        held = self._with_referring([table for (table,) in connection.execute(HOLD_PAGES).fetchall()])
        if held:
            connection.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(map(sql.Identifier, held))))
        connection.execute(f"SELECT setval(moved.seqrelid::regclass, seqstart, false) FROM ({SEQUENCES}) AS moved JOIN pg_sequence ON pg_sequence.seqrelid::int = moved.seqrelid")
        connection.execute("DELETE FROM pg_statistic WHERE starelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)")
        self._content.put_in(connection)

    def _with_referring(self, tables: list[str]) -> list[str]:
        """Tables, and those that refer to them, to which TRUNCATE holds even when they are empty."""
        found, waiting = set(tables), list(tables)
        while waiting:
            new = self._referring.get(waiting.pop(), set()) - found
            found |= new
            waiting += new
        return sorted(found)


def fill(url: str, content: Content) -> None:
    """Give a database that holds nothing but the rows of the migrations another content."""
    with psycopg.connect(url) as connection:
        connection.execute(FREELY)
        for (table,) in connection.execute(HOLD_PAGES).fetchall():
            connection.execute(sql.SQL("TRUNCATE {}").format(sql.Identifier(table)))
        content.put_in(connection)


_SHELVES: dict[tuple[str, str], Shelf] = {}


def shelf_of(server: str, template: str) -> Shelf:
    """This process's databases that are copies of a template."""
    return _SHELVES.setdefault((server, template), Shelf(server, template))


def _made(connection: psycopg.Connection) -> tuple[object, ...]:
    row = connection.execute(MAKE).fetchone()
    assert row is not None
    return tuple(row)
