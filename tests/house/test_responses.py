"""Every response is hardened, no form from elsewhere is heard, no host but ours is answered, no number breaks a page (G3, G15)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from models import db
from models.identity import Role
from portal import create_app
from portal.settings import Settings
from portal.web.guard import install_guard, public
from portal.web.headers import HEADERS
from tests.matrix import MAKERS, QUERY, UNSAFE, load_makers
from tests.people import form_token, post, seat, someone

NUMBERS = (-1, 0, 2**31 - 1, 2**31, 2**63 - 1, 2**63, 2**64, 10**40)
TEXTS = ("%00", "a%00b", "%0d%0aX-Evil:1", "%ff%fe", "..%2f..%2fetc", "%F0%9F%A6%84", "x" * 3000, "'%22%3E%3Cb%3E", "%20", "0" * 400)
WITHOUT_TOKEN = {"/api/v1/leads", "/csp-reports", "/club/stripe"}
"""What no form sends: what a program's key opens and no cookie, so that a forged form reaches nothing there; browsers' own reports, and what Stripe signs."""


def addresses(app: Flask, text: str) -> Iterator[tuple[str, str]]:
    """Every address with a text in place of each parameter, with its methods."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static":
            continue
        path = "".join(text if is_dynamic else part for is_dynamic, part in rule._trace).split("|", 1)[1]
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield method, path


def test_every_response_carries_the_headers(app: Flask) -> None:
    app.add_url_rule("/broken", "broken", public(lambda: 1 / 0))
    install_guard(app)
    signed_in, stranger = seat(app, someone(app, Role.ADMIN)), app.test_client()
    seen = set()
    for method, path in [*addresses(app, "x"), ("GET", "/nowhere"), ("PUT", "/me"), ("GET", "/broken")]:
        for client in (signed_in, stranger):
            response = client.open(path, method=method)
            seen.add(response.status_code)
            for name, value in HEADERS.items():
                assert response.headers.get(name) == value, (method, path, name)
            assert response.headers["Cache-Control"] == "no-store"
            assert {"Cookie", "Accept-Language", "HX-Request"} <= set(response.headers["Vary"].replace(" ", "").split(","))
            assert len(response.headers["X-Request-Id"]) >= 8
            assert not any(name.startswith("Access-Control-") for name in response.headers.keys())  # noqa: SIM118 - headers are no dict
            assert "charset=utf-8" in response.headers["Content-Type"] or not response.headers["Content-Type"].startswith("text/")
            assert "Strict-Transport-Security" not in response.headers
    assert {200, 302, 400, 404, 405, 500} <= seen


def test_under_https_cookies_are_bound_to_the_host_and_browsers_stay_with_it(settings: Settings) -> None:
    app = create_app(dataclasses.replace(settings, base_url="https://portal.firm.example"))
    client = app.test_client()
    page = client.get("/sign-in", base_url="https://portal.firm.example")
    assert page.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    cookies = page.headers.getlist("Set-Cookie")
    assert cookies
    for cookie in cookies:
        assert cookie.startswith("__Host-")
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
        assert "Domain" not in cookie
    assert app.config["SIGN_IN_COOKIE"].startswith("__Host-")
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def test_the_sign_in_cookie_is_kept_from_scripts(app: Flask) -> None:
    client = app.test_client()
    user = someone(app, Role.BROKER, email="b@firm.example")
    cookies = post(client, "/sign-in", email="b@firm.example", password="four unrelated plain words").headers.getlist("Set-Cookie")
    assert user
    assert any(cookie.startswith("juyuan_sign_in=") for cookie in cookies)
    assert all("HttpOnly" in cookie and "SameSite=Lax" in cookie for cookie in cookies)


def test_no_unsafe_page_hears_a_form_without_its_token(app: Flask) -> None:
    load_makers()
    admin = seat(app, someone(app, *Role))
    foreign = form_token(app.test_client())
    heard = 0
    for method, path in addresses(app, "x"):
        if method in UNSAFE and path not in WITHOUT_TOKEN:
            for data in ({}, {"csrf_token": ""}, {"csrf_token": foreign}, {"csrf_token": "x" * 50}):
                answer = admin.open(path, method=method, data=data)
                assert answer.status_code in {400, 404}, (method, path, data, answer.status_code)
                heard += answer.status_code == 400
    assert heard >= 40


def test_a_forms_token_is_another_with_every_second_and_what_lasts_of_it_opens_nothing(app: Flask) -> None:
    client, day = app.test_client(), datetime(2026, 3, 2, tzinfo=UTC)
    tokens = []
    for second in range(3):
        with time_machine.travel(day + timedelta(seconds=second), tick=False):
            tokens.append(form_token(client))
    lasting = {token.rpartition(".")[0].rpartition(".")[0] for token in tokens}
    assert len(lasting) == 1
    assert len({token.rpartition(".")[2] for token in tokens}) == 3
    guessed = [*lasting, f"{tokens[0].rpartition('.')[0]}.{tokens[1].rpartition('.')[2]}", f"{tokens[0][:-1]}{'A' if tokens[0][-1] != 'A' else 'E'}"]
    with time_machine.travel(day + timedelta(seconds=3), tick=False):
        answers = [client.post("/preferences/theme", data={"theme": "dark", "csrf_token": token}).status_code for token in (*guessed, tokens[0])]
    assert answers == [400, 400, 400, 303]


def test_control_without_the_token_check_forms_are_heard(app: Flask) -> None:
    admin = seat(app, someone(app, Role.ADMIN))
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    assert admin.post("/me/sessions/end-others").status_code == 303


@pytest.mark.parametrize("host", ["evil.example", "evil.example:5000", "127.0.0.1.evil.example", "localhost@evil.example", "localhost evil", "a" * 300])
def test_no_other_host_is_answered(app: Flask, host: str) -> None:
    for path in ("/sign-in", "/me", "/nowhere"):
        answer = app.test_client().get(path, headers={"Host": host})
        assert answer.status_code == 400
        assert "evil" not in answer.text
        assert answer.headers["Content-Security-Policy"]


def test_forwarded_headers_are_believed_only_behind_a_proxy(settings: Settings) -> None:
    app = create_app(dataclasses.replace(settings, proxies=1))
    app.add_url_rule("/who", "who", public(lambda: __import__("flask").request.remote_addr))
    install_guard(app)
    assert app.test_client().get("/who", headers={"X-Forwarded-For": "6.6.6.6, 10.1.1.1"}).text == "10.1.1.1"
    with app.app_context():
        db.engine.dispose()


def session_of(app: Flask, client: FlaskClient) -> str:
    """A browser's session as its cookie has it; empty where there is none."""
    cookie = client.get_cookie(app.config["SESSION_COOKIE_NAME"])
    return cookie.value if cookie else ""


def each_number(app: Flask, user_id: int, text: str) -> int:
    """Ask for every address as somebody who is signed in: where an address ended his session, he signs in again. Returns how often he was asked to sign in."""
    client, session, asked = seat(app, user_id), "", 0
    token = form_token(client)
    for method, path in addresses(app, text):
        session = session or session_of(app, client)
        answer = client.open(path, method=method, data={"csrf_token": token} if method in UNSAFE else None)
        assert answer.status_code < 500, (method, path, answer.status_code)
        asked += "/sign-in" in answer.headers.get("Location", "")
        if session_of(app, client) != session:
            client, session = seat(app, user_id), ""
            token = form_token(client)
    return asked


@pytest.mark.parametrize("number", NUMBERS)
def test_no_number_in_an_address_breaks_a_page(app: Flask, number: int) -> None:
    assert each_number(app, someone(app, Role.ADMIN), str(number)) < 10, "a stranger would see little of the portal"


def test_no_text_in_an_address_breaks_a_page(app: Flask) -> None:
    client = seat(app, someone(app, Role.ADMIN))
    token = form_token(client)
    for text in TEXTS:
        for method, path in addresses(app, text):
            if text in path:
                answer = client.open(path, method=method, data={"csrf_token": token} if method in UNSAFE else None)
                assert answer.status_code < 500, (method, path, answer.status_code)


@pytest.mark.parametrize("query", ["q=%00", "%00=1", "page=99999999999999999999", "page=-1", "page=x", "sort=%00", "sort=password_hash", "role='", "q=%25", "lang=%00", "next=%00"])
def test_no_query_breaks_a_page(app: Flask, query: str) -> None:
    client = seat(app, someone(app, Role.ADMIN))
    for method, path in addresses(app, "x"):
        if method == "GET":
            answer = client.get(f"{path}?{query}")
            assert answer.status_code < 500, (path, query, answer.status_code)


def test_a_fault_of_ours_shows_its_number_and_nothing_of_the_inside(app: Flask) -> None:
    def broken() -> str:
        raise RuntimeError("secret inside")

    app.add_url_rule("/broken", "broken", public(broken))
    app.add_url_rule("/api/broken", "api_broken", public(broken))
    install_guard(app)
    page = app.test_client().get("/broken", headers={"X-Request-Id": "number-of-the-request"})
    assert page.status_code == 500
    assert "number-of-the-request" in page.text
    assert "secret" not in page.text
    assert "Traceback" not in page.text
    answer = app.test_client().get("/api/broken")
    assert answer.json["error"]["status"] == 500
    assert "secret" not in answer.text


def test_the_watchers_see_whether_it_lives_and_can_serve(app: Flask) -> None:
    assert app.test_client().get("/healthz").json == {"status": "ok"}
    assert app.test_client().get("/readyz").status_code == 200
    with app.app_context(), db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'older'")
    assert app.test_client().get("/readyz").status_code == 503


def test_a_request_number_with_line_breaks_is_not_kept(app: Flask) -> None:
    assert app.test_client().get("/healthz", headers={"X-Request-Id": "evil; number <b>"}).headers["X-Request-Id"].isalnum()


def test_every_maker_belongs_to_a_page(app: Flask) -> None:
    load_makers()
    wanted = {name for rule in app.url_map.iter_rules() for name in rule.arguments}
    assert {name for _, name in MAKERS} - {QUERY} <= wanted
