"""A web worker that publishes a month, tells its brokers, and is killed on the way: `python -m tests.faults.telling INSTANCE DATABASE USER PERIOD AT`.

AT is where kill -9 meets it: `between` the publication and the notices, `inside` the telling with everything written and nothing
committed, or `halfway`: the same with a planted fault, notices that are committed by themselves.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from models import db
from models.commission import MonthClose
from portal import create_app
from portal.settings import Settings
from tests.people import form_token, post, seat


def settings(instance: str, database: str) -> Settings:
    """The portal that the test has made."""
    return Settings(instance=instance, database_url=database, testing=True, password_cost="quick")


def die() -> None:
    """As a power cut would have it."""
    os.kill(os.getpid(), signal.SIGKILL)


def _commit_the_notices() -> None:
    @event.listens_for(db.engine, "after_cursor_execute")
    def early(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.lower().startswith("insert into notice"):
            connection.exec_driver_sql("COMMIT")
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")


def main(instance: str, database: str, user: str, period: str, at: str) -> None:
    """Publish what is not published, tell whom nobody told, and die where one is told to."""
    app = create_app(settings(instance, database))
    page, client = f"/commission/months/{period}/publication", seat(app, int(user))
    with app.app_context():
        digest = db.session.get_one(MonthClose, period).digest
        db.session.remove()
        if at == "halfway":
            _commit_the_notices()
    post(client, f"/commission/months/{period}/publish", page=page, digest=digest)
    if at == "between":
        die()
    token = form_token(client, page)
    event.listen(Session, "before_commit", lambda session: die())
    client.post(f"/commission/months/{period}/notify", data={"csrf_token": token})


if __name__ == "__main__":
    main(*sys.argv[1:])
