"""Who is invited to an evening and who is held out by lot: stored first, sent afterwards, and never changed."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import DBAPIError

from models import db
from models.clients import Account
from models.club_invites import Arm, EventCost, Invitee, InviteList
from models.consents import Consent, ConsentPurpose
from models.identity import Role, User
from models.notices import Notice
from models.outbox import OutboxMessage
from models.risk import RiskModel, RiskRun, RiskScore
from portal import clock
from portal.actors import TERMINAL, Actor
from portal.club import costs, invites, pools, turnout
from portal.club.events import Kind
from portal.club.invites import Candidate, Terms, held_of, sides
from portal.notices import verbs as notices
from portal.permissions import Can, Scope
from portal.refusals import Conflict, NotAllowed, Refusal
from portal.transaction import transaction
from tests.at_once import at_once
from tests.people import someone
from tests.rooms.club.invite_scene import SETTLED, drawn, eligible, numbers, settled
from tests.rooms.club.scene import ClubEvent as Event
from tests.rooms.club.scene import book, clients, event_of


@dataclass(frozen=True)
class Organiser(Actor):
    """Somebody who runs events and may see no scores."""

    def scope(self, can: Can) -> Scope | None:
        """Everything of his roles but scores."""
        return None if can is Can.RISK_SEE else super().scope(can)


def arms(event_id: int) -> dict[str, str]:
    return dict(db.session.execute(select(Invitee.client_no, Invitee.arm).where(Invitee.event_id == event_id)).all())


@given(st.sets(st.text(alphabet="C0123456789", min_size=1, max_size=6), max_size=80), st.sampled_from([0, *range(10, 21)]), st.data())
def test_everybody_stands_on_one_side_and_the_share_is_held_out(known: set[str], percent: int, data: st.DataObject) -> None:
    owed = data.draw(st.sets(st.sampled_from(sorted(known)))) if known else set()
    found = sides("seed", sorted(known), owed, percent)
    count = Counter(arm for _number, arm in found)
    assert sorted(number for number, _arm in found) == sorted(known)
    assert count[Arm.OWED] == len(owed)
    assert count[Arm.HELD_OUT] == held_of(len(known) - len(owed), percent)
    assert sides("seed", sorted(known, reverse=True), owed, percent) == found, "the order in which they were found says nothing"


def test_the_lot_favours_nobody() -> None:
    """Each of 20 clients is held out in 15 % of 4,000 draws: 600 times, give or take four standard deviations of 22.6."""
    known = [f"C{place}" for place in range(20)]
    held = Counter(number for seed in range(4_000) for number, arm in sides(str(seed), known, (), 15) if arm is Arm.HELD_OUT)
    assert all(abs(held[number] - 600) < 91 for number in known)


@pytest.mark.usefixtures("database")
def test_a_draw_is_stored_with_its_seed_and_can_be_repeated() -> None:
    event = event_of()
    drawn(event, 100)
    row = db.session.execute(select(InviteList)).scalar_one()
    found = arms(event)
    order = sorted(found)
    random.Random(row.seed).shuffle(order)
    assert {number for number, arm in found.items() if arm == Arm.HELD_OUT} == set(order[:15])
    assert (row.percent, len(row.seed), sorted(Counter(found.values()).values())) == (15, 64, [15, 85])
    assert not db.session.execute(select(Notice.id).where(Notice.kind == "club.invited")).first(), "nobody is told by a draw"


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("terms", [{"percent": 9}, {"percent": 21}, {"percent": 0}, {"percent": 15, "contractual": True}, {"percent": 0, "why_none": " "}])
def test_a_share_that_no_list_may_have_is_refused(terms: dict[str, object]) -> None:
    event = event_of()
    with pytest.raises(Refusal):
        drawn(event, **terms)
    assert not arms(event)


@pytest.mark.usefixtures("database")
def test_nobody_is_held_out_of_what_is_owed_to_him() -> None:
    """A list of a benefit holds nobody out; a client for whom a seat is kept is told in any list, outside of the lot."""
    benefit, other = event_of("benefit"), event_of("other")
    drawn(benefit, percent=0, contractual=True)
    assert set(arms(benefit).values()) == {Arm.OWED}
    with transaction():
        pool = pools.create(other, 2, 48, "key_client", actor=TERMINAL, moment=clock.now())
        pools.add_people(pool.public_id, ["C00003", "C00007", "C99999"], actor=TERMINAL, moment=clock.now())
    drawn(other, 102)
    found = arms(other)
    assert {number for number, arm in found.items() if arm == Arm.OWED} == {"C00003", "C00007"}
    assert Counter(found.values())[Arm.HELD_OUT] == 15


@pytest.mark.usefixtures("database")
def test_nobody_stands_in_two_lists_of_an_evening() -> None:
    event = event_of()
    drawn(event)
    with pytest.raises(Conflict):
        drawn(event, 1)
    with transaction():
        invites.draw(event, [Candidate("C90000", 1)], Terms(0, "one more"), actor=TERMINAL, moment=clock.now())
    assert len(arms(event)) == 101


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("model", [InviteList, Invitee])
def test_what_was_drawn_is_never_changed(model: type) -> None:
    drawn(event_of())
    for statement in (update(model).values(event_id=1), delete(model)):
        with pytest.raises(DBAPIError, match="append-only"):
            db.session.execute(statement)
        db.session.rollback()


def test_only_the_invited_are_written_to_and_only_by_the_ways_they_want(app: Flask) -> None:
    """Of 40 clients 6 are held out; one of the invited wants such notices quietly, one took his consent back since the draw."""
    people = clients(app, 40)
    with app.app_context():
        event = event_of()
        address = drawn(event, 42)
        found = arms(event)
        invited = [one for one in people if found[one.client_no or ""] == Arm.INVITED]
        quiet, gone = invited[0], invited[1]
        with transaction():
            notices.choose(["club.invited"], quiet, clock.now())
            db.session.add(
                Consent(
                    client_no=gone.client_no, purpose=ConsentPurpose.MARKETING, given=False, text_version=1, text_digest="0" * 64, locale="en", at=clock.now(), user_id=gone.user_id
                )
            )
        with transaction():
            sent = invites.send(address, actor=TERMINAL, moment=clock.now())
            told = sent.told
        rows = {row.user_id: row.read_at for row in db.session.execute(select(Notice).where(Notice.kind == "club.invited")).scalars()}
        assert set(rows) == {one.user_id for one in invited} - {gone.user_id}
        assert told == len(rows)
        assert rows[quiet.user_id] is not None
        mails = set(db.session.execute(select(OutboxMessage.user_id).where(OutboxMessage.kind == "club.invited")).scalars())
        assert mails <= set(rows)
        assert mails
        with pytest.raises(Conflict):
            invites.send(address, actor=TERMINAL, moment=clock.now())
        db.session.remove()


def test_one_held_out_may_sign_up_by_himself_and_stays_held_out(app: Flask) -> None:
    people = clients(app, 40)
    with app.app_context():
        event = event_of(kinds=(Kind("免费席", "Free", 0),))
        drawn(event, 40)
        held = next(one for one in people if arms(event)[one.client_no or ""] == Arm.HELD_OUT)
        book(event, held)
        assert turnout.of_lists(event)[Arm.HELD_OUT] == (6, 1, 0)
        assert arms(event)[held.client_no or ""] == Arm.HELD_OUT
        db.session.remove()


@pytest.mark.usefixtures("database")
def test_a_draft_is_not_sent() -> None:
    address = drawn(event_of(published=False))
    with pytest.raises(Refusal):
        invites.send(address, actor=TERMINAL, moment=clock.now())


class TestEligible:
    """Who fits, and who is left out although he fits."""

    @pytest.fixture(autouse=True)
    def _firm(self, app: Flask, tmp_path: Path) -> None:
        """10001 and 10002 are one client with 600.00 and 500.00; 10003 has 999.99; 10004 of branch 02 has 5 million; 10005 has 20,000.00."""
        equity = {"10001": 60_000, "10002": 50_000, "10003": 99_999, "10004": 500_000_000, "10005": 2_000_000}
        settled(app, tmp_path / "files", equity, {"10004": "02"}, {"10001": "TWO", "10002": "TWO"})

    @pytest.mark.usefixtures("database")
    def test_a_client_counts_with_all_his_accounts(self) -> None:
        found = eligible(event_of())
        assert numbers(found) == ["C10004", "C10005", "TWO"]
        assert found.equity == 500_000_000 + 2_000_000 + 110_000

    @pytest.mark.usefixtures("database")
    @pytest.mark.parametrize(
        ("asked", "who"),
        [
            ({"equity_from": 2_000_000}, ["C10004", "C10005"]),
            ({"equity_from": 2_000_001}, ["C10004"]),
            ({"branch": "02"}, ["C10004"]),
            ({"key": True}, ["C10004"]),
            ({"silent_days": 30}, ["C10004", "C10005", "TWO"]),
            ({"tiers": ("gold",)}, []),
            ({"segment": {"equity_from": 2_000_000}}, ["C10004", "C10005"]),
            ({"segment": {"equity_from": 60_000, "equity_to": 60_000}}, ["TWO"]),
            ({"segment": {"kind": "institution"}}, []),
        ],
    )
    def test_each_condition_narrows(self, asked: dict[str, object], who: list[str]) -> None:
        assert numbers(eligible(event_of(), **asked)) == who

    @pytest.mark.usefixtures("database")
    def test_a_branch_invites_its_own_clients(self) -> None:
        manager = Actor(None, "manager", (Role.BRANCH_MANAGER,), branch_no="02")
        assert numbers(eligible(event_of(), actor=manager)) == ["C10004"]

    @pytest.mark.usefixtures("database")
    def test_staff_who_run_no_events_choose_nobody(self) -> None:
        with pytest.raises(NotAllowed):
            eligible(event_of(), actor=Actor(None, "staff", (Role.STAFF,), staff_no="S001"))

    @pytest.mark.usefixtures("database")
    def test_scores_choose_only_for_who_may_see_them(self) -> None:
        organiser = Organiser(None, "organiser", (Role.ADMIN,))
        event = event_of()
        for asked in ({"chance_from": 2}, {"risk_class": "incidental"}):
            with pytest.raises(NotAllowed):
                eligible(event, actor=organiser, **asked)
        assert numbers(eligible(event, actor=organiser)) == ["C10004", "C10005", "TWO"]

    def test_whoever_said_no_to_profiling_is_never_chosen_by_score(self, app: Flask) -> None:
        """Both are 30 % likely to leave. 10005 said no after he was scored, so the score is still there; by equity he may be chosen."""
        user = someone(app, Role.CLIENT, client_no="C10005")
        with app.app_context():
            self._score()
            event = event_of()
            assert numbers(eligible(event, chance_from=20)) == ["C10004", "C10005"]
            assert numbers(eligible(event, risk_class="taken_along")) == ["C10004", "C10005"]
            assert numbers(eligible(event, risk_class="incidental")) == []
            self._says(user, ConsentPurpose.PROFILING)
            found = eligible(event, chance_from=20)
            assert (numbers(found), found.left_out["no_profiling"]) == (["C10004"], 1)
            plain = {one.client_no: (one.risk_class, one.chance) for one in eligible(event).candidates}
            assert plain["C10005"] == ("", None), "his score is not kept with the list either"
            assert plain["C10004"] == ("taken_along", 300_000)
            db.session.remove()

    @pytest.mark.usefixtures("database")
    def test_a_list_by_score_takes_nobody_without_one(self) -> None:
        with pytest.raises(Refusal):
            invites.draw(event_of(), [Candidate("C1", 1)], Terms(by_score=True), actor=TERMINAL, moment=clock.now())

    @pytest.mark.parametrize("purpose", [ConsentPurpose.MARKETING, ConsentPurpose.CLUB])
    def test_whoever_wants_no_invitations_is_left_out(self, app: Flask, purpose: ConsentPurpose) -> None:
        user = someone(app, Role.CLIENT, client_no="C10005")
        with app.app_context():
            self._says(user, purpose)
            found = eligible(event_of())
            assert (numbers(found), found.left_out["no_marketing"]) == (["C10004", "TWO"], 1)
            self._says(user, purpose, given=True)
            assert len(eligible(event_of("again")).candidates) == 3
            db.session.remove()

    @staticmethod
    def _says(user_id: int, purpose: ConsentPurpose, *, given: bool = False) -> None:
        with transaction():
            number = db.session.get_one(User, user_id).client_no
            db.session.add(Consent(client_no=number, purpose=purpose, given=given, text_version=1, text_digest="0" * 64, locale="en", at=clock.now(), user_id=user_id))

    @staticmethod
    def _score() -> None:
        with transaction():
            model = RiskModel(version="priors-1", method="priors", made_at=clock.now(), seen=0, weights={})
            db.session.add(model)
            db.session.flush()
            run = RiskRun(on_day=date.fromisoformat(SETTLED), model_id=model.id, made_at=clock.now(), accounts=2)
            db.session.add(run)
            db.session.flush()
            for number in db.session.execute(select(Account.id).where(Account.account_no.in_(["10004", "10005"]))).scalars():
                db.session.add(RiskScore(run_id=run.id, account_id=number, probability=300_000, follow=0, expected_loss=0, cause="taken_by_broker", drivers=[]))


@pytest.mark.usefixtures("database")
def test_costs_are_written_and_taken_back_never_changed() -> None:
    event = event_of()
    with transaction():
        line = costs.record(event, "staff", 416_000, 1_920, "两位客户经理", actor=TERMINAL, moment=clock.now()).id
        costs.record(event, "venue", 600_000, 0, "", actor=TERMINAL, moment=clock.now())
    figures = turnout.of_event(db.session.get_one(Event, event), clock.now())
    assert figures.cost == 1_016_000
    with transaction():
        costs.take_back(event, line, actor=TERMINAL, moment=clock.now())
    assert turnout.of_event(db.session.get_one(Event, event), clock.now()).cost == 600_000
    assert [one.kind for one in costs.of_event(event)] == ["venue"]
    with pytest.raises(Conflict):
        costs.take_back(event, line, actor=TERMINAL, moment=clock.now())
    for wrong in (("staff", 0, 0), ("venue", 1, 60), ("bribe", 1, 0), ("venue", 10**12, 0)):
        with pytest.raises(Refusal):
            costs.record(event, *wrong, "", actor=TERMINAL, moment=clock.now())
    with pytest.raises(DBAPIError, match="append-only"):
        db.session.execute(update(EventCost).values(amount=1))
    db.session.rollback()


def test_two_draws_at_once_put_nobody_on_two_sides(app: Flask) -> None:
    """Four browsers draw the same clients at the same moment: one list stands."""
    with app.app_context():
        event = event_of()
        people = [Candidate(f"C{place:05d}", 1) for place in range(100)]
        answers = at_once(app, *[lambda: invites.draw(event, people, Terms(), actor=TERMINAL, moment=clock.now())] * 4)
        assert sorted(answers) == ["Conflict"] * 3 + ["done"]
        assert (len(arms(event)), db.session.execute(select(func.count()).select_from(InviteList)).scalar_one()) == (100, 1)
        db.session.remove()
