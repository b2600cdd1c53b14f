"""What is told when something happens, through the verbs by which it does; and that what is told names nobody."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from models import db
from models.departures import DepartureKind
from models.identity import Role
from models.leads import LeadState
from models.webhooks import WebhookEvent
from portal import clock, rehearsal
from portal.actors import TERMINAL
from portal.club import booking as bookings
from portal.club.events import Kind
from portal.commission import payout_handing, payout_settling
from portal.commission.payout_settling import Answer
from portal.departures import register as departures
from portal.keys import keyring
from portal.leads.steps import take_step
from portal.settings import Settings
from portal.transaction import transaction
from portal.webhooks import payloads
from portal.webhooks.kinds import KINDS
from portal.webhooks.recording import Happened, record
from tests.people import post, seat, someone
from tests.rooms.club import scene
from tests.rooms.commission import payout_scene
from tests.rooms.leads import firm as leads
from tests.rooms.pages.firm import settle_in

PRIVATE = ("居间人B00", "6217", "13812340001", "王1", "客户1000")


def told(*kinds: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Events of these kinds: kind, number, details. Whatever is told fits its kind and names nobody."""
    db.session.rollback()
    found = db.session.execute(select(WebhookEvent).order_by(WebhookEvent.id)).scalars().all()
    for event in found:
        assert set(event.details) == set(KINDS[event.kind].details), event.kind
        assert [word for word in PRIVATE if word in json.dumps(payloads.told(event, "https://portal.example"), ensure_ascii=False)] == []
    return [(event.kind, event.number, event.details) for event in found if event.kind in kinds]


def test_from_a_settled_day_to_a_payment(app: Flask, tmp_path: Path) -> None:
    payout_scene.settled(app, tmp_path / "files")
    with app.app_context():
        assert [number for _, number, _ in told("day.settled")] == ["2026-02-27", "2026-03-02"]
        assert [number for _, number, _ in told("month.closed")] == ["2026-02", "2026-03"]
        assert {number for _, number, _ in told("statement.published")} == {f"{month} B00{place}" for month in ("2026-02", "2026-03") for place in (1, 2, 3, 4)}
        [(_, _, details)] = told("attribution.changed")
        assert details == {"accounts": 4, "first_accounts": ["10001", "10002", "10003", "10004"]}
        for number in ("B001", "B002"):
            payout_scene.give_account(number)
        run = payout_scene.prepared()
        payout_scene.approve(run)
        first, *rest = payout_scene.payments(run).values()
        with transaction():
            payout_handing.hand_over(run, "csv", "handed to the bank", actor=payout_scene.desk(), moment=clock.now(), ring=keyring())
        answers = [Answer(first.reference, None, "", "account closed"), *(Answer(one.reference, payout_scene.DAY, f"N{place}", "") for place, one in enumerate(rest))]
        with transaction():
            payout_settling.settle(run, answers, payout_scene.DAY, actor=payout_scene.desk(), moment=clock.now())
        kinds = [kind for kind, number, _ in told(*KINDS) if kind.startswith("payout")]
        assert kinds == ["payout_batch.approved", "payout_batch.sent", *["payout.paid"] * len(rest), "payout.returned", "payout_batch.done"]
        assert told("payout.returned")[0][1] == first.reference


def test_a_lead_from_its_registration_to_its_end(app: Flask, tmp_path: Path) -> None:
    leads.settle_in(app, tmp_path / "files")
    with app.app_context():
        lead = leads.lead_of(1)
        with transaction():
            take_step(lead.public_id, "refuse", leads.again(lead).version, actor=TERMINAL, moment=leads.NOON, today=leads.TODAY, words="wants nothing")
        assert told("lead.registered") == [("lead.registered", lead.number, {"door": "form"})]
        assert told("lead.decided") == [("lead.decided", lead.number, {"from": "registered", "to": LeadState.REFUSED.value})]


def test_a_seat_is_granted_and_given_back(app: Flask) -> None:
    [client] = scene.clients(app, 1)
    with app.app_context():
        number = scene.event_of("free", kinds=(Kind("标准票", "Standard", 0),))
        public_id = scene.book(number, client)
        with transaction():
            bookings.cancel(public_id, actor=client, moment=clock.now())
        details = {"event": "free", "seats": 1}
        assert told("booking.granted", "booking.cancelled") == [("booking.granted", public_id, details), ("booking.cancelled", public_id, details)]


def test_a_question_is_put_and_answered(app: Flask, tmp_path: Path) -> None:
    settle_in(app, tmp_path / "files")
    broker, desk = seat(app, someone(app, Role.BROKER, broker_no="B001")), seat(app, someone(app, Role.FINANCE))
    line = {"broker": "B001", "period": "2026-03", "account": "10001", "date": "2026-03-02", "exchange": "SHFE", "product": "rb", "kind": "retained_fee"}
    where = post(broker, "/disputes", "/me", question="the share should be 100 %", **line).headers["Location"]
    assert post(desk, f"{where}/answer", where, words="the plan says half", outcome="rejected").status_code == 303
    with app.app_context():
        [(_, number, details), (_, same, answered)] = told("dispute.opened", "dispute.answered")
        assert (number, details) == (same, {"month": "2026-03", "broker_no": "B001"})
        assert answered == {**details, "outcome": "rejected"}


def test_a_suspicion_stays_in_the_house_and_what_was_announced_is_told(app: Flask, tmp_path: Path) -> None:
    settle_in(app, tmp_path / "files")
    today = date(2026, 4, 1)
    with app.app_context():
        given = departures.Told(DepartureKind.BROKER_MOVES, "B002", None, evidence="seen at another firm")
        with transaction():
            departure = departures.record(given, actor=TERMINAL, moment=clock.now(), today=today).id
        assert told("departure.announced") == []
        with transaction():
            departures.announce(departure, today, today + timedelta(days=30), actor=TERMINAL, moment=clock.now(), today=today)
        [(_, _, details)] = told("departure.announced")
        assert details == {"kind": "broker_moves", "person_no": "B002"}


def test_a_rehearsal_tells_nobody(app: Flask, settings: Settings, tmp_path: Path) -> None:
    with app.app_context():
        with rehearsal.rehearsal(tmp_path / "copies"):
            record("month.closed", [Happened("2026-03", "/x")], clock.now())
            assert db.session.execute(select(WebhookEvent.id)).all() == []
        with transaction(), pytest.raises(KeyError):
            record("no.such", [Happened("1", "/x")], clock.now())
