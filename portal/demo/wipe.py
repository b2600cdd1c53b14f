"""Empties a demonstration firm: its whole database is moved aside, never deleted, and a new one begins.

Facts and the audit log are append-only, so nothing is emptied row by row: the old database stays whole, with its log and the heads
that were told outside, and the first line of the new log says where it lies and with which head its log ended.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2 as sqlite
from sqlalchemy import func, select, text

from models import db
from models.clients import Account
from models.identity import User
from models.settlement import SettlementDay
from portal.actors import TERMINAL
from portal.audit import heads, log
from portal.demo.load import check_empty
from portal.refusals import Conflict
from portal.settings import Settings
from portal.transaction import transaction

HALF = ".demo-half-loaded"
"""The file in the instance folder that says: the firm has still to be loaded. `./run` goes on where it lies."""
OPEN_ELSEWHERE = "somebody has this database open: stop the portal and its workers, then try again; nothing was changed"


@dataclass(frozen=True)
class Standing:
    """What a demonstration firm holds: its database's name, counts, and where its audit log ends."""

    name: str
    people: int
    accounts: int
    days: int
    lines: int
    head: str


def standing(settings: Settings) -> Standing:
    """What would be moved aside. Raises Refusal where this is no demonstration, or holds people or accounts that are not its own."""
    check_empty(settings)
    people, accounts, days = (db.session.execute(select(func.count()).select_from(model)).scalar_one() for model in (User, Account, SettlementDay))
    lines, head = heads.current_head()
    return Standing(str(Path(db.engine.url.database or "").name), people, accounts, days, lines, head)


def move_aside(settings: Settings, moment: datetime) -> str:
    """Move the database and the heads of its log aside. Returns the name under which the database lies now.

    Raises Conflict where anybody else is connected: he would go on writing into what was moved.
    """
    stamp = moment.astimezone(UTC).strftime("%Y%m%dT%H%M%S")
    on_sqlite, file = db.engine.dialect.name == "sqlite", Path(db.engine.url.database or "")
    db.session.remove()
    db.engine.dispose()
    place = _move_file(file, stamp) if on_sqlite else _move_schema(stamp)
    told = Path(settings.instance) / heads.FILE
    if told.exists():
        told.rename(told.with_name(f"{told.name}.{stamp}"))
    (Path(settings.instance) / HALF).touch()
    return place


def begin_anew(before: Standing, place: str, moment: datetime) -> None:
    """Write the first line of the new log: what was moved aside, where it lies, and with which head its log ended."""
    with transaction():
        log.write(TERMINAL, moment, "demo.wiped", "database", before.name, before=asdict(before), after={"aside": place})


def _move_file(file: Path, stamp: str) -> str:
    """The file of an embedded database, whole: what lies beside it in its WAL is written into it first, which needs it to oneself."""
    aside = file.with_name(f"{file.name}.{stamp}")
    held: Any = sqlite.connect(str(file), timeout=1, isolation_level=None)
    try:
        held.execute("PRAGMA journal_mode=DELETE")
        held.execute("BEGIN EXCLUSIVE")
        file.rename(aside)
    except sqlite.OperationalError as error:
        raise Conflict(OPEN_ELSEWHERE) from error
    finally:
        held.close()
    return aside.name


def _move_schema(stamp: str) -> str:
    """The schema of a server's database, renamed in one transaction with the making of an empty one."""
    aside = f"before_{stamp.lower()}"
    with db.engine.connect().execution_options(isolation_level="READ COMMITTED") as connection, connection.begin():
        others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        if connection.execute(text(others)).scalar_one():
            raise Conflict(OPEN_ELSEWHERE)
        schema = connection.execute(text("SELECT quote_ident(current_schema())")).scalar_one()
        connection.execute(text(f"ALTER SCHEMA {schema} RENAME TO {aside}"))
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    return aside
