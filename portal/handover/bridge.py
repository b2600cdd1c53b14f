"""What was saved and what was lost: from the equity exposed by departures over what was kept, kept in part and lost to what is still open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import case, func, select

from models import db
from models.handovers import ClientOutcome, Handover, HandoverClient
from portal.actors import Actor
from portal.handover.policy import visible_to


@dataclass(frozen=True)
class Bridge:
    """Sums of equity (fen) and clients of handovers. All amounts are those at the opening: `exposed` is the sum of `kept`, `partly_here` and
    `partly_gone` (the parts of clients who were kept in part), `left` and `open`, whose outcome nobody has said yet."""

    exposed: int
    kept: int
    partly_here: int
    partly_gone: int
    left: int
    open: int
    clients: dict[str, int]

    @property
    def saved(self) -> int:
        """What is still here of what was decided."""
        return self.kept + self.partly_here

    @property
    def lost(self) -> int:
        """What went."""
        return self.partly_gone + self.left

    @property
    def saved_share(self) -> int | None:
        """Hundredths of a per cent of the equity whose outcome is known that was saved; None where none is."""
        known = self.saved + self.lost
        return self.saved * 10_000 // known if known > 0 else None


def of_handover(handover_id: int, actor: Actor) -> Bridge:
    """What stands of one handover, as far as the actor sees its clients."""
    return _summed(actor, HandoverClient.handover_id == handover_id)


def of_period(first: date, last: date, actor: Actor) -> Bridge:
    """Of every handover that counts from a day of a period, both ends included."""
    return _summed(actor, Handover.counts_from.between(first, last))


def _summed(actor: Actor, *where: Any) -> Bridge:
    row, held = HandoverClient, HandoverClient.equity
    gone = held - func.coalesce(row.outcome_equity, held)
    part = case((gone < 0, 0), (gone > held, held), else_=gone)  # more equity than before is not less lost, and no more can go than there was
    sums = [func.coalesce(func.sum(case((row.outcome == name, held), else_=0)), 0) for name in (ClientOutcome.KEPT, ClientOutcome.PARTLY_KEPT, ClientOutcome.LEFT, "")]
    counts = [func.count(case((row.outcome == name, 1))) for name in (ClientOutcome.KEPT, ClientOutcome.PARTLY_KEPT, ClientOutcome.LEFT, "")]
    query = select(*sums, func.coalesce(func.sum(case((row.outcome == ClientOutcome.PARTLY_KEPT, part), else_=0)), 0), *counts).join(Handover, Handover.id == row.handover_id)
    kept, partly, left, open_yet, went, *clients = map(int, db.session.execute(query.where(visible_to(actor), *where)).one())
    numbers = dict(zip(("kept", "partly", "left", "open"), clients, strict=True))
    return Bridge(kept + partly + left + open_yet, kept, partly - went, went, left, open_yet, numbers)
