"""Shares, spans and uplines over days: the checks of an import against a look at every single day."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.columns import OPEN_END
from models.values.rates import SHARE_WHOLE
from portal.attribution import files
from portal.attribution.files import shares_within_whole
from portal.masters import Line
from portal.refusals import Findings
from portal.spans import loops, no_overlap
from tests.profiles import PROFILE

FIRST = date(2026, 1, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(12)]
SPANS = st.tuples(st.integers(0, 10), st.integers(1, 8), st.booleans()).map(lambda span: (DAYS[span[0]], OPEN_END if span[2] else DAYS[min(11, span[0] + span[1])]))
SHARES = st.one_of(st.sampled_from([0, 1, 333_333, 333_334, 500_000, 500_001, 999_999, SHARE_WHOLE]), st.integers(0, SHARE_WHOLE))


def rows(of: list[tuple[dict[str, object], tuple[date, date]]]) -> list[Line]:
    """Lines of a file, from line 2 on."""
    return [Line(number, {**values, "valid_from": start, "valid_to": end}) for number, (values, (start, end)) in enumerate(of, 2)]


def on(line: Line, day: date) -> bool:
    return bool(line.values["valid_from"] <= day < line.values["valid_to"])


def over(lines: list[Line], day: date) -> set[str]:
    """Accounts whose shares pass the whole on a day."""
    sums: dict[str, int] = defaultdict(int)
    for line in lines:
        if on(line, day):
            sums[line.values["account_no"]] += line.values["share"]
    return {account for account, total in sums.items() if total > SHARE_WHOLE}


ATTRIBUTIONS = st.lists(st.tuples(st.builds(lambda account, share: {"account_no": account, "share": share}, st.sampled_from("ab"), SHARES), SPANS), max_size=9).map(rows)


@PROFILE
@given(ATTRIBUTIONS)
@example(rows([({"account_no": "a", "share": SHARE_WHOLE}, (DAYS[0], DAYS[3])), ({"account_no": "a", "share": SHARE_WHOLE}, (DAYS[3], OPEN_END))]))
@example(rows([({"account_no": "a", "share": SHARE_WHOLE}, (DAYS[0], DAYS[3])), ({"account_no": "a", "share": 1}, (DAYS[2], OPEN_END))]))
def test_shares_are_refused_exactly_where_they_pass_the_whole_on_some_day(lines: list[Line]) -> None:
    findings = Findings()
    shares_within_whole(lines, "attributions.csv", findings)
    truly = {(account, day) for day in DAYS for account in over(lines, day)}
    said = {(found[1], date.fromisoformat(found[2])) for item in findings.listed if (found := re.fullmatch(r"(\w), (\S+): .*", item.found))}
    assert len(findings.listed) == findings.refused
    assert {account for account, _ in said} == {account for account, _ in truly}
    assert said <= truly
    assert min(truly, default=None) == min(said, default=None)


@PROFILE
@given(st.lists(st.tuples(st.builds(lambda broker: {"broker_no": broker}, st.sampled_from("xy")), SPANS), max_size=7).map(rows))
def test_spans_overlap_exactly_where_two_share_a_day(lines: list[Line]) -> None:
    findings = Findings()
    no_overlap("broker_no")(list(lines), "agreements.csv", findings)
    truly = any(sum(on(line, day) and line.values["broker_no"] == broker for line in lines) > 1 for day in DAYS for broker in "xy")
    assert bool(findings.refused) == truly


def circles(lines: list[Line], day: date) -> bool:
    """Whether somebody is above himself on a day."""
    above = {line.values["broker_no"]: line.values["upline_no"] for line in lines if on(line, day)}
    for start in above:
        current: object | None = start
        for _ in range(len(above)):
            current = above.get(current)
            if current == start:
                return True
    return False


def without_overlap(lines: list[Line]) -> list[Line]:
    """The lines that share no day with an earlier line of the same broker, and nobody directly above himself."""
    kept: list[Line] = []
    for line in lines:
        mine = [other for other in kept if other.values["broker_no"] == line.values["broker_no"]]
        if line.values["broker_no"] != line.values["upline_no"] and not any(on(line, day) and on(other, day) for other in mine for day in DAYS):
            kept.append(line)
    return kept


PAIRS = st.builds(lambda broker, upline: {"broker_no": broker, "upline_no": upline}, st.sampled_from("pqrs"), st.sampled_from("pqrs"))


@PROFILE
@given(st.lists(st.tuples(PAIRS, SPANS), max_size=12).map(rows).map(without_overlap))
def test_uplines_are_refused_exactly_where_they_close_a_circle_on_some_day(lines: list[Line]) -> None:
    assert bool(loops(list(lines), "broker_no", "upline_no")) == any(circles(lines, day) for day in DAYS)


class TestControls:
    """Planted faults that the properties must find."""

    def test_a_whole_that_is_too_large_is_found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(files, "SHARE_WHOLE", SHARE_WHOLE + 1)
        with pytest.raises(AssertionError):
            test_shares_are_refused_exactly_where_they_pass_the_whole_on_some_day()

    def test_a_span_that_holds_its_last_day_is_found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(globals(), "on", lambda line, day: line.values["valid_from"] <= day <= line.values["valid_to"])
        with pytest.raises(AssertionError):
            test_spans_overlap_exactly_where_two_share_a_day()
