"""The frame around a page is drawn once for many readers: what is one reader's own is never another's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from flask_wtf.csrf import generate_csrf

from models.identity import Role
from portal.web import menu
from portal.web.holes import hole
from tests.people import seat, someone
from tests.rooms.pages.firm import settle_in


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """A small firm with settled days."""
    settle_in(app, tmp_path / "files")
    return app


def read_by_two(firm: Flask) -> tuple[str, str]:
    """The same page, read by one administrator and then by another."""
    one, two = (seat(firm, someone(firm, Role.ADMIN, email=f"{name}@firm.example")) for name in ("one", "two"))
    return one.get("/clients").text, two.get("/clients").text


def tokens(page: str) -> set[str]:
    """Every token of a form in a page."""
    return set(re.findall(r'name="csrf_token" value="([^"]*)"', page))


def test_every_form_bears_its_own_readers_token(firm: Flask) -> None:
    first, second = read_by_two(firm)
    assert len(tokens(first)) == len(tokens(second)) == 1
    assert tokens(first) != tokens(second)
    assert "one@firm.example" not in second


def test_control_a_token_that_was_drawn_with_the_frame_is_seen(firm: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(menu, "hole", lambda name: generate_csrf() if name == "token" else hole(name))
    first, second = read_by_two(firm)
    assert len(tokens(second)) > 1 or tokens(first) == tokens(second)


def test_a_page_with_a_here_of_its_own_still_leads_back_to_itself(firm: Flask) -> None:
    page = seat(firm, someone(firm, Role.ADMIN)).get("/commission/months/2026-03").text
    assert set(re.findall(r'name="back" value="([^"]*)"', page)) == {"/commission/months/2026-03"}
