"""Every target takes its good files, and some hundred spoilt ones, without breaking. The long runs are `python -m tests.fuzz`."""

from __future__ import annotations

import random

import pytest

from portal.settlement import own_day
from tests.fuzz.targets import TARGETS
from tests.fuzz.targets import own_day as throw_own_day

SPOILT = 150
ODD = (b"\x00", b"\xff", b"@", b",", b'"', b"\n", b"\r", b"-", b"9" * 40, "－１".encode(), "１２３".encode("gb18030"), b"\xef\xbb\xbf", b"=1+1", b"NaN", b"1e9", b"")


def spoil(dice: random.Random, data: bytes) -> bytes:
    """A few bytes changed, put in, taken out or doubled."""
    for _ in range(dice.choice([1, 1, 2, 5])):
        at = dice.randrange(len(data) + 1)
        to = min(len(data), at + dice.choice([0, 1, 1, 2, 8, 40]))
        data = data[:at] + dice.choice([*ODD, data[at:to] * 2, bytes([dice.randrange(256)])]) + data[to:]
    return data


@pytest.mark.parametrize("name", TARGETS)
def test_a_parser_answers_whatever_it_is_given(name: str) -> None:
    target, dice = TARGETS[name], random.Random(name)
    seeds = target.seeds()
    assert seeds
    for seed in seeds:
        target.throw(seed)
    for _ in range(SPOILT):
        target.throw(spoil(dice, dice.choice(seeds)))


def test_a_parser_that_breaks_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a reader that takes every text for a number breaks under the same fire."""
    monkeypatch.setattr(own_day, "MONEY", r"^.*$")
    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever the columns say
        test_a_parser_answers_whatever_it_is_given("own_day")
    throw_own_day(b"")
