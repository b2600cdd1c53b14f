"""How far a job is, for who asked and for who sees the imports."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from models import db
from models.identity import Role
from models.jobs import Job, JobState
from portal import clock
from portal.actors import Actor
from portal.jobs.handlers import HANDLERS
from portal.jobs.verbs import enqueue
from portal.jobs.worker import Worker
from portal.refusals import Refusal
from portal.transaction import transaction
from tests.rooms.audit.seats import post, signed_in


@pytest.fixture(autouse=True)
def kind() -> Iterator[None]:
    """A kind of job that is refused."""

    def refuses(work: object) -> None:
        raise Refusal("line %(line)s is <b>wrong</b>", line=7)

    HANDLERS["test.page"] = refuses
    yield
    del HANDLERS["test.page"]


def asked(app: Flask, actor: Actor) -> str:
    with app.app_context():
        with transaction():
            public_id = enqueue(actor, clock.now(), "test.page", {}).public_id
        db.session.remove()
    return public_id


def test_a_job_as_page_fragment_and_json(app: Flask) -> None:
    finance, client = signed_in(app, "finance", Role.FINANCE)
    public_id = asked(app, finance)
    page = client.get(f"/jobs/{public_id}")
    assert "every 1s" in page.text
    fragment = client.get(f"/jobs/{public_id}", headers={"HX-Request": "true"})
    assert ("<html" in page.text, "<html" in fragment.text, "every 1s" in fragment.text) == (True, False, True)
    plain = client.get(f"/jobs/{public_id}", headers={"Accept": "application/json"}).json
    assert plain is not None
    assert (plain["state"], plain["result"]) == ("waiting", None)
    Worker(app).once()
    fragment = client.get(f"/jobs/{public_id}", headers={"HX-Request": "true"})
    assert ("every 1s" in fragment.text, "line 7 is &lt;b&gt;wrong" in fragment.text) == (False, True)
    assert (client.get(f"/jobs/{public_id}", headers={"Accept": "application/json"}).json or {})["message"] == "line 7 is <b>wrong</b>"


def test_others_find_no_such_job(app: Flask) -> None:
    staff, own = signed_in(app, "staff", Role.STAFF)
    _, other = signed_in(app, "other", Role.STAFF)
    _, finance = signed_in(app, "finance", Role.FINANCE)
    public_id = asked(app, staff)
    assert (own.get(f"/jobs/{public_id}").status_code, finance.get(f"/jobs/{public_id}").status_code) == (200, 200)
    assert other.get(f"/jobs/{public_id}").status_code == other.get("/jobs/nosuchjob").status_code == 404
    assert post(other, f"/jobs/{public_id}/cancel").status_code == 404
    assert own.post(f"/jobs/{public_id}/cancel").status_code == 400, "no form token"
    assert post(own, f"/jobs/{public_id}/cancel").status_code == 303
    with app.app_context():
        assert db.session.query(Job).one().state == JobState.CANCELLED
    assert post(own, f"/jobs/{public_id}/cancel").status_code == 409
