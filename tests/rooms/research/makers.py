"""Reports for the permission matrix, on the firm in tests/rooms/pages/firm.py: one that a reader may read, one above his grade, none."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from models import db
from models.identity import User
from models.research import ResearchItem, ResearchPdf, ResearchVersion
from portal import clock
from portal.local_day import today
from portal.transaction import transaction
from tests.matrix import Which, maker


def _made(risk: str, state: str) -> str:
    with transaction():
        told: dict[str, Any] = {"made_label": "test", "released_label": "", "withdrawn_why": "", "published_version": 1, "published_at": clock.now(), "made_at": clock.now()}
        item = ResearchItem(public_id=secrets.token_urlsafe(12), kind="report", state=state, **told)
        db.session.add(item)
        db.session.flush()
        said = {
            "title": "周报",
            "summary": "",
            "chain": "ferrous",
            "products": [],
            "locale": "zh",
            "body": "x",
            "lessons": [],
            "author": "林",
            "licence_no": "Z1",
            "risk_line": "有风险",
        }
        said |= {"audience": "everybody", "audience_ref": "", "conditions": {}, "recorded_at": clock.now(), "actor_label": "test"}
        version = ResearchVersion(item_id=item.id, number=1, risk=risk, valid_until=today() + timedelta(days=9), **said)
        db.session.add(version)
        db.session.flush()
        db.session.add(ResearchPdf(version_id=version.id, name="a.pdf", digest="0" * 64, size=1, payload=b"x"))
        return item.public_id


@maker("report_key")
def report_key(user: User | None, which: Which) -> str:
    """A report for the reader's grade (C4), one above it, or none."""
    return secrets.token_urlsafe(12) if which == "missing" else _made("R4" if which == "own" else "R5", "published")


@maker("research_key")
def research_key(user: User | None, which: Which) -> str:
    """A report of the desk; nobody's own. It is withdrawn, so that nothing more can be done with it."""
    return secrets.token_urlsafe(12) if which == "missing" else _made("R4", "withdrawn")


@maker("lesson", "research.answer")
def lesson(user: User | None, which: Which) -> str:
    """A lesson that no report has."""
    return "1"


@maker("number", "research_desk.pdf")
def number(user: User | None, which: Which) -> str:
    """The first version."""
    return "1"
