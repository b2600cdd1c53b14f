"""Who may make which link, where its leads go, and when it works."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from models import db
from models.identity import Role
from models.introductions import FormOutcome, SentForm
from models.leads import Campaign, IntroducerKind, LeadDoor
from models.partners import Branch
from portal.actors import Actor
from portal.leads import links, sent_forms
from portal.leads.links import DeadLink
from portal.refusals import Conflict, NotAllowed, NotFound, Refusal
from portal.transaction import transaction
from tests import make
from tests.people import someone

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
TODAY = date(2026, 3, 2)


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """One branch 01 with a staff member S001, two brokers, two clients."""
    make.settled(app, tmp_path / "files")
    return app


@pytest.fixture
def users(firm: Flask) -> dict[str, Actor]:
    """People as actors, each with a user behind him."""
    bound = {
        "broker": {"broker_no": "B001"},
        "staff": {"staff_no": "S001", "branch_no": "01"},
        "client": {"client_no": "C10001"},
        "branch_manager": {"branch_no": "01"},
        "admin": {},
        "auditor": {},
    }
    return {name: Actor(user_id=someone(firm, Role(name)), label=name, roles=(Role(name),), **numbers) for name, numbers in bound.items()}


def campaign(code: str, *, kind: str = "campaign", ends_on: date = date(2026, 12, 31), branch_no: str | None = None) -> int:
    branch = db.session.execute(select(Branch.id).where(Branch.branch_no == branch_no)).scalar() if branch_no else None
    row = Campaign(code=code, name=code, kind=kind, starts_on=TODAY, ends_on=ends_on, cost=0, branch_id=branch, created_at=NOON, version=1)
    db.session.add(row)
    db.session.flush()
    return row.id


@pytest.mark.usefixtures("database")
def test_everybody_who_introduces_gets_a_link_in_his_own_name(users: dict[str, Actor]) -> None:
    with transaction():
        made = {name: links.make(users[name], NOON, TODAY) for name in ("broker", "staff", "client")}
        kinds = {name: (link.kind, links.live(link.code, TODAY).source.door) for name, link in made.items()}
    assert kinds == {"broker": (IntroducerKind.BROKER, LeadDoor.LINK), "staff": (IntroducerKind.STAFF, LeadDoor.LINK), "client": (IntroducerKind.CLIENT, LeadDoor.LINK)}
    with pytest.raises(NotAllowed), transaction():
        links.make(users["auditor"], NOON, TODAY)
    with pytest.raises(Refusal, match="campaign"), transaction():
        links.make(users["admin"], NOON, TODAY)


@pytest.mark.usefixtures("database")
def test_links_of_campaigns_by_their_rights(users: dict[str, Actor]) -> None:
    with transaction():
        spring, party, past = campaign("SPRING"), campaign("PARTY", kind="event"), campaign("PAST", ends_on=date(2026, 3, 1))
        of_staff = links.live(links.make(users["staff"], NOON, TODAY, campaign_id=spring).code, TODAY)
        of_firm = links.live(links.make(users["branch_manager"], NOON, TODAY, campaign_id=party, for_firm=True).code, TODAY)
        assert (of_staff.source.door, of_staff.introducer.key, of_staff.one_place) == (LeadDoor.CAMPAIGN, "staff:S001", False)
        assert (of_firm.source.door, of_firm.introducer.key, of_firm.one_place) == (LeadDoor.EVENT, "firm", True)
        assert [one.code for one in links.campaigns(users["staff"], TODAY)] == ["SPRING", "PARTY"]
        assert links.campaigns(users["broker"], TODAY) == []
    for who, number, wrong in (("staff", past, NotFound), ("broker", spring, NotFound), ("client", spring, NotFound), ("staff", 987654321, NotFound)):
        with pytest.raises(wrong), transaction():
            links.make(users[who], NOON, TODAY, campaign_id=number)
    with pytest.raises(NotAllowed), transaction():
        links.make(users["staff"], NOON, TODAY, campaign_id=spring, for_firm=True)


@pytest.mark.usefixtures("database")
def test_a_link_works_to_its_last_day_and_no_longer(users: dict[str, Actor]) -> None:
    with transaction():
        code = links.make(users["broker"], NOON, TODAY, expires_on=TODAY + timedelta(days=3)).code
    assert links.live(code, TODAY + timedelta(days=3)).link.code == code
    with pytest.raises(DeadLink):
        links.live(code, TODAY + timedelta(days=4))
    with pytest.raises(Refusal, match="last day"), transaction():
        links.make(users["broker"], NOON, TODAY, expires_on=TODAY - timedelta(days=1))


@pytest.mark.usefixtures("database")
def test_only_ones_own_links_are_seen_and_ended_and_not_without_end(users: dict[str, Actor]) -> None:
    with transaction():
        code = links.make(users["broker"], NOON, TODAY).code
    for who in ("staff", "client", "admin", "auditor"):
        with pytest.raises(NotFound), transaction():
            links.revoke(users[who], NOON, code)
        assert links.own(users[who], TODAY) == []
    with transaction():
        for _ in range(links.MOST_LIVE - 1):
            links.make(users["broker"], NOON, TODAY)
    with pytest.raises(Conflict), transaction():
        links.make(users["broker"], NOON, TODAY)
    with transaction():
        links.revoke(users["broker"], NOON, code)
        links.make(users["broker"], NOON, TODAY)
    assert len({one.link.code for one in links.own(users["broker"], TODAY)}) == links.MOST_LIVE + 1


@pytest.mark.usefixtures("database")
def test_what_was_sent_is_forgotten_in_time(users: dict[str, Actor]) -> None:
    with transaction():
        link = links.make(users["broker"], NOON, TODAY)
        for days in (0, 181):
            sent_forms.remember(link.id, "x", NOON - timedelta(days=days), FormOutcome.KNOWN, stamp=f"s{days}")
    with transaction():
        assert sent_forms.forget_old(NOON) == 1
    assert list(db.session.execute(select(SentForm.stamp_digest)).scalars()) == ["s0"]
