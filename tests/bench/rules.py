"""Holding all books against the rules: `python -m tests.bench.rules [--accounts N] [--brokers N] [--database URL] [--instance FOLDER]`.

A firm is made by set-based inserts (one account in a thousand is of a relative, one in five hundred waits for its call), then held
against the rules of a day twice: what is found is kept, and the second time nothing changes. Budget: 60 s for 300,000 accounts.
With `--instance` the firm is made and kept there, so that the command itself can be measured on it:

    PORTAL_INSTANCE=FOLDER [PORTAL_DATABASE_URL=URL] /usr/bin/time -v flask rules check
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import flask_migrate

from models import db
from models.attribution import Attribution
from models.clients import Account, AccountVersion
from models.columns import OPEN_END
from models.commission import Agreement, Plan
from models.partners import Branch, Broker, BrokerStatus, BrokerVersion, Licence, Relative
from portal import clock, create_app
from portal.actors import TERMINAL
from portal.audit.recordings import open_recording
from portal.bulk import insert_rows
from portal.keys import keyring
from portal.rules import recheck
from portal.settings import Settings
from portal.settlement import calendar
from portal.transaction import transaction
from portal.versions import table_of
from tests.bench.stopwatch import stopwatch

DAY, SINCE = date(2026, 3, 2), date(2025, 1, 2)
BUDGET = 60.0
"""Seconds."""


def put(model: type[Any], columns: tuple[str, ...], rows: Iterator[tuple[Any, ...]]) -> None:
    """Insert rows of a table."""
    insert_rows(table_of(model), columns, rows)


def people(recording: int, brokers: int) -> None:
    """One branch, one plan, and brokers who are active and licensed, each with an agreement."""
    put(Branch, ("id", "branch_no"), iter([(1, "01")]))
    put(Plan, ("id", "plan_code"), iter([(1, "HALF")]))
    put(Broker, ("id", "broker_no"), ((n, f"B{n:05d}") for n in range(1, brokers + 1)))
    version = ("broker_id", "name", "kind", "id_no_sealed", "id_no_index", "phone_sealed", "phone_index", "email", "branch_id", "manager_staff_id", "withdrawn", "recording_id")
    put(BrokerVersion, version, ((n, f"Broker {n}", "person", "", f"b{n}", "", f"p{n}", "", 1, None, False, recording) for n in range(1, brokers + 1)))
    for model, says, value in ((BrokerStatus, "status", "active"), (Licence, "licence_no", "F1"), (Agreement, "plan_id", 1)):
        put(model, ("broker_id", says, "valid_from", "valid_to", "withdrawn", "recording_id"), ((n, value, SINCE, OPEN_END, False, recording) for n in range(1, brokers + 1)))


def books(recording: int, accounts: int, brokers: int) -> None:
    """Accounts, each attributed whole to one of the brokers."""
    put(Account, ("id", "account_no"), ((n, f"{n:08d}") for n in range(1, accounts + 1)))
    names = ("account_id", "client_no", "name", "kind", "id_no_sealed", "id_no_index", "phone_sealed", "phone_index", "email")
    more = ("branch_id", "opened_on", "closed_on", "risk_grade", "birthday", "withdrawn", "recording_id")
    rows = (
        (n, f"C{n}", f"Client {n}", "person", "", f"c{n}", "", f"q{n}", "", 1, SINCE, None, "" if n % 2000 == 0 else "C4", None, False, recording) for n in range(1, accounts + 1)
    )
    put(AccountVersion, names + more, rows)
    span = ("account_id", "broker_id", "share", "state", "valid_from", "valid_to", "confirmed_on", "withdrawn", "recording_id")
    states = ((n, 1 + n % brokers, "pending" if n % 500 == 0 else "confirmed") for n in range(1, accounts + 1))
    put(Attribution, span, ((n, broker, 1_000_000, state, SINCE, OPEN_END, None, False, recording) for n, broker, state in states))
    tie = ("broker_id", "id_no_sealed", "id_no_index", "relation", "valid_from", "valid_to", "withdrawn", "recording_id")
    put(Relative, tie, ((1 + n % brokers, "", f"c{n}", "spouse", SINCE, OPEN_END, False, recording) for n in range(1000, accounts + 1, 1000)))


def main() -> None:
    """Make the firm, hold it against the rules twice, and print the times."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.rules", description=__doc__)
    parser.add_argument("--accounts", type=int, default=300_000)
    parser.add_argument("--brokers", type=int, default=3_000)
    parser.add_argument("--database", default="", help="of PostgreSQL, empty and not migrated; without it a SQLite file")
    parser.add_argument("--instance", default="", help="make the firm in this folder, keep it, and hold nothing against the rules")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Settings(instance=given.instance or str(Path(folder) / "instance"), database_url=given.database, testing=True))
        with app.app_context():
            flask_migrate.upgrade()
            with transaction():
                calendar.sow(TERMINAL, clock.now())
            with stopwatch() as made, transaction():
                recording = open_recording(TERMINAL, clock.now(), "bench").id
                people(recording, given.brokers)
                books(recording, given.accounts, given.brokers)
            print(f"{given.accounts} accounts of {given.brokers} brokers made in {made[0].wall:.1f} s", file=sys.stderr)
            if given.instance:
                return
            with stopwatch() as looked:
                count = len(recheck.look(DAY, "CN", keyring()).listed)
            print(f"held against the rules     {looked[0].wall:7.1f} s ({looked[0].cpu:.1f} s CPU)   {count} breaches")
            for turn in ("kept", "kept once more"):
                with stopwatch() as kept:
                    seen = recheck.look(DAY, "CN", keyring())
                    with transaction():
                        check = recheck.keep(seen, TERMINAL, clock.now())
                print(f"{turn:<26} {kept[0].wall:7.1f} s ({kept[0].cpu:.1f} s CPU)   {check.appeared} new, {check.gone} gone")
            print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB; budget {BUDGET:.0f} s")
            db.session.remove()
            db.engine.dispose()


if __name__ == "__main__":
    main()
