"""Language and look are changed by the reader alone, and lead back into the portal, nowhere else."""

from __future__ import annotations

import pytest
from flask import Flask


@pytest.fixture
def app(app: Flask) -> Flask:
    """Forms without their token: it is tested where it is made."""
    app.config["WTF_CSRF_ENABLED"] = False
    return app


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", "/a\r\nX: y", "", "clients"])
def test_the_way_back_never_leaves_the_portal(app: Flask, back: str) -> None:
    answer = app.test_client().post("/preferences/theme", data={"theme": "dark", "back": back})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/preferences")


def test_a_choice_is_kept_and_the_page_comes_back(app: Flask) -> None:
    client = app.test_client()
    answer = client.post("/preferences/language", data={"locale": "zh_Hans_CN", "back": "/dev/parts?page=2"})
    assert answer.headers["Location"] == "/dev/parts?page=2"
    assert 'lang="zh-Hans-CN"' in client.get("/dev/parts", headers={"Accept-Language": "en"}).text
    client.post("/preferences/theme", data={"theme": "dark"})
    client.post("/preferences/theme", data={"theme": "pink"})
    assert 'data-theme="dark"' in client.get("/dev/parts").text


def test_no_link_changes_them(app: Flask) -> None:
    assert app.test_client().get("/preferences/theme").status_code == 405
