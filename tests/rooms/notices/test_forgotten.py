"""A forgotten password comes back by mail: to who has an open sign-in, and nobody learns whether there is one."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from models import db
from models.audit import AuditEntry
from models.identity import OneTimeLink, Role, UserState
from models.jobs import Job, JobState
from models.outbox import OutboxMessage
from portal import create_app
from portal.gateways.mail import mailer
from portal.jobs import outbox as sending
from portal.jobs.forgotten import FORGOTTEN
from portal.jobs.worker import Worker
from portal.keys import keyring
from portal.settings import Settings
from tests.people import PASSWORD, change, email_of, post, someone
from tests.rooms.notices.post_office import PostOffice, open_office


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with open_office() as found:
        yield found


@pytest.fixture
def mailing(settings: Settings, office: PostOffice) -> Flask:
    """A portal that sends its mails to the test's server."""
    return create_app(dataclasses.replace(settings, smtp_url=f"smtp://127.0.0.1:{office.port}", mail_from="club@firm.example", base_url="http://localhost"))


def found(app: Flask, query: Any) -> list[Any]:
    with app.app_context():
        rows = list(db.session.execute(query).scalars())
        db.session.expunge_all()
        db.session.remove()
    return rows


def asked(app: Flask, email: str) -> list[Any]:
    """Ask as a stranger does, and let the worker work; returns what waits to be mailed."""
    assert post(app.test_client(), "/forgot", email=email).status_code == 200
    Worker(app).drain()
    return found(app, select(OutboxMessage))


def test_the_link_comes_by_mail_and_opens_the_door_once(mailing: Flask, office: PostOffice) -> None:
    user_id = someone(mailing, Role.CLIENT, client_no="C1")
    (message,) = asked(mailing, email_of(mailing, user_id).upper())
    assert message.link == "", "the table does not tell it"
    with mailing.app_context():
        sending.send_due(mailer(), None)
        db.session.remove()
    (letter,) = office.mails
    body = letter.get_body(("plain",))
    assert body is not None
    (link,) = re.findall(r"http://localhost(/reset/\S+)", body.get_content())
    new = PASSWORD + " of today"
    browser = mailing.test_client()
    assert post(browser, link, link, password=new, again=new).status_code == 303
    assert post(browser, link, "/forgot", password=new, again=new).status_code == 404, "it works once"
    assert post(mailing.test_client(), "/sign-in", email=email_of(mailing, user_id), password=new).status_code == 303
    assert found(mailing, select(AuditEntry.action).where(AuditEntry.action == "identity.link.forgotten")) == ["identity.link.forgotten"]


@pytest.mark.parametrize("who", ["nobody", "disabled", "invited", "administrator"])
def test_nothing_is_made_for_who_may_not_get_one_this_way(mailing: Flask, who: str) -> None:
    """Nobody has this address; the sign-in is closed or was never begun; two administrators make the link of who holds a right over people."""
    user_id = someone(mailing, Role.ADMIN if who == "administrator" else Role.STAFF, password=None if who == "invited" else PASSWORD)
    if who == "disabled":
        change(mailing, user_id, state=UserState.DISABLED)
    assert asked(mailing, "nobody@firm.example" if who == "nobody" else email_of(mailing, user_id)) == []
    assert found(mailing, select(OneTimeLink.id).where(OneTimeLink.purpose == "reset")) == []


def test_the_request_does_the_same_work_for_everybody(mailing: Flask) -> None:
    """Whoever is asked about, one job with a sealed address is written and no link: only the worker, later, knows the difference."""
    known = email_of(mailing, someone(mailing, Role.CLIENT, client_no="C1"))
    for email in (known, "nobody@firm.example"):
        assert post(mailing.test_client(), "/forgot", email=email).status_code == 200
    jobs = found(mailing, select(Job).where(Job.kind == FORGOTTEN, Job.state == JobState.WAITING).order_by(Job.id))
    with mailing.app_context():
        assert [keyring().open(job.arguments["address_sealed"], FORGOTTEN) for job in jobs] == [known, "nobody@firm.example"]
    assert not any(known in str(job.arguments) for job in jobs)
    assert found(mailing, select(OneTimeLink.id)) == []
