"""Who is proposed for whom: by stated points, within everybody's room, the best for all together."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from portal.handover.successors import SERVES, Candidate, Client, propose, reasons


def fit(client: Client, candidate: Candidate) -> int:
    return sum(one.points for one in reasons(client, candidate))


def test_what_speaks_for_somebody() -> None:
    """Who served him and spoke with him comes before who only sits in the same branch; the points add up."""
    client = Client(1, branch_id=1, at_stake=100, language="en", products=frozenset({"cu", "al"}), served_by=frozenset({7}), spoke={7: 3, 8: 1})
    near = Candidate(7, branch_id=1, capacity=10, room=2, languages=frozenset({"zh", "en"}), products=frozenset({"cu"}))
    far = Candidate(8, branch_id=2, capacity=10, room=8)
    assert reasons(client, near) == (("serves", 40), ("spoke", 30), ("branch", 20), ("language", 10), ("products", 8))
    assert reasons(client, far) == (("spoke", 20), ("room", 5))


def test_the_best_for_all_is_not_the_best_for_the_first() -> None:
    """Both clients fit 7 best, 7 has room for one: he gets the one for whom nobody else would do as well."""
    either = Client(1, branch_id=1, at_stake=900, served_by=frozenset({7, 8}))
    only = Client(2, branch_id=1, at_stake=100, served_by=frozenset({7}))
    people = [Candidate(7, 1, 10, 1), Candidate(8, 1, 10, 1)]
    assert {account: staff for account, (staff, _) in propose([either, only], people).chosen.items()} == {1: 8, 2: 7}


def test_where_there_is_no_room_those_with_most_to_lose_come_first() -> None:
    clients = [Client(1, 1, at_stake=10), Client(2, 1, at_stake=30), Client(3, 1, at_stake=20)]
    found = propose(clients, [Candidate(7, 1, 2, 2)])
    assert (sorted(found.chosen), found.open) == ([2, 3], (1,))
    assert propose(clients, []).open == (2, 3, 1)


def test_a_tie_is_shared_out() -> None:
    """Ten clients who fit two people alike go to both, five each."""
    found = propose([Client(number, 1, at_stake=1) for number in range(10)], [Candidate(7, 1, 50, 20), Candidate(8, 1, 50, 20)])
    counts = [staff for staff, _ in found.chosen.values()]
    assert (counts.count(7), counts.count(8)) == (5, 5)


CLIENTS = st.lists(st.builds(Client, st.integers(1, 99), st.integers(1, 2), st.integers(0, 5), served_by=st.frozensets(st.integers(1, 3)), spoke=st.dictionaries(st.integers(1, 3), st.integers(1, 2))), max_size=5, unique_by=lambda one: one.account_id)  # fmt: skip
PEOPLE = st.lists(st.builds(Candidate, st.integers(1, 3), st.integers(1, 2), st.integers(0, 4), st.integers(-1, 3)), max_size=3, unique_by=lambda one: one.staff_id)


@settings(max_examples=150, deadline=None)
@given(CLIENTS, PEOPLE)
def test_it_is_the_best_of_all_there_are(clients: list[Client], people: list[Candidate]) -> None:
    """Held against trying every assignment: as many clients as there is room, those with most to lose, and no other one has more points."""
    found = propose(clients, people)
    by_id = {one.staff_id: one for one in people}
    taken = [staff for staff, _ in found.chosen.values()]
    assert all(taken.count(one.staff_id) <= max(one.room, 0) for one in people)
    first = sorted(clients, key=lambda one: (-one.at_stake, one.account_id))[: sum(max(one.room, 0) for one in people)]
    assert set(found.chosen) == {one.account_id for one in first}
    best = max(
        (
            sum(fit(client, by_id[staff]) for client, staff in zip(first, choice, strict=True))
            for choice in itertools.product(sorted(by_id), repeat=len(first))
            if all(choice.count(one) <= max(by_id[one].room, 0) for one in by_id)
        ),
        default=0,
    )
    assert sum(points for _, why in found.chosen.values() for _, points in why) == best
    assert propose(clients[::-1], people[::-1]) == found


def test_control_the_first_come_way_is_worse() -> None:
    """Dealing out in turn, each to whom fits him best, loses points here: the test above would see it."""
    either, only = Client(1, 1, 900, served_by=frozenset({7, 8})), Client(2, 1, 100, served_by=frozenset({7}))
    people = [Candidate(7, 1, 10, 1), Candidate(8, 2, 10, 1)]
    greedy = fit(either, people[0]) + fit(only, people[1])
    assert sum(points for _, why in propose([either, only], people).chosen.values() for _, points in why) == greedy + SERVES
