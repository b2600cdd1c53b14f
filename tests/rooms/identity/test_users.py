"""Users at the terminal and in the administration."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from models import db
from models.identity import Role, User, UserState
from portal import clock
from portal.actors import TERMINAL, Actor
from portal.identity import queries, verbs
from portal.refusals import Conflict, NotAllowed, NotFound
from portal.transaction import transaction
from tests.people import change, email_of, hidden_in, post, seat, sign_in, someone, token_in


def run(app: Flask, *words: str) -> tuple[int, str, str]:
    done = app.test_cli_runner().invoke(args=["users", *words])
    return done.exit_code, done.stdout, done.stderr


def test_the_terminal_adds_a_user_and_its_last_line_is_the_link(app: Flask) -> None:
    code, out, _ = run(app, "add", "Li@Firm.example", "--name", "李雷", "--role", "broker", "--role", "client", "--broker-no", "0001")
    last = out.splitlines()[-1]
    assert code == 0
    assert re.fullmatch(r"http://127\.0\.0\.1:5000/invite/[\w.-]+", last)
    client = app.test_client()
    path = last.removeprefix("http://127.0.0.1:5000")
    words = "four unrelated plain words"
    assert client.post(path, data={"csrf_token": token_in(client.get(path).text), "password": words, "again": words}).status_code == 303
    assert sign_in(client, "li@firm.example").status_code == 303


def test_wrong_use_is_2_and_a_refusal_is_1(app: Flask) -> None:
    assert run(app, "add", "a@firm.example", "--name", "A")[0] == 2
    assert run(app, "add", "a@firm.example", "--name", "A", "--role", "king")[0] == 2
    assert run(app, "add")[0] == 2
    assert run(app, "add", "a@firm.example", "--name", "A", "--role", "client")[0] == 0
    code, _, err = run(app, "add", "A@firm.example", "--name", "A", "--role", "client")
    assert (code, "already" in err) == (1, True)
    assert run(app, "add", "no address", "--name", "A", "--role", "client")[0] == 1
    assert run(app, "disable", "nobody@firm.example")[0] == 1
    assert run(app, "add", "b@firm.example", "--name", "B", "--role", "client", "--demo-password", "shown to all")[0] == 1


def test_the_terminal_lists_disables_and_links(app: Flask) -> None:
    run(app, "add", "a@firm.example", "--name", "A", "--role", "client", "--client-no", "0007")
    assert "a@firm.example\tinvited\tclient\t0007\tA" in run(app, "list")[1]
    assert "/invite/" in run(app, "link", "a@firm.example")[1].splitlines()[-1]
    assert run(app, "disable", "a@firm.example")[0] == 0
    assert run(app, "disable", "a@firm.example")[0] == 1
    assert run(app, "link", "a@firm.example")[0] == 1
    assert run(app, "list", "--state", "disabled")[1].count("\n") == 1
    assert run(app, "enable", "a@firm.example")[0] == 0


def public_id(app: Flask, user_id: int) -> str:
    with app.app_context():
        user = db.session.get(User, user_id)
        assert user is not None
        return user.public_id


def test_an_administrator_invites_and_hands_the_link_on(app: Flask) -> None:
    admin = seat(app, someone(app, Role.ADMIN))
    page = post(admin, "/admin/users/new", "/admin/users/new", email="new@firm.example", name="New", roles=["broker"], broker_no="0009")
    assert page.status_code == 200
    assert re.search(r"http://127\.0\.0\.1:5000/invite/[\w.-]+", page.text)
    again = post(admin, "/admin/users/new", "/admin/users/new", email="new@firm.example", name="New", roles=["broker"])
    assert again.status_code == 409
    assert "already" in again.text
    assert "new@firm.example" in admin.get("/admin/users?q=new@").text


def test_an_administrator_changes_roles_disables_and_enables(app: Flask) -> None:
    admin = seat(app, someone(app, Role.ADMIN))
    user_id = someone(app, Role.BROKER, broker_no="0001")
    client = seat(app, user_id)
    path = f"/admin/users/{public_id(app, user_id)}"
    seen = hidden_in(admin.get(path).text, "seen")
    assert post(admin, f"{path}/roles", path, seen=seen, roles=["client"], client_no="0002", reason="no longer a broker").status_code == 303
    assert client.get("/me").status_code == 302
    assert post(admin, f"{path}/disable", path).status_code == 422  # a reason is needed
    assert post(admin, f"{path}/disable", f"{path}/disable", reason="left", typed=email_of(app, user_id)).status_code == 303
    assert sign_in(app.test_client(), email_of(app, user_id)).status_code == 422
    assert post(admin, f"{path}/enable", path, reason="came back").status_code == 303
    assert sign_in(app.test_client(), email_of(app, user_id)).status_code == 303


def test_nobody_changes_his_own_standing_and_one_administrator_stays(app: Flask) -> None:
    user_id = someone(app, Role.ADMIN)
    admin = seat(app, user_id)
    path = f"/admin/users/{public_id(app, user_id)}"
    assert post(admin, f"{path}/disable", path, reason="oops", typed=email_of(app, user_id)).status_code == 422
    assert post(admin, f"{path}/roles", path, roles=["client"], reason="oops").status_code == 422
    assert "last active administrator" in run(app, "disable", email_of(app, user_id))[2]


@pytest.mark.usefixtures("database")
def test_verbs_look_at_the_right_themselves() -> None:
    clerk = Actor(user_id=None, label="clerk", roles=(Role.STAFF,))
    with pytest.raises(NotAllowed), transaction():
        verbs.add_user(email="x@firm.example", name="X", roles=[Role.ADMIN], actor=clerk, moment=clock.now())


def test_a_list_shows_only_whom_one_may_see(app: Flask) -> None:
    ids = {role: someone(app, role) for role in (Role.ADMIN, Role.BROKER, Role.AUDITOR)}
    with app.app_context():
        broker = Actor(user_id=ids[Role.BROKER], label="", roles=(Role.BROKER,))
        auditor = Actor(user_id=ids[Role.AUDITOR], label="", roles=(Role.AUDITOR,))
        assert list(db.session.scalars(queries.users_visible_to(broker))) == []
        assert len(list(db.session.scalars(queries.users_visible_to(auditor)))) == 3
        assert list(db.session.scalars(queries.users_visible_to(auditor).where(queries.spoken_of("%")))) == []
        with pytest.raises(NotFound):
            queries.visible_user(broker, queries.user_by_id(ids[Role.ADMIN]).public_id)


@pytest.mark.usefixtures("database")
def test_an_address_has_one_spelling() -> None:
    with transaction():
        verbs.add_user(email="  Zhang@Firm.Local ", name="张", roles=[Role.CLIENT], actor=TERMINAL, moment=clock.now())
    assert queries.user_by_email("ZHANG@firm.local") is not None
    with pytest.raises(Conflict), transaction():
        verbs.add_user(email="zhang@firm.local", name="张", roles=[Role.CLIENT], actor=TERMINAL, moment=clock.now())


def test_a_lost_second_factor_is_taken_away_by_another(app: Flask) -> None:
    admin = seat(app, someone(app, Role.ADMIN))
    user_id = someone(app, Role.STAFF)
    path = f"/admin/users/{public_id(app, user_id)}"
    assert post(admin, f"{path}/second-factor/remove", path, reason="phone stolen, seen in person").status_code == 409
    change(app, user_id, totp_secret="sealed", totp_confirmed_at=clock.now(), state=UserState.ACTIVE)
    assert post(admin, f"{path}/second-factor/remove", path, reason="phone stolen, seen in person").status_code == 303
    assert not has_second_factor(app, user_id)


def has_second_factor(app: Flask, user_id: int) -> bool:
    with app.app_context():
        user = db.session.get(User, user_id)
        assert user is not None
        return user.totp_confirmed_at is not None
