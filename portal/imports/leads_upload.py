"""A list of leads handed in at the desk, as a job: first what it holds, then its registration, with progress."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from models import db
from models.jobs import Job
from models.leads import LeadDoor
from portal import clock, local_day
from portal.actors import Actor
from portal.imports import parcels
from portal.imports.leads_file import Listed, is_desk, read
from portal.jobs.handlers import Work, handler
from portal.keys import keyring
from portal.leads.look_ups import Limits
from portal.leads.many import CHUNK, Asked, Many, Told
from portal.leads.owners import users_of
from portal.leads.register import Answer
from portal.leads.telling import tell_assigned_many
from portal.notices.kinds import N_
from portal.permissions import Can
from portal.refusals import Conflict
from portal.transaction import transaction

UPLOAD = "leads.upload"
"""The kind of the job. Arguments: `parcel`, `dry_run`."""
OF_ROWS = {"faults", "repeats", "told"}
"""What a result says of single rows."""
MOST_ANSWERS = 10_000
"""So many answers other than `new` are listed by their line; the rest is counted."""


@handler(UPLOAD)
def upload_job(work: Work) -> dict[str, Any]:
    """Check a list, or register what holds of it. Once more registers nobody twice: who is known is answered `yours`."""
    work.actor.need(Can.LEAD_REGISTER)
    parcel = parcels.named(work.arguments["parcel"])
    if parcel is None:
        raise Conflict("this list is no longer kept: hand it in again")
    file = next(iter(parcels.files_in(parcel)))
    work.progress(N_("Reading the list"))
    listed = read(file.name, file.read(), work.actor, lambda done, total: work.progress(N_("Checking the rows"), done, total))
    result = checked(listed)
    if work.arguments["dry_run"]:
        return result
    result |= registered(listed.rows, work.actor, LeadDoor.UPLOAD, work)
    with transaction():
        if (held := parcels.named(work.arguments["parcel"])) is not None:
            parcels.throw_away(held, work.actor, clock.now(), "brought_in")
    return result


def checked(listed: Listed) -> dict[str, Any]:
    """What a list holds, in plain JSON."""
    by = Counter(row.introducer.key for row in listed.rows)
    counts = {"lines": listed.lines, "valid": len(listed.rows), "faulty": listed.faulty, "repeated": len(listed.repeats)}
    return counts | {"faults": [asdict(fault) for fault in listed.faults], "repeats": listed.repeats[:MOST_ANSWERS], "by": dict(by.most_common(20))}


def registered(rows: list[Asked], actor: Actor, door: LeadDoor, work: Work | None = None) -> dict[str, Any]:
    """Register rows in chunks, each in a transaction of its own; what was done before a stop stays done. Returns the answers, and the last
    day of the new claims."""
    moment = clock.now()
    many = Many(actor, moment, today_of(), keyring(), door, Limits.NONE if is_desk(actor) else Limits.DAY)
    told: list[Told] = []
    for start in range(0, len(rows), CHUNK):
        if work is not None:
            work.progress(N_("Registering the leads"), start, len(rows))
        with transaction():
            told += many.chunk(rows[start : start + CHUNK])
    with transaction():
        for owner, count in many.owned.items():
            tell_assigned_many(users_of(owner), count, many.due or today_of(), actor, moment)
    until = next((str(one.until) for one in told if one.answer is Answer.NEW), "")
    return {"answers": dict(Counter(one.answer.value for one in told)), "until": until, "told": answers(told)}


def forget_rows(moment: datetime) -> int:
    """Of lists that were looked at or registered long enough ago only the counts stay: what a row said stands in no result any more.

    Returns of how many lists. Verb."""
    over = (Job.kind == UPLOAD, Job.finished_at < moment - parcels.KEPT, Job.result.is_not(None))
    done = 0
    for job in db.session.scalars(select(Job).where(*over).with_for_update()):
        if isinstance(job.result, dict) and (OF_ROWS & job.result.keys() or job.arguments.get("name")):
            job.result = {name: value for name, value in job.result.items() if name not in OF_ROWS | {"refused", "values"}}
            job.arguments = {**job.arguments, "name": ""}
            done += 1
    db.session.flush()
    return done


def answers(told: list[Told]) -> list[list[Any]]:
    """The lines that were not new, with what was said to them."""
    others = [one for one in told if one.answer is not Answer.NEW]
    return [[one.line, one.answer.value, str(one.until or "")] for one in others[:MOST_ANSWERS]]


def today_of() -> date:
    """Today where the portal stands."""
    return local_day.today()
