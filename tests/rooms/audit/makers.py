"""Lines of the log and approvals for the permission matrix."""

from __future__ import annotations

from models.audit import ApprovalState
from models.identity import User
from portal import clock
from portal.actors import TERMINAL, actor_of
from portal.audit import log
from portal.audit.approvals import prepare
from portal.commission.close import CLOSE
from portal.transaction import transaction
from tests.matrix import Which, maker

NOWHERE = "987654321"


@maker("seq", "audit.entry")
def seq(user: User | None, which: Which) -> str:
    """A line of the log is anybody's who reads it."""
    if which == "missing":
        return NOWHERE
    with transaction():
        return str(log.write(TERMINAL, clock.now(), "test", "thing", "").seq)


@maker("approval_id")
def approval_id(user: User | None, which: Which) -> str:
    """Something that waits for whoever may close months."""
    return NOWHERE if which == "missing" else _waiting(None)


@maker("approval_id", "audit.withdraw")
def own_approval_id(user: User | None, which: Which) -> str:
    """Something that one prepared oneself, or that the terminal did."""
    return NOWHERE if which == "missing" else _waiting(user if which == "own" else None)


def _waiting(user: User | None) -> str:
    actor = actor_of(user) if user else TERMINAL
    with transaction():
        approval = prepare(actor, clock.now(), kind=CLOSE, subject="2026-10", payload={"run_id": 0, "digest": ""}, preview={})
        assert approval.state == ApprovalState.WAITING
        return str(approval.id)
