"""Who should manage a broker from now on whose manager leaves: the fit in points with their reasons, and a proposal for all of them. A person decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from portal.handover.successors import Reason

KNOWS = 40
BRANCH = 20
MANAGES = 10
FEW = 5


@dataclass(frozen=True)
class Manager:
    """A staff member who may be given brokers; `brokers`: how many he manages now."""

    staff_id: int
    branch_id: int
    brokers: int


@dataclass(frozen=True)
class Managed:
    """A broker without a manager soon. `equity` (fen) orders those who come first; `served`: how many of his `accounts` each of the staff looks after."""

    broker_id: int
    branch_id: int
    accounts: int
    equity: int
    served: Mapping[int, int] = field(default_factory=dict)


def reasons(broker: Managed, one: Manager, average: int) -> tuple[Reason, ...]:
    """What speaks for a manager, most first: he looks after clients of the broker (all of them: KNOWS points), is of the same branch, manages brokers,
    and manages no more than the `average`. Points add up to the fit."""
    found = []
    known = broker.served.get(one.staff_id, 0)
    if known and broker.accounts:
        found.append(Reason("knows", -(-KNOWS * min(known, broker.accounts) // broker.accounts)))
    if one.branch_id == broker.branch_id:
        found.append(Reason("branch", BRANCH))
    if one.brokers:
        found.append(Reason("manages", MANAGES))
    if one.brokers <= average:
        found.append(Reason("few", FEW))
    return tuple(sorted(found, key=lambda reason: (-reason.points, reason.code)))


def propose(brokers: Sequence[Managed], people: Sequence[Manager]) -> dict[int, tuple[int, tuple[Reason, ...]]]:
    """Who is proposed for whom, with the reasons: the largest brokers first, each to who fits best; of those who fit alike to who would then manage
    the fewest. The same facts give the same proposal, in whatever order they come. Nobody where there is nobody."""
    if not people:
        return {}
    average = sum(one.brokers for one in people) // len(people)
    load = {one.staff_id: one.brokers for one in people}
    chosen: dict[int, tuple[int, tuple[Reason, ...]]] = {}
    for broker in sorted(brokers, key=lambda one: (-one.equity, one.broker_id)):
        fits = {one.staff_id: reasons(broker, one, average) for one in people}
        best = min(people, key=lambda one: (-sum(reason.points for reason in fits[one.staff_id]), load[one.staff_id], one.staff_id))
        chosen[broker.broker_id] = (best.staff_id, fits[best.staff_id])
        load[best.staff_id] += 1
    return chosen
