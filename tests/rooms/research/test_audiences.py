"""Tiers as audiences, and members who are no clients: the preview counts whom the page opens to."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from models import db
from models.club_membership import ClubMember
from models.identity import Role
from models.research import Audience
from models.suitability import SuitabilityTest
from portal import clock
from portal.local_day import today
from portal.transaction import transaction
from tests.people import seat, someone
from tests.rooms.club.membership_scene import add_tiers, with_tier
from tests.rooms.research import scene
from tests.rooms.research.test_learning import lead
from tests.rooms.research.test_research import at, counted, firm

__all__ = ["firm"]


def test_members_of_a_tier_and_of_those_above_it_read_and_are_counted(firm: Flask) -> None:
    client = at(firm, Role.CLIENT)
    with firm.app_context():
        numbers = add_tiers()
        keys = {tier: scene.published(audience=Audience.TIER, audience_ref=tier, title=tier) for tier in ("friend", "silver", "gold")}
        assert [counted(key) for key in keys.values()] == [{"not_meant": 2, "signed_in": 0}] * 3
        with_tier(scene.actor(Role.CLIENT), numbers["silver"], today() - timedelta(days=5), today() + timedelta(days=5))
        assert {tier: counted(key).get("sees", 0) for tier, key in keys.items()} == {"friend": 1, "silver": 1, "gold": 0}
        db.session.remove()
    assert {tier: client.get(f"/research/{key}").status_code for tier, key in keys.items()} == {"friend": 200, "silver": 200, "gold": 404}
    with firm.app_context():
        with transaction():
            db.session.execute(update(ClubMember).values(name="x"))
            db.session.execute(db.text("UPDATE club_membership SET ended_on = valid_from"))
        db.session.remove()
    assert [client.get(f"/research/{key}").status_code for key in keys.values()] == [404, 404, 404], "who has no tier any more reads no more"


@pytest.mark.parametrize(("grade", "status"), [("", 404), ("C3", 404), ("C4", 200)])
def test_a_member_who_is_no_client_reads_by_the_answers_that_he_gave_as_a_lead(firm: Flask, grade: str, status: int) -> None:
    member = seat(firm, number := someone(firm, Role.CLIENT, email="member@research.example"))
    with firm.app_context():
        key = scene.published()
        lead_id = lead(clock.now())
        with transaction():
            told = {"public_id": "m", "person": f"user:{number}", "name": "", "user_id": number, "client_no": "", "lead_id": lead_id, "code": "M1", "created_at": clock.now()}
            db.session.add(ClubMember(**told))
            if grade:
                said = {
                    "criteria": [],
                    "questions_version": 1,
                    "questions_digest": "",
                    "locale": "zh",
                    "answers": "",
                    "answers_digest": "",
                    "score": 1,
                    "unsuitable": "",
                    "client_no": "",
                }
                said |= {"taken_where": "at_desk", "present": "", "evidence": "", "actor_label": "", "recorded_at": clock.now(), "public_id": "t", "investor": "ordinary"}
                db.session.add(SuitabilityTest(lead_id=lead_id, grade=grade, taken_on=today(), valid_until=today(), **said))
        sees = counted(key)["sees"]
        db.session.remove()
    assert (member.get(f"/research/{key}").status_code, sees) == (status, 3 if status == 200 else 2)
    assert "What fits you" in member.get("/?lang=en").text
