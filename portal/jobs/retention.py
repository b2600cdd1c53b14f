"""Once a day: leads whose time is over are erased, guests of evenings long over are forgotten, and accounts that are a lead's are found; what is gone is gone from the file too."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from models import db
from models.jobs import Job
from portal import clock, local_day
from portal.actors import Actor
from portal.club import forgetting, visitors_gone
from portal.imports import parcels
from portal.imports.arrivals import bring_in_clients
from portal.imports.leads_upload import forget_rows
from portal.jobs import asked
from portal.jobs.handlers import Work, handler
from portal.jobs.verbs import enqueue
from portal.leads import erasure
from portal.leads.terms import terms
from portal.lists import kept
from portal.local_day import day_of
from portal.permissions import Can
from portal.research import forgetting as readers
from portal.transaction import on_postgresql, transaction
from portal.webhooks import deliveries

RETENTION = "leads.retention"
"""The kind of the job. It has no arguments."""
EVERY = timedelta(days=1)
TABLES = (
    "lead",
    "lead_entry",
    "lead_task",
    "claim",
    "suitability_test",
    "risk_warning",
    "case_entry",
    "search_word",
    "job",
    "job_upload",
    "export_part",
    "export_file",
    "club_seat",
    "club_said",
    "club_feedback",
    "club_no_show",
    "club_invitation",
    "club_visitor",
    "club_visitor_link",
    "research_open",
    "research_lesson",
    "notice",
    "message_contact",
    "outbox_message",
    "payee",
    "user_session",
    '"user"',
)


@handler(RETENTION)
def retention_job(work: Work) -> dict[str, Any]:
    """Convert what has come, erase what is due; once more is the same as once."""
    moment = clock.now()
    converted = len(bring_in_clients(work.actor, moment, Can.OWN_SETTINGS).conversions)
    zone = local_day.zone()
    with transaction():
        erased = erasure.erase(erasure.due(terms(), day_of(moment), zone), work.actor, moment)
        forgotten = parcels.drop_old(moment) + forget_rows(moment)
        kept.drop_expired(moment)
    with transaction():
        forgotten += forgetting.forget(forgetting.due(moment), work.actor, moment)
        forgotten += readers.forget(work.actor, moment) + visitors_gone.forget(work.actor, moment)
    forget_events(moment)
    if erased or forgotten:
        scrub()
    return {"converted": converted, "erased": erased}


def forget_events(moment: datetime) -> int:
    """Delete what other systems were told of long ago, part by part. Returns how many events."""
    count = 0
    while True:
        with transaction():
            gone = deliveries.forget(moment)
        count += gone
        if not gone:
            return count


def scrub() -> None:
    """Take what was erased out of the database's files as well.

    SQLite overwrites freed bytes with zeros (secure_delete); what is older lies in its write-ahead log, which is folded in and cut
    to nothing here, as soon as no reader needs it. PostgreSQL frees the old rows; their bytes go when the space is used again.
    """
    db.session.rollback()
    if on_postgresql():
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"VACUUM {', '.join(TABLES)}"))
        return
    raw = db.engine.raw_connection()
    try:
        driver: Any = raw.driver_connection
        driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        raw.close()


def is_due(moment: datetime) -> bool:
    """Whether the job was not asked for within the last day."""
    return not asked.within(RETENTION, EVERY, moment)


def ask_for_retention(actor: Actor, moment: datetime) -> Job:
    """Ask for the job inside the open transaction."""
    return enqueue(actor, moment, RETENTION, {})
