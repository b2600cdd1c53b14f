"""A demonstration firm is emptied by moving it aside: whole, with its log; only a demonstration, only by its name, only while nobody else is in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import create_engine, func, select, text, update

from models import db
from models.audit import AuditEntry
from models.identity import Role, User
from portal import clock, create_app
from portal.actors import TERMINAL
from portal.audit import heads
from portal.audit.verify import verify
from portal.demo.load import PASSWORD
from portal.demo.wipe import HALF
from portal.identity import passwords, verbs
from portal.settings import Settings
from portal.transaction import transaction
from tests.people import seat, someone


@pytest.fixture
def demo_app(settings: Settings) -> Iterator[Flask]:
    """A demonstration with one person in it."""
    app = create_app(replace(settings, demo=True))
    with app.app_context():
        _add("admin@example.com", settings)
        heads.publish_current(settings.instance, clock.now())
        _leave()
    yield app
    with app.app_context():
        _leave()


def _add(email: str, settings: Settings, *, demo: bool = True) -> None:
    with transaction():
        hashed = passwords.hashed(PASSWORD, settings.password_cost) if demo else None
        verbs.add_user(email=email, name="Somebody", roles=[Role.ADMIN], demo_password_hash=hashed, actor=TERMINAL, moment=clock.now())


def _leave() -> None:
    db.session.remove()
    db.engine.dispose()


def _people(app: Flask) -> int:
    with app.app_context():
        count = db.session.execute(select(func.count()).select_from(User)).scalar_one()
        _leave()
    return count


def _name(settings: Settings) -> str:
    return settings.database.rpartition("/")[2]


def _wipe(app: Flask, *words: str) -> tuple[int, str]:
    answer = app.test_cli_runner().invoke(args=["demo", "wipe", *words])
    with app.app_context():
        _leave()
    return answer.exit_code, answer.output


def test_it_is_moved_aside_whole_and_the_new_log_begins_with_it(demo_app: Flask, settings: Settings) -> None:
    with demo_app.app_context():
        lines, head = heads.current_head()
        _leave()
    status, said = _wipe(demo_app, "--yes-wipe", _name(settings), "--no-load")
    assert (status, "holds 1 people, 0 accounts, 0 settled days" in said) == (0, True), said
    assert _people(demo_app) == 0
    with demo_app.app_context():
        first = db.session.execute(select(AuditEntry).order_by(AuditEntry.seq).limit(1)).scalar_one()
        assert (first.action, first.seq, first.before["head"], first.before["lines"], first.before["people"]) == ("demo.wiped", 1, head, lines, 1)
        place = first.after["aside"]
        verify()
        _leave()
    assert _kept(settings, place) == [("admin@example.com", head)], "the old one is whole"
    assert not (Path(settings.instance) / heads.FILE).exists(), "the old heads speak of another log"
    assert len(list(Path(settings.instance).glob(heads.FILE + ".*"))) == 1
    assert (Path(settings.instance) / HALF).exists(), "./run loads it at its next start"


def _kept(settings: Settings, place: str) -> list[tuple[str, str]]:
    if settings.database.startswith("sqlite"):
        engine, schema = create_engine(settings.database.replace(_name(settings), place)), ""
    else:
        engine, schema = create_engine(settings.database.replace("postgresql://", "postgresql+psycopg://")), place + "."
    with engine.connect() as connection:
        rows = connection.execute(text(f'SELECT email, hash FROM {schema}"user", {schema}audit_head')).all()
    engine.dispose()
    return [(str(email), str(hash)) for email, hash in rows]


def test_it_only_says_what_it_would_do_until_the_name_is_typed(demo_app: Flask, settings: Settings) -> None:
    for words in ((), ("--yes-wipe", "yes")):
        status, said = _wipe(demo_app, *words)
        assert (status, f"flask demo wipe --yes-wipe {_name(settings)}" in said, _people(demo_app)) == (1, True, 1)


def test_a_real_firm_is_never_emptied(settings: Settings) -> None:
    app = create_app(settings)
    with app.app_context():
        _add("admin@example.com", settings)
        _leave()
    status, said = _wipe(app, "--yes-wipe", _name(settings))
    assert (status, "PORTAL_DEMO=1" in said, _people(app)) == (1, True, 1)


def test_nor_is_one_with_people_of_its_own_though_it_says_that_it_is_a_demonstration(demo_app: Flask, settings: Settings) -> None:
    with demo_app.app_context():
        _add("real@firm.example", settings, demo=False)
        _leave()
    status, said = _wipe(demo_app, "--yes-wipe", _name(settings))
    assert (status, "users of its own" in said, _people(demo_app)) == (1, True, 2)


def test_while_somebody_is_in_it_nothing_is_moved(demo_app: Flask, settings: Settings) -> None:
    other = create_app(replace(settings, demo=True))
    with other.app_context():
        connection = db.engine.connect()
        connection.execute(text("SELECT 1 FROM audit_head")).all()
    status, said = _wipe(demo_app, "--yes-wipe", _name(settings), "--no-load")
    connection.close()
    with other.app_context():
        _leave()
    assert (status, "somebody has this database open" in said, _people(demo_app)) == (1, True, 1)
    assert (Path(settings.instance) / heads.FILE).exists()
    assert _wipe(demo_app, "--yes-wipe", _name(settings), "--no-load")[0] == 0, "once he is gone, it is"


def test_the_page_says_what_would_go_and_by_which_command_and_a_real_firm_has_none(demo_app: Flask, settings: Settings) -> None:
    admin = someone(demo_app, Role.ADMIN, email="boss@example.com")
    with demo_app.app_context():
        with transaction():
            db.session.execute(update(User).values(demo=True))
        _leave()
    page = seat(demo_app, admin).get("/dev/wipe")
    assert (page.status_code, f"flask demo wipe --yes-wipe {_name(settings)}" in page.text) == (200, True)
    assert 'href="/dev/wipe"' in seat(demo_app, admin).get("/admin/users").text
    assert seat(demo_app, someone(demo_app, Role.FINANCE)).get("/dev/wipe").status_code == 403
    refused = seat(demo_app, admin).get("/dev/wipe").text
    assert ("--yes-wipe" in refused, "users of its own" in refused) == (False, True), "somebody is no person of the demonstration by now"
    real = create_app(settings)
    assert seat(real, admin).get("/dev/wipe").status_code == 404
    assert "/dev/wipe" not in seat(real, admin).get("/admin/users").text
