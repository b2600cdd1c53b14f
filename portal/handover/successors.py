"""Who should look after whom: the fit of a client and a staff member in points with their reasons, and the best proposal for all at once.

Points are stated here and shown with each proposal; a person decides. Nobody is proposed more clients than he has room for: where there
are more clients than room, those with most to lose come first and the others are left open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import NamedTuple

import numpy as np

SERVES = 40
SPOKE_ONCE, SPOKE_MORE = 20, 30
BRANCH = 20
PRODUCTS = 15
LANGUAGE = 10
ROOM = 5
AT_ONCE = 400
"""Clients in one assignment; more go in turns, those with most to lose first, so that it takes seconds and not minutes."""


@dataclass(frozen=True)
class Candidate:
    """A staff member to whom clients may be given. `room`: how many more he can take, of `capacity`."""

    staff_id: int
    branch_id: int
    capacity: int
    room: int
    languages: frozenset[str] = frozenset()
    products: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Client:
    """An account that needs somebody. `at_stake` (fen) orders those who come first; `spoke` counts the contacts of the last year by staff member."""

    account_id: int
    branch_id: int
    at_stake: int
    language: str = ""
    products: frozenset[str] = frozenset()
    served_by: frozenset[int] = frozenset()
    spoke: Mapping[int, int] = field(default_factory=dict)


class Reason(NamedTuple):
    """Why somebody fits, and by how many points."""

    code: str
    points: int


@dataclass(frozen=True)
class Proposal:
    """Who is proposed for whom with the reasons; `open`: the accounts for which nobody has room."""

    chosen: Mapping[int, tuple[int, tuple[Reason, ...]]]
    open: tuple[int, ...]


def reasons(client: Client, candidate: Candidate) -> tuple[Reason, ...]:
    """What speaks for a candidate, most first. Their points add up to the fit."""
    found = []
    if candidate.staff_id in client.served_by:
        found.append(Reason("serves", SERVES))
    spoke = client.spoke.get(candidate.staff_id, 0)
    if spoke:
        found.append(Reason("spoke", SPOKE_MORE if spoke > 1 else SPOKE_ONCE))
    if candidate.branch_id == client.branch_id:
        found.append(Reason("branch", BRANCH))
    known = len(client.products & candidate.products)
    if known:
        found.append(Reason("products", -(-PRODUCTS * known // len(client.products))))
    if client.language and client.language in candidate.languages:
        found.append(Reason("language", LANGUAGE))
    if candidate.room * 2 >= candidate.capacity > 0:
        found.append(Reason("room", ROOM))
    return tuple(sorted(found, key=lambda one: (-one.points, one.code)))


def propose(clients: Sequence[Client], candidates: Sequence[Candidate]) -> Proposal:
    """The proposal with the most points in all, within everybody's room. The same facts give the same proposal, in whatever order they come."""
    room = {one.staff_id: max(one.room, 0) for one in candidates}
    people = sorted(candidates, key=lambda one: one.staff_id)
    waiting = sorted(clients, key=lambda one: (-one.at_stake, one.account_id))
    chosen: dict[int, tuple[int, tuple[Reason, ...]]] = {}
    for start in range(0, len(waiting), AT_ONCE):
        part = waiting[start : start + AT_ONCE]
        part = part[: sum(room.values())]
        for client, candidate in _assigned(part, people, room):
            chosen[client.account_id] = (candidate.staff_id, reasons(client, candidate))
            room[candidate.staff_id] -= 1
    return Proposal(chosen, tuple(one.account_id for one in waiting if one.account_id not in chosen))


def _assigned(clients: Sequence[Client], people: Sequence[Candidate], room: Mapping[int, int]) -> list[tuple[Client, Candidate]]:
    """One assignment: a column for each free place, and of candidates who fit alike who has more room is asked first."""
    if not clients:
        return []
    fits = np.array([[sum(one.points for one in reasons(client, candidate)) for candidate in people] for client in clients], dtype=np.int64)
    places = [number for number, candidate in enumerate(people) for _ in range(min(room[candidate.staff_id], len(clients)))]
    taken = np.array([place for candidate in people for place in range(min(room[candidate.staff_id], len(clients)))], dtype=np.int64)
    # The more of somebody's places are taken, the less the next one is worth: a tie is shared out and not piled on the first of the list.
    # All such deductions together stay below one point.
    worth = fits[:, places] * (len(clients) ** 2 + 1) - taken[np.newaxis, :]
    solve = import_module("scipy.optimize").linear_sum_assignment  # 37 MB that hardly any process needs: loaded by who does
    rows, columns = solve(worth, maximize=True)
    return [(clients[row], people[places[column]]) for row, column in zip(rows.tolist(), columns.tolist(), strict=True)]
