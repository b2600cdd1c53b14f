"""The programs' door: a key opens it, a request is done once, faults name their fields, and the document tells the truth."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from models import db
from models.api import ApiAnswer, ApiKey
from models.audit import AuditEntry
from models.identity import Role, UserState
from models.leads import Claim, Lead, LeadConsent, LeadLookUp
from portal import clock
from portal.actors import actor_of
from portal.api import answers
from portal.api.openapi import DOCUMENT
from portal.identity import api_keys
from portal.identity.queries import user_by_id
from portal.leads import receipts
from portal.transaction import transaction
from tests import make
from tests.people import change, post, seat, someone

WANG = {"name": "王小明", "phone": "138 1234 5678"}
PATH = "/api/v1/leads"


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    make.settled(app, tmp_path / "files")
    return app


@pytest.fixture
def owner(firm: Flask) -> int:
    return someone(firm, Role.BROKER, broker_no="B001")


@pytest.fixture
def key(firm: Flask, owner: int) -> str:
    return key_of(firm, owner)


def key_of(app: Flask, user_id: int) -> str:
    """A key of a person."""
    with app.app_context():
        with transaction():
            _row, text = api_keys.make(actor_of(user_by_id(user_id)), clock.now(), name="test", days=30)
        db.session.remove()
    return text


def ask(app: Flask, key: str, name: str = "request-1", body: Any = WANG, **more: Any) -> TestResponse:
    """Register somebody through the programs' door."""
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": name, **more.pop("headers", {})}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return app.test_client().post(PATH, data=data, content_type=more.pop("content_type", "application/json"), headers=headers, **more)


def count(app: Flask, model: type[Any]) -> int:
    with app.app_context():
        found = db.session.execute(select(func.count()).select_from(model)).scalar_one()
        db.session.remove()
    return int(found)


def test_a_lead_is_registered_once_and_told_the_same_for_ever(firm: Flask, key: str) -> None:
    first, again = ask(firm, key), ask(firm, key, body={"phone": WANG["phone"], "name": WANG["name"]})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json == again.json
    assert [answer.headers["Idempotent-Replayed"] for answer in (first, again)] == ["false", "true"]
    assert first.json["answer"] == "new"
    assert ask(firm, key, "request-2").json["answer"] == "yours"
    assert ask(firm, key, "request-3").status_code == 200
    assert (count(firm, Lead), count(firm, ApiAnswer), count(firm, LeadLookUp)) == (1, 3, 3)
    told = firm.test_client().get(first.headers["Location"], headers={"Authorization": f"Bearer {key}"})
    assert told.json["number"] == first.json["lead"]["number"]
    assert told.json["receipt"]["body"]["introducer"] == "broker:B001"
    assert "12345678" not in told.text


def test_the_same_name_for_another_request_is_a_conflict(firm: Flask, key: str) -> None:
    ask(firm, key)
    assert ask(firm, key, body={**WANG, "phone": "139 1234 5678"}).status_code == 409
    assert count(firm, Lead) == 1


def test_two_people_may_use_the_same_name_for_a_request(firm: Flask, key: str) -> None:
    other = key_of(firm, someone(firm, Role.BROKER, broker_no="B002"))
    assert ask(firm, key).json["answer"] == "new"
    answer = ask(firm, other)
    assert (answer.status_code, answer.json["answer"], answer.json["lead"]) == (200, "protected", None)
    lead = firm.test_client().get(f"{PATH}/{ask(firm, key).json['lead']['id']}", headers={"Authorization": f"Bearer {other}"})
    assert lead.status_code == 404


def test_consents_are_kept_with_their_text(firm: Flask, key: str) -> None:
    assert ask(firm, key, body={**WANG, "consents": [{"purpose": "contact", "text_version": 1}]}).status_code == 201
    with firm.app_context():
        row = db.session.execute(select(LeadConsent)).scalar_one()
        assert (row.purpose, row.given, row.door, len(row.text_digest)) == ("contact", True, "api", 64)
        db.session.remove()
    assert ask(firm, key, "r2", body={**WANG, "consents": [{"purpose": "contact", "text_version": 2}]}).json["error"]["fields"][0]["name"] == "consents"


BAD_BODIES: list[tuple[Any, int, str]] = [
    ({"phone": "13812345678"}, 422, "name"),
    ({"name": "x"}, 422, "phone"),
    ({"name": "x", "phone": "12345"}, 422, "phone"),
    ({"name": " ", "phone": "13812345678"}, 422, "name"),
    ({"name": "x" * 121, "phone": "13812345678"}, 422, "name"),
    ({"name": "a\u0000b", "phone": "13812345678"}, 422, "name"),
    ({"name": "a\nb", "phone": "13812345678"}, 422, "name"),
    ({"name": "x", "phone": 13812345678}, 422, "phone"),
    ({"name": "x", "phone": None}, 422, "phone"),
    ({"name": ["x"], "phone": "13812345678"}, 422, "name"),
    ({**WANG, "id_no": "110105194912310021"}, 422, "id_no"),
    ({**WANG, "email": "nobody"}, 422, "email"),
    ({**WANG, "kind": "robot"}, 422, "kind"),
    ({**WANG, "note": "x" * 2001}, 422, "note"),
    ({**WANG, "note": "a\u0000b"}, 422, "note"),
    ({**WANG, "state": "active"}, 422, "state"),
    ({**WANG, "\u0000": 1}, 422, "\u0000"),
    ({**WANG, "consents": "contact"}, 422, "consents"),
    ({**WANG, "consents": [{"purpose": ["x"], "text_version": 1}]}, 422, "consents"),
    ({**WANG, "consents": [{"purpose": "contact", "text_version": True}]}, 422, "consents"),
    ({**WANG, "consents": [{"purpose": "contact", "text_version": 2**63}]}, 422, "consents"),
    ({**WANG, "consents": [{"purpose": "contact", "text_version": 1}] * 2}, 422, "consents"),
    (b'{"name": "\\ud800", "phone": "13812345678"}', 422, "name"),
    (b'{"name": "x", "name": "y", "phone": "13812345678"}', 400, ""),
    (b'{"name": "x", "phone": NaN}', 400, ""),
    (b'{"name": "x", "phone": 1e999}', 400, ""),
    (b'{"name": ' + b"9" * 5000 + b"}", 400, ""),
    (b'{"name": "\xff"}', 400, ""),
    (b"", 400, ""),
    (b"[]", 400, ""),
    (b'"x"', 400, ""),
    (b"null", 400, ""),
    (b"[" * 30_000, 400, ""),
    (b'{"a":' * 10_000, 400, ""),
    (b"x" * 70_000, 413, ""),
]


@pytest.mark.parametrize(("body", "status", "field"), BAD_BODIES)
def test_what_does_not_hold_is_refused_by_its_field(firm: Flask, key: str, body: Any, status: int, field: str) -> None:
    answer = ask(firm, key, body=body)
    assert answer.status_code == status, answer.text
    assert answer.is_json
    assert [one["name"] for one in answer.json["error"].get("fields", [])] == ([field] if field else [])
    assert count(firm, Lead) == 0
    assert ask(firm, key).status_code == 201, "a refused request does not use its name up"


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "application/xml"])
def test_only_json_is_read(firm: Flask, key: str, content_type: str) -> None:
    assert ask(firm, key, content_type=content_type).status_code == 415


@pytest.mark.parametrize("name", ["", " ", "a b", "x" * 256, "é", "a\tb"])
def test_a_request_needs_a_name_of_its_own(firm: Flask, key: str, name: str) -> None:
    assert ask(firm, key, name).status_code == 400
    assert firm.test_client().post(PATH, json=WANG, headers={"Authorization": f"Bearer {key}"}).status_code == 400


@pytest.mark.parametrize("number", ["0", "-1", str(2**31), str(2**63), str(2**64), "%00", "%ff%fe", "..%2f", "x" * 3000, "'%22", "%ED%A0%80"])
def test_no_address_of_a_lead_breaks_anything(firm: Flask, key: str, number: str) -> None:
    answer = firm.test_client().get(f"{PATH}/{number}", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 404
    assert answer.is_json


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic eDp4", "Bearer jyk_", "bearer \u00e9", "Bearer jyk_" + "x" * 5000])
def test_without_a_key_that_lives_nothing_opens(firm: Flask, header: str) -> None:
    for client in (firm.test_client(), seat(firm, someone(firm, Role.ADMIN))):
        for answer in (client.post(PATH, json=WANG, headers={"Authorization": header, "Idempotency-Key": "1"}), client.get(f"{PATH}/x", headers={"Authorization": header})):
            assert answer.status_code == 401
            assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert count(firm, Lead) == 0


def test_a_key_ends_by_its_day_by_its_owner_and_with_his_sign_in(firm: Flask, owner: int) -> None:
    def heard(text: str) -> bool:
        return firm.test_client().get(f"{PATH}/x", headers={"Authorization": f"Bearer {text}"}).status_code == 404

    expired, revoked, disabled = (key_of(firm, owner) for _ in range(3))
    assert all(map(heard, (expired, revoked, disabled)))
    with firm.app_context():
        with transaction():
            db.session.execute(update(ApiKey).where(ApiKey.tail == expired[-4:]).values(expires_at=clock.now()))
            number = db.session.execute(select(ApiKey.public_id).where(ApiKey.tail == revoked[-4:])).scalar_one()
        db.session.remove()
    assert not heard(expired)
    assert post(seat(firm, owner), f"/me/keys/{number}/revoke", "/me").status_code == 303
    assert not heard(revoked)
    assert heard(disabled)
    change(firm, owner, state=UserState.DISABLED)
    assert not heard(disabled)


def test_a_key_is_shown_once_and_kept_as_a_digest(firm: Flask, owner: int) -> None:
    client = seat(firm, owner)
    page = post(client, "/me/keys", "/me", name="CRM", days="30")
    assert page.status_code == 201
    shown = re.search(r'id="new-key">(jyk_[\w-]{43})<', page.text)
    assert shown
    assert shown[1] not in client.get("/me/keys").text
    with firm.app_context():
        row = db.session.execute(select(ApiKey)).scalar_one()
        assert shown[1] not in str(vars(row))
        assert shown[1] not in str(db.session.execute(select(AuditEntry.after)).all())
        db.session.remove()
    assert ask(firm, shown[1]).status_code == 201
    with firm.app_context():
        assert db.session.execute(select(ApiKey.last_used_at)).scalar_one() is not None
        db.session.remove()
    for bad in ({"name": "", "days": "30"}, {"name": "x", "days": "31"}, {"name": "x", "days": "x"}, {"name": "x" * 61, "days": "30"}):
        assert post(client, "/me/keys", "/me", **bad).status_code == 422
    assert seat(firm, owner, fresh_at=clock.now() - timedelta(hours=1)).get("/me/keys").status_code == 200
    stale = seat(firm, owner, fresh_at=clock.now() - timedelta(hours=1))
    assert post(stale, "/me/keys", "/me", name="x", days="30").headers["Location"].startswith("/confirm-password")


def test_after_too_many_questions_the_answer_is_later_and_the_request_may_be_sent_again(firm: Flask, key: str) -> None:
    for number in range(20):
        assert ask(firm, key, f"r{number}", {"name": "x", "phone": f"1381234{number:04d}"}).status_code == 201
    later = ask(firm, key, "r-more")
    assert later.status_code == 429
    assert 0 < int(later.headers["Retry-After"]) <= 3600
    assert ask(firm, key, "r0", {"name": "x", "phone": "13812340000"}).status_code == 201, "an earlier answer is told still"
    with firm.app_context():
        with transaction():
            db.session.execute(update(LeadLookUp).values(at=clock.now() - timedelta(hours=1, seconds=1)))
        db.session.remove()
    assert ask(firm, key, "r-more").status_code == 201


def test_a_broker_who_is_not_active_registers_nobody(firm: Flask) -> None:
    with firm.app_context():
        folder = Path(firm.config["PORTAL"].instance) / "more"
        make.accepted(make.firm(folder, brokers=("B001", "B002", "B003")))
        make.accepted(make.write(folder / "x", "broker_statuses", ["B001,active,2025-01-01,", "B002,active,2025-01-01,", "B003,suspended,2025-01-01,"]))
        db.session.remove()
    assert ask(firm, key_of(firm, someone(firm, Role.BROKER, broker_no="B003"))).status_code == 403
    assert count(firm, Lead) == 0


def race(app: Flask, key: str, posts: int = 20) -> tuple[Counter[Any], set[str]]:
    """Send one request many times at the same moment; statuses with whether they were replayed, and all bodies."""
    gate, found, bodies = threading.Barrier(posts, timeout=60), [], set()

    def one() -> None:
        gate.wait()
        answer = ask(app, key)
        found.append((answer.status_code, answer.headers.get("Idempotent-Replayed")))
        bodies.add(answer.text)

    threads = [threading.Thread(target=one) for _ in range(posts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(found), bodies


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slow digests of twenty at once say nothing about a race."""
    monkeypatch.setattr(receipts, "digest_of", lambda value, salt: "00")


@pytest.mark.usefixtures("quick")
def test_of_twenty_at_once_one_registers_and_all_are_told_the_same(firm: Flask, key: str) -> None:
    found, bodies = race(firm, key)
    assert found == {(201, "false"): 1, (201, "true"): 19}
    assert len(bodies) == 1
    assert (count(firm, Lead), count(firm, Claim), count(firm, ApiAnswer), count(firm, LeadLookUp)) == (1, 1, 1, 1)


@pytest.mark.usefixtures("quick")
def test_control_without_the_kept_answer_the_race_is_seen(firm: Flask, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "earlier", lambda *given: None)
    found, _bodies = race(firm, key)
    assert found != {(201, "false"): 1, (201, "true"): 19}


def breaches(schema: dict[str, Any], value: Any, place: str = "$") -> list[str]:
    """Where a value is not what a schema of the document says; knows as much of JSON Schema as the document uses."""
    if "$ref" in schema:
        return breaches(DOCUMENT["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], value, place)
    if "oneOf" in schema:
        fitting = [one for one in schema["oneOf"] if not breaches(one, value, place)]
        return [] if len(fitting) == 1 else [f"{place}: fits {len(fitting)}"]
    if "enum" in schema:
        return [] if value in schema["enum"] else [f"{place}: {value!r} is none of {schema['enum']}"]
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None)}
    allowed = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    if not isinstance(value, tuple(kinds[kind] for kind in allowed)):
        return [f"{place}: {value!r} is no {allowed}"]
    found = []
    if isinstance(value, dict) and "properties" in schema:
        found += [f"{place}.{name} is missing" for name in schema["required"] if name not in value]
        found += [f"{place}.{name} is not in the document" for name in value if name not in schema["properties"]]
        found += [breach for name in value if name in schema["properties"] for breach in breaches(schema["properties"][name], value[name], f"{place}.{name}")]
    if isinstance(value, list):
        found += [breach for item in value for breach in breaches(schema["items"], item, place + "[]")]
    if isinstance(value, str) and len(value) > schema.get("maxLength", len(value)):
        found.append(f"{place}: too long")
    return found


def told(answer: TestResponse, operation: dict[str, Any]) -> list[str]:
    """Where an answer is not what the document says of its operation."""
    response = operation["responses"].get(str(answer.status_code))
    if response is None:
        return [f"{answer.status_code} is not in the document"]
    missing = [f"{answer.status_code}: header {name} is missing" for name in response.get("headers", {}) if name not in answer.headers]
    return missing + breaches(response["content"]["application/json"]["schema"], answer.json)


def every_answer(firm: Flask, key: str) -> list[tuple[TestResponse, dict[str, Any]]]:
    """One answer of each kind with the operation that it belongs to."""
    register, show = DOCUMENT["paths"][PATH]["post"], DOCUMENT["paths"][PATH + "/{lead_no}"]["get"]
    client: FlaskClient = firm.test_client()
    new = ask(firm, key)
    other = key_of(firm, someone(firm, Role.BROKER, broker_no="B002"))
    bearer = {"Authorization": f"Bearer {key}"}
    answers_of = [
        new,
        ask(firm, key, "2"),
        ask(firm, other),
        ask(firm, other, "2", {"name": "x", "phone": "19920000001"}),
        ask(firm, key, body={"name": "y", "phone": "13912345678"}),
    ]
    answers_of += [
        ask(firm, key, "3", body, content_type=kind)
        for body, kind in ((b"", "application/json"), ({}, "application/json"), (WANG, "text/plain"), (b"x" * 70_000, "application/json"))
    ]
    answers_of += [ask(firm, "x"), *[ask(firm, key, f"r{number}", {"name": "x", "phone": f"1371234{number:04d}"}) for number in range(20)]]
    shown = [client.get(new.headers["Location"], headers=bearer), client.get(f"{PATH}/x", headers=bearer), client.get(f"{PATH}/x")]
    return [(answer, register) for answer in answers_of] + [(answer, show) for answer in shown]


def test_the_real_answers_are_those_of_the_document(firm: Flask, key: str) -> None:
    found = every_answer(firm, key)
    assert [breach for answer, operation in found for breach in told(answer, operation)] == []
    assert {answer.status_code for answer, _ in found} >= {200, 201, 400, 401, 404, 409, 413, 415, 422, 429}
    assert firm.test_client().get("/api/v1/openapi.json").json == DOCUMENT


def test_control_an_answer_that_is_not_in_the_document_is_found(firm: Flask, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.api.routes._lead", lambda lead: {"id": lead.id, "phone": "x"})
    wrong = told(ask(firm, key), DOCUMENT["paths"][PATH]["post"])
    assert wrong


def test_the_document_names_every_address_of_the_door(app: Flask) -> None:
    real = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("api.")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    written = {(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert real - {("/api/v1/openapi.json", "get")} == written
