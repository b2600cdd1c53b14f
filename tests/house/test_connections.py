"""No request leaves a connection of the database behind, whatever it answers."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from flask import Flask

from models import db
from models.identity import Role
from portal.web.guard import install_guard, public
from tests.people import seat, someone
from tests.rooms.pages.firm import settle_in

PAGES = (
    "/",
    "/sign-in",
    "/no-such-page",
    "/clients",
    "/clients/none",
    "/overview",
    "/attribution",
    "/commission/months",
    "/audit",
    "/admin/users",
    "/approvals",
    "/imports",
    "/leads",
)


def left_open(app: Flask) -> int:
    """How many connections are still held by somebody."""
    with app.app_context():
        held: int = db.engine.pool.checkedout()  # type: ignore[attr-defined]
    return held


@pytest.mark.parametrize("role", [None, Role.ADMIN, Role.BROKER, Role.CLIENT])
def test_no_request_leaves_a_connection_behind(app: Flask, tmp_path: Path, role: Role | None) -> None:
    settle_in(app, tmp_path / "files")
    client = seat(app, someone(app, role, broker_no="B001", client_no="C10001")) if role else app.test_client()
    statuses = {client.open(page, method=method).status_code for page in PAGES for method in ("GET", "POST")}
    assert len(statuses) > 2, "pages, refusals and detours were among them"
    assert left_open(app) == 0


def test_requests_side_by_side_leave_none_behind(app: Flask) -> None:
    clients = [seat(app, someone(app, Role.ADMIN, email=f"admin{n}@firm.example")) for n in range(4)]
    together = threading.Barrier(4, timeout=60)

    def ask(client: object) -> None:
        together.wait()
        for page in PAGES:
            client.get(page)  # type: ignore[attr-defined]

    threads = [threading.Thread(target=ask, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert left_open(app) == 0


def test_control_one_that_is_left_is_seen(app: Flask) -> None:
    kept = []

    def careless() -> str:
        kept.append(db.engine.connect())
        return ""

    app.add_url_rule("/planted", "planted", public(careless))
    install_guard(app)
    assert app.test_client().get("/planted").status_code == 200
    assert left_open(app) == 1
    kept[0].close()
