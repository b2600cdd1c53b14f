"""Paying dues, changing and ending a subscription: write down what is meant, ask Stripe, write down the answer."""

from __future__ import annotations

from models.club_membership import DuesKind
from portal import clock
from portal.actors import Actor
from portal.club import changing, dues, members
from portal.club.changing import Change
from portal.club.dues import Order
from portal.club.facts import Refused, Unanswered
from portal.club.facts_dues import DuesTill
from portal.club.members import Person
from portal.club.payments import Terms
from portal.jobs import club_invoices, club_paying
from portal.jobs.club_paying import Tried
from portal.local_day import day_of
from portal.refusals import Conflict, Refusal
from portal.transaction import transaction


def pay(person: Person, order: Order, till: DuesTill, terms: Terms, actor: Actor) -> str:
    """Begin to pay dues. Returns the address of the page where one pays; the same one for a second click or a second tab.

    Raises NotAllowed, NotFound, Conflict; Refusal where Stripe gives no answer or says no.
    """
    if order.kind == DuesKind.SUBSCRIPTION:
        _known_at_stripe(person, order, till, actor)
    with transaction():
        payment, sessions, subscriptions = dues.begin(person, order, terms, day_of(clock.now()), actor=actor, moment=clock.now())
        tried = Tried.of(payment)
    for session_id in sessions:
        club_paying.close_session(till, session_id)
    for subscription_id in subscriptions:
        club_invoices.end(subscription_id, till)
    if (sessions or subscriptions) and not _still_open(tried.number):
        raise Conflict("what you began before was just paid: nothing more is to be paid")
    return club_paying.open_page(tried, till)


def _still_open(payment_id: int) -> bool:
    with transaction():
        return dues.is_open(payment_id)


def _known_at_stripe(person: Person, order: Order, till: DuesTill, actor: Actor) -> None:
    """The payer and the price stand at Stripe before a subscription can: each is made once, under a key of its own."""
    with transaction():
        member, tier, price = dues.prepared(person, order, day_of(clock.now()), actor=actor, moment=clock.now())
        customer, member_id, public_id = member.customer_id, member.id, member.public_id
        made, price_number = price.price_id, price.id
        params, key = changing.price_params(tier, price, till.env)
    try:
        if customer is None:
            customer = till.make_customer({"metadata": {"member": public_id, "env": till.env}}, f"customer:{till.env}:{member_id}")
        if made is None:
            made = till.make_price(params, key)
    except Unanswered as error:
        raise Refusal("the payment page does not answer right now: try again in a moment") from error
    except Refused as error:
        raise Refusal("the payment page could not be opened: try again") from error
    with transaction():
        members.customer_made(member_id, customer)
        changing.keep_price(price_number, made)


def look_at_change(person_key: str, tier_key: str, at: int, till: DuesTill, actor: Actor) -> tuple[Change, int]:
    """What a change would cost now (fen). Raises NotAllowed, NotFound, Conflict; Refusal where Stripe gives no answer."""
    change = _planned(person_key, tier_key, at, till, actor)
    if not change.at_once:
        return change, 0
    try:
        return change, till.due_for_change(change.subscription_id, change.params)
    except (Unanswered, Refused) as error:
        raise Refusal("what this costs cannot be worked out right now: try again in a moment") from error


def _planned(person_key: str, tier_key: str, at: int, till: DuesTill, actor: Actor) -> Change:
    """A change whose price stands at Stripe."""
    with transaction():
        change = changing.planned(person_key, tier_key, at, day_of(clock.now()), actor=actor)
        made, number = change.price.price_id, change.price.id
        params, key = changing.price_params(change.tier, change.price, till.env)
    if made is None:
        try:
            made = till.make_price(params, key)
        except (Unanswered, Refused) as error:
            raise Refusal("what this costs cannot be worked out right now: try again in a moment") from error
        with transaction():
            changing.keep_price(number, made)
    with transaction():
        return changing.planned(person_key, tier_key, at, day_of(clock.now()), actor=actor)


def change(person_key: str, tier_key: str, at: int, expected: int, till: DuesTill, actor: Actor) -> bool:
    """Change to another tier, as it was shown: `at` and `expected` (fen). Returns whether it counts already; else it waits for its
    payment, or for the next period. Raises as `look_at_change` does, and Conflict where it would cost something else by now."""
    planned, cost = look_at_change(person_key, tier_key, at, till, actor)
    if planned.at_once and cost != expected:
        raise Conflict("the difference is another one by now: look again before you change")
    with transaction():
        key = changing.begin(planned, till.env, actor=actor, moment=clock.now())
    try:
        till.change_subscription(planned.subscription_id, planned.params, key)
    except Unanswered as error:
        raise Refusal("there is no answer right now: look at this page again in a moment before you try once more") from error
    except Refused as error:
        club_invoices.look_at(planned.subscription_id, till)
        raise Refusal("your card’s bank said no: the tier stays as it is") from error
    return club_invoices.look_at(planned.subscription_id, till) == "granted"


def end_or_keep(person_key: str, ends: bool, till: DuesTill, actor: Actor) -> None:
    """End a subscription at the end of what is paid, or keep it after all. Raises NotAllowed, Conflict; Refusal where
    Stripe gives no answer."""
    with transaction():
        subscription_id, params, key = changing.begin_ending(person_key, ends, till.env, actor=actor, moment=clock.now())
    try:
        till.change_subscription(subscription_id, params, key)
    except (Unanswered, Refused) as error:
        raise Refusal("there is no answer right now: look at this page again in a moment before you try once more") from error
    club_invoices.look_at(subscription_id, till)
