"""A worker process of its own, with one kind of job that never ends at its first attempt: somebody has to kill it.

Called with the instance folder, the database's address and the seconds of silence after which a worker counts as dead.
"""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from models import db
from models.audit import AuditEntry
from portal import clock, create_app
from portal.audit import log
from portal.jobs.handlers import Work, handler
from portal.jobs.worker import Worker
from portal.settings import Settings
from portal.transaction import transaction

STEPS = 4


@handler("test.steps")
def steps(work: Work) -> dict[str, int]:
    """Each step leaves one line, however often it is begun; the first attempt hangs after half of them."""
    folder = Path(work.arguments["folder"])
    files = {name: len(content) for name, content in work.uploads()}
    for number in range(STEPS):
        work.progress("counting", number, STEPS)
        with transaction():
            done = select(AuditEntry.seq).where(AuditEntry.action == "test.step", AuditEntry.subject_key == f"{work.public_id} {number}")
            if db.session.execute(done).first() is None:
                log.write(work.actor, clock.now(), "test.step", "job", f"{work.public_id} {number}")
        if work.attempt == 1 and number == STEPS // 2 and work.arguments.get("hangs"):
            (folder / "hanging").touch()
            time.sleep(600)
    return files


if __name__ == "__main__":
    instance, database_url, stale_after = sys.argv[1:]
    app = create_app(Settings(instance=instance, database_url=database_url, testing=True))
    Worker(app, stale_after=timedelta(seconds=float(stale_after)), poll=0.1, patience=0.5).run()
