"""A request that a program sends twice, because the answer was lost on the way, is done once and answered the same both times.

Kept for ever. The body is kept as a keyed digest alone, the answer as it was given: neither names anybody.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, text

from models import db
from models.api import ApiAnswer
from portal.refusals import Conflict
from portal.transaction import on_postgresql


def lock(user_id: int, request_key: str) -> None:
    """Hold a request's name until the transaction ends. SQLite's write lock does so already."""
    if on_postgresql():
        db.session.execute(text("SELECT pg_advisory_xact_lock(727006, hashtext(:name))"), {"name": f"{user_id}:{request_key}"})


def earlier(user_id: int, request_key: str, body_index: str) -> ApiAnswer | None:
    """The answer to the same request, where it was made before. Raises Conflict where its name was used for another body."""
    found = db.session.execute(select(ApiAnswer).where(ApiAnswer.user_id == user_id, ApiAnswer.request_key == request_key)).scalar_one_or_none()
    if found is not None and found.body_index != body_index:
        raise Conflict("this Idempotency-Key was used for another request: take a new one")
    return found


def keep(user_id: int, request_key: str, body_index: str, status: int, answer: Any, moment: datetime) -> None:
    """Keep the answer to a request."""
    db.session.add(ApiAnswer(user_id=user_id, request_key=request_key, body_index=body_index, status=status, answer=answer, at=moment))
    db.session.flush()
