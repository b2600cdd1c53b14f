"""What becomes of a claim when its lead opens an account. Pure: facts in, a decision out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from models.confirmations import ConversionState
from models.leads import ClaimState, IntroducerKind
from models.values.rates import SHARE_WHOLE
from portal.rules.checks import N_


@dataclass(frozen=True)
class Spot:
    """What is known of an account at the moment at which it turns out to be a lead's. Shares are parts per million.

    `claim_holds` says whether the claim protected its introducer on the opening day; `clauses` forbid the attribution, `looks` are
    what people must look at first; `held` is the broker's own share by a row that is there already, `left` what nobody has.
    """

    introducer: IntroducerKind | None
    claim_state: str
    claim_holds: bool
    clauses: tuple[dict[str, Any], ...] = ()
    looks: tuple[dict[str, Any], ...] = ()
    held: int | None = None
    left: int = SHARE_WHOLE
    staff_here: bool = True


@dataclass(frozen=True)
class Decision:
    """The state of the conversion, why, and the share that the broker has (None: none)."""

    state: ConversionState
    reasons: tuple[dict[str, Any], ...] = ()
    share: int | None = None
    opens: bool = False
    """A row is to be written; where a file brought it already there is none."""
    thanked: bool = False
    """The claim counts although nobody is written on the account: a referring client is thanked."""

    @property
    def claim(self) -> tuple[ClaimState, str]:
        """What the claim becomes, and the word for why it ended. One that people look at counts as converted until they refuse it."""
        if self.state is ConversionState.HOUSE and not self.thanked:
            return ClaimState.LAPSED, "time"
        if self.state is ConversionState.BLOCKED:
            return ClaimState.LAPSED, f"blocked: {self.reasons[0]['code']}"[:60]
        return ClaimState.CONVERTED, "account"


def decide(spot: Spot) -> Decision:
    """Who is written on the account: nobody without a claim that holds, the staff member as originator, the broker pending; nobody
    against a clause, and none before people have looked where something asks for it."""
    if spot.introducer is None or spot.introducer is IntroducerKind.FIRM or not spot.claim_holds:
        return Decision(ConversionState.HOUSE)
    if spot.claim_state == ClaimState.DISPUTED:
        return Decision(ConversionState.REVIEW, (look("disputed"), *spot.looks))
    if spot.introducer is IntroducerKind.CLIENT:
        return Decision(ConversionState.HOUSE, thanked=True)
    if spot.introducer is IntroducerKind.STAFF:
        return _of_staff(spot)
    return _of_broker(spot)


def _of_staff(spot: Spot) -> Decision:
    """Whoever has left wins nobody; an account that is not known to be the lead's is looked at by people before it is somebody's."""
    if not spot.staff_here:
        return Decision(ConversionState.HOUSE)
    others = tuple(one for one in spot.looks if one["code"] == "other_person")
    return Decision(ConversionState.REVIEW, others) if others else Decision(ConversionState.SERVICING)


def _of_broker(spot: Spot) -> Decision:
    if spot.clauses:
        return Decision(ConversionState.BLOCKED, spot.clauses)
    if spot.looks:
        return Decision(ConversionState.REVIEW, spot.looks)
    if spot.held is not None:
        return Decision(ConversionState.ATTRIBUTED, share=spot.held)
    if spot.left <= 0:
        return Decision(ConversionState.REVIEW, (look("no_share_left"),))
    return Decision(ConversionState.ATTRIBUTED, share=spot.left, opens=True)


LOOKS = {
    "disputed": N_("two people claim this client: the case decides"),
    "reopened": N_("the client closed account %(account)s on %(day)s and opens another within the time in which that is looked at"),
    "other_name": N_("account %(account)s with the same phone number and another name was closed on %(day)s"),
    "other_person": N_("neither phone nor ID number of the account is the lead's"),
    "no_share_left": N_("the account is attributed whole to others already"),
    "several_leads": N_("the account matches more than one lead"),
}
"""What asks for people's eyes, in sentences that doors translate."""


def look(code: str, **details: Any) -> dict[str, Any]:
    """Something that people must look at, as a conversion keeps it."""
    return {"code": code, "reason": LOOKS[code], "details": details}


def share_left(rows: list[tuple[int, date, date]], day: date) -> int:
    """What nobody has of an account on any day from `day` on, given rows of share, first day and end (exclusive).

    >>> share_left([(300000, date(2026, 1, 1), date(2026, 6, 1)), (500000, date(2026, 6, 1), date(9999, 12, 31))], date(2026, 3, 1))
    500000
    """
    starts = {day, *(start for _, start, _ in rows if start > day)}
    return SHARE_WHOLE - max(sum(share for share, start, end in rows if start <= one < end) for one in starts)
