"""Statements in one file: a ZIP with each in all its forms, as they are made one by one, an index, and the digest of every file.

The same statements in the same language give the same bytes: the files stand in the order of the index and bear the moment at which the
month was closed. One statement is in memory at a time.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from models import db
from models.commission import CommissionRun, MonthClose
from models.partners import Broker
from portal.commission.packs import Wanted
from portal.documents.statement import file_name, offered_script, statement_documents
from portal.web.exports import csv_lines

Step = Callable[[int, int], None]
"""Is told how many statements are done, of how many; may raise to stop."""
INDEX = ("month", "broker_no", "file", "bytes", "sha256")
FIRST = (1980, 1, 1, 0, 0, 0)
"""The moment of what belongs to no month; an archive knows none before."""


def write(target: Path, wanted: Sequence[Wanted], locale: str, step: Step) -> int:
    """Write the archive; returns how many files it holds, index and all."""
    rows: list[tuple[str, str, str, int, str]] = []
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for done, one in enumerate(wanted):
            step(done, len(wanted))
            at = _moment(one)
            for name, body in _files(one, locale):
                _put(archive, name, body, at)
                rows.append((one.period, one.broker_no, name, len(body), hashlib.sha256(body).hexdigest()))
            db.session.rollback()  # no snapshot is held, and nothing kept in memory, from one statement to the next
        script, digest = offered_script()
        _put(archive, "check_statement.py", script, FIRST)
        _put(archive, "index.csv", b"".join(csv_lines(INDEX, rows)), FIRST)
        sums = [*((row[4], row[2]) for row in rows), (digest, "check_statement.py")]
        _put(archive, "SHA256SUMS", "".join(f"{one}  {name}\n" for one, name in sums).encode(), FIRST)
    step(len(wanted), len(wanted))
    return len(rows) + 3


def _files(one: Wanted, locale: str) -> list[tuple[str, bytes]]:
    run, broker = db.session.get_one(CommissionRun, one.run_id), db.session.get_one(Broker, one.broker_id)
    folder = f"{one.period}/{''.join(letter if letter.isalnum() or letter in '-_' else '_' for letter in one.broker_no)}"
    return [(f"{folder}/{file_name(run, broker, form)}".replace("\\", "_"), body) for form, body in statement_documents(run, broker, locale).items()]


def _moment(one: Wanted) -> tuple[int, int, int, int, int, int]:
    closed_at: datetime = db.session.get_one(MonthClose, one.period).closed_at
    return closed_at.year, closed_at.month, closed_at.day, closed_at.hour, closed_at.minute, closed_at.second // 2 * 2


def _put(archive: zipfile.ZipFile, name: str, body: bytes, at: tuple[int, int, int, int, int, int]) -> None:
    info = zipfile.ZipInfo(name, at)
    info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
    archive.writestr(info, body, compresslevel=6)
