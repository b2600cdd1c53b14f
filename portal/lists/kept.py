"""Files taken out of lists, kept for their maker until they expire."""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Select, delete, insert, select

from models import db
from models.lists import ExportFile, ExportPart
from portal.actors import Actor
from portal.audit import log
from portal.refusals import NotFound

KEPT_FOR = timedelta(days=7)
PART = 4 * 1024 * 1024
"""Bytes of a piece before compression: what a download holds in memory."""


def keep(actor: Actor, moment: datetime, path: Path, *, job: str | None = None, **said: Any) -> ExportFile:
    """Keep a file for its maker, and let go of what has expired. Verb: runs inside a transaction."""
    drop_expired(moment)
    row = ExportFile(public_id=secrets.token_urlsafe(16), owner_id=actor.user_id, made_at=moment, expires_at=moment + KEPT_FOR, size=path.stat().st_size, job_public_id=job, **said)
    db.session.add(row)
    db.session.flush()
    with path.open("rb") as file:
        place = 0
        while piece := file.read(PART):
            db.session.execute(insert(ExportPart).values(export_id=row.id, place=place, payload=zlib.compress(piece, 1)))
            place += 1
    return row


def drop_expired(moment: datetime) -> None:
    """Delete what has expired, whoever made it."""
    gone = select(ExportFile.id).where(ExportFile.expires_at <= moment)
    db.session.execute(delete(ExportPart).where(ExportPart.export_id.in_(gone)))
    db.session.execute(delete(ExportFile).where(ExportFile.expires_at <= moment))


def of_maker(actor: Actor, moment: datetime) -> Select[ExportFile]:
    """The files that a person made and that have not expired."""
    return select(ExportFile).where(ExportFile.owner_id == actor.user_id, ExportFile.expires_at > moment)


def one(actor: Actor, moment: datetime, public_id: str) -> ExportFile:
    """A file of one's own. Raises NotFound: to everybody else there is none."""
    found = db.session.execute(of_maker(actor, moment).where(ExportFile.public_id == public_id)).scalar_one_or_none()
    if found is None:
        raise NotFound("there is no such file, or it has expired")
    return found


def record_fetch(row: ExportFile, actor: Actor, moment: datetime, *, request_id: str = "") -> None:
    """Write into the audit log that a kept file was fetched; that it was made stands there already. Verb. What its address asked for may name a
    person and is not repeated."""
    after = {"name": row.name, "form": row.form, "rows": row.rows, "bytes": row.size, "made_at": row.made_at.isoformat()}
    log.write(actor, moment, "export.fetched", "list", row.endpoint, after=after, request_id=request_id)


def of_job(public_id: str) -> ExportFile | None:
    """The file that a job made, if it has."""
    return db.session.execute(select(ExportFile).where(ExportFile.job_public_id == public_id)).scalar_one_or_none()


def remove(row: ExportFile) -> None:
    """Delete a file before it expires."""
    db.session.execute(delete(ExportPart).where(ExportPart.export_id == row.id))
    db.session.execute(delete(ExportFile).where(ExportFile.id == row.id))


def content(export_id: int) -> Iterator[bytes]:
    """The bytes of a file, piece by piece."""
    places = db.session.execute(select(ExportPart.place).where(ExportPart.export_id == export_id).order_by(ExportPart.place)).scalars().all()
    for place in places:
        yield zlib.decompress(db.session.execute(select(ExportPart.payload).where(ExportPart.export_id == export_id, ExportPart.place == place)).scalar_one())
