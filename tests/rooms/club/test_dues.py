"""Dues: money brings a membership once, in whichever way it comes; a subscription's access follows its paid invoices alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError

from models import db
from models.club_membership import ApplicationState, ClubApplication, ClubDues, ClubMember, DuesKind, DuesState, TierPrice
from models.club_money import MoneyIncident, Payment, Refund
from models.notices import Notice
from portal import clock
from portal.actors import TERMINAL
from portal.club import applications, dues, tiers
from portal.club.periods import period_end
from portal.club.quotes import quote
from portal.club.statuses import STATUSES
from portal.gateways.stripe_asking import ask
from portal.jobs import club_dues, club_paying
from portal.local_day import today
from portal.refusals import Conflict, Refusal
from portal.settings import Settings
from portal.standin import rules, rules_dues
from portal.transaction import transaction
from tests.rooms.club.membership_scene import (
    GOLD,
    SILVER,
    add_tiers,
    benefit_keys,
    dues_of,
    himself,
    pay_page,
    payments_of,
    renew,
    spans_of,
    subscribed,
    tier_drafts,
    tier_of,
    with_tier,
)  # fmt: skip
from tests.rooms.club.scene import Shop, clients, shop_in

ONCE, SUBSCRIPTION = DuesKind.ONCE, DuesKind.SUBSCRIPTION


@pytest.fixture
def shop(settings: Settings) -> Iterator[Shop]:
    """A portal with a stand-in of its own, and the tiers; the context is there for verbs."""
    with shop_in(settings) as open_shop, open_shop.app.app_context():
        add_tiers()
        yield open_shop
        db.session.remove()


def told(kind: str) -> int:
    """How often somebody was told so."""
    db.session.rollback()
    return db.session.execute(select(func.count()).where(Notice.kind == kind)).scalar_one()


def incidents() -> list[str]:
    """What somebody must look at."""
    db.session.rollback()
    return list(db.session.execute(select(MoneyIncident.kind).order_by(MoneyIncident.id)).scalars())


def test_dues_paid_once_bring_one_period_and_the_next_follows_on(shop: Shop) -> None:
    """M1 M6 P2: page and webhook both say so and there is one period; paid again before its end the next begins at its end."""
    [one] = clients(shop.app, 1)
    session_id = pay_page(shop, one, "silver", ONCE)
    assert pay_page(shop, one, "silver", ONCE) == session_id, "a second click leads to the same page"
    assert tier_of(one) == ""
    shop.pays(session_id)
    assert club_paying.look_at(shop.till, session_id) == "granted"
    shop.deliver(times=2)
    [span] = spans_of(one)
    assert (tier_of(one), span.valid_from, span.valid_to) == ("silver", today(), period_end(today(), today(), 12))
    assert [(row.state, row.amount) for row in payments_of(one)] == [("paid", SILVER)]
    shop.pays(pay_page(shop, one, "silver", ONCE))
    shop.deliver()
    assert [(later.valid_from, later.valid_to) for later in spans_of(one)[1:]] == [(span.valid_to, period_end(today(), span.valid_to, 12))]
    assert told("club.dues_paid") == 2


def test_m3_a_higher_tier_paid_once_begins_with_its_money_and_credits_the_rest_of_the_lower_one(shop: Shop) -> None:
    """M3: nothing changes before the money; then the lower one ends on that day, and its unused days are credited to the fen."""
    [one] = clients(shop.app, 1)
    shop.pays(pay_page(shop, one, "silver", ONCE))
    shop.deliver()
    shop.pays(pay_page(shop, one, "gold", ONCE), "later")
    shop.deliver()
    assert tier_of(one) == "silver"
    assert payments_of(one)[-1].amount == GOLD - SILVER
    with pytest.raises(Conflict, match="being worked on"):
        pay_page(shop, one, "gold", ONCE)
    with shop.desk() as desk:
        rules.settle(desk, payments_of(one)[-1].session_id or "", True)
    shop.deliver()
    assert tier_of(one) == "gold"
    assert [span.ended_on for span in spans_of(one)] == [today(), None]
    price = tiers.price_of(spans_of(one)[1].tier_id)
    assert price is not None
    half = quote([with_days(spans_of(one)[1], 100, 265)], tiers.by_key("gold"), price, today())
    assert half.amount == GOLD, "the same tier again: a whole period from its end on"


def with_days(span: Any, before: int, after: int) -> Any:
    """A span that began so many days ago and ends in so many."""
    return type(span)(**vars(span) | {"valid_from": today() - timedelta(days=before), "valid_to": today() + timedelta(days=after), "grace_to": today() + timedelta(days=after)})


@pytest.mark.parametrize("wrong", [{"amount_total": 1}, {"currency": "usd"}, {"livemode": True}])
def test_p7_dues_that_do_not_match_bring_nothing_but_an_incident(shop: Shop, wrong: dict[str, Any]) -> None:
    """P7."""
    [one] = clients(shop.app, 1)
    session_id = pay_page(shop, one, "silver", ONCE)
    shop.pays(session_id)
    with shop.desk() as desk:
        desk.put(rules.session(desk, session_id) | wrong)
    shop.deliver()
    assert (tier_of(one), incidents()) == ("", ["mismatch"])


def test_p5_dues_whose_page_was_closed_and_paid_in_the_same_second_count_and_the_other_page_is_closed(shop: Shop) -> None:
    """P4 P5 P14: another tier was chosen while the first page was being paid: the money that came counts, nothing is paid twice."""
    [one] = clients(shop.app, 1)
    first = pay_page(shop, one, "silver", ONCE)
    shop.pays(first)
    with pytest.raises(Conflict, match="just paid"):
        pay_page(shop, one, "gold", ONCE)
    assert tier_of(one) == "silver"
    assert [row.state for row in dues_of(one)] == [DuesState.PAID, DuesState.LAPSED]


def test_a_tier_by_approval_is_paid_only_once_it_is_approved(shop: Shop) -> None:
    """Application and approval open the way to the dues, for one tier."""
    [one] = clients(shop.app, 1)
    silver = next(draft for draft in tier_drafts() if draft.key == "silver")
    with transaction():
        tiers.keep(type(silver)(**vars(silver) | {"by_approval": True}), actor=TERMINAL, moment=clock.now(), version=1)
    with pytest.raises(Refusal, match="ask for it first"):
        pay_page(shop, one, "silver", ONCE)
    with transaction():
        row = applications.apply(himself(one), "silver", "", today(), actor=one, moment=clock.now())
        assert row is not None
        applications.decide(row.public_id, True, "", today(), actor=TERMINAL, moment=clock.now())
    shop.pays(pay_page(shop, one, "silver", ONCE))
    shop.deliver()
    assert (tier_of(one), db.session.execute(select(ClubApplication.state)).scalar_one()) == ("silver", ApplicationState.USED)


def test_m4_two_tabs_bring_one_subscription_and_one_customer(shop: Shop) -> None:
    """M4: eight tabs at once lead to one page; there is one customer, one price, one subscription."""
    [one] = clients(shop.app, 1)
    found: list[str] = []
    errors = open_tabs(shop, one, found)
    assert (len(set(found)), errors) == (1, [])
    shop.pays(found[0])
    with shop.desk() as desk, pytest.raises(rules.Wrong):
        rules.pay(desk, found[0], "pays")
    shop.deliver(times=3)
    with shop.desk() as desk:
        assert [len(desk.all(kind)) for kind in ("customer", "price", "subscription")] == [1, 1, 1]
    assert [(row.state, row.status) for row in dues_of(one)] == [(DuesState.LIVE, "active")]
    assert (tier_of(one), len(payments_of(one)), told("club.dues_paid")) == ("silver", 1, 1)
    with pytest.raises(Conflict, match="subscription already"):
        pay_page(shop, one, "gold", SUBSCRIPTION)


def open_tabs(shop: Shop, one: Any, found: list[str]) -> list[str]:
    """Eight tabs in which somebody begins to subscribe at the same moment: the pages they lead to, and what was refused."""

    gate, errors = threading.Barrier(8, timeout=60), list[str]()

    def tab() -> None:
        with shop.app.app_context():
            gate.wait()
            try:
                found.append(pay_page(shop, one, "silver", SUBSCRIPTION))
            except Exception as error:
                errors.append(type(error).__name__)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=tab) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_m4_control_where_nobody_looks_the_database_refuses_and_without_it_there_are_two(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """M4: the planted fault: nobody looks for dues that are alive. The index lets one through; without the index there are several."""
    [one] = clients(shop.app, 1)
    pay_page(shop, one, "silver", SUBSCRIPTION)
    monkeypatch.setattr(dues, "alive_of", lambda member_id: None)
    with pytest.raises(IntegrityError):
        pay_page(shop, one, "silver", SUBSCRIPTION)
    with transaction():
        db.session.execute(text("DROP INDEX uq_club_dues_alive"))
    pay_page(shop, one, "silver", SUBSCRIPTION)
    assert len(dues_of(one)) == 2


def test_m5_an_incomplete_or_cancelled_subscription_stands_in_nobodys_way(shop: Shop) -> None:
    """M5: what was never paid is ended at Stripe before another page is opened; after a cancelled one a new one begins."""
    [one] = clients(shop.app, 1)
    shop.pays(pay_page(shop, one, "silver", SUBSCRIPTION), "later")
    shop.deliver()
    assert [(row.state, row.status) for row in dues_of(one)] == [(DuesState.OPEN, "incomplete")]
    assert tier_of(one) == ""
    with transaction():  # Stripe says complete and unpaid: the payer may still be at it, until he wants another page
        db.session.execute(update(Payment).values(state="failed"))
    second = subscribed(shop, one)
    assert [(row.state, row.status) for row in dues_of(one)] == [(DuesState.LAPSED, "incomplete_expired"), (DuesState.LIVE, "active")]
    with shop.desk() as desk:
        rules_dues.end(desk, second)
    shop.deliver()
    assert dues_of(one)[-1].state == DuesState.ENDED
    assert tier_of(one) == "silver", "what is paid stays"
    with pytest.raises(Conflict, match="paid until"):
        pay_page(shop, one, "silver", SUBSCRIPTION)
    with transaction():
        db.session.execute(text("UPDATE club_membership SET valid_from = :a, valid_to = :b, grace_to = :b, ended_on = :b"), {"a": "2020-01-01", "b": "2021-01-01"})
    third = subscribed(shop, one)
    assert (third != second, tier_of(one)) == (True, "silver")


def test_m5_a_second_subscription_that_was_paid_all_the_same_is_ended_and_its_money_goes_back(shop: Shop) -> None:
    """M4 M5 P5: two old pages paid in the same second: one subscription stays, the other is ended at Stripe and refunded, once."""
    [one] = clients(shop.app, 1)
    first = pay_page(shop, one, "silver", SUBSCRIPTION)
    with transaction():
        db.session.execute(update(ClubDues).values(state=DuesState.LAPSED))
    second = pay_page(shop, one, "gold", SUBSCRIPTION)
    shop.pays(second)
    shop.deliver()
    shop.pays(first)
    shop.deliver(times=2)
    shop.work()
    shop.deliver()
    assert sorted((row.state, row.status) for row in dues_of(one)) == [("ended", "canceled"), ("live", "active")]
    assert (tier_of(one), shop.back(), told("club.dues_back")) == ("gold", SILVER, 1)
    assert db.session.execute(select(func.count()).select_from(Refund)).scalar_one() == 1


ACCESS = {"incomplete": False, "incomplete_expired": False, "trialing": False, "active": False, "past_due": False, "unpaid": False, "canceled": False, "paused": False}


@pytest.mark.parametrize("status", sorted(STATUSES))
def test_s9_access_follows_the_paid_invoice_and_no_status(shop: Shop, status: str) -> None:
    """S9: under each status Stripe knows: without a paid invoice there is no access; what a paid one brought stays to its end."""
    assert set(ACCESS) == set(STATUSES)
    unpaid, paying = clients(shop.app, 2)
    shop.pays(pay_page(shop, unpaid, "silver", SUBSCRIPTION), "later")
    shop.deliver()
    paid = subscribed(shop, paying)
    for number in (dues_of(unpaid)[-1].subscription_id or "", paid):
        with shop.desk() as desk:
            rules_dues.set_status(desk, number, status)
    assert set(shop.deliver()) == {200}
    assert (tier_of(unpaid) != "") == ACCESS[status], "no invoice was paid"
    assert tier_of(paying) == "silver", "and this one was"
    expected = DuesState.LIVE if status == "incomplete" else STATUSES[status].state  # who has paid once is not open again
    assert (dues_of(paying)[-1].state, dues_of(paying)[-1].status) == (expected, status)
    assert spans_of(paying)[-1].renews == STATUSES[status].renews
    assert told("club.dues_failed") == (2 if STATUSES[status].unpaid else 0)


def test_s9_a_status_that_nobody_knows_is_an_incident(shop: Shop) -> None:
    """S9: a new word of Stripe changes nothing, and somebody looks."""
    [one] = clients(shop.app, 1)
    number = subscribed(shop, one)
    with shop.desk() as desk:
        rules_dues.set_status(desk, number, "hibernating")
    shop.deliver()
    assert (incidents(), dues_of(one)[-1].status, tier_of(one)) == (["status"], "active", "silver")


def test_m2_a_failed_renewal_keeps_the_paid_period_then_grace_then_lapse(shop: Shop) -> None:
    """M2: declined: the paid period and its grace hold to the day; paid in the meantime the next period begins where the last ended."""
    [one] = clients(shop.app, 1)
    number = subscribed(shop, one)
    [first] = spans_of(one)
    renew(shop, number, "declined")
    shop.deliver()
    assert dues_of(one)[-1].status == "past_due"
    ends = first.valid_to
    assert [tier_of(one, ends + timedelta(days=days)) for days in (-1, 0, 13, 14)] == ["silver", "silver", "silver", ""]
    assert [benefit_keys(one, ends + timedelta(days=days)) for days in (13, 14)] == [["report"], []]
    assert told("club.dues_failed") == 1
    with shop.desk() as desk:
        rules_dues.settle(desk, rules_dues.thing(desk, number, "subscription")["latest_invoice"], "pays")
    shop.deliver(times=2)
    assert [span.valid_from for span in spans_of(one)] == [first.valid_from, ends]
    assert tier_of(one, ends + timedelta(days=20)) == "silver"
    assert [(row.amount, row.state) for row in payments_of(one)] == [(SILVER, "paid"), (SILVER, "paid")]


def test_m2_stripe_gives_up_and_grace_stays_and_who_ends_it_himself_has_none(shop: Shop) -> None:
    """M2 S9: ended because nobody paid: the grace stays; ended by its payer: what is paid stays, without grace."""
    failed, left = clients(shop.app, 2)
    first, second = subscribed(shop, failed), subscribed(shop, left)
    club_dues.end_or_keep(himself(left).key, True, shop.till, left)
    assert (dues_of(left)[-1].cancel_at_period_end, spans_of(left)[0].renews) == (True, False)
    with pytest.raises(Conflict, match="about to end already"):
        club_dues.end_or_keep(himself(left).key, True, shop.till, left)
    club_dues.end_or_keep(himself(left).key, False, shop.till, left)
    assert spans_of(left)[0].renews, "kept after all"
    club_dues.end_or_keep(himself(left).key, True, shop.till, left)
    renew(shop, second)
    with shop.desk() as desk:
        rules_dues.end(desk, first, "payment_failed")
    shop.deliver()
    for person, graced in ((failed, "silver"), (left, "")):
        ends = spans_of(person)[0].valid_to
        assert (dues_of(person)[-1].state, tier_of(person, ends - timedelta(days=1)), tier_of(person, ends)) == (DuesState.ENDED, "silver", graced)


def test_m3_an_upgrade_counts_only_once_its_difference_is_paid(shop: Shop) -> None:
    """M3: the bank wants a confirmation: the tier stays; confirmed, the higher one begins and the lower one ends; shown before, to the fen."""
    [one] = clients(shop.app, 1)
    subscribed(shop, one)
    at = int(clock.now().timestamp())
    key = himself(one).key
    _change, cost = club_dues.look_at_change(key, "gold", at, shop.till, one)
    assert SILVER - 100 <= cost <= GOLD - SILVER
    with pytest.raises(Conflict, match="another one by now"):
        club_dues.change(key, "gold", at, cost - 1, shop.till, one)
    shop.turn("changes", "action")
    assert club_dues.change(key, "gold", at, cost, shop.till, one) is False
    shop.deliver()
    assert (tier_of(one), told("club.dues_action")) == ("silver", 1)
    assert dues_of(one)[-1].action_url.startswith("https://invoice.example/")
    with shop.desk() as desk:
        rules_dues.settle(desk, desk.all("invoice")[0]["id"], "pays")
    shop.deliver(times=2)
    assert (tier_of(one), dues_of(one)[-1].wanted_price_id, dues_of(one)[-1].action_url) == ("gold", None, "")
    assert [(row.amount, row.state) for row in payments_of(one)] == [(SILVER, "paid"), (cost, "paid")]
    lower, higher = spans_of(one)
    assert (lower.ended_on, higher.valid_to) == (today(), lower.valid_to)
    with pytest.raises(Conflict, match="already"):
        club_dues.look_at_change(key, "gold", at, shop.till, one)


def test_m3_a_lower_tier_begins_with_the_next_period(shop: Shop) -> None:
    """M3: what is paid is kept to its end; the next invoice is the lower one's, and brings the lower tier; taken back before, nothing changes."""
    [one] = clients(shop.app, 1)
    number = subscribed(shop, one, "gold")
    key, at = himself(one).key, int(clock.now().timestamp())
    for tier, wanted in (("silver", True), ("gold", False), ("silver", True)):
        planned, cost = club_dues.look_at_change(key, tier, at, shop.till, one)
        assert (planned.at_once, cost) == (False, 0)
        club_dues.change(key, tier, at, 0, shop.till, one)
        shop.deliver()
        assert (tier_of(one), dues_of(one)[-1].wanted_price_id is not None) == ("gold", wanted)
    ends = spans_of(one)[0].valid_to
    renew(shop, number)
    shop.deliver()
    assert [tier_of(one, ends + timedelta(days=days)) for days in (-1, 0)] == ["gold", "gold"], "grace of the higher one runs beside"
    assert (tier_of(one, ends + timedelta(days=14)), payments_of(one)[-1].amount) == ("silver", SILVER)


def test_r10_r11_disputed_dues_are_frozen_and_what_goes_back_ends(shop: Shop) -> None:
    """R10 R11: while the payer's bank asks the money back the tier is frozen; won it is there again, lost or refunded it ends."""
    [won, lost, back] = clients(shop.app, 3)
    for person in (won, lost, back):
        subscribed(shop, person)
    for person, status in ((won, "won"), (lost, "lost")):
        with shop.desk() as desk:
            number = rules.dispute(desk, payments_of(person)[-1].intent_id or "")["id"]
        shop.deliver()
        assert tier_of(person) == ""
        with shop.desk() as desk:
            rules.end_dispute(desk, number, status)
        shop.deliver()
    with shop.desk() as desk:
        rules.refund(desk, {"payment_intent": payments_of(back)[-1].intent_id})
    shop.deliver()
    assert [tier_of(person) for person in (won, lost, back)] == ["silver", "", ""]
    assert incidents() == ["disputed", "disputed", "at_stripe"]
    assert told("club.dues_refunded") == 1


@pytest.mark.parametrize("how", ["twice", "reordered", "forged", "late"])
def test_s6_a_subscription_is_what_stripe_says_now_in_whichever_order_it_was_told(shop: Shop, how: str) -> None:
    """P2 P11 S6: twice, in another order, with forged ones between, or never told and found by the comparison: one period, one payment."""
    [one] = clients(shop.app, 1)
    shop.turn("webhooks", how)
    shop.pays(pay_page(shop, one, "silver", SUBSCRIPTION))
    answers = set(shop.deliver())
    assert answers == {"forged": {200, 400}, "late": set()}.get(how, {200})
    if how == "late":
        assert tier_of(one) == ""
        with transaction():
            db.session.execute(update(Payment).values(created_at=clock.now() - timedelta(hours=1)))
        club_paying.reconcile(shop.till)
    assert (tier_of(one), len(spans_of(one)), len(payments_of(one)), incidents()) == ("silver", 1, 1, [])


def test_s8_a_renewal_that_was_never_told_is_found_by_the_comparison(shop: Shop) -> None:
    """S8: the period is over and no word came: Stripe is asked, and the next one is there."""
    [one] = clients(shop.app, 1)
    number = subscribed(shop, one)
    shop.turn("webhooks", "late")
    renew(shop, number)
    with transaction():
        db.session.execute(update(ClubDues).values(period_end=clock.now() - timedelta(hours=3), learnt_at=clock.now() - timedelta(hours=3)))
    club_paying.reconcile(shop.till)
    assert len(spans_of(one)) == 2


def test_s7_a_lost_answer_is_asked_again_under_the_same_key(shop: Shop) -> None:
    """S7: customer, price and page are made once though each answer was lost once."""
    [one] = clients(shop.app, 1)
    for _ in range(3):
        shop.turn("lose_answers", "1")
        with pytest.raises(Refusal, match="does not answer"):
            pay_page(shop, one, "silver", SUBSCRIPTION)
    subscribed(shop, one)
    with shop.desk() as desk:
        assert [len(desk.all(kind)) for kind in ("customer", "price", "checkout.session", "subscription")] == [1, 1, 1, 1]
    assert db.session.execute(select(ClubMember.customer_id)).scalar_one().startswith("cus_")
    assert db.session.execute(select(TierPrice.price_id).where(TierPrice.price_id.is_not(None))).scalar_one().startswith("price_")


def test_p8_an_invoice_that_is_not_ours_is_left_alone_and_one_of_unknown_dues_is_an_incident(shop: Shop) -> None:
    """P8: without our mark another system's; with it, and no dues, somebody must look; its price unknown, the same."""
    one, other = clients(shop.app, 2)
    number = subscribed(shop, one)
    subscribed(shop, other)
    with transaction():
        db.session.execute(update(TierPrice).values(price_id=None))
    renew(shop, number)
    with shop.desk() as desk:
        made = rules_dues.thing(desk, dues_of(other)[-1].subscription_id or "", "subscription")
        desk.put(made | {"id": "sub_foreign", "metadata": {}})
        desk.put(made | {"id": "sub_unknown", "metadata": {**made["metadata"], "dues": "nobody"}})
        bill = rules_dues.thing(desk, made["latest_invoice"], "invoice")
        for name in ("foreign", "unknown"):
            parent = {"type": "subscription_details", "subscription_details": {"subscription": f"sub_{name}"}}
            desk.put(bill | {"id": f"in_{name}", "parent": parent})
            desk.tell("invoice.paid", bill | {"id": f"in_{name}", "parent": parent})
    assert set(shop.deliver()) == {200}
    assert sorted(incidents()) == ["mismatch", "unknown"]
    assert len(payments_of(one)) == 1


def test_only_who_has_a_subscription_changes_or_ends_one(shop: Shop) -> None:
    """Somebody without one is told so; a tier of another period is refused; a card that is declined is refused by the stand-in as by Stripe."""
    one, other = clients(shop.app, 2)
    subscribed(shop, one)
    with pytest.raises(Conflict, match="no subscription"):
        club_dues.end_or_keep(himself(other).key, True, shop.till, other)
    gold = next(draft for draft in tier_drafts() if draft.key == "gold")
    with transaction():
        tiers.keep(type(gold)(**vars(gold) | {"months": 6}), actor=TERMINAL, moment=clock.now(), version=1)
    with pytest.raises(Refusal, match="another period"):
        club_dues.look_at_change(himself(one).key, "gold", int(clock.now().timestamp()), shop.till, one)
    with pytest.raises(Refusal, match="cannot be paid for"):
        pay_page(shop, other, "friend", ONCE)
    assert ask(lambda: shop.till.client.v1.customers.create(params={}))["object"] == "customer"
    with_tier(other, tiers.by_key("gold").id, today(), today() + timedelta(days=2))
    with pytest.raises(Conflict, match="paid until"):
        pay_page(shop, other, "gold", SUBSCRIPTION)
