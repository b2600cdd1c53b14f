"""A client brings friends: he sees first names of those who allow it, is thanked, and is never paid."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update

from models import Base, db
from models.identity import Role
from models.introductions import ReferralPay
from models.leads import IntroducerKind, IntroductionLink, Lead, LeadState
from models.notices import Notice
from portal import clock
from portal.actors import TERMINAL, Actor
from portal.audit import approvals
from portal.leads import friends, referral
from portal.leads.referral import PayForbidden
from portal.transaction import transaction
from tests.people import post, seat, someone
from tests.rooms.introductions.test_public_form import send
from tests.rooms.pages.firm import settle_in


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    settle_in(app, tmp_path / "files")
    return app


def test_a_client_sees_friends_by_first_name_and_only_those_who_allow_it(firm: Flask) -> None:
    user = someone(firm, Role.CLIENT, client_no="C10001")
    client = seat(firm, user)
    assert client.get("/introduce").headers["Location"] == "/refer"
    assert post(client, "/introduce", "/me").headers["Location"] == "/refer"
    with firm.app_context():
        link = db.session.execute(select(IntroductionLink)).scalar_one()
        code = link.code
        assert (link.kind, link.client_no, link.broker_id) == ("client", "C10001", None)
        db.session.remove()
    send(firm, code)
    send(firm, code, name="李丽", phone="139 1234 5678", agree_introducer="")
    with firm.app_context():
        with transaction():
            db.session.execute(update(Lead).values(state=LeadState.ACCOUNT_OPENED))
        told = db.session.execute(select(Notice.user_id, Notice.kind, Notice.values).where(Notice.kind.in_(["friend.registered", "lead.came"]))).all()
        assert [tuple(row) for row in told] == [(user, "friend.registered", {})] * 2
        db.session.remove()
    page = client.get("/refer").text
    assert "小明" in page
    assert "has opened an account" in page
    assert "has been in touch" in page, "who did not allow it stays where he began"
    for hidden in ("王小明", "李", "丽", "138", "5678"):
        assert hidden not in page.replace(code, "")
    assert page.count("A friend") == 1


@pytest.mark.parametrize(("state", "step"), [("refused", "ended"), ("lapsed", "ended"), ("qualified", "talking"), ("active", "opened")])
def test_why_a_friend_came_no_further_is_never_told(state: str, step: str) -> None:
    assert friends.STEPS.get(LeadState(state), friends.FriendStep.ENDED) == step


def test_first_names() -> None:
    assert doctest.testmod(friends).failed == 0


def test_no_rule_set_lets_a_client_be_paid_but_one_that_says_so_and_two_people() -> None:
    for jurisdiction, on in (("CN", False), ("CN", True), ("US", False), ("XX", True), ("", True)):
        with pytest.raises(PayForbidden):
            referral.need_payable(IntroducerKind.CLIENT, jurisdiction, switched_on=on)
    referral.need_payable(IntroducerKind.CLIENT, "US", switched_on=True)
    for kind in (IntroducerKind.BROKER, IntroducerKind.STAFF):
        referral.need_payable(kind, "CN", switched_on=False)


def actor(user_id: int, role: Role) -> Actor:
    return Actor(user_id=user_id, label=role.value, roles=(role,))


def test_switching_it_on_is_refused_here_and_takes_two_people_elsewhere(app: Flask) -> None:
    admin, compliance = (actor(someone(app, role), role) for role in (Role.ADMIN, Role.COMPLIANCE))
    with app.app_context():
        moment = clock.now()
        with pytest.raises(PayForbidden), transaction():
            referral.ask_to_switch(admin, moment, jurisdiction="CN", allowed=True, reason="we want to")
        with transaction():
            approval = referral.ask_to_switch(admin, moment, jurisdiction="US", allowed=True, reason="the firm moves")
            number, digest = approval.id, approval.digest
        with pytest.raises(approvals.NotAllowed), transaction():
            approvals.approve(number, admin, moment, digest=digest)
        with pytest.raises(PayForbidden):
            referral.need_payable_now(IntroducerKind.CLIENT, "US")
        with transaction():
            approvals.approve(number, compliance, moment, digest=digest)
        referral.need_payable_now(IntroducerKind.CLIENT, "US")
        with pytest.raises(PayForbidden):
            referral.need_payable_now(IntroducerKind.CLIENT, "CN")
        with transaction():
            off = referral.ask_to_switch(compliance, moment, jurisdiction="CN", allowed=False, reason="back again")
            number, digest = off.id, off.digest
        with transaction():
            approvals.approve(number, admin, moment, digest=digest)
        with pytest.raises(PayForbidden):
            referral.need_payable_now(IntroducerKind.CLIENT, "US")
        assert [(row.jurisdiction, row.allowed) for row in db.session.execute(select(ReferralPay).order_by(ReferralPay.id)).scalars()] == [("US", True), ("CN", False)]
        db.session.remove()


def test_an_approval_for_here_that_somebody_smuggled_in_has_no_effect(app: Flask) -> None:
    compliance = actor(someone(app, Role.COMPLIANCE), Role.COMPLIANCE)
    with app.app_context():
        moment = clock.now()
        with transaction():
            payload = {"jurisdiction": "CN", "allowed": True, "reason": "x"}
            approval = approvals.prepare(TERMINAL, moment, kind=referral.KIND, subject="CN", payload=payload, preview=payload)
            number, digest = approval.id, approval.digest
        with pytest.raises(PayForbidden), transaction():
            approvals.approve(number, compliance, moment, digest=digest)
        assert db.session.execute(select(ReferralPay)).first() is None
        db.session.remove()


def test_the_desk_sees_the_rule_and_cannot_switch_it_on_here(app: Flask) -> None:
    desk = seat(app, someone(app, Role.COMPLIANCE))
    page = desk.get("/refer/pay")
    assert page.status_code == 200
    assert "paid-is-ib" in page.text
    assert post(desk, "/refer/pay", "/me", wish="on", reason="we want to").status_code == 403
    assert post(desk, "/refer/pay", "/me", wish="maybe", reason="x").status_code == 422
    assert post(desk, "/refer/pay", "/me", wish="off", reason="").status_code == 422
    assert seat(app, someone(app, Role.CLIENT)).get("/refer/pay").status_code == 403


PAYS = ("adjustment", "run_statement", "run_tier", "broker_day", "attribution", "agreement")
"""Tables by which somebody comes to money."""


def test_no_table_by_which_somebody_is_paid_can_name_a_client_as_the_payee() -> None:
    for name in PAYS:
        table = Base.metadata.tables[name]
        assert "broker" in {key.column.table.name for column in table.columns for key in column.foreign_keys}, name
        assert not table.columns["broker_id"].nullable, name
        assert not any(column.name in {"client_no", "user_id", "introducer"} for column in table.columns), name


def payees(app: Flask) -> str:
    """Every row by which somebody comes to money."""
    with app.app_context():
        found = str([db.session.execute(select(Base.metadata.tables[name])).all() for name in PAYS])
        db.session.remove()
    return found


def test_a_friend_brings_the_client_no_row_by_which_anybody_is_paid(firm: Flask) -> None:
    client = seat(firm, someone(firm, Role.CLIENT, client_no="C10001"))
    post(client, "/introduce", "/me")
    with firm.app_context():
        code = db.session.execute(select(IntroductionLink.code)).scalar_one()
        db.session.remove()
    before = payees(firm)
    send(firm, code)
    assert payees(firm) == before
