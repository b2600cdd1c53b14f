"""On the page of a lead every step can be taken by who may, and what is missing is named."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from models import db
from models.clients import Account
from models.identity import Role
from models.leads import Claim, ClaimState, Lead, LeadState
from models.settlement import Balance
from portal import clock
from portal.leads import introducers
from portal.leads.next_steps import first_deposit, next_steps
from portal.permissions import Can
from portal.transaction import transaction
from tests.people import hidden_in, post, seat, someone
from tests.rooms.leads.stories import lead_of, sit
from tests.rooms.pages.firm import DAY, settle_in


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """The firm of the pages' tests."""
    settle_in(app, tmp_path / "files")
    return app


@pytest.fixture
def boss(firm: Flask) -> FlaskClient:
    return seat(firm, someone(firm, Role.BRANCH_MANAGER, branch_no="01"))


def made(app: Flask, state: LeadState, *, phone: str = "13812345678", **columns: object) -> str:
    """A lead in a state."""
    with app.app_context():
        moment = clock.now()
        key = lead_of(introducers.broker("B001"), phone=phone, state=state, moment=moment, today=moment.date())
        with transaction():
            db.session.execute(update(Lead).where(Lead.id == key).values(**columns)) if columns else None
        public_id = db.session.get_one(Lead, key).public_id
        db.session.remove()
    return public_id


def state_of(app: Flask, public_id: str) -> str:
    with app.app_context():
        found = db.session.execute(select(Lead.state).where(Lead.public_id == public_id)).scalar_one()
        db.session.remove()
    return found


def do(client: FlaskClient, public_id: str, name: str, **fields: str) -> int:
    """Press a button of the lead's page."""
    page = f"/leads/{public_id}"
    return post(client, f"{page}/{name}", page, version=hidden_in(client.get(page).text, "version"), **fields).status_code


def test_suitability_goes_on_by_a_button_once_the_grade_stands(firm: Flask, boss: FlaskClient) -> None:
    key = made(firm, LeadState.CONTACTED)
    with firm.app_context():
        sit(db.session.execute(select(Lead.id).where(Lead.public_id == key)).scalar_one())  # asked before it was qualified
        db.session.remove()
    assert do(boss, key, "steps/qualify", words="wants an account") == 303
    page = boss.get(f"/leads/{key}").text
    assert "The grade C5 stands: go on" in page
    assert do(boss, key, "steps/pass_suitability") == 303
    assert state_of(firm, key) == "suitability_passed"
    assert "Name the account" in boss.get(f"/leads/{key}").text


def test_what_is_missing_is_named_and_refused(firm: Flask, boss: FlaskClient) -> None:
    key = made(firm, LeadState.QUALIFIED)
    page = boss.get(f"/leads/{key}").text
    assert "no suitability test was taken" in page
    assert do(boss, key, "steps/pass_suitability") == 422
    opened = made(firm, LeadState.ACCOUNT_OPENED, phone="13812345679")
    assert "there is none yet" in boss.get(f"/leads/{opened}").text
    assert do(boss, opened, "steps/activate") == 422
    assert (state_of(firm, key), state_of(firm, opened)) == ("qualified", "account_opened")


def test_a_client_is_active_with_the_first_settled_deposit(firm: Flask, boss: FlaskClient) -> None:
    with firm.app_context():
        account = db.session.execute(select(Account.id).where(Account.account_no == "10001")).scalar_one()
        paid_in = db.session.execute(select(Balance.deposit).where(Balance.account_id == account)).scalar_one()
        db.session.remove()
    key = made(firm, LeadState.ACCOUNT_OPENED, account_id=account)
    with firm.app_context():
        day = first_deposit(db.session.execute(select(Lead).where(Lead.public_id == key)).scalar_one())
        assert day == (date.fromisoformat(DAY) if paid_in else None)
        db.session.remove()
    assert do(boss, key, "steps/activate") == (303 if paid_in else 422)
    assert state_of(firm, key) == ("active" if paid_in else "account_opened")


def test_a_lapsed_lead_is_registered_anew_and_a_person_left_alone_is_not(firm: Flask) -> None:
    admin = seat(firm, someone(firm, Role.ADMIN, staff_no="S001"))
    key = made(firm, LeadState.LAPSED)
    with firm.app_context():
        with transaction():
            db.session.execute(update(Claim).values(state=ClaimState.LAPSED))
        db.session.remove()
    assert do(admin, key, "steps/take_up") == 303
    with firm.app_context():
        assert state_of(firm, key) == "registered"
        assert [(claim.kind, claim.state) for claim in db.session.execute(select(Claim).order_by(Claim.id)).scalars()] == [("broker", "lapsed"), ("staff", "protected")]
        db.session.remove()
    alone = made(firm, LeadState.WITHDRAWN, phone="13812345670", suppressed=True)
    text = admin.get(f"/leads/{alone}").text
    assert "Nobody approaches this person any more" in text
    assert "steps/take_up" not in text


def test_two_leads_of_one_person_are_looked_at_and_merged(firm: Flask, boss: FlaskClient) -> None:
    one, two = made(firm, LeadState.CONTACTED), made(firm, LeadState.REGISTERED, phone="13812345671")
    with firm.app_context():
        numbers = {lead.public_id: lead.number for lead in db.session.execute(select(Lead)).scalars()}
        with transaction():
            db.session.execute(update(Claim).where(Claim.lead_id == db.session.execute(select(Lead.id).where(Lead.public_id == two)).scalar_one()).values(state=ClaimState.LAPSED))
        db.session.remove()
    assert "there is no lead of this number" in boss.get(f"/leads/{one}/merge?into=L2026-99999").text
    look = boss.get(f"/leads/{one}/merge?into={numbers[two]}")
    assert numbers[two] in look.text
    assert state_of(firm, one) == "contacted"
    sent = {"into": numbers[two], "version": hidden_in(look.text, "version")}
    assert post(boss, f"/leads/{one}/merge", f"/leads/{one}/merge?into={numbers[two]}", **sent).status_code == 303
    assert state_of(firm, one) == "merged"
    with firm.app_context():
        goes_on = db.session.execute(select(Lead.id).where(Lead.public_id == two)).scalar_one()
        assert set(db.session.execute(select(Claim.lead_id)).scalars()) == {goes_on}, "the claim went along"
        db.session.remove()


def test_who_may_not_is_told_who_may(firm: Flask) -> None:
    key = made(firm, LeadState.QUALIFIED)
    finance = seat(firm, someone(firm, Role.FINANCE))
    page = finance.get(f"/leads/{key}").text
    assert "You may not do this here" in page
    assert "compliance" in page
    assert "What comes next" not in seat(firm, someone(firm, Role.BROKER, broker_no="B001")).get(f"/leads/{key}").text
    with firm.app_context():
        lead = db.session.execute(select(Lead)).scalar_one()
        assert [(one.name, one.may) for one in next_steps(lead, {Can.SUITABILITY_TAKE}, date(2026, 3, 2), "CN")] == [("pass_suitability", True)]
        db.session.remove()
