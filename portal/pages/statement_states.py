"""How far a statement is: a preview, before a second person, closed, final. Payment will add its own."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from models import db
from models.audit import Approval, ApprovalState
from portal.actors import Actor
from portal.commission.close import CLOSE
from portal.permissions import Can

STATES = {
    "open": (_l("Provisional: a preview"), "info"),
    "waiting": (_l("Waits for a second person"), "warn"),
    "closed": (_l("Closed, not published"), "neutral"),
    "final": (_l("Final"), "good"),
}
"""The states with their tones, in their order."""


def prepared() -> set[str]:
    """The months whose close waits for a second person."""
    return set(db.session.execute(select(Approval.subject).where(Approval.kind == CLOSE, Approval.state == ApprovalState.WAITING)).scalars())


def state_of(closed: object, published: object, period: str, waiting: set[str], actor: Actor) -> str:
    """The state of a statement; `closed` and `published` are anything that says so. To its broker a statement is provisional
    until it is published: what the desk does in between is not his to wait for."""
    if published:
        return "final"
    if not actor.may(Can.MONTH_SEE):
        return "open"
    return "closed" if closed else "waiting" if period in waiting else "open"


def state_now(closed: object, published: object, period: str, actor: Actor) -> str:
    """The state of one statement; whether its month waits for a second person is asked only where it matters."""
    waiting = prepared() if actor.may(Can.MONTH_SEE) and not (published or closed) else set()
    return state_of(closed, published, period, waiting, actor)
