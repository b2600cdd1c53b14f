"""Signing in: one answer for every no, a limit that holds, links that work once, and no way out of the portal."""

from __future__ import annotations

import dataclasses
import re
import statistics
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from models import db
from models.identity import LinkPurpose, OneTimeLink, Role, SignInAttempt, User, UserState
from portal import create_app
from portal.actors import TERMINAL
from portal.identity import passwords, verbs
from portal.settings import Settings
from portal.transaction import transaction
from portal.web.requests import safe_next
from tests.people import PASSWORD, change, email_of, form_token, post, seat, sign_in, someone, token_in

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
HOSTILE = (
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/me\r\nLocation: //evil.example",
    "/me%0d%0aSet-Cookie:a=b",
    "/%09/evil.example",
    "/%5cevil.example",
    "/%2f/evil.example",
    "%2f%2fevil.example",
    "https://evil.example/me",
    "https:evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "@evil.example",
    ".evil.example",
    "/me/../..//evil.example",
    "/nowhere",
    "/\x00me",
    " //evil.example",
)


def attempts(app: Flask, outcome: str) -> int:
    with app.app_context():
        return db.session.execute(select(func.count()).where(SignInAttempt.outcome == outcome)).scalar_one()


def test_a_person_signs_in_and_out(app: Flask) -> None:
    client = app.test_client()
    email = email_of(app, someone(app, Role.BROKER))
    answer = sign_in(client, email.upper())
    assert answer.status_code == 303
    assert client.get("/me").status_code == 200
    out = post(client, "/sign-out")
    assert out.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert client.get("/me").status_code == 302


def test_every_no_sounds_the_same(app: Flask) -> None:
    known = email_of(app, someone(app, Role.BROKER))
    disabled = someone(app, Role.BROKER)
    change(app, disabled, state=UserState.DISABLED)
    invited = email_of(app, someone(app, Role.BROKER, password=None))
    pages = []
    for email, password in ((known, "wrong"), ("nobody@firm.example", PASSWORD), (email_of(app, disabled), PASSWORD), (invited, PASSWORD)):
        answer = sign_in(app.test_client(), email, password)
        assert answer.status_code == 422
        pages.append(re.sub(r'value="[^"]*"|content="[^"]*"', "", answer.text))
    assert len(set(pages)) == 1
    assert attempts(app, "failed") == 4


def apart(app: Flask, pairs: int) -> float:
    """By how much a wrong password's processor time differs between known and unknown addresses, by the median."""
    hashed = passwords.hashed(PASSWORD, "strong")
    known = [someone(app, Role.BROKER) for _ in range(pairs)]
    for user_id in known:
        change(app, user_id, password_hash=hashed)
    emails = [(email_of(app, user_id), f"nobody{user_id}@firm.example") for user_id in known]
    client = app.test_client()
    token = form_token(client)

    def took(email: str) -> float:
        started = time.thread_time()
        assert client.post("/sign-in", data={"csrf_token": token, "email": email, "password": "wrong"}).status_code == 422
        return time.thread_time() - started

    times = [(took(one), took(other)) for one, other in emails]
    right, wrong = (statistics.median(column) for column in zip(*times, strict=True))
    return abs(right / wrong - 1)


def test_an_unknown_address_takes_as_long_as_a_known_one(settings: Settings) -> None:
    """At length, by HTTP: `python -m tests.guard timing`."""
    app = create_app(dataclasses.replace(settings, password_cost="strong"))
    assert apart(app, 16) < 0.15
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def test_control_an_unchecked_password_gives_strangers_away(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app(dataclasses.replace(settings, password_cost="strong"))
    really = passwords.opens
    monkeypatch.setattr(passwords, "opens", lambda stored, *more: stored is not None and really(stored, *more))
    assert apart(app, 3) > 1
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def test_a_hash_of_another_cost_is_made_again(app: Flask) -> None:
    user_id = someone(app, Role.BROKER)
    change(app, user_id, password_hash=passwords.hasher("strong").hash(PASSWORD))
    assert sign_in(app.test_client(), email_of(app, user_id)).status_code == 303
    with app.app_context():
        user = db.session.get(User, user_id)
        assert user is not None
        assert "m=64," in str(user.password_hash)


def test_what_the_form_session_held_before_does_not_survive(app: Flask) -> None:
    client = app.test_client()
    with client.session_transaction() as before:
        before["planted"] = "by somebody else"
        before["locale"] = "en"
    planted = form_token(client)
    sign_in(client, email_of(app, someone(app, Role.BROKER)))
    with client.session_transaction() as after:
        assert "planted" not in after
        assert after["locale"] == "en"
    assert client.post("/me/sessions/end-others", data={"csrf_token": planted}).status_code == 400


def test_five_wrong_tries_are_heard_and_no_more_whichever_worker_answers(app: Flask, settings: Settings) -> None:
    email = email_of(app, someone(app, Role.BROKER))
    workers = [app, create_app(settings)]
    with time_machine.travel(NOON, tick=False):
        answers = [sign_in(workers[number % 2].test_client(), email, "wrong").status_code for number in range(8)]
        assert answers == [422] * 5 + [429] * 3
        refused = sign_in(workers[0].test_client(), email)
        assert refused.status_code == 429  # the right password does not get past it either
        assert 0 < int(refused.headers["Retry-After"]) <= 901
    with time_machine.travel(NOON + timedelta(minutes=15, seconds=2), tick=False):
        assert sign_in(workers[1].test_client(), email).status_code == 303
    with workers[1].app_context():
        db.session.remove()
        db.engine.dispose()


def test_guesses_at_the_same_moment_do_not_slip_past_together(app: Flask) -> None:
    email = email_of(app, someone(app, Role.BROKER))
    clients = [app.test_client() for _ in range(12)]
    tokens = [form_token(client) for client in clients]
    answers: list[int] = []
    gate = threading.Barrier(len(clients))

    def guess(number: int) -> None:
        gate.wait()
        answers.append(clients[number].post("/sign-in", data={"csrf_token": tokens[number], "email": email, "password": "wrong"}).status_code)

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(len(clients))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [422] * 5 + [429] * 7


def test_a_stranger_who_keeps_guessing_does_not_keep_the_owner_out(app: Flask) -> None:
    email = email_of(app, someone(app, Role.BROKER))
    home = app.test_client()
    sign_in(home, email)
    post(home, "/sign-out")
    for _ in range(7):
        sign_in(app.test_client(), email, "wrong")
    assert sign_in(app.test_client(), email).status_code == 429
    assert sign_in(home, email).status_code == 303
    assert sign_in(home, email_of(app, someone(app, Role.BROKER)), "wrong").status_code == 422


def test_a_forged_address_counts_for_nothing(app: Flask) -> None:
    email = email_of(app, someone(app, Role.BROKER))
    for number in range(5):
        client = app.test_client()
        client.post(
            "/sign-in",
            data={"csrf_token": form_token(client), "email": email, "password": "wrong"},
            headers={"X-Forwarded-For": f"10.0.0.{number}"},
        )
    assert sign_in(app.test_client(), email).status_code == 429
    with app.app_context():
        assert set(db.session.execute(select(SignInAttempt.address)).scalars()) == {"127.0.0.1"}


def test_one_address_may_not_go_through_all_accounts(app: Flask) -> None:
    client = app.test_client()
    token = form_token(client)
    answers = [client.post("/sign-in", data={"csrf_token": token, "email": f"n{number}@firm.example", "password": "wrong"}).status_code for number in range(52)]
    assert answers == [422] * 50 + [429] * 2


@pytest.mark.parametrize("target", HOSTILE)
def test_next_never_leads_out_of_the_portal(app: Flask, target: str) -> None:
    with app.test_request_context("/sign-in"):
        assert safe_next(target) is None
    client = app.test_client()
    where = sign_in(client, email_of(app, someone(app, Role.BROKER)), next=target).headers["Location"]
    assert where in {"/", "/me"}


@pytest.mark.parametrize("target", ["/me", "/admin/users?q=%E5%BC%A0&sort=-email", "/?lang=en"])
def test_next_leads_to_pages_of_the_portal(app: Flask, target: str) -> None:
    client = app.test_client()
    assert sign_in(client, email_of(app, someone(app, Role.BROKER)), next=target).headers["Location"] == target


def link_for(app: Flask, user_id: int, purpose: LinkPurpose) -> str:
    with app.app_context():
        with transaction():
            user = db.session.get(User, user_id)
            assert user is not None
            token = verbs.issue_link(user=user, purpose=purpose, secret=str(app.secret_key), actor=TERMINAL, moment=datetime.now(UTC))
        db.session.remove()
    return f"/{purpose.value}/{token}"


def choose(app: Flask, link: str, password: str = PASSWORD, again: str | None = None) -> int:
    client = app.test_client()
    page = client.get(link)
    if page.status_code != 200:
        return page.status_code
    return client.post(link, data={"csrf_token": token_in(page.text), "password": password, "again": password if again is None else again}).status_code


def test_an_invitation_works_once_and_looking_at_it_uses_nothing_up(app: Flask) -> None:
    user_id = someone(app, Role.BROKER, password=None)
    link = link_for(app, user_id, LinkPurpose.INVITE)
    for _ in range(3):
        assert app.test_client().get(link).status_code == 200
    assert choose(app, link, "short") == 422
    assert choose(app, link, PASSWORD, "another") == 422
    assert choose(app, link) == 303
    assert choose(app, link) == 404
    assert sign_in(app.test_client(), email_of(app, user_id)).status_code == 303


def test_a_link_is_good_for_its_purpose_alone(app: Flask) -> None:
    user_id = someone(app, Role.BROKER)
    token = link_for(app, user_id, LinkPurpose.RESET).rsplit("/", 1)[1]
    assert app.test_client().get(f"/invite/{token}").status_code == 404
    assert app.test_client().get(f"/reset/{token}x").status_code == 404


def test_links_expire_and_a_newer_one_replaces_them(app: Flask) -> None:
    user_id = someone(app, Role.BROKER)
    old, new = link_for(app, user_id, LinkPurpose.RESET), link_for(app, user_id, LinkPurpose.RESET)
    assert app.test_client().get(old).status_code == 404
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=61)):
        assert app.test_client().get(new).status_code == 404
    invitation = link_for(app, user_id, LinkPurpose.INVITE)
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=71)):
        assert app.test_client().get(invitation).status_code == 200
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=73)):
        assert app.test_client().get(invitation).status_code == 404


def test_of_two_who_use_a_link_at_once_one_wins(app: Flask) -> None:
    link = link_for(app, someone(app, Role.BROKER), LinkPurpose.RESET)
    clients = [app.test_client() for _ in range(6)]
    tokens = [token_in(client.get(link).text) for client in clients]
    answers: list[int] = []
    gate = threading.Barrier(len(clients))

    def use(number: int) -> None:
        gate.wait()
        answers.append(clients[number].post(link, data={"csrf_token": tokens[number], "password": f"{PASSWORD} {number}", "again": f"{PASSWORD} {number}"}).status_code)

    threads = [threading.Thread(target=use, args=(number,)) for number in range(len(clients))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [303] + [404] * 5


def test_links_of_the_disabled_are_dead_and_no_link_is_kept_in_the_open(app: Flask) -> None:
    user_id = someone(app, Role.BROKER)
    link = link_for(app, user_id, LinkPurpose.RESET)
    with app.app_context():
        assert link.rsplit("/", 1)[1] not in set(db.session.execute(select(OneTimeLink.token_digest)).scalars())
    change(app, user_id, state=UserState.DISABLED)
    assert app.test_client().get(link).status_code == 404


def test_a_forgotten_password_gets_the_same_answer_for_everybody(app: Flask) -> None:
    known = email_of(app, someone(app, Role.BROKER))
    answers = [post(app.test_client(), "/forgot", email=email) for email in (known, "nobody@firm.example")]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert len({re.sub(r'value="[^"]*"|content="[^"]*"', "", answer.text) for answer in answers}) == 1
    assert attempts(app, "asked_for_reset") == 2


@pytest.mark.parametrize("password", ["short", "passwordpassword", "1234567890", "aaaaaaaaaaaa", "qwertyuiop", "anna.smith2026", "juyuan-juyuan", "x" * 257])
def test_passwords_that_would_be_guessed_are_refused(password: str) -> None:
    with pytest.raises(passwords.WeakPassword):
        passwords.check_strength(password, email="anna.smith@firm.example", name="Anna")


def test_long_passwords_and_any_script_are_welcome() -> None:
    for password in ("四个毫不相干的普通词语组成", "a sea of calm words " * 6, "a b c d e f"):
        passwords.check_strength(password, email="anna@firm.example", name="Anna")
        assert passwords.opens(passwords.hashed(password, "quick"), password, "quick")


def test_a_stranger_may_not_send_much(app: Flask) -> None:
    assert app.test_client().post("/sign-in", data={"email": "x" * 400_000}).status_code == 413


def test_someone_signed_in_is_led_on(app: Flask) -> None:
    assert seat(app, someone(app, Role.BROKER)).get("/sign-in?next=/me").headers["Location"] == "/me"
