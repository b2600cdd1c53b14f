"""What events of subscriptions and invoices lead to: the subscription and its invoice are asked for as they stand now, then taken over."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from flask import current_app

from portal import clock
from portal.actors import TERMINAL
from portal.club import subscriptions
from portal.club.facts import EventFacts, Refused, Unanswered
from portal.club.facts_dues import DuesTill, InvoiceFacts
from portal.club.subscriptions import Place
from portal.transaction import transaction

LOG = logging.getLogger("portal.club")
Effect = Callable[[datetime], str]


def place_of(till: DuesTill) -> Place:
    """Whose subscriptions these are, by whose clocks."""
    return Place(till.env, current_app.config["PORTAL"].timezone)


def of_event(event: EventFacts, till: DuesTill) -> Effect:
    """The effect of an event of a subscription or an invoice. Raises Unanswered."""
    try:
        if event.type.startswith("customer.subscription."):
            return of_subscription(event.object_id, till)
        invoice = till.invoice(event.object_id)
        if not invoice.subscription_id:
            return lambda moment: "foreign"
        return _of_invoice(invoice, till, acts=event.type.endswith("action_required"))
    except Refused:
        return lambda moment: "foreign"  # of another account


def of_subscription(subscription_id: str, till: DuesTill) -> Effect:
    """Take over a subscription with its latest invoice. Raises Unanswered, Refused."""
    facts = till.subscription(subscription_id)
    invoice = till.invoice(facts.invoice_id) if facts.invoice_id else None
    return lambda moment: subscriptions.take(facts, invoice, place_of(till), actor=TERMINAL, moment=moment)


def _of_invoice(invoice: InvoiceFacts, till: DuesTill, *, acts: bool) -> Effect:
    facts = till.subscription(invoice.subscription_id)
    if acts:
        return lambda moment: subscriptions.needs_action(facts, invoice, place_of(till), actor=TERMINAL, moment=moment)
    return lambda moment: subscriptions.take(facts, invoice, place_of(till), actor=TERMINAL, moment=moment)


def look_at(subscription_id: str, till: DuesTill) -> str:
    """Ask Stripe how a subscription stands, and take that over. `unanswered` where there is no answer."""
    try:
        effect = of_subscription(subscription_id, till)
    except (Unanswered, Refused):
        return "unanswered"
    with transaction():
        return effect(clock.now())


def end(subscription_id: str, till: DuesTill) -> None:
    """End a subscription that nobody is to pay; where it is over already, or was paid meanwhile, take that over instead."""
    try:
        facts = till.end_subscription(subscription_id)
    except Refused:
        look_at(subscription_id, till)
        return
    except Unanswered:
        LOG.warning("a subscription could not be ended; it is tried again")
        return
    with transaction():
        subscriptions.take(facts, None, place_of(till), actor=TERMINAL, moment=clock.now())
