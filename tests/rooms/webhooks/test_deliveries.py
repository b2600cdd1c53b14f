"""What other systems are told: written with what it tells of, signed, sent at least once under one number, tried again, paused; one that fails keeps
no other waiting; nothing secret shows anywhere."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select, true

from models import db
from models.audit import AuditEntry
from models.identity import Role
from models.notices import Notice
from models.webhooks import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookEvent
from portal import clock, create_app, resealing
from portal.actors import TERMINAL
from portal.gateways.webhooks import carrier, rules
from portal.jobs import webhooks as jobs
from portal.keys import keyring
from portal.refusals import Conflict, Refusal
from portal.sealing import Keyring
from portal.settings import Settings
from portal.transaction import transaction
from portal.webhooks import again, deliveries, endpoints, signatures
from portal.webhooks.again import Span
from portal.webhooks.carrying import Answer
from portal.webhooks.kinds import KINDS
from portal.webhooks.recording import Happened, record
from tests.at_once import at_once
from tests.people import someone
from tests.rooms.webhooks.receiver import Receiver, open_receiver

NOON = datetime(2026, 11, 25, 4, tzinfo=UTC)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with open_receiver() as found:
        yield found


@pytest.fixture
def telling(settings: Settings) -> Iterator[Flask]:
    """A portal that may speak to this machine, at noon; the context is there for verbs."""
    app = create_app(dataclasses.replace(settings, webhook_loopback=True, base_url="https://portal.example"))
    with time_machine.travel(NOON, tick=False), app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def endpoint(url: str, kinds: tuple[str, ...] = ("month.closed", "day.settled")) -> tuple[str, str]:
    """An endpoint and its secret."""
    with transaction():
        row, secret = endpoints.add(TERMINAL, clock.now(), url=url, description="CRM", kinds=kinds, rules=rules(), ring=keyring())
        return row.public_id, secret


def happens(*months: str, kind: str = "month.closed") -> None:
    with transaction():
        record(kind, [Happened(month, f"/commission/months/{month}") for month in months], clock.now())


def send(carries: Any = None) -> dict[str, int]:
    db.session.rollback()
    return jobs.send_due(carries or carrier())


def states() -> list[str]:
    db.session.rollback()
    return list(db.session.execute(select(WebhookDelivery.state).order_by(WebhookDelivery.id)).scalars())


def row_of(number: str) -> WebhookEndpoint:
    db.session.rollback()
    return db.session.execute(select(WebhookEndpoint).where(WebhookEndpoint.public_id == number).execution_options(populate_existing=True)).scalar_one()


def test_an_event_comes_signed_and_says_no_more_than_it_may(telling: Flask, receiver: Receiver) -> None:
    _number, secret = endpoint(receiver.url())
    happens("2026-10")
    assert send() == {"delivered": 1}
    assert (send(), states()) == ({}, ["delivered"])
    [came] = receiver.came
    assert came.is_signed_with(secret)
    assert not came.is_signed_with(secret + "x")
    assert came.event == {
        "id": came.headers["Juyuan-Event"],
        "type": "month.closed",
        "api_version": "1",
        "occurred_at": "2026-11-25T04:00:00.000Z",
        "object": {"type": "month", "number": "2026-10", "url": "https://portal.example/commission/months/2026-10"},
        "details": {},
    }
    assert signatures.verifies(came.body, came.headers["Juyuan-Signature"], secret, int(NOON.timestamp()))
    assert not signatures.verifies(came.body + b" ", came.headers["Juyuan-Signature"], secret, int(NOON.timestamp()))
    assert not signatures.verifies(came.body, came.headers["Juyuan-Signature"], secret, int(NOON.timestamp()) + 301), "somebody sends it again later"


def test_what_is_rolled_back_was_never_told_and_nobody_is_told_what_he_does_not_want(telling: Flask, receiver: Receiver) -> None:
    endpoint(receiver.url(), ("day.settled",))

    def dies() -> None:
        with transaction():
            record("day.settled", [Happened("2026-11-20", "/imports/days/2026-11-20")], clock.now())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        dies()
    happens("2026-10")
    assert (states(), send(), receiver.came) == ([], {}, [])
    assert db.session.execute(select(func.count(WebhookEvent.id))).scalar_one() == 1, "it is kept for whoever wants it later"


def test_a_failure_is_tried_again_with_growing_pauses_under_the_same_number_and_given_up_in_the_end(telling: Flask, receiver: Receiver) -> None:
    endpoint(receiver.url())
    receiver.statuses["/hooks"], receiver.answer = 500, "broken " + "x" * 600
    happens("2026-10")
    moments: list[datetime] = []
    with time_machine.travel(NOON, tick=False) as traveller:
        while "given_up" not in states():
            assert send() == {"failed" if len(moments) < deliveries.ATTEMPTS - 1 else "given_up": 1}
            moments.append(clock.now())
            assert send() == {}, "not before its time"
            next_at = db.session.execute(select(WebhookDelivery.next_at)).scalar_one()
            assert next_at.tzinfo is not None
            traveller.move_to(max(next_at, clock.now()) + timedelta(seconds=1))
    assert len(moments) == deliveries.ATTEMPTS
    assert timedelta(days=2.3) < moments[-1] - moments[0] < timedelta(days=4), "about three days"
    assert len({came.event["id"] for came in receiver.came}) == 1
    assert len({came.body for came in receiver.came}) == 1
    assert [came.headers["Juyuan-Attempt"] for came in receiver.came] == [str(one) for one in range(1, 10)]
    tries = db.session.execute(select(WebhookAttempt)).scalars().all()
    assert {(one.status, len(one.answer)) for one in tries} == {(500, 500)}


def test_pauses_spread_and_never_grow_beyond_a_day() -> None:
    for attempt in range(1, deliveries.ATTEMPTS):
        low, high = deliveries.pause_after(attempt, 0.0), deliveries.pause_after(attempt, 1.0)
        assert low < deliveries.pause_after(attempt, 0.5) < high <= timedelta(days=1.2)


def test_one_that_does_not_answer_keeps_no_other_waiting(telling: Flask, receiver: Receiver) -> None:
    """The silent one is asked once and left alone, however many events wait for it; the others get all of theirs meanwhile."""
    endpoint(receiver.url("/silent"))
    endpoint(receiver.url("/good"))
    receiver.slow["/silent"] = 1.5
    happens(*(f"2026-{month:02d}" for month in range(1, 10)))
    begun = time.monotonic()
    taken: list[tuple[str, float]] = []

    class Watched:
        def post(self, url: str, headers: Any, body: bytes) -> Answer:
            answer = dataclasses.replace(carrier_of, whole=1.0).post(url, headers, body)
            taken.append((url.rpartition("/")[2], time.monotonic() - begun))
            return answer

    carrier_of = carrier()
    assert send(Watched()) == {"delivered": 9, "failed": 1}
    assert [name for name, _ in taken] == ["good"] * 9 + ["silent"]
    assert send() == {}, "it rests"
    assert len(receiver.at("/silent")) == 1


def test_who_dies_between_sending_and_writing_it_down_loses_nothing(telling: Flask, receiver: Receiver) -> None:
    """The receiver sees it twice under one number, and it is never lost."""
    endpoint(receiver.url())
    happens("2026-10")
    with telling.app_context(), transaction():
        [taken] = deliveries.claim(clock.now(), 8, [], keyring(), "https://portal.example")
    jobs.carry(taken, carrier())  # and here the process is killed
    assert (states(), send()) == (["sending"], {}), "another worker cannot know yet"
    with time_machine.travel(NOON + deliveries.STALE, tick=False):
        assert send() == {"delivered": 1}
        with transaction():
            assert deliveries.ended(taken, Answer(500), clock.now(), 0.5, TERMINAL) is None, "the dead one speaks no more"
    assert states() == ["delivered"]
    assert len(receiver.came) == 2
    assert len({came.event["id"] for came in receiver.came}) == 1


def claimed(app: Flask) -> list[int]:
    """What eight workers take at once, and one who comes when they have committed."""
    taken: list[int] = []
    act = lambda: taken.extend(found.id for found in deliveries.claim(clock.now(), 8, [], keyring(), ""))  # noqa: E731
    for workers in (8, 1):
        at_once(app, *[act] * workers)
    return taken


def test_of_many_workers_one_sends(telling: Flask, receiver: Receiver) -> None:
    for place in range(4):
        endpoint(receiver.url(f"/{place}"))
    happens("2026-10")
    assert sorted(claimed(telling)) == sorted(db.session.execute(select(WebhookDelivery.id)).scalars())


def test_control_a_claim_that_marks_nothing_sends_twice(telling: Flask, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault: what somebody has is still due. The count above finds it."""
    endpoint(receiver.url())
    happens("2026-10")
    monkeypatch.setattr(deliveries, "due", lambda moment: true())
    taken = claimed(telling)
    assert len(taken) > len(set(taken))


def test_a_secret_is_renewed_while_both_hold(telling: Flask, receiver: Receiver) -> None:
    number, old = endpoint(receiver.url())
    with transaction():
        _row, new = endpoints.renew_secret(number, 24, TERMINAL, clock.now(), ring=keyring())
    with transaction(), pytest.raises(Conflict):
        endpoints.renew_secret(number, 24, TERMINAL, clock.now(), ring=keyring())
    happens("2026-09")
    send()
    assert all(receiver.came[-1].is_signed_with(secret) for secret in (old, new))
    with time_machine.travel(NOON + timedelta(hours=25), tick=False):
        happens("2026-10")
        send()
        assert not receiver.came[-1].is_signed_with(old)
        assert receiver.came[-1].is_signed_with(new)


def test_an_old_secret_is_ended_before_its_time(telling: Flask, receiver: Receiver) -> None:
    number, old = endpoint(receiver.url())
    with transaction():
        endpoints.renew_secret(number, 72, TERMINAL, clock.now(), ring=keyring())
    with transaction():
        endpoints.end_previous(number, TERMINAL, clock.now())
    happens("2026-09")
    send()
    assert not receiver.came[-1].is_signed_with(old)


def test_what_happens_in_a_pause_waits_and_a_test_goes_out_all_the_same(telling: Flask, receiver: Receiver) -> None:
    number, _secret = endpoint(receiver.url())
    with transaction():
        endpoints.pause(number, TERMINAL, clock.now())
    happens("2026-09", "2026-10")
    assert send() == {}
    with transaction():
        again.send_test(number, TERMINAL, clock.now())
    assert send() == {"delivered": 1}
    assert receiver.came[0].event["type"] == "webhook.test"
    with transaction():
        assert endpoints.resume(number, TERMINAL, clock.now()) == 2
    assert send() == {"delivered": 2}
    assert [came.event["object"]["number"] for came in receiver.came[1:]] == ["2026-09", "2026-10"]


def test_one_that_fails_for_days_is_paused_and_administrators_are_told(telling: Flask, receiver: Receiver) -> None:
    admin, number = someone(telling, Role.ADMIN), endpoint(receiver.url())[0]
    receiver.statuses["/hooks"] = 503
    happens("2026-09")
    send()
    with time_machine.travel(NOON + deliveries.PAUSED_AFTER, tick=False):
        send()
        assert (row_of(number).state, row_of(number).why) == ("paused", "failing")
        assert [notice.kind for notice in db.session.execute(select(Notice).where(Notice.user_id == admin)).scalars()] == [endpoints.PAUSED]
    with transaction():
        endpoints.resume(number, TERMINAL, clock.now())
    assert row_of(number).failing_since is None


def test_one_success_between_failures_is_enough(telling: Flask, receiver: Receiver) -> None:
    number, _secret = endpoint(receiver.url())
    receiver.statuses["/hooks"] = 503
    happens("2026-09")
    send()
    receiver.statuses.clear()
    with time_machine.travel(NOON + timedelta(days=1), tick=False):
        send()
    receiver.statuses["/hooks"] = 503
    with time_machine.travel(NOON + deliveries.PAUSED_AFTER, tick=False):
        happens("2026-10")
        send()
    assert row_of(number).state == "active"


def test_one_delivery_is_sent_once_more(telling: Flask, receiver: Receiver) -> None:
    endpoint(receiver.url())
    happens("2026-10")
    send()
    number = db.session.execute(select(WebhookDelivery.public_id)).scalar_one()
    with transaction():
        again.resend(number, TERMINAL, clock.now())
    with transaction(), pytest.raises(Conflict):
        again.resend(number, TERMINAL, clock.now())
    assert send() == {"delivered": 1}
    assert len({came.event["id"] for came in receiver.came}) == 1
    assert len(receiver.came) == 2


def test_a_span_is_sent_to_whoever_came_later_once_it_was_looked_at(telling: Flask, receiver: Receiver) -> None:
    endpoint(receiver.url("/first"))
    happens("2026-08", "2026-09")
    happens("2026-11-20", kind="day.settled")
    send()
    number, _secret = endpoint(receiver.url("/late"))
    happens("2026-10")
    span = Span(("month.closed",), NOON, NOON + timedelta(days=1))
    found = again.preview(row_of(number), span)
    assert (found.events, found.fresh, found.waiting, found.sent) == (3, 2, 1, 2)
    with transaction(), pytest.raises(Conflict):
        again.replay(number, span, 3, TERMINAL, clock.now())
    with transaction(), pytest.raises(Refusal):
        again.replay(number, Span(("lead.registered",), NOON, NOON + timedelta(days=1)), 0, TERMINAL, clock.now())
    with transaction():
        assert again.replay(number, span, 2, TERMINAL, clock.now()) == 2
    send()
    assert sorted(came.event["object"]["number"] for came in receiver.at("/late")) == ["2026-08", "2026-09", "2026-10"]
    assert {came.event["id"] for came in receiver.at("/first")} >= {came.event["id"] for came in receiver.at("/late")}


def test_nothing_goes_to_one_that_was_removed_and_its_secret_is_gone(telling: Flask, receiver: Receiver) -> None:
    number, _secret = endpoint(receiver.url())
    happens("2026-10")
    with transaction():
        assert endpoints.remove(number, TERMINAL, clock.now()) == 1
    happens("2026-11")
    assert (send(), receiver.came, states()) == ({}, [], ["given_up"])
    assert (row_of(number).secret_sealed, row_of(number).previous_sealed) == ("", None)
    with transaction(), pytest.raises(Conflict):
        again.resend(db.session.execute(select(WebhookDelivery.public_id)).scalar_one(), TERMINAL, clock.now())


def test_no_secret_stands_in_the_database_the_audit_log_or_the_log(telling: Flask, receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    """Nor the path of an address, which may hold what opens something."""
    with caplog.at_level(logging.DEBUG):
        number, old = endpoint(receiver.url("/T0P-path"))
        with transaction():
            _row, new = endpoints.renew_secret(number, 24, TERMINAL, clock.now(), ring=keyring())
        receiver.statuses["/T0P-path"] = 500
        happens("2026-10")
        send()
        with transaction():
            endpoints.change(number, TERMINAL, clock.now(), url=receiver.url("/other"), description="CRM", kinds=["month.closed"], rules=rules())
        with transaction():
            [taken] = deliveries.claim(NOON + timedelta(hours=1), 8, [], keyring(), "")
    row = row_of(number)
    entries = [f"{entry.before} {entry.after} {entry.reason}" for entry in db.session.execute(select(AuditEntry)).scalars()]
    held = " ".join([caplog.text, repr(taken), row.secret_sealed, row.previous_sealed or "", *entries])
    assert [word for word in (old, new, old[6:], new[6:]) if word in held] == []
    assert "T0P-path" not in caplog.text + " ".join(entries)


def test_secrets_are_sealed_anew_with_the_keys(telling: Flask, receiver: Receiver) -> None:
    number, secret = endpoint(receiver.url())
    with transaction():
        endpoints.renew_secret(number, 24, TERMINAL, clock.now(), ring=keyring())
    ring = keyring().with_newest("k9")
    places = [place for place in resealing.PLACES if place.name.startswith("webhook_endpoint.")]
    with transaction():
        assert [resealing.reseal_chunk(place, ring, 0) for place in places] == [(1, 1, 0), (1, 1, 0)]
    newest = Keyring(ring.keys[:1], ring.index_key)
    assert newest.open(row_of(number).previous_sealed or "", endpoints.previous_of(number)) == secret


def test_old_events_are_forgotten_with_their_deliveries(telling: Flask, receiver: Receiver) -> None:
    endpoint(receiver.url())
    happens("2026-10")
    send()
    with transaction():
        assert deliveries.forget(clock.now() + deliveries.KEPT_FOR) == 0
        assert deliveries.forget(clock.now() + deliveries.KEPT_FOR + timedelta(seconds=1)) == 1
    assert [db.session.execute(select(func.count()).select_from(model)).scalar_one() for model in (WebhookEvent, WebhookDelivery, WebhookAttempt)] == [0, 0, 0]


@pytest.mark.parametrize(
    ("given", "status"),
    [({"url": "https://10.0.0.1/x"}, 422), ({"description": " "}, 422), ({"kinds": []}, 422), ({"kinds": ["no.such"]}, 422), ({}, 409)],
    ids=["hidden", "nameless", "wants nothing", "wants what there is not", "there already"],
)
def test_what_cannot_be_an_endpoint_is_refused(telling: Flask, receiver: Receiver, given: dict[str, Any], status: int) -> None:
    endpoint(receiver.url())
    whole = {"url": receiver.url(), "description": "CRM", "kinds": ["month.closed"], **given}
    with transaction(), pytest.raises(Refusal) as refused:
        endpoints.add(TERMINAL, clock.now(), **whole, rules=rules(), ring=keyring())
    assert refused.value.status == status


def test_every_kind_has_a_name_that_programs_can_keep() -> None:
    assert all(len(kind) <= 40 and kind == kind.lower() and kind.count(".") == 1 for kind in KINDS)
