"""What somebody who looks after clients does today, and why: what he promised or was given, and whose trading fades."""

from __future__ import annotations

from datetime import date
from typing import Any

from models import db
from models.care import CareTask, TaskState
from models.clients import Account
from models.partners import Staff
from models.risk import RiskScore
from portal.actors import Actor
from portal.care import queries
from portal.care.due import standing
from portal.clients.queries import accounts, visible_to
from portal.local_day import today
from portal.pages import care_words
from portal.pages.risk_quick import newest
from portal.pages.risk_words import CAUSES, chance_text, why
from portal.permissions import Can
from portal.risk.queries import CAUSE

MOST = 6
"""So many of each stand on the page; the rest stands in their lists."""


def book_today(actor: Actor, settled: date) -> dict[str, Any]:
    """Open tasks up to today, the oldest first, and the clients by whom most is likely to be lost."""
    day = today()
    return {
        "due": _due(actor, day) if actor.may(Can.CARE_SEE) else None,
        "fading": _fading(actor, settled) if actor.may(Can.RISK_SEE) else None,
        "care": care_words,
        "standing": standing,
        "today": day,
        "causes": CAUSES,
        "chance_text": chance_text,
        "why_text": why,
    }


def _due(actor: Actor, day: date) -> list[Any]:
    rows = queries.tasks(actor, day).where(CareTask.state == TaskState.OPEN, CareTask.due_on <= day)
    if actor.staff_no:
        rows = rows.where(Staff.staff_no == actor.staff_no)
    return list(db.session.execute(rows.order_by(CareTask.due_on, CareTask.id).limit(MOST)))


def _fading(actor: Actor, settled: date) -> dict[str, Any] | None:
    run = newest()
    if run is None:
        return None
    query = accounts().join(RiskScore, RiskScore.account_id == Account.id).add_columns(RiskScore, CAUSE.label("why_left"))
    query = query.where(RiskScore.run_id == run.id, RiskScore.expected_loss > 0, visible_to(actor, settled))
    return {"rows": list(db.session.execute(query.order_by(RiskScore.expected_loss.desc(), RiskScore.account_id).limit(MOST))), "day": run.on_day}
