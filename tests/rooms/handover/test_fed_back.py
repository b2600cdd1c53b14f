"""What closed handovers say of their forecasts, and how later chances move by it."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from models import db
from models.clients import Account
from models.departures import Departure
from models.handovers import ClientOutcome, Handover, HandoverClient
from models.identity import Role
from models.partners import Staff
from models.risk import RiskModel, RiskRun, RiskScore
from portal import clock
from portal.actors import Actor
from portal.departures import fed_back
from portal.departures.fed_back import Group, past
from portal.handover import outcomes, verbs
from portal.handover.opening import exposed_to, forecast_by
from portal.local_day import today, zone
from portal.pages.handover_past import taught
from portal.risk.facts import evening
from portal.transaction import transaction
from tests.people import seat
from tests.rooms.handover.firm import ids, opened, who

TODAY = date(2026, 3, 31)


def test_of_thirty_four_who_were_forecast_twenty_one_followed() -> None:
    """100 clients of single handovers, 34 expected to follow, 21 did: (40 × 0.34 + 21) / 140 = 24.7 %, so that 20 % counts as 13.7 %."""
    found = past([Group(1, 0.34, int(place < 21)) for place in range(100)])
    assert (found.handovers, found.clients, round(found.expected), found.left) == (100, 100, 34, 21)
    assert fed_back.moved(np.array([340_000]), found.shift)[0] == pytest.approx(1_000_000 * (0.4 * 34 + 21) / 140, abs=1)
    assert found.moved(200_000) == pytest.approx(137_300, abs=200)


def test_a_hundred_clients_of_one_departure_say_less_than_those_of_many() -> None:
    many, one = past([Group(1, 0.2, 1)] * 100), past([Group(100, 20.0, 100)])
    assert 0 < one.shift < many.shift


@given(st.lists(st.tuples(st.integers(1, 60), st.floats(0, 1), st.floats(0, 1)), max_size=6), st.lists(st.integers(0, 1_000_000), max_size=8))
def test_chances_stay_chances_and_in_their_order(handovers: list[tuple[int, float, float]], chances: list[int]) -> None:
    found = past([Group(clients, clients * chance, round(clients * left)) for clients, chance, left in handovers])
    moved = fed_back.moved(np.array(sorted(chances)), found.shift)
    assert (np.diff(moved) >= 0).all()
    assert ((moved >= 0) & (moved <= 1_000_000)).all()
    assert fed_back.moved(np.array([0, 1_000_000]), found.shift).tolist() == [0, 1_000_000]
    if not handovers:
        assert moved.tolist() == sorted(chances)


def closed(admin: Actor, left: set[str]) -> int:
    """The handover of S001's departure, closed; the accounts of `left` went along, the others were kept."""
    handover = opened(admin)
    with transaction():
        # the model alone said 40 % for those who were told 50 %
        db.session.execute(update(HandoverClient).where(HandoverClient.follow.is_not(None)).values(model_follow=400_000))
        verbs.propose_again(handover, actor=admin, moment=clock.now(), today=TODAY)
    with transaction():
        verbs.decide(handover, verbs.look(db.session.get_one(Handover, handover), admin, TODAY).digest, actor=admin, moment=clock.now(), today=TODAY)
    with transaction():
        for number in ("10001", "10002", "10003", "10004", "10005", "10006"):
            outcomes.record(handover, number, ClientOutcome.LEFT if number in left else ClientOutcome.KEPT, "went along" if number in left else "", actor=admin, moment=clock.now())
    return handover


def test_only_closed_handovers_count_and_only_clients_with_a_score(admin: Actor) -> None:
    handover = closed(admin, {"10001", "10002", "10003", "10006"})
    later = clock.now() + timedelta(days=1)
    assert fed_back.pasts(later) == {}, "who leaves is written down first: an open handover would say too much"
    with transaction():
        outcomes.close(handover, actor=admin, moment=clock.now())
    found = fed_back.pasts(later)["staff_leaves"]
    assert (found.handovers, found.clients, found.expected, found.left) == (1, 3, pytest.approx(1.2), 3)
    assert found.moved(400_000) > 400_000
    assert fed_back.pasts(clock.now() - timedelta(days=1)) == {}, "what was closed later was not known"
    assert fed_back.coverage(later) == {"staff_leaves": (1, 1)}, "three of three at 50 % each is within nine of ten"
    assert [(one.kind, one.held) for one in taught(later)] == [("staff_leaves", (1, 1))]
    assert taught(later, "broker_moves") == []


def test_what_the_forecast_was_made_by_is_kept(admin: Actor) -> None:
    handover = opened(admin)
    rows = db.session.execute(select(HandoverClient.follow, HandoverClient.model_follow).order_by(HandoverClient.account_id)).all()
    assert [tuple(row) for row in rows][:3] == [(500_000, None)] * 3
    assert db.session.get_one(Handover, handover).forecast_by is None


def test_the_next_departure_of_the_kind_is_told_moved_chances_and_says_by_what(firm: Flask, admin: Actor) -> None:
    """Three of three followed where 40 % each were forecast: the model's 30 % of 20001 counts as more, and the page of the departure says why."""
    handover = closed(admin, {"10001", "10002", "10003"})
    with transaction():
        outcomes.close(handover, actor=admin, moment=clock.now())
    day = clock.now().date()
    accounts, staff = ids(Account.account_no, Account.id), ids(Staff.staff_no, Staff.id)
    with transaction():
        model = RiskModel(version="priors-2", method="priors", made_at=clock.now(), seen=0, weights={})
        db.session.add(model)
        db.session.flush()
        run = RiskRun(on_day=TODAY, model_id=model.id, made_at=clock.now(), accounts=1)
        db.session.add(run)
        db.session.flush()
        row = {"probability": 50_000, "expected_loss": 0, "cause": "own_will", "drivers": [], "equity": 0}
        db.session.add(RiskScore(run_id=run.id, account_id=accounts["20001"], follow=300_000, **row))
        words = {"cause": "", "destination": "", "evidence": "letter", "recorded_at": clock.now()}
        going = Departure(kind="staff_leaves", staff_id=staff["S002"], state="announced", announced_on=day, effective_on=day + timedelta(days=2), **words)
        db.session.add(going)
        db.session.flush()
        known = forecast_by(going, today(), zone())
        exposed = {one.account_id: one for one in exposed_to(going, today())}
    told = exposed[accounts["20001"]]
    past_of = fed_back.pasts(evening(day + timedelta(days=1), zone()))["staff_leaves"]
    assert (told.modelled, told.follow) == (300_000, past_of.moved(300_000))
    assert told.follow > 300_000
    assert known == {"model": "priors-2", "scored_on": str(TODAY), "past": past_of.plain()}
    number = going.id
    db.session.remove()
    page = seat(firm, who(firm, Role.COMPLIANCE).user_id or 0).get(f"/departures/{number}").get_data(as_text=True)
    assert "h-past" in page
