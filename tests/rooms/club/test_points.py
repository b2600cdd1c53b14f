"""Points: a ledger that only grows, whose sum is what one has. What expires first goes first; the same point is never spent twice; what was
earned with money that went back is taken back."""

from __future__ import annotations

import dataclasses
import secrets
import threading
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from models import db
from models.audit import Approval
from models.clients import Account
from models.club import ClubSession, Seat
from models.club_money import Payment
from models.club_points import PointEntry, PointFact, PointHolder, PointRule, PointWhat
from models.identity import Role
from models.jobs import Job
from models.leads import Claim, ClaimState, IntroducerKind, Lead, LeadDoor, LeadState
from models.partners import Branch, PersonKind
from models.settlement import Trade
from models.values.calendar import Month
from portal import clock, create_app
from portal.actors import TERMINAL, Actor
from portal.audit import approvals
from portal.club import booking, door, handled, point_awards, point_lots, point_rules, points, rewards
from portal.club.events import Kind
from portal.club.facts import EventFacts
from portal.club.point_awards import Deed
from portal.club.points import Earning, Holder
from portal.jobs import club_evenings, club_points
from portal.refusals import Conflict, NotAllowed, Refusal
from portal.settings import Settings
from portal.standin import rules as standin
from portal.transaction import on_postgresql, transaction
from tests.at_once import at_once
from tests.people import someone
from tests.rooms.audit.people import person
from tests.rooms.club.scene import Shop, clients, event_of, shop_in, wish
from tests.rooms.pages.firm import PERIOD, settle_in

START = datetime.fromisoformat("2026-03-01T04:00:00+00:00")
ONE = Holder("client:C00000", "C00000", None)


def earn(count: int, source: str = "a", *, at: datetime = START, wait: int = 0, lasts: int = 30, holder: Holder = ONE, payment_id: int | None = None) -> None:
    active = at + timedelta(days=wait)
    with transaction():
        points.earn([Earning(holder, source, count, source, at, active, active + timedelta(days=lasts), payment_id=payment_id)], actor=TERMINAL, moment=at)


def spend(count: int, *, at: datetime = START, holder: Holder = ONE) -> None:
    with transaction():
        points.spend(holder, count, PointWhat.SPENT, actor=TERMINAL, moment=at, reason="x")


def free(at: datetime = START, holder: Holder = ONE) -> int:
    db.session.rollback()
    return point_lots.available(points.lots_of([holder.person])[holder.person], at)


def lefts(holder: Holder = ONE) -> list[int]:
    db.session.rollback()
    return [lot.left for lot in points.lots_of([holder.person])[holder.person]]


def balance(holder: Holder = ONE) -> int:
    db.session.rollback()
    return points.balance(holder.person)


@pytest.mark.usefixtures("database")
def test_l1_what_was_earned_waits_is_spent_by_expiry_and_the_same_earns_once() -> None:
    """L1: pending until its day, then what expires first is taken first; an earning under the same source is one; the balance is the sum."""
    earn(10, "late", lasts=60)
    earn(10, "soon", lasts=5)
    earn(10, "waits", wait=7)
    earn(10, "soon", lasts=5)
    assert (free(), balance()) == (20, 30)
    assert point_lots.pending(points.lots_of([ONE.person])[ONE.person], START) == 10
    spend(12)
    assert lefts() == [8, 0, 10]
    with pytest.raises(Conflict, match="that takes 9 points, and you have 8"):
        spend(9)
    assert free(START + timedelta(days=7)) == 18
    assert balance() == 18


@pytest.mark.usefixtures("database")
def test_l1_expiry_writes_an_entry_and_needs_no_job_to_count() -> None:
    """L1: gone at the very second by the clock alone; the job writes it down, once."""
    earn(10)
    end = START + timedelta(days=30)
    assert (free(end - timedelta(seconds=1)), free(end), balance()) == (10, 0, 10)
    for expected in (["client:C00000"], []):
        assert points.due_to_expire(end) == expected
        with transaction():
            points.expire(expected, actor=TERMINAL, moment=end)
    assert balance() == 0
    assert [tuple(row) for row in db.session.execute(select(PointEntry.what, PointEntry.points).order_by(PointEntry.id))] == [("earned", 10), ("expired", -10)]


@pytest.mark.usefixtures("database")
def test_l1_the_database_itself_refuses_to_change_the_ledger() -> None:
    """L1: neither entries nor lots are ever edited."""
    earn(10)
    for statement in ("UPDATE club_point_entry SET points = 99", "DELETE FROM club_point_entry", "UPDATE club_point_lot SET points = 99"):
        with pytest.raises(DBAPIError, match="append-only"), transaction():
            db.session.execute(text(statement))


@pytest.mark.parametrize("first", ["redeem", "expire"])
def test_l2_expiry_and_redeeming_at_the_same_second_are_never_both(app: Flask, first: str) -> None:
    """L2: at the very second the points are gone, whoever comes first; a second before they can be spent, and then nothing expires."""
    with app.app_context():
        earn(10)
        end = START + timedelta(days=30)
        acts = [lambda: points.spend(ONE, 10, PointWhat.SPENT, actor=TERMINAL, moment=end, reason="x"), lambda: points.expire([ONE.person], actor=TERMINAL, moment=end)]
        answers = at_once(app, *(acts if first == "redeem" else acts[::-1]))
        assert sorted(answers) == ["Conflict", "done"]
        assert (balance(), lefts()) == (0, [0])
        earn(10, "b")
        acts[0] = lambda: points.spend(ONE, 10, PointWhat.SPENT, actor=TERMINAL, moment=end - timedelta(seconds=1), reason="x")
        at_once(app, *acts)
        assert (balance(), lefts()) == (0, [0, 0])
        db.session.remove()


def reward(cost: int = 10, stock: int | None = None) -> int:
    with transaction():
        return rewards.offer("Reader", "Reader", cost, stock, None, actor=TERMINAL, moment=clock.now()).id


@pytest.mark.usefixtures("database")
def test_l3_a_redemption_that_comes_to_nothing_gives_the_lots_back_with_their_old_expiry(app: Flask) -> None:
    """L3: to the lots that it took from; what has expired meanwhile expires at once, by an entry; a second time gives nothing."""
    [one] = clients(app, 1)
    now = clock.now()
    earn(6, "soon", at=now, lasts=5)
    earn(10, "late", at=now, lasts=60)
    number = reward()
    with transaction():
        made = rewards.redeem(number, 10, actor=one, moment=now).public_id
    assert lefts() == [0, 6]
    with transaction():
        rewards.take_back(made, actor=TERMINAL, moment=now + timedelta(days=1))
    assert (lefts(), free(now + timedelta(days=4)), free(now + timedelta(days=5))) == ([6, 10], 16, 10)
    with pytest.raises(Conflict, match="given back already"), transaction():
        rewards.take_back(made, actor=TERMINAL, moment=now)
    with transaction():
        made = rewards.redeem(number, 10, actor=one, moment=now + timedelta(days=2)).public_id
    with transaction():
        rewards.take_back(made, actor=TERMINAL, moment=now + timedelta(days=9))
    assert (lefts(), balance()) == ([0, 10], 10)


def redeem_all(app: Flask, count: int, *, cost: int = 10, have: int = 10, stock: int | None = None, same: bool = True) -> list[str]:
    """So many redemptions at once, of one person or of as many persons."""
    people = clients(app, 1 if same else count)
    for one in people:
        earn(have, f"a{one.client_no}", at=clock.now(), holder=rewards.holder_of(one))
    number = reward(cost, stock)
    return at_once(app, *[lambda one=one: rewards.redeem(number, cost, actor=one, moment=clock.now()) for one in (people * count)[:count]])


@pytest.mark.usefixtures("database")
def test_c3_of_many_who_redeem_the_last_points_at_once_one_does(app: Flask) -> None:
    """C3: eight at once for points that suffice for one; the balance is never below nought."""
    assert sorted(redeem_all(app, 8)) == ["Conflict"] * 7 + ["done"]
    assert (balance(), lefts()) == (0, [0])


def _read_together(count: int) -> Callable[[Iterable[str]], dict[str, list[point_lots.Lot]]]:
    """Reading lots such that so many threads have read before any of them goes on: the race is there however busy the machine is."""
    read, meeting = points.lots_of, threading.Barrier(count, timeout=30)

    def together(people: Iterable[str]) -> dict[str, list[point_lots.Lot]]:
        found = read(people)
        if threading.current_thread() is not threading.main_thread():
            meeting.wait()
        return found

    return together


@pytest.mark.usefixtures("database")
def test_c3_control_without_holding_the_person_points_are_spent_twice(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """C3: the planted fault: the person's row is not held, or his lots were read before. The same points are spent more than once."""
    if on_postgresql():
        monkeypatch.setattr(points, "lock", list)
        monkeypatch.setattr(points, "hold", lambda holders: None)
        monkeypatch.setattr(rewards, "redeem", lambda number, cost, **who: points.spend(ONE, cost, PointWhat.SPENT, reason="", **who))
        monkeypatch.setattr(points, "lots_of", _read_together(8))
    else:
        stale = {ONE.person: [point_lots.Lot(1, 10, clock.now() - timedelta(days=1), clock.now() + timedelta(days=1))]}
        monkeypatch.setattr(points, "lots_of", lambda people: stale)  # there the one write lock comes with the transaction, so who looks before it is the fault
    redeem_all(app, 8)
    assert balance() < 0


@pytest.mark.usefixtures("database")
def test_c3_the_last_piece_of_a_reward_goes_to_one(app: Flask) -> None:
    """C3: two pieces, six persons."""
    assert sorted(redeem_all(app, 6, stock=2, same=False)) == ["Conflict"] * 4 + ["done"] * 2


# Reversal


def paid_lot(count: int, source: str = "paid", *, at: datetime = START, lasts: int = 30) -> int:
    """A lot that a payment earned. Returns the payment."""
    event_id = event_of(f"e{source}", kinds=(Kind("x", "x", 100),))
    with transaction():
        one = Actor(db.session.execute(text('SELECT min(id) FROM "user"')).scalar(), "x", (Role.CLIENT,), client_no=f"P{source}")
        made = booking.book(event_id, wish(event_id), actor=one, moment=clock.now())
        plain: dict[str, Any] = {"booking_id": made.id, "number": 1, "state": "paid", "amount": 100, "currency": "cny", "livemode": False, "params": {}, "url": "", "failure": ""}
        row = Payment(public_id=source, idempotency_key=source, intent_id=f"pi_{source}", created_at=at, expires_at=at, **plain)
        db.session.add(row)
        db.session.flush()
        number = row.id
    earn(count, source, at=at, lasts=lasts, payment_id=number)
    return number


def reverse(payment_id: int, at: datetime = START) -> int:
    with transaction():
        return points.reverse_of_payment(payment_id, actor=TERMINAL, moment=at, reason="")


def test_r11_what_a_refunded_payment_earned_is_taken_back_and_later_earnings_pay_first(app: Flask) -> None:
    """R11: spent already: below nought; what is earned later pays that before anything can be spent; once; and undone where the money stayed after all."""
    someone(app, Role.CLIENT, client_no="C00000")
    with app.app_context():
        payment = paid_lot(10)
        spend(8)
        assert (reverse(payment), balance(), free()) == (-10, -8, 0)
        assert reverse(payment) == 0, "once"
        earn(5, "next")
        assert (balance(), free(), lefts()) == (-3, 0, [-3, 0])
        earn(5, "more", wait=3)
        assert (balance(), free(START + timedelta(days=3)), lefts()) == (2, 2, [0, 0, 2])
        with transaction():
            assert points.reinstate_of_payment(payment, actor=TERMINAL, moment=START, reason="") == 10
        assert (balance(), lefts()) == (12, [10, 0, 2])
        db.session.remove()


def test_r11_what_expired_unused_is_not_taken_back_too(app: Flask) -> None:
    """R11: nobody owes points that he never could use any more."""
    someone(app, Role.CLIENT, client_no="C00000")
    with app.app_context():
        payment = paid_lot(10, lasts=5)
        spend(4)
        later = START + timedelta(days=6)
        assert (reverse(payment, later), balance()) == (-4, -4)
        db.session.remove()


def test_r10_a_dispute_freezes_points_lost_takes_them_won_frees_them(app: Flask) -> None:
    """R10: while the bank decides nothing of them can be spent; other points can."""
    someone(app, Role.CLIENT, client_no="C00000")
    with app.app_context():
        payment = paid_lot(10)
        earn(3, "other")

        def hear(kind: str, status: str) -> None:
            event = EventFacts(f"evt_{kind}{status}", kind, False, "", "dp_1", "pi_paid", {"status": status})
            with transaction():
                handled.dispute(event, actor=TERMINAL, moment=START)

        hear("charge.dispute.created", "needs_response")
        assert (free(), balance()) == (3, 13)
        hear("charge.dispute.closed", "won")
        assert free() == 13
        hear("charge.dispute.created", "needs_response")
        hear("charge.dispute.closed", "lost")
        assert (free(), balance()) == (3, 3)
        assert db.session.get_one(Payment, payment).disputed_at is not None
        db.session.remove()


def test_r11_the_whole_way_from_the_door_to_the_refund(settings: Settings) -> None:
    """R11 R6: paid, came, earned, refunded at Stripe: taken back; the refund fails later: there again."""
    with shop_in(settings) as shop, shop.app.app_context():
        rule("attended", points=20, wait_days=0)
        event_id, public_id, one = came(shop)
        assert club_evenings.look()["asked"] == 1
        assert club_evenings.look()["asked"] == 0
        holder = rewards.holder_of(one)
        assert balance(holder) == 20
        with shop.desk() as desk:
            intent = desk.all("payment_intent")[0]["id"]
            standin.refund(desk, {"payment_intent": intent, "amount": desk.all("payment_intent")[0]["amount_received"], "metadata": {}})
        shop.deliver()
        assert (shop.payment(public_id).state, balance(holder)) == ("refunded", 0)
        with shop.desk() as desk:
            standin.end_refund(desk, desk.all("refund")[0]["id"], "failed")
        shop.deliver()
        assert (shop.payment(public_id).state, balance(holder)) == ("paid", 20)
        assert event_id
        db.session.remove()


def came(shop: Shop, *, education_only: bool = False) -> tuple[int, str, Actor]:
    """Somebody paid, and was let in, at an evening that is over since two hours."""
    event_id = event_of(education_only=education_only)
    [one] = clients(shop.app, 1)
    with transaction():
        public_id = booking.book(event_id, wish(event_id), actor=one, moment=clock.now()).public_id
    session_id = shop.pay_page(public_id, one)
    shop.pays(session_id)
    shop.deliver()
    let_in(event_id)
    return event_id, public_id, one


def let_in(event_id: int) -> None:
    """Everybody who has a seat is let in, and the evening lies two hours back."""
    db.session.rollback()
    with transaction():
        event = booking.capacity.locked(event_id)
        for code in db.session.execute(select(Seat.code).where(Seat.event_id == event_id)).scalars().all():
            door.check_in(event, code, at=clock.now(), desk="1", scan_key=code, actor=TERMINAL, moment=clock.now())
        start = clock.now() - timedelta(hours=4)
        db.session.execute(update(ClubSession).where(ClubSession.event_id == event_id).values(starts_at=start, ends_at=start + timedelta(hours=2)))


# Rules


def draft(fact: str, **more: Any) -> point_rules.Draft:
    plain: dict[str, Any] = {"code": fact, "valid_from": date(2020, 1, 1), "valid_to": date(2099, 1, 1), "points": 10, "most_a_month": 1000, "wait_days": 7, "lasts_days": 365}
    return point_rules.Draft(**{**plain, "title": fact, "title_en": fact, "fact": PointFact(fact), **more})


def rule(fact: str, **more: Any) -> None:
    """A rule that counts already."""
    one = draft(fact, **more)
    values = dict(vars(one))
    with transaction():
        db.session.execute(insert(PointRule), [{**values, "recorded_at": clock.now(), "approved_by": []}])


def deed(holder: Holder, ref: str, at: datetime = START, **more: Any) -> Deed:
    return Deed(holder, ref, at, ref, **more)


def award(fact: str, *deeds: Deed, at: datetime = START) -> int:
    with transaction():
        return point_awards.award(PointFact(fact), deeds, actor=TERMINAL, moment=at)


@pytest.mark.usefixtures("database")
def test_6_a_cap_holds_for_each_person_and_month_and_the_same_deed_counts_once() -> None:
    """Loyalty under caps: the last deed of a month gets what is left of the cap, the next one nothing, another month begins anew; a rule is dated."""
    rule("attended", points=10, most_a_month=25, valid_from=date(2026, 2, 1))
    other = Holder("client:C00001", "C00001", None)
    april = START + timedelta(days=40)
    made = [award("attended", deed(ONE, f"event:{n}"), deed(other, f"event:{n}")) for n in (1, 2, 2, 3, 4)]
    assert made == [2, 2, 0, 2, 0]
    assert (balance(), balance(other)) == (25, 25)
    assert award("attended", deed(ONE, "event:9", april), at=april) == 1
    assert award("attended", deed(ONE, "event:0", START - timedelta(days=40))) == 0, "before the rule"
    assert balance() == 35


@pytest.mark.usefixtures("database")
def test_6_the_cap_holds_for_many_at_once(app: Flask) -> None:
    """Loyalty under caps, at the same moment: eight deeds of one person, a cap of three."""
    rule("feedback", points=10, most_a_month=30)
    at_once(app, *[lambda n=n: point_awards.award(PointFact.FEEDBACK, [deed(ONE, f"f:{n}")], actor=TERMINAL, moment=START) for n in range(8)])
    assert balance() == 30


@pytest.mark.usefixtures("database")
def test_6_a_rule_counts_once_a_second_person_let_it_through(app: Flask) -> None:
    """Four eyes: who wrote it cannot, another can; nothing is earned before."""
    writer, second = person("writer", Role.ADMIN), person("second", Role.COMPLIANCE)
    with transaction():
        waits = point_rules.propose(draft("attended"), actor=writer, moment=clock.now(), trading_allowed=False)
        number, digest = waits.id, waits.digest
    assert point_rules.rules() == []
    with pytest.raises(NotAllowed), transaction():
        approvals.approve(number, writer, clock.now(), digest=digest)
    with transaction():
        approvals.approve(number, second, clock.now(), digest=digest)
    [held] = point_rules.rules()
    assert held.approved_by == [writer.label, second.label]
    with pytest.raises(Refusal), transaction():
        point_rules.propose(draft("attended", points=0), actor=writer, moment=clock.now(), trading_allowed=False)


@pytest.mark.parametrize("fact", ["lots", "commission"])
def test_6_a_rule_that_reads_trading_is_refused_by_the_rule_set(app: Flask, fact: str) -> None:
    """Loyalty not tied to turnover: refused outright; nothing waits for anybody."""
    with app.app_context():
        writer = person("writer", Role.ADMIN)
        with pytest.raises(NotAllowed, match="points are not earned by trading"), transaction():
            point_rules.propose(draft(fact), actor=writer, moment=clock.now(), trading_allowed=club_points.trading_allowed())
        assert db.session.execute(select(func.count()).select_from(Approval)).scalar_one() == 0
        db.session.remove()


def test_6_where_the_rule_set_allows_it_two_more_people_must(settings: Settings) -> None:
    """Loyalty not tied to turnover: one approval is not enough, the writer and the second person are not the third; closing the switch stops it."""
    app = create_app(dataclasses.replace(settings, allow_trading_points=True))
    with app.app_context():
        writer, second, third = person("writer", Role.ADMIN), person("second", Role.COMPLIANCE), person("third", Role.FINANCE)
        with transaction():
            first = point_rules.propose(draft("lots", per=5), actor=writer, moment=clock.now(), trading_allowed=club_points.trading_allowed())
            number, digest = first.id, first.digest
        with transaction():
            approvals.approve(number, second, clock.now(), digest=digest)
        assert point_rules.rules() == []
        again = db.session.execute(select(Approval).where(Approval.kind == point_rules.AGAIN)).scalar_one()
        number, digest = again.id, again.digest
        for one in (writer, second):
            with pytest.raises(NotAllowed), transaction():
                approvals.approve(number, one, clock.now(), digest=digest)
        app.config["PORTAL"] = dataclasses.replace(app.config["PORTAL"], allow_trading_points=False)
        with pytest.raises(NotAllowed, match="not earned by trading"), transaction():
            approvals.approve(number, third, clock.now(), digest=digest)
        app.config["PORTAL"] = dataclasses.replace(app.config["PORTAL"], allow_trading_points=True)
        with transaction():
            approvals.approve(number, third, clock.now(), digest=digest)
        assert point_rules.rules()[0].approved_by == [writer.label, second.label, third.label]
        db.session.remove()
        db.engine.dispose()


def test_6_what_trading_earns_where_it_may_counts_once_and_only_members(app: Flask, tmp_path: Path) -> None:
    """Loyalty not tied to turnover: without the switch the daily job reads no trade; with a rule that was let through a month counts once, for who has points."""
    settle_in(app, tmp_path / "files")
    member = Holder("client:C10001", "C10001", None)
    with app.app_context():
        rule("lots", points=2, per=1)
        rule("commission", points=1, per=1000)
        month = Month.parse(PERIOD)
        with transaction():
            points.hold([member])
        club_points.daily()
        assert balance(member) == 0
        lots, fee = db.session.execute(
            select(func.sum(Trade.lots), func.sum(Trade.fee)).where(Trade.account_id == select(Account.id).where(Account.account_no == "10001").scalar_subquery())
        ).one()
        for _ in range(2):
            with transaction():
                point_awards.traded(month, actor=TERMINAL, moment=START + timedelta(days=40))
        assert lots > 0
        assert balance(member) == 2 * lots + fee // 1000
        assert db.session.execute(select(func.count()).select_from(PointHolder)).scalar_one() == 1
        db.session.remove()


def test_6_a_friend_who_became_a_client_is_thanked_for_once(app: Flask, tmp_path: Path) -> None:
    """Referring earns, once for each friend, when he became a client and not before."""
    settle_in(app, tmp_path / "files")
    with app.app_context():
        rule("referred", points=50, wait_days=0)
        with transaction():
            brought(ClaimState.CONVERTED, clock.now())
            brought(ClaimState.PROTECTED, None)
        assert [club_points.daily()["thanked"] for _ in range(2)] == [1, 0]
        assert balance(ONE) == 50
        db.session.remove()


def brought(state: ClaimState, ended_at: datetime | None) -> None:
    """A friend whom the first client brought."""
    moment, mark = clock.now(), secrets.token_hex(8)
    branch = db.session.execute(select(func.min(Branch.id))).scalar_one()
    blank = dict.fromkeys(("phone_sealed", "id_no_sealed", "id_no_index", "email", "note", "state_reason", "risk_grade"), "")
    times: dict[str, Any] = {"state_since": moment, "registered_at": moment, "last_activity_at": moment}
    lead = Lead(public_id=mark, phone_index=mark, name="x", kind=PersonKind.PERSON, state=LeadState.REGISTERED, door=LeadDoor.FORM, branch_id=branch, **blank, **times)
    db.session.add(lead)
    db.session.flush()
    kept = {"registered_at": moment, "protected_until": moment.date(), "last_activity_on": moment.date(), "ended_at": ended_at, "ended_why": ""}
    db.session.add(Claim(public_id=mark, lead_id=lead.id, kind=IntroducerKind.CLIENT, client_no=ONE.client_no, state=state, door=LeadDoor.FORM, **kept))
    db.session.flush()


@pytest.mark.usefixtures("database")
def test_12_points_are_set_right_by_hand_by_two_people_with_a_reason(app: Flask) -> None:
    """Manual correction: with a reason, let through by another; what is not there cannot be taken."""
    writer, second = person("writer", Role.ADMIN), person("second", Role.COMPLIANCE)
    earn(10, at=clock.now())

    def correct(count: int, reason: str = "counted twice") -> tuple[int, str]:
        with transaction():
            made = rewards.propose_correction(ONE.person, count, reason, 30, actor=writer, moment=clock.now())
            return made.id, made.digest

    for count, then in ((5, 15), (-12, 3)):
        number, digest = correct(count)
        with pytest.raises(NotAllowed), transaction():
            approvals.approve(number, writer, clock.now(), digest=digest)
        with transaction():
            approvals.approve(number, second, clock.now(), digest=digest)
        assert balance() == then
    number, digest = correct(-4)
    with pytest.raises(Conflict), transaction():
        approvals.approve(number, second, clock.now(), digest=digest)
    with pytest.raises(Refusal):
        correct(1, " ")
    assert db.session.execute(select(PointEntry.reason).where(PointEntry.what == "corrected")).scalars().first() == "counted twice"


@pytest.mark.usefixtures("database")
def test_12_correcting_and_redeeming_at_once_never_wait_for_each_other(app: Flask) -> None:
    """C3: a second person lets a correction through while the member redeems: both are done; whoever holds the points first goes on, and nobody is
    killed by a deadlock."""
    writer, second = person("writer", Role.ADMIN), person("second", Role.COMPLIANCE)
    [one] = clients(app, 1)
    earn(100, at=clock.now())
    number = reward()
    made = []
    for _ in range(4):
        with transaction():
            waits = rewards.propose_correction(ONE.person, 1, "counted wrongly", 30, actor=writer, moment=clock.now())
            made.append((waits.id, waits.digest))
    acts = [lambda pair=pair: approvals.approve(pair[0], second, clock.now(), digest=pair[1]) for pair in made]
    answers = at_once(app, *acts, *[lambda: rewards.redeem(number, 10, actor=one, moment=clock.now())] * 4)
    assert answers == ["done"] * 8
    assert balance() == 100 - 40 + 4


@pytest.mark.usefixtures("database")
def test_the_daily_job_writes_down_what_expired_once(app: Flask) -> None:
    """L1: as the worker does it, for everybody at once."""
    before = clock.now() - timedelta(days=40)
    for n in range(3):
        earn(5, f"s{n}", at=before, holder=Holder(f"user:{n}", "", None))
    assert club_points.daily()["expired"] == 3
    assert club_points.daily()["expired"] == 0
    assert db.session.execute(select(func.sum(PointEntry.points))).scalar_one() == 0
    assert club_points.is_due(clock.now())
    assert db.session.execute(select(func.count()).select_from(Job)).scalar_one() == 0
