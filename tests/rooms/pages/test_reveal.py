"""A client's phone and ID number are masked on screen; unmasking needs the right and a reason, and is written down."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from models import db
from models.audit import AuditEntry
from models.clients import AccountVersion
from models.identity import Role
from portal.clients.reveal import Identity, opened
from portal.keys import keyring
from tests.people import post, seat, someone
from tests.rooms.pages.firm import ACCOUNTS, NUMBERS, settle_in

PAGE = f"/clients/{ACCOUNTS['own']}"


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    settle_in(app, tmp_path / "firm")
    return app


def numbers_of(app: Flask) -> Identity:
    with app.app_context():
        version = db.session.execute(select(AccountVersion).order_by(AccountVersion.id).limit(1)).scalar_one()
        return opened(ACCOUNTS["own"], version, keyring())


def reveals(app: Flask) -> list[tuple[str, str, object]]:
    with app.app_context():
        rows = db.session.execute(select(AuditEntry.subject_key, AuditEntry.reason, AuditEntry.after).where(AuditEntry.action == "clients.identity.reveal"))
        return [tuple(row) for row in rows]


def test_everybody_meets_masked_numbers(firm: Flask) -> None:
    numbers = numbers_of(firm)
    assert len(numbers.phone) == 11
    for role in Role:
        text = seat(firm, someone(firm, role, **NUMBERS)).get(PAGE).text
        assert numbers.phone not in text, role
        assert numbers.id_no not in text, role


def test_compliance_sees_them_with_a_reason_that_stands_in_the_log(firm: Flask) -> None:
    numbers = numbers_of(firm)
    compliance = seat(firm, someone(firm, Role.COMPLIANCE))
    answer = post(compliance, f"{PAGE}/reveal", page=PAGE, reason="call-back of 2 March")
    assert answer.status_code == 200
    assert numbers.phone in answer.text
    assert numbers.id_no in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert reveals(firm) == [(ACCOUNTS["own"], "call-back of 2 March", {"fields": ["phone", "id_no"]})]


def test_without_a_reason_or_without_the_right_nothing_is_shown(firm: Flask) -> None:
    numbers = numbers_of(firm)
    compliance, finance = seat(firm, someone(firm, Role.COMPLIANCE)), seat(firm, someone(firm, Role.FINANCE))
    for client, reason, status in ((compliance, "  ", 422), (compliance, "x" * 301, 422), (finance, "curious, sorry", 403)):
        answer = post(client, f"{PAGE}/reveal", page=PAGE if client is compliance else "/me", reason=reason)
        assert answer.status_code == status
        assert numbers.phone not in answer.text
    assert reveals(firm) == []
