"""What the stand-in remembers: objects, answers by idempotency key, events and their deliveries, switches. One SQLite file of its own."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2 as sqlite

from portal import clock

SCHEMA = """
CREATE TABLE IF NOT EXISTS thing (id TEXT PRIMARY KEY, kind TEXT NOT NULL, body TEXT NOT NULL, seq INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS thing_kind ON thing (kind, seq);
CREATE TABLE IF NOT EXISTS answer (key TEXT PRIMARY KEY, asked TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS delivery (id INTEGER PRIMARY KEY, body TEXT NOT NULL, due REAL NOT NULL, tries INTEGER NOT NULL, status INTEGER NOT NULL, forged INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS switch (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class Store:
    """The file. Every change happens inside `change`; readers see whole changes."""

    def __init__(self, path: str) -> None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.ready = False

    @contextmanager
    def change(self) -> Iterator[Desk]:
        """Hold the file's write lock; what happens inside is kept whole or not at all."""
        connection = sqlite.connect(self.path, timeout=30, isolation_level=None)
        try:
            if not self.ready:
                connection.execute("PRAGMA journal_mode=WAL")
                connection.executescript(SCHEMA)
                self.ready = True
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield Desk(connection)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
        finally:
            connection.close()


class Desk:
    """What can be done with the file while it is held."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def put(self, thing: Mapping[str, Any]) -> None:
        """Keep an object as it is now."""
        next_one = "(SELECT COALESCE(MAX(seq), 0) + 1 FROM thing)"
        self.connection.execute(
            f"INSERT INTO thing (id, kind, body, seq) VALUES (?, ?, ?, {next_one}) ON CONFLICT (id) DO UPDATE SET body = excluded.body",  # noqa: S608 - no text of anybody's in it
            (thing["id"], thing["object"], json.dumps(thing)),
        )

    def get(self, thing_id: str) -> dict[str, Any] | None:
        """An object by its id."""
        row = self.connection.execute("SELECT body FROM thing WHERE id = ?", (thing_id,)).fetchone()
        return json.loads(row[0]) if row else None

    def all(self, kind: str) -> list[dict[str, Any]]:
        """The objects of a kind, the newest first."""
        return [json.loads(row[0]) for row in self.connection.execute("SELECT body FROM thing WHERE kind = ? ORDER BY seq DESC", (kind,))]

    def answer(self, key: str) -> tuple[str, int, Any] | None:
        """What was asked under an idempotency key, and how it was answered."""
        row = self.connection.execute("SELECT asked, status, body FROM answer WHERE key = ?", (key,)).fetchone()
        return (row[0], row[1], json.loads(row[2])) if row else None

    def keep_answer(self, key: str, asked: str, status: int, body: Any) -> None:
        """Keep an answer, errors too."""
        self.connection.execute("INSERT INTO answer (key, asked, status, body) VALUES (?, ?, ?, ?)", (key, asked, status, json.dumps(body)))

    def switch(self, name: str) -> str:
        """A switch; empty where nobody touched it."""
        row = self.connection.execute("SELECT value FROM switch WHERE name = ?", (name,)).fetchone()
        return row[0] if row else ""

    def turn(self, name: str, value: str) -> None:
        """Set a switch."""
        self.connection.execute("INSERT INTO switch (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", (name, value))

    def use_up(self, name: str) -> bool:
        """Take one off a switch that counts down. False where it stands at nought."""
        left = int(self.switch(name) or 0)
        if left:
            self.turn(name, str(left - 1))
        return left > 0

    def tell(self, kind: str, thing: Mapping[str, Any]) -> None:
        """Queue an event about an object as it is now, delivered as the switch `webhooks` says."""
        made = now()
        event = {"id": new_id("evt"), "object": "event", "type": kind, "api_version": API_VERSION, "created": made, "livemode": False, "data": {"object": dict(thing)}}
        self.put(event)
        how = self.switch("webhooks")
        due = made + LATE if how == "late" else made
        forged = [0, 1] if how == "forged" else [0, 0] if how == "twice" else [0]
        for one in forged:
            self.connection.execute("INSERT INTO delivery (body, due, tries, status, forged) VALUES (?, ?, 0, 0, ?)", (json.dumps(event), due, one))

    def due(self) -> list[tuple[int, str, bool, int]]:
        """Deliveries that are to be made: number, body, whether forged, tries so far."""
        order = "DESC" if self.switch("webhooks") == "reordered" else "ASC"
        query = f"SELECT id, body, forged, tries FROM delivery WHERE status NOT BETWEEN 200 AND 299 AND tries < ? AND due <= ? ORDER BY id {order}"  # noqa: S608 - one of two words
        return [(row[0], row[1], bool(row[2]), row[3]) for row in self.connection.execute(query, (len(WAITS), now()))]

    def tried(self, number: int, status: int, tries: int) -> None:
        """Write down how a delivery ended; it comes again later where it was not heard."""
        self.connection.execute("UPDATE delivery SET tries = ?, status = ?, due = ? WHERE id = ?", (tries + 1, status, now() + WAITS[min(tries, len(WAITS) - 1)], number))


API_VERSION = "2026-10-28.endive"
LATE = 90
"""Seconds by which a late event comes late."""
WAITS = (2, 5, 20, 60, 300)
"""Seconds before each further try of a delivery."""


def now() -> int:
    """Seconds since 1970."""
    return int(clock.now().timestamp())


def new_id(prefix: str) -> str:
    """An id such as Stripe's."""
    return f"{prefix}_{secrets.token_hex(12)}"
