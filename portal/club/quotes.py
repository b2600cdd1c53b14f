"""What dues come to: for whom they begin at once, for whom after what is paid, and what of a lower tier is credited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from models.club_membership import Cause, ClubTier, TierPrice
from portal.club import members, refunds
from portal.club.membership import Span, State, end_of, state_on
from portal.club.periods import period_end


@dataclass(frozen=True)
class Quote:
    """What dues come to: the price less what is left of a lower tier's paid period (`credit`, fen), and from when to when they count."""

    amount: int
    credit: int
    starts: date
    ends: date
    anchor: date
    instead_of: int | None = None


def quote(spans: Sequence[Span], tier: ClubTier, price: TierPrice, day: date) -> Quote:
    """What one period of a tier costs somebody who has these spans. It begins where his paid period of that tier (or of a higher one) ends,
    or took its end with nobody renewing; a higher tier begins at once, and the unused days of the lower one are credited."""
    paid = [span for span in spans if span.cause == Cause.PAID and not span.frozen and state_on(span, day) in (State.COMING, State.ACTIVE, State.GRACE)]
    last = max(paid, key=end_of, default=None)
    lower = last is not None and last.rank < tier.rank and state_on(last, day) == State.ACTIVE
    if last is None or lower or (last.tier_id != tier.id and state_on(last, day) == State.GRACE):
        credit = _unused(last, day) if last is not None and lower else 0
        return Quote(price.amount - credit, credit, day, period_end(day, day, price.months), day, last.id if last is not None and lower else None)
    anchor = members.anchor_of(last.id) if last.tier_id == tier.id else end_of(last)
    return Quote(price.amount, 0, end_of(last), period_end(anchor, end_of(last), price.months), anchor)


def _unused(span: Span, day: date) -> int:
    """What the unused days of a paid period are worth, of what was not given back; a fraction of a fen goes to who paid."""
    payment = members.payment_of(span.id)
    whole = (span.valid_to - span.valid_from).days
    return -(-refunds.refundable(payment) * (span.valid_to - day).days // whole) if payment is not None else 0
