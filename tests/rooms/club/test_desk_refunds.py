"""Dues that the desk gives back: never more than was paid, with a reason, a second person above a sum, and the membership's end is said."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from models import db
from models.audit import Approval, AuditEntry
from models.club_membership import DuesKind, DuesState
from models.club_money import Payment, Refund
from models.identity import Role
from models.notices import Notice
from portal import clock
from portal.actors import TERMINAL, Actor, actor_of
from portal.audit import approvals
from portal.club import desk_refunds, points, subscriptions
from portal.club.booking import person_of
from portal.club.desk_refunds import ALONE_MOST, Asked
from portal.club.points import Earning, Holder
from portal.identity.queries import user_by_id
from portal.jobs import club_paying
from portal.local_day import today
from portal.refusals import Conflict, NotAllowed, NotFound, Refusal
from portal.settings import Settings
from portal.transaction import transaction
from tests.at_once import at_once
from tests.people import hidden_in, post, seat, someone
from tests.rooms.club.membership_scene import GOLD, SILVER, add_tiers, dues_of, pay_page, payments_of, subscribed, tier_of
from tests.rooms.club.scene import Shop, clients, shop_in


@pytest.fixture
def shop(settings: Settings) -> Iterator[Shop]:
    """A portal with a stand-in of its own, and the tiers; the context is there for verbs."""
    with shop_in(settings) as open_shop, open_shop.app.app_context():
        add_tiers()
        yield open_shop
        db.session.remove()


def money(shop: Shop) -> Actor:
    """Somebody who keeps the club's money."""
    number = someone(shop.app, Role.FINANCE)
    db.session.rollback()
    found = actor_of(user_by_id(number))
    db.session.rollback()
    return found


def paid(shop: Shop, tier: str = "silver") -> tuple[Actor, str]:
    """A member who paid one period, and his payment."""
    [one] = clients(shop.app, 1)
    shop.pays(pay_page(shop, one, tier, DuesKind.ONCE))
    assert set(shop.deliver()) == {200}
    return one, payments_of(one)[-1].public_id


def gives(who: Actor, payment: str, amount: int, why: str = "dues_goodwill", **more: Any) -> Approval | None:
    """The desk gives back, as it looked a moment ago."""
    left = desk_refunds.standing(payment, today(), actor=who).left
    db.session.rollback()
    asked = Asked(**{"amount": amount, "why": why, "words": "客户来电", "ends": False, "ends_subscription": False, "left": left} | more)
    with transaction():
        return desk_refunds.give_back(payment, asked, today(), actor=who, moment=clock.now())


def sent(shop: Shop) -> None:
    """Stripe refunds, and tells it."""
    db.session.rollback()
    club_paying.send_refunds(shop.till)
    shop.deliver()
    db.session.rollback()


def test_the_policy_is_the_days_that_are_left_to_the_fen(shop: Shop) -> None:
    """All of it on the first day, what is left of the year later, nothing once it is over; a fraction of a fen goes to who paid."""
    _one, payment = paid(shop)
    who, day = money(shop), today()
    span = desk_refunds.standing(payment, day, actor=who).spans[0]
    whole = (span.valid_to - span.valid_from).days
    for later in (0, 1, 100, whole - 1, whole, whole + 40):
        found = desk_refunds.standing(payment, day + timedelta(days=later), actor=who)
        left = max(whole - later, 0)
        assert (found.days_left, found.by_policy) == (left, -(-SILVER * left // whole))
    with pytest.raises(Refusal, match="days that are left are worth"), time_machine.travel(clock.now() + timedelta(days=100)):
        gives(who, payment, SILVER - 1, "dues_unused")


def test_a_part_goes_back_at_once_and_the_membership_stays_or_ends_as_said(shop: Shop) -> None:
    one, payment = paid(shop)
    who = money(shop)
    assert gives(who, payment, 10_000) is None
    sent(shop)
    row = db.session.execute(select(Payment).where(Payment.public_id == payment)).scalar_one()
    assert (row.state, shop.back(), tier_of(one)) == ("partly_refunded", 10_000, "silver")
    assert gives(who, payment, 5_000, "dues_ours", ends=True) is None
    assert tier_of(one) == "", "it ends with the decision, not with the money"
    assert db.session.execute(select(Notice.values).where(Notice.kind == "club.ended_at_desk")).scalar_one()["amount_fen"] == 5_000
    sent(shop)
    why = db.session.execute(select(Refund.why, Refund.amount, Refund.state).order_by(Refund.id)).all()
    assert [tuple(line) for line in why] == [("dues_goodwill", 10_000, "succeeded"), ("dues_ours", 5_000, "succeeded")]
    said = db.session.execute(select(AuditEntry.after).where(AuditEntry.action == "club.dues_given_back").order_by(AuditEntry.seq)).scalars().all()
    assert len(said) == 2


@pytest.mark.parametrize(("ends", "tier"), [(False, "silver"), (True, "")])
def test_all_of_it_goes_back_and_the_membership_stays_only_where_that_was_said(shop: Shop, ends: bool, tier: str) -> None:
    """Every other way, all of the money gone ends what it brought; the desk may say otherwise. Points go back either way (R11)."""
    one, payment = paid(shop)
    who, moment = money(shop), clock.now()
    holder = Holder(person_of(one), one.client_no or "", one.user_id)
    number = db.session.execute(select(Payment.id).where(Payment.public_id == payment)).scalar_one()
    db.session.rollback()
    with transaction():
        points.earn([Earning(holder, "learnt", 30, "", moment, moment, moment + timedelta(days=300), "learnt", number)], actor=TERMINAL, moment=moment)
    assert desk_refunds.standing(payment, today(), actor=who).points == 30
    db.session.rollback()
    assert gives(who, payment, SILVER, ends=ends) is None
    sent(shop)
    assert (tier_of(one), points.balance(person_of(one)), shop.back()) == (tier, 0, SILVER)
    with pytest.raises(Conflict, match="brought nothing that the firm keeps"):
        gives(who, payment, 1)


def test_r2_never_more_than_was_paid_also_with_one_on_its_way(shop: Shop) -> None:
    _one, payment = paid(shop)
    who = money(shop)
    shop.turn("refunds", "pending")
    gives(who, payment, 20_000)
    sent(shop)
    with pytest.raises(Refusal, match="at most 40000 fen"):
        gives(who, payment, 40_001)
    with pytest.raises(Conflict, match="look again"):
        gives(who, payment, 10, left=SILVER)
    for wrong, match in (({"amount": 0}, "more than nothing"), ({"amount": -5}, "more than nothing"), ({"why": "cancelled"}, "choose why"), ({"words": " x "}, "few words")):
        with pytest.raises(Refusal, match=match):
            gives(who, payment, **{"amount": 100} | wrong)
    assert shop.back() == 20_000


def test_above_the_sum_a_second_person_and_parts_are_counted_together(shop: Shop) -> None:
    """1,000 yuan of one payment alone; the part that goes beyond it waits, and is given back by the second person alone."""
    one, payment = paid(shop, "gold")
    who, second = money(shop), money(shop)
    assert gives(who, payment, ALONE_MOST) is None
    waits = gives(who, payment, 1, ends=True)
    assert waits is not None
    number, digest = waits.id, waits.digest
    db.session.rollback()
    with pytest.raises(Conflict, match="waits for a second person"):
        gives(second, payment, 1)
    with pytest.raises(NotAllowed), transaction():
        approvals.approve(number, who, clock.now(), digest=digest)
    assert tier_of(one) == "gold"
    with transaction():
        approvals.approve(number, second, clock.now(), digest=digest)
    sent(shop)
    assert (tier_of(one), shop.back()) == ("", ALONE_MOST + 1)
    assert desk_refunds.standing(payment, today(), actor=who).left == GOLD - ALONE_MOST - 1


def test_what_waited_is_held_against_what_is_left_by_then(shop: Shop) -> None:
    """R2 R10: refunded at Stripe or disputed meanwhile, the approval is refused as a whole."""
    _one, payment = paid(shop, "gold")
    who, second = money(shop), money(shop)
    waits = gives(who, payment, GOLD)
    assert waits is not None
    number, digest = waits.id, waits.digest
    with transaction():
        row = db.session.execute(select(Payment).where(Payment.public_id == payment)).scalar_one()
        row.disputed_at = clock.now()
    with pytest.raises(Conflict, match="disputed"), transaction():
        approvals.approve(number, second, clock.now(), digest=digest)
    with pytest.raises(Conflict, match="disputed"):
        gives(who, payment, 1)
    assert db.session.execute(select(Refund.id)).first() is None


def test_nobody_gives_his_own_dues_back(shop: Shop) -> None:
    one, payment = paid(shop)
    with transaction():
        user = user_by_id(one.user_id or 0)
        user.roles.append(type(user.roles[0])(role=Role.FINANCE))
    himself = actor_of(user_by_id(one.user_id or 0))
    db.session.rollback()
    with pytest.raises(NotAllowed, match="your own dues"):
        gives(himself, payment, 100)
    with pytest.raises(NotAllowed):
        gives(one, payment, 100)
    with pytest.raises(NotFound):
        gives(money(shop), "nothing", 100)


@pytest.mark.parametrize("ends", [True, False])
def test_a_subscription_ends_at_stripe_or_goes_on_as_said(shop: Shop, ends: bool) -> None:
    [one] = clients(shop.app, 1)
    number = subscribed(shop, one)
    payment = payments_of(one)[-1].public_id
    gives(money(shop), payment, SILVER, "dues_error", ends=True, ends_subscription=ends)
    assert subscriptions.to_end(5) == ([number] if ends else [])
    db.session.rollback()
    club_paying.tidy(shop.till)
    shop.deliver()
    assert dues_of(one)[-1].state == (DuesState.ENDED if ends else DuesState.LIVE)
    with shop.desk() as desk:
        [kept] = desk.all("subscription")
    assert (kept["status"], tier_of(one)) == ("canceled" if ends else "active", "")


def test_the_desk_looks_first_and_a_second_click_says_so(shop: Shop) -> None:
    one, payment = paid(shop)
    page = f"/club/money/payments/{payment}/refund"
    number = someone(shop.app, Role.FINANCE)
    db.session.remove()
    browser = seat(shop.app, number)
    shown = browser.get(page).text
    fields = {"amount": "50.00", "why": "dues_goodwill", "words": "客户来电", "membership": "stays", "left": hidden_in(shown, "left")}
    looked = post(browser, f"{page}/look", page, **fields)
    assert (looked.status_code, "550.00" in looked.text, "not needed" in looked.text) == (200, True, True)
    assert post(browser, page, page, **fields).status_code == 303
    again = post(browser, page, page, **fields)
    assert (again.status_code, "look again" in again.text) == (409, True)
    for wrong in ({"amount": "x"}, {"membership": ""}, {"left": "\0"}, {"why": "sport"}, {"amount": "0"}):
        assert post(browser, f"{page}/look", page, **fields | {"left": "55000"} | wrong).status_code in {409, 422}
    db.session.rollback()
    assert (db.session.execute(select(Refund.amount)).scalars().all(), tier_of(one)) == ([5_000], "silver")


def _race(shop: Shop, who: Actor, payment: str) -> list[str]:
    asked = Asked(40_000, "dues_goodwill", "客户来电", ends=False, ends_subscription=False, left=SILVER)
    return sorted(at_once(shop.app, *[lambda: desk_refunds.give_back(payment, asked, today(), actor=who, moment=clock.now())] * 4))


def test_r2_four_at_once_give_back_once(shop: Shop) -> None:
    _one, payment = paid(shop)
    assert _race(shop, money(shop), payment) == ["Conflict"] * 3 + ["done"]
    assert db.session.execute(select(Refund.amount)).scalars().all() == [40_000]
