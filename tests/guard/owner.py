"""The database's owner: without triggers, he changes the kept log in every way, before `flask audit verify`; and how fast that reads."""

from __future__ import annotations

import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import text

from models import db
from models.audit import AuditEntry, AuditHead
from portal import create_app
from portal.actors import TERMINAL
from portal.audit import log, verify
from portal.audit.verify_export import GENESIS, Head
from portal.transaction import on_postgresql, transaction
from tests.guard.report import Report
from tests.places import migrated_place
from tests.rooms.audit.people import NOON
from tests.rooms.audit.test_verify import ONLY_HEADS_FIND, TAMPERINGS, Rows, _line, chained

LINES_A_SECOND = 50_000
MANY = 200_000


def owner(report: Report, count: int, seed: int, database: str, *, without_heads: bool = False, measured: bool = True) -> None:
    """`count` changed logs of every kind in the database; each must be found. Without heads three kinds are not."""
    draw, found = random.Random(seed), Counter()
    with tempfile.TemporaryDirectory() as folder:
        place = migrated_place(Path(folder) / "instance", database)
        with create_app(place.settings()).app_context():
            if measured and not without_heads:
                _speed(report)
            _without_triggers()
            for kind, change in TAMPERINGS.items():
                for _ in range(count):
                    lines = chained([_line(draw) for _ in range(draw.randrange(5, 25))])
                    told = [] if without_heads else [Head(seq, lines[seq - 1]["hash"], "told") for seq in {len(lines), draw.randrange(1, len(lines) + 1)}]
                    _leave_behind(change(lines, draw.randrange(0, len(lines) - 1)))
                    found[kind] += not verify.verify(told).holds
                if found[kind] != count:
                    report.fault(f"{kind}: {found[kind]} of {count} were found")
            db.session.remove()
            db.engine.dispose()
        place.drop()
    report.tried = count * len(TAMPERINGS)
    report.figures |= {"found": found.total(), "kinds": len(TAMPERINGS), "only heads find": sorted(ONLY_HEADS_FIND)}


def _without_triggers() -> None:
    with transaction():
        for name in ("audit_entry_no_update", "audit_entry_no_delete"):
            db.session.execute(text(f"DROP TRIGGER {name}" + (" ON audit_entry" if on_postgresql() else "")))


def _leave_behind(lines: Rows) -> None:
    """These lines stand in place of the log, and the head row agrees."""
    with transaction():
        db.session.execute(AuditEntry.__table__.delete())
        if lines:
            db.session.execute(AuditEntry.__table__.insert(), lines)
        end = lines[-1] if lines else {"seq": 0, "hash": GENESIS}
        db.session.execute(AuditHead.__table__.update().values(seq=end["seq"], hash=end["hash"]))


def _lines() -> Iterator[log.Line]:
    for number in range(MANY):
        change = {"before": {"fen": -number, "rate": "0.35"}, "after": {"fen": number, "list": [1, None, True], "note": "改"}}
        yield log.Line("client.changed", "client", f"C{number}", **change, reason="改 " + "x" * 40)


def _speed(report: Report) -> None:
    """How many lines a second of processor time the check reads."""
    with transaction():
        log.write_many(TERMINAL, NOON, _lines(), request_id="r" * 16)
    before = time.process_time()
    verdict = verify.verify()
    took = time.process_time() - before
    report.figures |= {"lines": verdict.lines, "lines a second": round(verdict.lines / took)}
    if not verdict.holds or verdict.lines != MANY or verdict.lines / took < LINES_A_SECOND:
        report.fault(f"{verdict.lines / took:.0f} lines a second: {verdict.why}")
