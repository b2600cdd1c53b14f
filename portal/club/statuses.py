"""What each status of a subscription at Stripe means here. Access never follows a status: it follows invoices that are paid. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from models.club_membership import DuesState


@dataclass(frozen=True)
class Meaning:
    """What a status says of dues: how far they are, whether the next period is to be expected, whether its payer must be told that money is missing."""

    state: DuesState
    renews: bool = False
    unpaid: bool = False


STATUSES = {
    "incomplete": Meaning(DuesState.OPEN),
    "incomplete_expired": Meaning(DuesState.LAPSED),
    "trialing": Meaning(DuesState.LIVE, renews=True),
    "active": Meaning(DuesState.LIVE, renews=True),
    "past_due": Meaning(DuesState.LIVE, unpaid=True),
    "unpaid": Meaning(DuesState.LIVE, unpaid=True),
    "paused": Meaning(DuesState.LIVE),
    "canceled": Meaning(DuesState.ENDED),
}
"""Every status that Stripe knows. What is paid stays until its end under each of them; grace follows where a renewal failed."""
RENEWING = tuple(status for status, meaning in STATUSES.items() if meaning.renews)
