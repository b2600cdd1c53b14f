"""Two browsers never share a person, whatever context is open around them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask_login import LoginManager, UserMixin, login_required, login_user

from models.identity import Role
from tests.people import seat, someone


def test_a_second_browser_is_nobody(app: Flask) -> None:
    first = seat(app, someone(app, Role.CLIENT))
    assert first.get("/me").status_code == 200
    assert app.test_client().get("/me").status_code == 302


def test_even_inside_one_context_that_is_held_open(app: Flask) -> None:
    one, two = someone(app, Role.CLIENT, email="one@firm.example"), someone(app, Role.CLIENT, email="two@firm.example")
    with app.app_context():
        first, second = seat(app, one), seat(app, two)
        assert "one@firm.example" in first.get("/me").text
        assert "two@firm.example" in second.get("/me").text
        assert app.test_client().get("/me").status_code == 302


@pytest.fixture
def toy() -> Flask:
    """Flask-Login as its manual shows it."""
    toy = Flask("toy")
    toy.secret_key = "toy"
    manager = LoginManager(toy)

    @manager.user_loader
    def load(user_id: str) -> UserMixin:
        user = UserMixin()
        user.id = user_id
        return user

    @toy.get("/enter")
    def enter() -> str:
        login_user(load("1"))
        return "in"

    toy.add_url_rule("/closed", "closed", login_required(lambda: "open"))
    return toy


@pytest.mark.parametrize("held", [False, True])
def test_control_the_context_that_pytest_flask_pushes_makes_strangers_known(toy: Flask, held: bool) -> None:
    """With its fixture's context around the test, a browser that never signed in is let in: so conftest.py overrides it."""

    def visit() -> int:
        toy.test_client().get("/enter")
        return toy.test_client().get("/closed").status_code

    with toy.test_request_context() if held else toy.test_client():
        assert visit() == (200 if held else 401)


def test_the_override_stands(request: pytest.FixtureRequest) -> None:
    definition = request._fixturemanager.getfixturedefs("_push_request_context", request.node)
    assert definition is not None
    function: Callable[..., object] = definition[-1].func
    assert function.__module__ == "tests.conftest"
