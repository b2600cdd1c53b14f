"""Requests for lower fees as a signal: together, on one book, beyond what these clients and all others do; read as they were known on the day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from models import db
from models.clients import Account
from models.departure_signals import SignalKind
from models.questions import ClientQuestion, QuestionEntry
from portal.departures import signals
from portal.pages.signals_words import evidence_text
from portal.transaction import transaction
from tests.rooms.departures.signal_scene import CLIENTS, DAY, NOON, ZONE, quietly, settle_in


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Iterator[Flask]:
    settle_in(app, tmp_path / "files")
    with app.app_context():
        yield app
        db.session.remove()


def ask(numbers: tuple[str, ...], at: datetime = NOON, asker: str = "client", back_at: datetime | None = None, subject: str = "fees") -> None:
    """Somebody asks for each of these clients; taken back at a moment, where one is given."""
    told: dict[str, Any] = {"via": "phone", "words": "手续费能否降低", "state": "closed", "due_at": at, "runs_from": at, "asked_at": at, "subject": subject}
    with transaction():
        for number in numbers:
            account = db.session.execute(select(Account.id).where(Account.account_no == number)).scalar_one()
            made = ClientQuestion(account_id=account, **told, fee_asker=asker if subject == "fees" else None)
            db.session.add(made)
            db.session.flush()
            if back_at is not None:
                db.session.add(QuestionEntry(question_id=made.id, at=back_at, actor_label="S001", by_client=False, action="withdraw", text=""))


def found(day: date = DAY) -> list[tuple[str, dict[str, Any]]]:
    return [(who.number, evidence) for who, kind, evidence in signals.raised(day, ZONE, quietly)[1] if kind is SignalKind.FEE_REQUESTS]


def test_many_on_one_book_are_a_signal(firm: Flask) -> None:
    ask(CLIENTS[:3], NOON - timedelta(days=29))
    ask(CLIENTS[3:5], asker="broker")
    usual = {"usual_ppm": 10_000, "chance_ppm": 0, "before_hit": 0, "before_of": 0, "others_hit": 0, "others_of": 0}
    assert found() == [("B001", {"hit": 5, "of": 5, "by_broker": 2, **usual})]
    with firm.test_request_context():
        said = evidence_text("fee_requests", found()[0][1])
    assert said.startswith("Within 30 days lower fees were asked for 5 of 5 clients who trade; for 2 of them the broker asked. 90 days before"), said


@pytest.mark.parametrize(
    ("numbers", "changed"),
    [
        (CLIENTS[:4], {}),
        (CLIENTS[:1] * 5, {}),
        (CLIENTS[:5], {"at": NOON - timedelta(days=30)}),
        (CLIENTS[:5], {"at": NOON + timedelta(days=1)}),
        (CLIENTS[:5], {"back_at": NOON + timedelta(hours=1)}),
        (CLIENTS[:5], {"subject": "margin"}),
    ],
    ids=["four clients are too few", "one client who asks five times", "31 days ago", "not asked yet", "taken back the same day", "about something else"],
)
def test_what_is_none(firm: Flask, numbers: tuple[str, ...], changed: dict[str, Any]) -> None:
    ask(numbers, **changed)
    assert found() == []


def test_taken_back_later_it_was_known_on_the_day(firm: Flask) -> None:
    ask(CLIENTS[:5], back_at=NOON + timedelta(days=1))
    assert [number for number, _evidence in found()] == ["B001"]


def test_clients_who_always_ask_say_nothing(firm: Flask) -> None:
    """The same request 90 days before: it is these clients' habit."""
    ask(CLIENTS[:5])
    ask(CLIENTS[:5], NOON - timedelta(days=100))
    assert found() == []
