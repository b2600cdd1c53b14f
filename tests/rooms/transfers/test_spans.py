"""What an attribution becomes when a share changes hands: against a day-by-day replay, and in the trade's own words."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.columns import OPEN_END
from models.values.rates import SHARE_WHOLE
from portal.attribution.history import Claim
from portal.refusals import Conflict
from portal.transfers.spans import Handing, handed_over

FIRST = date(2026, 1, 1)
DAYS = 24


def day(text: str) -> date:
    return date.fromisoformat(f"2026-{text}")


def rows(text: str) -> list[Claim]:
    """`B001 60 01-05 04-01 confirmed@01-05`, one row a line; an end of - is open."""
    found = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        broker, share, start, end, state = line.split()
        word, _, confirmed = state.partition("@")
        found.append(Claim(broker, day(start), OPEN_END if end == "-" else day(end), int(share) * 10_000, word, day(confirmed) if confirmed else None))
    return found


def written(claims: list[Claim]) -> str:
    def one(claim: Claim) -> str:
        end = "-" if claim.valid_to == OPEN_END else f"{claim.valid_to:%m-%d}"
        return f"{claim.broker_no} {claim.share // 10_000} {claim.valid_from:%m-%d} {end} {claim.state}" + (f"@{claim.confirmed_on:%m-%d}" if claim.confirmed_on else "")

    return "\n".join(map(one, claims))


@pytest.mark.parametrize(
    ("before", "handing", "after"),
    [
        ("B001 100 01-05 - confirmed@01-05", Handing("B001", "B002", day("04-01")), "B001 100 01-05 04-01 confirmed@01-05\nB002 100 04-01 - pending"),
        ("B001 100 01-05 - confirmed@01-05", Handing("B001", "B002", day("04-01"), day("04-01")), "B001 100 01-05 04-01 confirmed@01-05\nB002 100 04-01 - confirmed@04-01"),
        ("B001 100 01-05 - confirmed@01-05", Handing("B001", None, day("04-01")), "B001 100 01-05 04-01 confirmed@01-05"),
        (
            "B001 60 01-05 - confirmed@01-05\nB002 30 02-01 - confirmed@02-03",
            Handing("B001", "B002", day("04-01")),
            "B001 60 01-05 04-01 confirmed@01-05\nB002 30 02-01 04-01 confirmed@02-03\nB002 90 04-01 - confirmed@02-03",
        ),
        ("B001 60 01-05 - confirmed@01-05", Handing(None, "B002", day("04-01")), "B001 60 01-05 - confirmed@01-05\nB002 40 04-01 - pending"),
        ("B001 60 05-01 - pending", Handing("B001", "B002", day("04-01")), "B002 60 05-01 - pending"),
        ("B001 100 01-05 - suspended", Handing("B001", "B002", day("04-01"), day("04-01")), "B001 100 01-05 04-01 suspended\nB002 100 04-01 - suspended"),
    ],
)
def test_a_share_changes_hands_on_a_day(before: str, handing: Handing, after: str) -> None:
    assert written(handed_over(rows(before), handing)) == after


def test_nothing_to_hand_over_is_said() -> None:
    with pytest.raises(Conflict, match="holds nothing"):
        handed_over(rows("B001 100 01-05 02-01 confirmed@01-05"), Handing("B001", "B002", day("04-01")))


@st.composite
def firms(draw: st.DrawFn) -> list[Claim]:
    """Rows of three brokers that never overlap with their own and never pass the whole on any day."""
    left = [SHARE_WHOLE] * (DAYS + 1)
    found: list[Claim] = []
    for broker in ("B001", "B002", "B003"):
        place = 0
        while place < DAYS and draw(st.booleans()):
            start = draw(st.integers(place, DAYS - 1))
            end = draw(st.integers(start + 1, DAYS))
            open_end = end == DAYS and draw(st.booleans())
            free = min(left[start : (DAYS + 1 if open_end else end)])
            share = draw(st.integers(0, free))
            for index in range(start, DAYS + 1 if open_end else end):
                left[index] -= share
            state = draw(st.sampled_from(["pending", "confirmed", "suspended"]))
            found.append(Claim(broker, FIRST + timedelta(start), OPEN_END if open_end else FIRST + timedelta(end), share, state, None))
            place = DAYS if open_end else end
    return found


def held(claims: list[Claim], on: date) -> dict[str, int]:
    """Who holds what on a day; the brute-force reading."""
    return {claim.broker_no: claim.share for claim in claims if claim.valid_from <= on < claim.valid_to and claim.share}


@given(firms(), st.sampled_from(["B001", None]), st.sampled_from(["B002", "B009", None]), st.integers(0, DAYS))
@settings(max_examples=300, deadline=None)
def test_every_day_is_what_a_replay_says(before: list[Claim], giver: str | None, taker: str | None, place: int) -> None:
    if giver == taker:
        return
    on = FIRST + timedelta(place)
    try:
        after = handed_over(before, Handing(giver, taker, on))
    except Conflict:
        assert all(not _given(before, giver, FIRST + timedelta(index)) for index in range(place, DAYS + 2))
        return
    for index in range(DAYS + 2):
        moment = FIRST + timedelta(index)
        expected = held(before, moment)
        if moment >= on:
            share = _given(before, giver, moment)
            expected.pop(giver or "", None)
            if taker and share:
                expected[taker] = expected.get(taker, 0) + share
        assert held(after, moment) == expected, moment
    for broker in {claim.broker_no for claim in after}:
        own = sorted((claim for claim in after if claim.broker_no == broker), key=lambda claim: claim.valid_from)
        assert all(one.valid_to <= two.valid_from for one, two in pairwise(own)), own


def _given(before: list[Claim], giver: str | None, on: date) -> int:
    """What the giver has to give on a day; the house what nobody holds."""
    return held(before, on).get(giver, 0) if giver else SHARE_WHOLE - sum(held(before, on).values())
