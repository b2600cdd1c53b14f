"""A lead's phone number in the clear: for who works on the lead, for a reason, and that stands in both logs."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from sqlalchemy import select

from models import db
from models.audit import AuditEntry
from models.identity import Role
from models.leads import LeadEntry
from portal.leads import introducers
from tests.people import post, seat, someone
from tests.rooms.leads.firm import named, registered, settle_in


def logged(app: Flask) -> list[tuple[str, str, object]]:
    """What both logs say of numbers that were shown: the words, the reason, the use."""
    with app.app_context():
        entries = db.session.execute(select(LeadEntry.text, LeadEntry.details).where(LeadEntry.action == "phone_shown").order_by(LeadEntry.id)).all()
        lines = db.session.execute(select(AuditEntry.reason, AuditEntry.after).where(AuditEntry.action == "lead.phone_shown").order_by(AuditEntry.seq)).all()
        db.session.remove()
    return [(entry.text, line.reason, line.after) for entry, line in zip(entries, lines, strict=True)]


def test_a_number_is_shown_for_a_reason_and_to_who_works_on_the_lead(app: Flask, tmp_path: Path) -> None:
    settle_in(app, tmp_path / "firm")
    with app.app_context():
        lead = registered(named(1), introducers.staff("S001")).lead
        assert lead
        page = f"/leads/{lead.public_id}"
        db.session.remove()
    anna = seat(app, someone(app, Role.STAFF, email="anna@firm.example", staff_no="S001", branch_no="01"))
    dora = seat(app, someone(app, Role.STAFF, email="dora@firm.example", staff_no="S004", branch_no="02"))
    assert "13812340001" not in anna.get(page).text
    for given in ({}, {"why": "curious"}, {"why": "other"}, {"why": "other", "words": "x"}, {"why": "check", "words": "x" * 301}):
        refused = post(anna, f"{page}/phone", page, **given)
        assert refused.status_code == 422, given
        assert "13812340001" not in refused.text
    assert post(dora, f"{page}/phone", "/me", why="check").status_code == 404
    assert logged(app) == []
    shown = post(anna, f"{page}/phone", page, why="other", words="客户要求核对")
    assert "13812340001" in shown.text
    assert "客户要求核对" in shown.text
    assert shown.headers["Cache-Control"] == "no-store"
    assert "13812340001" not in anna.get(page).text
    assert logged(app) == [("客户要求核对", "other", {"why": "other"})]
