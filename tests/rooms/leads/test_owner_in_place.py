"""Who looks after a lead, changed where it stands: by who may, once, and what speaks against it beside the field."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from models import db
from models.audit import AuditEntry
from models.identity import Role
from models.leads import Lead, LeadState
from models.partners import Staff
from portal import clock
from portal.leads import introducers
from portal.transaction import transaction
from tests.people import post, seat, someone
from tests.rooms.leads.firm import lead_of, settle_in


@pytest.fixture
def lead(app: Flask, tmp_path: Path) -> str:
    """A lead that S001 looks after."""
    settle_in(app, tmp_path / "files")
    with app.app_context():
        public_id = lead_of(1, introducers.staff("S001"), clock.now(), clock.now().date()).public_id
        db.session.remove()
    return public_id


def owner(app: Flask) -> str:
    with app.app_context():
        found = db.session.execute(select(Staff.staff_no).join(Lead, Lead.owner_staff_id == Staff.id)).scalar_one()
        db.session.remove()
    return found


def test_the_form_stands_in_place_of_the_value_at_an_address_of_its_own(app: Flask, lead: str) -> None:
    boss = seat(app, someone(app, Role.BRANCH_MANAGER, branch_no="01"))
    shown, form = boss.get(f"/leads/{lead}").text, boss.get(f"/leads/{lead}/assign").text
    assert ('id="lead-owner-value"' in shown, f'href="/leads/{lead}/assign"' in shown) == (False, True)
    assert ('id="lead-owner-value"' in form, 'value="S002"' in form, 'value="S004"' in form) == (True, True, False), "of the branch alone"
    given = post(boss, f"/leads/{lead}/assign", f"/leads/{lead}/assign", version="1", value="S002")
    assert (given.status_code, given.headers["Location"], owner(app)) == (303, f"/leads/{lead}", "S002")
    flash = boss.get(f"/leads/{lead}").text.partition('id="flashes"')[2].partition("</form>")[0]
    fields = dict(re.findall(r'name="(value|version)" value="([^"]*)"', flash))
    assert fields == {"value": "S001", "version": "2"}, "it can be set back"
    with app.app_context():
        line = db.session.execute(select(AuditEntry.before, AuditEntry.after).where(AuditEntry.action == "lead.assigned")).one()
        assert tuple(line) == ({"staff": "S001"}, {"staff": "S002"})
        db.session.remove()
    assert (post(boss, f"/leads/{lead}/assign", f"/leads/{lead}/assign", **fields).status_code, owner(app)) == (303, "S001")
    assert post(boss, f"/leads/{lead}/assign", f"/leads/{lead}/assign", **fields).status_code == 409, "once"


@pytest.mark.parametrize(
    ("version", "staff_no", "status", "said"),
    [
        ("1", "", 422, "choose to whom the lead is given"),
        ("1", "S003", 422, "S003 has left the firm"),
        ("1", "S004", 422, "there is no staff member S004 to whom you may give leads"),
        ("1", "S001", 409, "S001 looks after this lead already"),
        ("9", "S002", 409, "was changed by somebody meanwhile: look again, nothing of yours was written"),
    ],
)
def test_what_speaks_against_it_stands_beside_the_field(app: Flask, lead: str, version: str, staff_no: str, status: int, said: str) -> None:
    boss = seat(app, someone(app, Role.BRANCH_MANAGER, branch_no="01"))
    refused = post(boss, f"/leads/{lead}/assign", f"/leads/{lead}/assign", version=version, value=staff_no)
    beside = refused.text.partition('id="lead-owner-value-error"')[2].partition("</div>")[0]
    assert (refused.status_code, said in beside, owner(app)) == (status, True, "S001")
    assert 'aria-describedby="lead-owner-value-error"' in refused.text
    assert 'name="version" value="1"' in refused.text, "the next try is made from what stands there now"


def test_it_is_open_to_who_may_and_while_somebody_works_on_it(app: Flask, lead: str) -> None:
    anna = seat(app, someone(app, Role.STAFF, staff_no="S001", branch_no="01"))
    assert (f"/leads/{lead}/assign" in anna.get(f"/leads/{lead}").text, anna.get(f"/leads/{lead}/assign").status_code) == (False, 403)
    boss = seat(app, someone(app, Role.BRANCH_MANAGER, branch_no="01"))
    with app.app_context():
        with transaction():
            db.session.execute(select(Lead)).scalar_one().state = LeadState.LAPSED
        db.session.remove()
    assert f"/leads/{lead}/assign" not in boss.get(f"/leads/{lead}").text
    refused = boss.get(f"/leads/{lead}/assign")
    assert (refused.status_code, "is in another state by now" in refused.text) == (409, True)
