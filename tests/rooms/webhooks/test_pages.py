"""The pages of webhooks: a secret is shown once, who may what, the log and its file, looking before sending a span, and the help's own sample."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from models import db
from models.audit import AuditEntry
from models.identity import Role
from models.webhooks import WebhookDelivery, WebhookEndpoint
from portal import clock
from portal.transaction import transaction
from portal.webhooks import signatures
from portal.webhooks.recording import Happened, record
from tests.people import post, seat, someone

URL = "https://crm.example.com/hooks"


@pytest.fixture
def admin(app: Flask) -> FlaskClient:
    return seat(app, someone(app, Role.ADMIN))


def registered(admin: FlaskClient, **changed: Any) -> tuple[str, str]:
    """Register an endpoint through its form; its page and its secret."""
    given = {"url": URL, "description": "CRM", "kinds": ["month.closed", "day.settled"], **changed}
    answer = post(admin, "/admin/webhooks/new", "/admin/webhooks/new", **given)
    assert answer.status_code == 201, answer.text
    [secret] = re.findall(r'id="new-secret">(whsec_[^<]+)<', answer.text)
    [page] = set(re.findall(r'action="(/admin/webhooks/[^/"]+)/test"', answer.text))
    return page, secret


def happens(app: Flask, *months: str) -> None:
    with app.app_context():
        with transaction():
            record("month.closed", [Happened(month, f"/commission/months/{month}") for month in months], clock.now())
        db.session.remove()


def test_a_secret_is_shown_once(app: Flask, admin: FlaskClient) -> None:
    page, secret = registered(admin)
    happens(app, "2026-10")
    number = page.rpartition("/")[2]
    pages = [page, "/admin/webhooks", "/admin/webhooks/log", f"{page}/edit", f"{page}/replay", "/admin/webhooks/log?format=csv", "/audit"]
    shown = "".join(admin.get(address).text for address in pages)
    assert secret not in shown
    assert "2026-10" in shown
    renewed = post(admin, f"{page}/secret", page, hours="24")
    assert renewed.status_code == 201
    assert re.findall(r'id="new-secret">(whsec_[^<]+)<', renewed.text) != [secret]
    assert "both secrets sign" in admin.get(page).text
    with app.app_context():
        lines = db.session.execute(select(AuditEntry.action).where(AuditEntry.subject_key == number).order_by(AuditEntry.seq)).scalars().all()
        db.session.remove()
    assert lines == ["webhook.registered", "webhook.secret_renewed"]


def test_an_endpoint_through_its_whole_life(app: Flask, admin: FlaskClient) -> None:
    page, _secret = registered(admin)
    assert post(admin, f"{page}/pause", page).status_code == 303
    happens(app, "2026-09", "2026-10")
    assert "Resume: 2 events wait" in admin.get(page).text
    assert "2 events that waited" in post(admin, f"{page}/resume", page, follow_redirects=True).text or admin.get(page).status_code == 200
    assert post(admin, f"{page}/edit", f"{page}/edit", url=URL + "/2", description="CRM 2", kinds=["month.closed"]).status_code == 303
    assert "CRM 2" in admin.get("/admin/webhooks").text
    tested = post(admin, f"{page}/test", page)
    assert "webhook.test" in admin.get(tested.headers["Location"]).text
    assert "is given up" in admin.get(f"{page}/remove").text
    assert post(admin, f"{page}/remove", f"{page}/remove").status_code == 303
    assert "CRM 2" not in admin.get("/admin/webhooks").text
    assert "CRM 2" in admin.get("/admin/webhooks/log").text
    assert admin.get(f"{page}/edit").status_code == 404


@pytest.mark.parametrize(
    ("changed", "said"),
    [({"url": "http://crm.example.com"}, "begins with https://"), ({"url": "https://192.168.1.9/x"}, "lies inside a network"), ({"url": URL + "?key=1"}, "proven by the signature"), ({"kinds": []}, "at least one kind")],
    ids=["http", "inside", "query", "nothing"],
)  # fmt: skip
def test_what_cannot_be_is_answered_beside_what_was_typed(admin: FlaskClient, changed: dict[str, Any], said: str) -> None:
    answer = post(admin, "/admin/webhooks/new", "/admin/webhooks/new", **{"url": URL, "description": "OA of the firm", "kinds": ["month.closed"], **changed})
    assert answer.status_code == 422
    assert said in answer.text
    assert "OA of the firm" in answer.text


def test_a_span_is_looked_at_before_it_is_sent(app: Flask, admin: FlaskClient) -> None:
    with time_machine.travel(datetime(2026, 11, 25, 4, tzinfo=UTC), tick=True):
        happens(app, "2026-08", "2026-09")
        page, _secret = registered(admin)
        asked = "since=2026-11-25&until=2026-11-25&kinds=month.closed"
        look = admin.get(f"{page}/replay?{asked}").text
        assert "2 events would be sent" in look
        assert "first and a last day" in admin.get(f"{page}/replay?since=2026-11-25&until=2026-11-24&kinds=month.closed").text
        assert "choose among" in admin.get(f"{page}/replay?since=2026-11-25&until=2026-11-25&kinds=lead.registered").text
        span = {"since": "2026-11-25", "until": "2026-11-25", "kinds": ["month.closed"]}
        assert post(admin, f"{page}/replay", page, expected="3", **span).status_code == 409
        assert post(admin, f"{page}/replay", page, expected="2", **span).status_code == 303
    assert [
        admin.get(f"/admin/webhooks/log?{query}").text.count("/admin/webhooks/log/") for query in ("state=waiting", "state=delivered", "kind=month.closed", "since=2026-11-26")
    ] == [
        2,
        0,
        2,
        0,
    ]


def test_who_only_looks_changes_nothing(app: Flask, admin: FlaskClient) -> None:
    page, _secret = registered(admin)
    auditor, finance = seat(app, someone(app, Role.AUDITOR)), seat(app, someone(app, Role.FINANCE))
    assert "Send a test" not in auditor.get(page).text
    for path in ("test", "pause", "secret", "remove", "edit", "replay", "secret/end", "resume"):
        assert post(auditor, f"{page}/{path}", "/me").status_code == 403
    assert [finance.get(address).status_code for address in ("/admin/webhooks", page, "/admin/webhooks/log")] == [403, 403, 403]


def test_the_helps_own_sample_checks_a_signature(admin: FlaskClient) -> None:
    for language in ("en", "zh_Hans_CN"):
        [sample] = re.findall(r'<pre class="letter" id="verify">(.*?)</pre>', admin.get(f"/help/webhooks?lang={language}").text, re.DOTALL)
        known: dict[str, Any] = {}
        exec(html.unescape(sample), known)
        body, now = b'{"id":"evt_1"}', int(clock.now().timestamp())
        check = known["is_from_the_portal"]
        assert check(body, signatures.header(body, ["whsec_old", "whsec_new"], now), "whsec_new")
        assert not check(body, signatures.header(body, ["whsec_old"], now), "whsec_new")
        assert not check(body + b" ", signatures.header(body, ["whsec_new"], now), "whsec_new")
        assert not check(body, signatures.header(body, ["whsec_new"], now - 400), "whsec_new")


def test_the_document_of_the_api_speaks_of_every_kind(app: Flask, admin: FlaskClient) -> None:
    found = app.test_client().get("/api/v1/openapi.json").get_json()
    page, _secret = registered(admin)
    assert {f"{kind}" for kind in found["webhooks"]} == {*re.findall(r'name="kinds" value="([^"]+)"', admin.get(f"{page}/edit").text), "webhook.test"}
    with app.app_context():
        assert db.session.execute(select(WebhookEndpoint.id)).all() != db.session.execute(select(WebhookDelivery.id)).all()
