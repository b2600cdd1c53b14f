"""Received once: the digest of every file whose content was posted is kept, and the same bytes again change nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import select

from models import db
from models.settlement import SettlementDayFile, SettlementFile


def received_before(digests: Iterable[str]) -> dict[str, SettlementFile]:
    """Those of some digests whose bytes were posted before."""
    rows = db.session.scalars(select(SettlementFile).where(SettlementFile.digest.in_(list(digests))))
    return {row.digest: row for row in rows}


def remember_file(digest: str, name: str, size: int, kind: str, *, recording_id: int, trade_date: date | None = None) -> SettlementFile:
    """Keep the digest of a file that is posted under a recording; bytes that were received before stay one file."""
    held = received_before([digest]).get(digest)
    if held is None:
        held = SettlementFile(digest=digest, name=name[-400:], size=size, kind=kind, trade_date=trade_date, recording_id=recording_id)
        db.session.add(held)
        db.session.flush()
    return held


def kinds_beside(files: Iterable[SettlementFile]) -> set[str]:
    """The kinds of all files that were posted together with these, themselves included."""
    days = select(SettlementDayFile.day_id).where(SettlementDayFile.file_id.in_([file.id for file in files]))
    beside = select(SettlementFile.kind).join(SettlementDayFile, SettlementDayFile.file_id == SettlementFile.id).where(SettlementDayFile.day_id.in_(days))
    return set(db.session.scalars(beside))
