"""How far a lead is, changed where it stands: a plain step at once, one that asks for more leads to its form, and nothing past the table."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from models import db
from models.audit import AuditEntry
from models.identity import Role
from models.leads import Lead, LeadState
from tests.people import post, seat, someone
from tests.rooms.leads.stories import sit
from tests.rooms.leads.test_onward import made, state_of
from tests.rooms.pages.firm import settle_in


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    settle_in(app, tmp_path / "files")
    return app


@pytest.fixture
def boss(firm: Flask) -> FlaskClient:
    return seat(firm, someone(firm, Role.BRANCH_MANAGER, branch_no="01"))


def with_grade(app: Flask) -> str:
    """A lead that is qualified and whose grade stands."""
    key = made(app, LeadState.CONTACTED)
    with app.app_context():
        lead = db.session.execute(select(Lead).where(Lead.public_id == key)).scalar_one()
        sit(lead.id)
        db.session.remove()
    return key


def version_of(app: Flask, key: str) -> str:
    with app.app_context():
        found = db.session.execute(select(Lead.version).where(Lead.public_id == key)).scalar_one()
        db.session.remove()
    return str(found)


def choose(client: FlaskClient, app: Flask, key: str, name: str, version: str = ""):  # type: ignore[no-untyped-def]
    return post(client, f"/leads/{key}/state", "/me", version=version or version_of(app, key), value=name)


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        (LeadState.REGISTERED, ["contact…", "lapse…", "refuse…"]),
        (LeadState.CONTACTED, ["qualify…", "lapse…", "refuse…"]),
        (LeadState.QUALIFIED, ["pass_suitability…", "lapse…", "refuse…"]),
        (LeadState.SUITABILITY_PASSED, ["open_account…", "lapse…", "refuse…"]),
        (LeadState.LAPSED, ["take_up…"]),
        (LeadState.ACCOUNT_OPENED, []),
        (LeadState.REFUSED, []),
        (LeadState.MERGED, []),
    ],
)
def test_what_is_offered_is_what_the_table_allows(firm: Flask, boss: FlaskClient, state: LeadState, offered: list[str]) -> None:
    key = made(firm, state)
    shown, form = boss.get(f"/leads/{key}"), boss.get(f"/leads/{key}/state")
    assert (f'href="/leads/{key}/state"' in shown.text, form.status_code) == (bool(offered), 200 if offered else 409)
    options = form.text.partition('id="lead-state-value"')[2].partition("</select>")[0].split("<option")[2:]
    assert [one.partition('value="')[2].partition('"')[0] + ("…" if "…" in one else "") for one in options] == offered
    assert ("asks for more first" in form.text) == bool(offered)


@pytest.mark.parametrize(
    ("state", "name", "place"), [(LeadState.REGISTERED, "contact", "way"), (LeadState.CONTACTED, "qualify", "words-qualify"), (LeadState.CONTACTED, "refuse", "words-refuse")]
)
def test_a_step_that_asks_for_words_leads_to_its_form_and_changes_nothing(firm: Flask, boss: FlaskClient, state: LeadState, name: str, place: str) -> None:
    key = made(firm, state)
    answer = choose(boss, firm, key, name)
    assert (answer.status_code, answer.headers["Location"], state_of(firm, key)) == (303, f"/leads/{key}?step={name}#step-{name}", state)
    page = boss.get(f"/leads/{key}?step={name}").text
    field = page.partition(f'id="{place}"')[2].partition(">")[0]
    assert ("data-go-on" in field, page.count("data-go-on")) == (True, 1)
    assert (f'id="step-{name}" open' in page) == (name != "contact")


def test_a_plain_step_is_taken_at_once_and_stands_in_the_log(firm: Flask, boss: FlaskClient) -> None:
    key = with_grade(firm)
    post(boss, f"/leads/{key}/steps/qualify", f"/leads/{key}", version=version_of(firm, key), words="wants an account")
    form = boss.get(f"/leads/{key}/state").text
    assert ('value="pass_suitability">Suitability passed</option>' in form) is True
    answer = choose(boss, firm, key, "pass_suitability")
    assert (answer.status_code, answer.headers["Location"], state_of(firm, key)) == (303, f"/leads/{key}", "suitability_passed")
    with firm.app_context():
        line = db.session.execute(select(AuditEntry).where(AuditEntry.action == "lead.pass_suitability")).scalar_one()
        assert (line.before, line.after["state"]) == ({"state": "qualified"}, "suitability_passed")
        db.session.remove()


def test_what_speaks_against_it_stands_beside_the_field_with_the_lead_as_it_is_by_then(firm: Flask, boss: FlaskClient) -> None:
    key = with_grade(firm)
    post(boss, f"/leads/{key}/steps/qualify", f"/leads/{key}", version=version_of(firm, key), words="wants an account")
    for name, version, status, said in (
        ("", "", 422, "choose where the lead goes"),
        ("merge", "", 422, "choose where the lead goes"),
        ("activate", "", 409, "is in another state by now"),
        ("pass_suitability", "1", 409, "was changed by somebody meanwhile"),
    ):
        refused = choose(boss, firm, key, name, version)
        beside = refused.text.partition('id="lead-state-value-error"')[2].partition("</div>")[0]
        assert (refused.status_code, said in beside, state_of(firm, key)) == (status, True, "qualified"), name
        assert f'name="version" value="{version_of(firm, key)}"' in refused.text, "the next try is made from what stands there now"


def test_who_may_not_work_on_it_is_offered_nothing(firm: Flask) -> None:
    key = made(firm, LeadState.REGISTERED)
    compliance = seat(firm, someone(firm, Role.COMPLIANCE))
    foreign = seat(firm, someone(firm, Role.BRANCH_MANAGER, branch_no="02"))
    auditor = seat(firm, someone(firm, Role.AUDITOR))
    broker = seat(firm, someone(firm, Role.BROKER, broker_no="B001"))
    assert {client.get(f"/leads/{key}/state").status_code for client in (auditor, broker)} == {403}
    assert foreign.get(f"/leads/{key}/state").status_code == foreign.get("/leads/missing/state").status_code == 404
    assert {choose(client, firm, key, "contact").status_code for client in (auditor, broker)} == {403}
    assert choose(foreign, firm, key, "contact").status_code == 404
    for client in (compliance, auditor, broker):
        page = client.get(f"/leads/{key}")
        assert f"/leads/{key}/state" not in page.text
    assert state_of(firm, key) == "registered"
