"""Courses that earn points once, which report was opened before which lead came, and readers who are forgotten."""

from __future__ import annotations

import secrets
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, insert, select

from models import db
from models.club_membership import ClubMember
from models.club_points import PointFact, PointLot, PointRule
from models.columns import OPEN_END
from models.identity import Role
from models.leads import Claim, ClaimState, IntroducerKind, Lead, LeadDoor, LeadState
from models.partners import Branch, PersonKind
from models.research import LessonPassed, ResearchItem, ResearchOpen, ResearchSubscription
from portal import clock
from portal.actors import TERMINAL
from portal.club.codes import new_code
from portal.refusals import Refusal
from portal.research import drafting, forgetting, opens, preceding, reading
from portal.research.lessons import checked_lessons, questions_text, read_questions
from portal.research.preceding import Pair, Preceded, by_item, days_after
from portal.research.reading import Reader
from portal.research.verdicts import Facts
from portal.transaction import transaction
from tests.people import post
from tests.rooms.research import scene
from tests.rooms.research.test_research import at, firm

__all__ = ["firm"]
T0 = datetime.fromisoformat("2026-03-01T04:00:00+00:00")


def rule() -> None:
    """Ten points for learning, at most 15 a month."""
    told = {"valid_from": date(2020, 1, 1), "valid_to": OPEN_END, "wait_days": 0, "lasts_days": 365, "title": "学习", "title_en": "Learning", "recorded_at": clock.now()}
    with transaction():
        db.session.execute(
            insert(PointRule), [{"code": "learnt", "fact": PointFact.LEARNT, "points": 10, "per": 1, "most_a_month": 15, "approved_by": [], "withdrawn": False, **told}]
        )


def reader(person: str, client_no: str = "", user_id: int | None = None) -> Reader:
    return Reader(person, client_no, user_id, Facts("C4"), True, frozenset())


def lead(registered_at: datetime, *, client_no: str = "", email: str = "", state: LeadState = LeadState.REGISTERED) -> int:
    """Somebody who was registered, referred by a client where one is named. Returns his number."""
    mark = secrets.token_hex(6)
    blank = {"phone_sealed": "x", "id_no_sealed": "", "id_no_index": "", "email": email, "note": "", "state_reason": "", "risk_grade": ""}
    times = {"state_since": registered_at, "registered_at": registered_at, "last_activity_at": registered_at}
    branch = db.session.execute(select(Branch.id).order_by(Branch.id).limit(1)).scalar_one()
    with transaction():
        row = Lead(public_id=mark, phone_index=mark, name="x", kind=PersonKind.PERSON, state=state, door=LeadDoor.LINK, branch_id=branch, **blank, **times)
        db.session.add(row)
        db.session.flush()
        if client_no:
            kept: dict[str, Any] = {"registered_at": registered_at, "protected_until": registered_at.date(), "last_activity_on": registered_at.date(), "ended_why": ""}
            db.session.add(Claim(public_id=mark, lead_id=row.id, kind=IntroducerKind.CLIENT, client_no=client_no, state=ClaimState.PROTECTED, door=LeadDoor.LINK, **kept))
        return row.id


def test_questions_are_read_as_they_are_written_and_what_does_not_fit_is_refused() -> None:
    text = "一\n- a\n+ b\n\n二\n+ c\n- d\n- e"
    assert questions_text(read_questions(text)) == text
    for wrong in ("一\n- a\n- b", "一\n+ a\n+ b", "一\n+ a", "一", "一\na\n+ b"):
        with pytest.raises(Refusal, match="one right answer"):
            checked_lessons([{"title": "第一课", "text": "文字", "questions": read_questions(wrong)}])
    with pytest.raises(Refusal, match="1 to 12 lessons"):
        checked_lessons([])


def test_a_course_is_passed_in_its_order_and_earns_once_under_the_cap(firm: Flask) -> None:
    client = at(firm, Role.CLIENT)
    with firm.app_context():
        rule()
        first, second, report = scene.course(), scene.course(title="进阶"), scene.published()
        db.session.remove()
    assert post(client, f"/research/{first}/lessons/2", "/me", **{"q-0": "1"}).status_code == 409, "not before the first"
    assert post(client, f"/research/{first}/lessons/1", "/me").status_code == 422, "not answered"
    assert post(client, f"/research/{first}/lessons/1", "/me", **{"q-0": "0"}).status_code == 422, "wrong"
    assert post(client, f"/research/{first}/lessons/9", "/me").status_code == 404
    assert post(client, f"/research/{report}/lessons/1", "/me").status_code == 422
    for key in (first, first, second):
        client.get(f"/research/{key}")
        for lesson in (1, 2):
            assert post(client, f"/research/{key}/lessons/{lesson}", "/me", **{"q-0": "1"}).status_code == 303
    with firm.app_context():
        lots = db.session.execute(select(PointLot.person, PointLot.rule_code, PointLot.points).order_by(PointLot.id)).all()
        assert [tuple(row) for row in lots] == [("client:C10001", "learnt", 10), ("client:C10001", "learnt", 5)], "once a course, and no more a month than the rule says"
        assert db.session.execute(select(func.count()).select_from(LessonPassed)).scalar_one() == 4
        found = {row.title: row.ends for row in db.session.execute(opens.items())}
        db.session.remove()
    assert found == {"期货入门": 1, "进阶": 1, "螺纹钢周报": 0}
    assert "学习" in client.get("/club/points").text or "期货入门" in client.get("/club/points").text


def test_days_between_an_opening_and_a_lead_by_the_table() -> None:
    def gap(first: float, last: float) -> int | None:
        return days_after(Pair(1, T0 - timedelta(days=first), T0 - timedelta(days=last), 1, T0, False, "referred"), 30)

    rows = [(0, 0), (30, 30), (30.01, 30.01), (40, 5), (2, -3), (-1, -2), (31, 30)]
    assert [gap(*row) for row in rows] == [0, 30, None, 5, 2, None, 30]
    twice = [Pair(1, T0 - timedelta(days=9), T0 - timedelta(days=9), 7, T0, True, "referred"), Pair(1, T0 - timedelta(days=2), T0 - timedelta(days=2), 7, T0, True, "himself")]
    assert by_item(twice, 30) == {1: [Preceded(7, 2, True, "himself")]}, "a lead counts once"


def test_a_lead_is_preceded_by_its_referrers_reading_or_its_own(firm: Flask) -> None:
    with firm.app_context():
        key, unread = scene.published(), scene.published(title="没人读")
        item, moment = drafting.item_by(key), clock.now()
        user = scene.actor(Role.ADMIN)
        opened_at = moment - timedelta(days=20)
        with transaction():
            reading.opened(item, reader("client:C10001", "C10001"), opened_at)
            reading.opened(item, reader(f"user:{user.user_id}", "", user.user_id), opened_at)
        referred = lead(moment - timedelta(days=5), client_no="C10001")
        converted = lead(moment - timedelta(days=4), client_no="C10001", state=LeadState.ACTIVE)
        himself = lead(moment - timedelta(days=3), email="ADMIN@research.example")
        lead(moment - timedelta(days=21), client_no="C10001")
        lead(moment + timedelta(days=11), client_no="C10001")
        lead(moment, client_no="C10002")
        lead(moment - timedelta(days=2), client_no="C10001", state=LeadState.MERGED)
        found = by_item(preceding.pairs(), 30)
        number = drafting.item_by(key).id
        assert drafting.item_by(unread).id not in found
        db.session.remove()
    assert list(found) == [number]
    assert found[number] == [Preceded(referred, 15, False, "referred"), Preceded(converted, 16, True, "referred"), Preceded(himself, 17, False, "himself")]
    table = at(firm, Role.COMPLIANCE).get("/research/desk/leads?format=csv&columns=title,opens,leads,conversions").data.decode("utf-8-sig").splitlines()
    assert table[1:3] == ["螺纹钢周报,2,3,1", "没人读,0,0,0"]
    page = at(firm, Role.COMPLIANCE).get(f"/research/desk/{key}?lang=en").text
    assert [page.count(words) for words in ("The client who referred him", "The person himself")] == [2, 1]
    assert "The client who referred him" not in at(firm, Role.STAFF).get(f"/research/desk/{key}?lang=en").text, "a lead of another is counted, not named"
    assert "Before” is not “because" in at(firm, Role.COMPLIANCE).get("/research/desk/leads?lang=en").text


def test_readers_are_forgotten_after_a_year_and_with_the_lead_that_they_were(firm: Flask) -> None:
    with firm.app_context():
        item, moment = drafting.item_by(scene.published()), clock.now()
        gone, admin = lead(moment - timedelta(days=400)), scene.actor(Role.ADMIN)
        person = f"user:{admin.user_id}"
        with transaction():
            reading.opened(item, reader("client:C1", "C1"), moment - forgetting.KEPT - timedelta(days=9))
            reading.opened(item, reader("client:C1", "C1"), moment - forgetting.KEPT)
            reading.finished(item, reader("client:C1", "C1"), moment - forgetting.KEPT)
            reading.opened(item, reader("client:C2", "C2"), moment - forgetting.KEPT + timedelta(seconds=1))
            reading.opened(item, reader(person, "", admin.user_id), moment)
            db.session.add(ResearchSubscription(person=person, chain="ferrous", since=moment))
            told = {"public_id": "gone", "person": person, "name": "", "client_no": "", "lead_id": gone, "code": new_code(), "created_at": moment}
            db.session.execute(insert(ClubMember), [told])
            db.session.get_one(Lead, gone).erased_at = moment
        with transaction():
            assert forgetting.forget(TERMINAL, moment) == 2
        with transaction():
            assert forgetting.forget(TERMINAL, moment) == 0, "once more is the same as once"
        assert [tuple(row) for row in db.session.execute(select(ResearchOpen.person, ResearchOpen.times))] == [("client:C2", 1)]
        assert db.session.execute(select(ResearchSubscription)).all() == []
        kept = db.session.get_one(ResearchItem, item.id, populate_existing=True)
        assert (kept.opens_unnamed, kept.finished_unnamed) == (3, 1), "how often it was opened stays"
        db.session.remove()
