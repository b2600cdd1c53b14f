"""Events that Stripe sent: each is handled once, and counts as handled only with its effect."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select, update

from models import db
from models.club_money import Payment, StripeEvent
from portal.actors import Actor
from portal.club import card_changes, members, points
from portal.club.entries import incident, insert_new
from portal.club.facts import EventFacts


def is_known(event_id: str) -> bool:
    """Whether an event was handled already."""
    return db.session.execute(select(StripeEvent.id).where(StripeEvent.event_id == event_id)).first() is not None


def keep(event: EventFacts, outcome: str, moment: datetime) -> bool:
    """Write down that an event is handled, in the transaction of its effect. False where somebody else did meanwhile."""
    row = {"event_id": event.id, "type": event.type[:80], "livemode": event.livemode, "api_version": event.api_version[:40], "object_id": event.object_id[:120]}
    return insert_new(StripeEvent, "event_id", {**row, "received_at": moment, "outcome": outcome[:40], "payload": dict(event.payload)})


def dispute(event: EventFacts, *, actor: Actor, moment: datetime) -> str:
    """The payer's bank asks the money back, or that is decided: while it is open nothing is refunded, and what dues brought is frozen;
    where it is lost that ends. Returns what came of it."""
    payment = db.session.execute(select(Payment).where(Payment.intent_id == event.intent_id).with_for_update()).scalar_one_or_none() if event.intent_id else None
    if payment is None:
        return "foreign"
    if event.type != "charge.dispute.closed" and _closed(event.object_id):
        return "dispute_over"  # what was told late changes nothing that was decided
    won = event.type == "charge.dispute.closed" and event.payload.get("status") == "won"
    if won:
        db.session.execute(update(Payment).where(Payment.id == payment.id).values(disputed_at=None))
        return "dispute_won"
    if event.type == "charge.dispute.closed" and event.payload.get("status") == "lost":
        points.reverse_of_payment(payment.id, actor=actor, moment=moment, reason="")
    if payment.disputed_at is None:
        payment.disputed_at = moment
        incident(f"dispute:{event.object_id}", "disputed", moment, actor=actor, payment_id=payment.id, amount=payment.amount, **_until(event))
    if event.type == "charge.dispute.closed" and payment.dues_id is not None:
        members.end_of_payment(payment.id, moment.date(), "dispute lost", actor=actor, moment=moment)
    return "disputed"


def _closed(dispute_id: str) -> bool:
    """Whether it is known that a dispute was decided."""
    return db.session.execute(select(StripeEvent.id).where(StripeEvent.object_id == dispute_id, StripeEvent.type == "charge.dispute.closed").limit(1)).first() is not None


def _until(event: EventFacts) -> dict[str, str]:
    """Until when a dispute is to be answered, where Stripe says so."""
    due_by = event.payload.get("due_by")
    return {"answer_by": datetime.fromtimestamp(due_by, UTC).isoformat()} if isinstance(due_by, int) else {}


DISPUTES = ("created", "updated", "funds_withdrawn", "funds_reinstated", "closed")
TOLD = {**{f"charge.dispute.{what}": dispute for what in DISPUTES}, "payment_method.attached": card_changes.told}
"""Events of which all that counts stands in them."""
