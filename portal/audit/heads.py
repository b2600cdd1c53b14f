"""Heads kept outside the database: without them nobody can see that the end of the log was cut, or all of it computed anew.

A head is one line `seq hash moment`. The file in the instance folder is the nearest outside place; sending the same line
to another machine, by mail or on paper makes it worth more.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from models import db
from models.audit import AuditHead
from portal.audit.verify_export import Head, read_heads

FILE = "audit-heads.log"
EVERY = timedelta(hours=1)
"""At the latest after this time a changed head is told outside."""


def publish_head(folder: str | Path, seq: int, hash: str, moment: datetime) -> str:
    """Append a head to the file in `folder` and see it onto the disk. Call it after the commit. Returns the line."""
    line = f"{seq} {hash} {moment.astimezone(UTC).isoformat(timespec='seconds')}"
    path = Path(folder) / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, (line + "\n").encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return line


def publish_current(folder: str | Path, moment: datetime) -> str:
    """Tell the head of the committed log outside, now: at a month's close, and when somebody asks."""
    seq, hash = current_head()
    return publish_head(folder, seq, hash, moment)


def publish_if_due(folder: str | Path, moment: datetime) -> str | None:
    """Tell the head outside if the last time is an hour ago and something was written since. Returns the line, if any."""
    seq, hash = current_head()
    last = _last_line(Path(folder) / FILE)
    if last and (last[:2] == [str(seq), hash] or moment - datetime.fromisoformat(last[2]) < EVERY):
        return None
    return publish_head(folder, seq, hash, moment)


def current_head() -> tuple[int, str]:
    """Number and hash of the last line, as the session sees them."""
    row = db.session.execute(select(AuditHead.seq, AuditHead.hash).where(AuditHead.id == 1)).one()
    return row.seq, row.hash


def kept_heads(folder: str | Path) -> list[Head]:
    """The heads in the instance folder; none where no file is. Raises Broken for a line that says no head."""
    path = Path(folder) / FILE
    return read_heads(path) if path.exists() else []


def _last_line(path: Path) -> list[str]:
    """The words of the last complete line; nothing where there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 400))
            lines = file.read().decode(errors="replace").splitlines()
    except FileNotFoundError:
        return []
    words = lines[-1].split() if lines else []
    return words if len(words) == 3 else []
