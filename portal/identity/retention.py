"""How long traces of signing in are kept, and their deletion."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func

from models import db
from models.identity import OneTimeLink, SignInAttempt, UserSession
from portal.actors import Actor
from portal.audit import log

TRIES = timedelta(days=180)
"""Tries to sign in: as long as somebody may ask who tried."""
SESSIONS = timedelta(days=400)
"""Ended sessions and dead links: past a year's audit."""


def forget_old(actor: Actor, moment: datetime) -> dict[str, int]:
    """Delete tries, ended sessions and dead links whose time is over, and write down how many; live sessions are never touched."""
    over = func.coalesce(UserSession.ended_at, UserSession.expires_at)
    statements: dict[str, Any] = {
        "tries": delete(SignInAttempt).where(SignInAttempt.at < moment - TRIES),
        "sessions": delete(UserSession).where(over < moment - SESSIONS),
        "links": delete(OneTimeLink).where(OneTimeLink.expires_at < moment - SESSIONS),
    }
    counts = {}
    for name, statement in statements.items():
        gone: Any = db.session.execute(statement, execution_options={"synchronize_session": False})
        counts[name] = int(gone.rowcount)
    if any(counts.values()):
        log.write(actor, moment, "identity.traces.deleted", "identity", "", after=counts)
    return counts
