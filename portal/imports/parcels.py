"""Files that were handed in at a desk and wait until somebody has seen what they would do.

A parcel is a job that has ended before it began: its row says who handed in what, and its uploads stay until the files were
brought in, were thrown away, or have waited for a week.
"""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import exists, select

from models import db
from models.jobs import Job, JobState, JobUpload
from portal.actors import Actor
from portal.audit import log
from portal.imports.received import Received
from portal.jobs.verbs import drop_uploads

PARCEL = "imports.parcel"
KEPT = timedelta(days=7)
"""So long files wait for a decision."""


def begin(actor: Actor, moment: datetime, names: list[str]) -> Job:
    """Open a parcel inside the open transaction, and drop the files of parcels that waited too long."""
    drop_old(moment)
    job = Job(public_id=secrets.token_urlsafe(16), kind=PARCEL, state=JobState.DONE, asked_by_id=actor.user_id, asked_at=moment, finished_at=moment, step="", arguments={})
    db.session.add(job)
    db.session.flush()
    log.write(actor, moment, "import.handed_in", "parcel", job.public_id, after={"files": len(names)})
    return job


def drop_old(moment: datetime) -> int:
    """Drop the files of parcels that waited too long. Returns of how many. Verb."""
    waited = list(db.session.scalars(select(Job.id).where(Job.kind == PARCEL, Job.asked_at < moment - KEPT, _has_files())))
    for old in waited:
        drop_uploads(old)
    return len(waited)


def add(parcel_id: int, name: str, packed: bytes) -> None:
    """Put one file, packed by `pack`, into a parcel inside the open transaction."""
    db.session.add(JobUpload(job_id=parcel_id, name=name[-400:], payload=packed))
    db.session.flush()


def pack(content: bytes) -> bytes:
    """A file as a parcel keeps it."""
    return zlib.compress(content, 1)


def named(public_id: str) -> Job | None:
    """A parcel that still holds files, or None."""
    return db.session.execute(select(Job).where(Job.kind == PARCEL, Job.public_id == public_id, _has_files())).scalar_one_or_none()


def files_in(parcel: Job) -> Iterable[Received]:
    """The files of a parcel; bytes are read when asked for."""
    for number, name in db.session.execute(select(JobUpload.id, JobUpload.name).where(JobUpload.job_id == parcel.id).order_by(JobUpload.id)).all():
        yield Received(name, len(_read(number)), partial(_read, number))


def throw_away(parcel: Job, actor: Actor, moment: datetime, why: str) -> None:
    """Delete the files of a parcel inside the open transaction; `why` is brought_in or thrown_away."""
    drop_uploads(parcel.id)
    log.write(actor, moment, f"import.{why}", "parcel", parcel.public_id)


def _has_files() -> exists:  # type: ignore[valid-type]
    return exists().where(JobUpload.job_id == Job.id)


def _read(number: int) -> bytes:
    return zlib.decompress(db.session.execute(select(JobUpload.payload).where(JobUpload.id == number)).scalar_one())
