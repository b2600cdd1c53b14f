"""What the rules propose in a case between two claims, with every reason. Pure: people decide, and may decide otherwise.

The first valid claim wins. It gives way where it did not hold any more when it was contested, or where the client himself named
the other to the firm, the other shows a contact and the first none; a claim filed after the month of opening is not recognised.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from portal.notices.kinds import N_
from portal.transfers.case_states import Side


@dataclass(frozen=True)
class Ground:
    """What one side stands on: when it registered, whether its claim held when it was contested, and what it showed."""

    registered_at: datetime
    registered_on: date
    held: bool
    contacts: int
    documents: int
    by_file: bool = False
    """Whether there was no claim in the portal, but the firm's files attribute the account to this side."""


@dataclass(frozen=True)
class Facts:
    """Both grounds (None: nobody held a claim), whom the client named to the firm, whether nobody may approach him, and the day
    on which his account was opened."""

    held: Ground | None
    contesting: Ground
    named: Side | None = None
    left_alone: bool = False
    opened_on: date | None = None


@dataclass(frozen=True)
class Reason:
    """A sentence with its values, and for which side it speaks."""

    message: str
    values: dict[str, Any]
    side: Side


@dataclass(frozen=True)
class Proposed:
    """For whom the rules are, and why; reasons that speak for somebody else are told too."""

    side: Side
    reasons: tuple[Reason, ...]

    def plain(self) -> dict[str, Any]:
        """The same as plain JSON."""
        return {"side": self.side.value, "reasons": [{"message": one.message, "values": one.values, "side": one.side.value} for one in self.reasons]}


def proposed(facts: Facts) -> Proposed:
    """What the rules propose."""
    reasons = tuple(_reasons(facts))
    if facts.left_alone:
        return Proposed(Side.FIRM, reasons)
    if _late(facts):
        return Proposed(Side.HELD if facts.held else Side.FIRM, reasons)
    if facts.held is None:
        return Proposed(Side.CONTESTING if facts.named is Side.CONTESTING else Side.FIRM, reasons)
    if not facts.held.held:
        return Proposed(Side.CONTESTING, reasons)
    gives_way = facts.named is Side.CONTESTING and facts.contesting.contacts > 0 and facts.held.contacts == 0
    return Proposed(Side.CONTESTING if gives_way else Side.HELD, reasons)


def _late(facts: Facts) -> bool:
    """Whether the contesting claim was filed after the month of opening."""
    if facts.opened_on is None:
        return False
    return (facts.contesting.registered_on.year, facts.contesting.registered_on.month) > (facts.opened_on.year, facts.opened_on.month)


def _reasons(facts: Facts) -> list[Reason]:
    found = []
    held, contesting = facts.held, facts.contesting
    if facts.left_alone:
        found.append(Reason(N_("The person wants no contact, or must not be approached: nobody introduces him."), {}, Side.FIRM))
    if held is None:
        found.append(Reason(N_("Nobody held a claim: the client is the house’s unless he names somebody."), {}, Side.FIRM))
    elif held.by_file:
        found.append(
            Reason(N_("The firm’s files attribute the account to this side since %(day)s, and did so when it was contested."), {"day": str(held.registered_on)}, Side.HELD)
        )
    elif held.held:
        found.append(Reason(N_("The first valid claim wins: registered on %(day)s, and it still held when it was contested."), {"day": str(held.registered_on)}, Side.HELD))
    else:
        found.append(Reason(N_("The earlier claim of %(day)s had run out when it was contested."), {"day": str(held.registered_on)}, Side.CONTESTING))
    if _late(facts):
        values = {"day": str(contesting.registered_on), "opened": str(facts.opened_on)}
        found.append(Reason(N_("The contesting claim of %(day)s was filed after the month of opening (%(opened)s): it takes two people to recognise it."), values, Side.HELD))
    for side, ground in ((Side.HELD, held), (Side.CONTESTING, contesting)):
        if ground is not None:
            found += _shown(side, ground)
    if facts.named is not None:
        found.append(Reason(N_("The client himself named this side to the firm."), {}, facts.named))
    return found


def _shown(side: Side, ground: Ground) -> list[Reason]:
    values = {"contacts": ground.contacts, "documents": ground.documents}
    if not ground.contacts and not ground.documents:
        return [Reason(N_("This side shows neither a contact nor a document."), {}, Side.CONTESTING if side is Side.HELD else Side.HELD)]
    return [Reason(N_("This side shows contacts: %(contacts)s, documents: %(documents)s."), values, side)]
