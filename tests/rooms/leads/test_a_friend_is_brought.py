"""A client's friend, from the link to the closed month: he opens an account, is given to a broker and called, trades, and every line
says whose he is. The client who brought him is thanked and paid nothing: no line, no statement and no fen of his is in the books."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from models import db
from models.commission import MonthClose, RunStatement
from models.identity import Role, User
from models.leads import Claim, IntroductionLink, Lead, LeadState
from models.partners import Broker
from models.transfers import TransferKind, TransferReason
from models.values.calendar import Month
from portal import clock
from portal.actors import Actor, actor_of
from portal.audit import approvals
from portal.commission import runs
from portal.commission.close import prepare_close
from portal.commission.month import quiet
from portal.commission.queries import broker_lines
from portal.jobs.refresh import refresh
from portal.keys import keyring
from portal.leads import confirmation, referral
from portal.leads.referral import PayForbidden
from portal.transaction import lock_months, transaction
from portal.transfers import verbs
from portal.transfers.asked import Asked
from tests import make
from tests.people import post, seat, someone
from tests.rooms.introductions.test_public_form import send
from tests.rooms.leads.stories import rows, sit
from tests.rooms.leads.test_confirmation import GOOD
from tests.rooms.leads.test_conversion import bring, conversion, newcomer
from tests.rooms.transfers.test_transfers import previewed

MARCH, START = Month(2026, 3), datetime(2026, 3, 2, 2, tzinfo=UTC)
DAYS = ("2026-03-03", "2026-03-04", "2026-03-05")
"""The friend trades on each: as the house's, pending, and confirmed."""


def who(app: Flask, *roles: Role, **numbers: str) -> Actor:
    key = someone(app, *roles, **numbers)
    with app.app_context():
        actor = actor_of(db.session.get_one(User, key))
        db.session.remove()
    return actor


def the_link(app: Flask, client: FlaskClient) -> str:
    """The client makes his link."""
    assert post(client, "/introduce", "/me").headers["Location"] == "/refer"
    with app.app_context():
        code: str = db.session.execute(select(IntroductionLink.code)).scalar_one()
        db.session.remove()
    return code


def opens_an_account(folder: Path) -> None:
    """The friend answers the questions, and his account comes with the firm's file: it is the house's."""
    lead = db.session.execute(select(Lead)).scalar_one()
    key = lead.id
    with transaction():
        lead.state = LeadState.QUALIFIED
    sit(key, today=date(2026, 3, 2))
    bring(folder, newcomer("2026-03-03").replace("王一", "王小明"))
    assert (conversion(key).state, rows("10003")) == ("house", []), "nobody is written on the account for a client's friend"
    assert db.session.execute(select(Claim.kind, Claim.client_no, Claim.state)).one() == ("client", "C10001", "converted")


def is_given_to(broker_no: str, preparer: Actor, second: Actor) -> None:
    """Two people give the account to a broker from the second day on."""
    row = previewed(Asked(TransferKind.ACCOUNTS, "", broker_no, date(2026, 3, 4), TransferReason.AGREEMENT, "letter 4", accounts=("10003",)), preparer)
    with transaction():
        approval = verbs.ask(row.public_id, verbs.rows_digest(row), preparer, clock.now())
        number, digest = approval.id, approval.digest
    with transaction():
        approvals.approve(number, second, clock.now(), digest=digest)


def is_called(desk: Actor) -> None:
    """Somebody who is not the broker calls on the third day."""
    with transaction():
        confirmation.record(rows("10003")[-1].id, GOOD, desk, datetime(2026, 3, 5, 4, tzinfo=UTC), date(2026, 3, 5), "CN", keyring())


def the_month_closes(preparer: Actor, second: Actor) -> None:
    refresh(quiet)
    run = runs.newest_run(MARCH)
    assert run is not None
    with transaction():
        lock_months()
        approval = prepare_close(run, preparer, clock.now(), accept_missing=True)
        number, digest = approval.id, approval.digest
    with transaction():
        approvals.approve(number, second, clock.now(), digest=digest)
    assert db.session.get(MonthClose, "2026-03") is not None


def lines_of_friend() -> list[tuple[str, str, int, str]]:
    """Broker, day, pay in fen and the reason of every line about the friend's account, whosever it is."""
    run = runs.newest_run(MARCH)
    assert run is not None
    found = []
    for broker in db.session.execute(select(Broker).order_by(Broker.broker_no)).scalars():
        lines = broker_lines(run, broker).filter(pl.col("account_no") == "10003").sort("trade_date")
        found += [(broker.broker_no, str(row["trade_date"]), int(row["amount_fen"]), row["reason"] or "") for row in lines.iter_rows(named=True)]
    return found


def test_a_clients_friend_from_the_link_to_the_closed_month(app: Flask, tmp_path: Path) -> None:
    with time_machine.travel(START, tick=True):
        with app.app_context():
            make.accepted(make.firm(tmp_path / "files"))
            db.session.remove()
        preparer, second, desk = who(app, Role.ADMIN), who(app, Role.COMPLIANCE), who(app, Role.COMPLIANCE)
        finance = who(app, Role.FINANCE)
        client = seat(app, someone(app, Role.CLIENT, client_no="C10001"))
        send(app, the_link(app, client))
        with app.app_context():
            opens_an_account(tmp_path)
            is_given_to("B002", preparer, second)
            balances = {"10001": ("0.00", "0.00"), "10002": ("0.00", "0.00")}
            for day, before in zip(DAYS, ("0.00", "1900.00", "3800.00"), strict=True):
                make.day(tmp_path / "days", day, {**balances, "10003": (before, "2000.00")}, [("10003", "SHFE", "rb", "1", "100000.00", "100.00", "40.00")])
            make.accepted(tmp_path / "days")
            is_called(desk)
            the_month_closes(finance, second)
            assert lines_of_friend() == [("B002", "2026-03-04", 0, "attribution_pending"), ("B002", "2026-03-05", 3000, "")]
            run = runs.newest_run(MARCH)
            paid = db.session.execute(select(Broker.broker_no, RunStatement.net).join(Broker, Broker.id == RunStatement.broker_id).where(RunStatement.run_id == run.id)).all()
            assert [tuple(row) for row in paid] == [("B002", 3000)], "whoever brought him has no statement"
            with pytest.raises(PayForbidden), transaction():
                referral.ask_to_switch(preparer, clock.now(), jurisdiction="CN", allowed=True, reason="he brings many")
            with pytest.raises(PayForbidden):
                referral.need_payable_now("client", "CN")
            db.session.remove()
        assert "has opened an account" in client.get("/refer").text
        assert client.get("/commission/lines").status_code in (302, 403, 404)


def test_control_a_friend_of_a_broker_is_written_on_his_account(app: Flask, tmp_path: Path) -> None:
    """What the story above would look like if a client were an introducing broker."""
    with time_machine.travel(START + timedelta(hours=1), tick=True):
        with app.app_context():
            make.accepted(make.firm(tmp_path / "files"))
            db.session.remove()
        broker = seat(app, someone(app, Role.BROKER, broker_no="B001"))
        post(broker, "/introduce", "/me")
        with app.app_context():
            code = db.session.execute(select(IntroductionLink.code)).scalar_one()
            db.session.remove()
        send(app, code)
        with app.app_context():
            bring(tmp_path, newcomer("2026-03-03").replace("王一", "王小明"))
            assert [(row.state, row.share) for row in rows("10003")] == [("pending", 1_000_000)]
            db.session.remove()
