"""The planted fault of the kill trials: a portal whose transactions commit half-way."""

from __future__ import annotations

import time
from typing import Any

from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import Session

from models import db

PAUSE = 0.15
"""Seconds between the halves, so that most kills land there."""


def commit_at_every_flush(app: Flask) -> None:
    """Commit whatever was written so far whenever the session writes, as code would that commits in the middle."""

    @event.listens_for(db.session, "after_flush_postexec")
    def early(session: Session, _: Any) -> None:
        connection = session.connection()
        connection.exec_driver_sql("COMMIT")
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        time.sleep(PAUSE)
