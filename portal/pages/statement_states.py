"""How far a statement is: a preview, before a second person, closed, final, and then how far it is paid."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Row, select

from models import db
from models.audit import Approval, ApprovalState
from portal.actors import Actor
from portal.commission.close import CLOSE
from portal.commission.payout_balances import Standing, standing_of
from portal.pages.payout_words import STANDINGS
from portal.permissions import Can

STATES = {
    "open": (_l("Provisional: a preview"), "info"),
    "waiting": (_l("Waits for a second person"), "warn"),
    "closed": (_l("Closed, not published"), "neutral"),
    **STANDINGS,
}
"""The states with their tones, in their order."""


def prepared() -> set[str]:
    """The months whose close waits for a second person."""
    return set(db.session.execute(select(Approval.subject).where(Approval.kind == CLOSE, Approval.state == ApprovalState.WAITING)).scalars())


def state_of(closed: object, published: object, period: str, waiting: set[str], actor: Actor, standing: Standing) -> str:
    """The state of a statement; `closed` and `published` are anything that says so, `standing` is how it is paid. To its broker a statement is
    provisional until it is published: what the desk does in between is not his to wait for."""
    if published:
        return standing.value
    if not actor.may(Can.MONTH_SEE):
        return "open"
    return "closed" if closed else "waiting" if period in waiting else "open"


def state_now(closed: object, published: object, period: str, actor: Actor, standing: Standing) -> str:
    """The state of one statement; whether its month waits for a second person is asked only where it matters."""
    waiting = prepared() if actor.may(Can.MONTH_SEE) and not (published or closed) else set()
    return state_of(closed, published, period, waiting, actor, standing)


def state_of_row(row: Row[*tuple[Any, ...]], waiting: set[str], actor: Actor) -> str:
    """The state of a row of `payout_balances.with_payments`."""
    standing = standing_of(row.RunStatement.net, row.RunStatement.payable, row.pay_state, row.held)
    return state_of(row.closed_at, row.published_at, row.CommissionRun.period, waiting, actor, standing)
