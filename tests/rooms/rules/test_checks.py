"""Each rule with somebody who breaks it and somebody who does not, on the days on which the law changed. Pure: no database."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from models.columns import FIRST_DAY, OPEN_END
from models.values.months import months_later
from portal.refusals import Refusal
from portal.rules import data
from portal.rules.checks import CHECKS
from portal.rules.facts import BrokerFacts, ClientFacts, Facts, MonthEnd, Spell
from portal.rules.stopping import judged

OLD, NEW = date(2025, 7, 31), date(2025, 8, 1)
"""The last day of the trial rules, and the first of the revised ones."""
TODAY = date(2026, 3, 2)
ALWAYS = (Spell("x", date(2021, 1, 1), OPEN_END),)
GOOD = BrokerFacts(1, "B001", "person", "index-b", date(1980, 1, 1), ALWAYS, ALWAYS, ALWAYS)
CLIENT = ClientFacts(7, "10001", "C1", "person", "index-c", date(2026, 3, 2), None, "C4", date(2027, 1, 1))
FINE = Facts(GOOD, CLIENT)


def spells(*says: str, start: date = date(2024, 1, 1), end: date = OPEN_END) -> tuple[Spell, ...]:
    return tuple(Spell(one, start, end) for one in says)


def offended(facts: Facts, day: date, jurisdiction: str = "CN", asked: str = "") -> set[str]:
    """The codes of the rules that these facts offend on a day."""
    rules = [rule for rule in data.shipped(jurisdiction) if rule.holds_on(day) and (not asked or asked in rule.asked)]
    return {clause.code for clause in judged(rules, facts, day)}


def broker(**changes: Any) -> Facts:
    return replace(FINE, broker=replace(GOOD, **changes))


def client(**changes: Any) -> Facts:
    return replace(FINE, client=replace(CLIENT, **changes))


def elsewhere(count: int) -> Facts:
    return broker(recorded={"other_firm": spells(*(f"Firm {number}" for number in range(count)))})


KEPT = {"keep-20y"}
"""A client's file may not be erased: that is so of every open account, and no fault."""


def test_a_firm_in_order_offends_nothing_before_and_after_the_change() -> None:
    for day in (date(2021, 9, 10), OLD, NEW, TODAY):
        assert offended(FINE, day) - KEPT == set(), day


@pytest.mark.parametrize(
    ("facts", "before", "after"),
    [
        (elsewhere(1), set(), {"ib-one-firm"}),
        (elsewhere(2), set(), {"ib-one-firm"}),
        (elsewhere(3), {"ib-three-firms"}, {"ib-one-firm"}),
        (replace(FINE, ties=spells("spouse")), set(), {"ib-relatives"}),
        (replace(FINE, ties=spells("child_spouse")), set(), {"ib-relatives"}),
        (replace(FINE, ties=spells("controller")), set(), {"ib-insiders"}),
        (replace(FINE, ties=spells("staff_of_institution")), set(), {"ib-insiders"}),
        (replace(FINE, ties=spells("legal_representative")), set(), {"ib-insiders"}),
        (broker(month_end=MonthEnd(OLD, 21, 0)), set(), {"ib-report"}),
        (broker(month_end=MonthEnd(OLD, 1, 200_000_001)), set(), {"ib-report"}),
    ],
)
def test_what_the_revision_of_2025_08_01_changed(facts: Facts, before: set[str], after: set[str]) -> None:
    assert offended(facts, OLD) - KEPT == before
    assert offended(facts, NEW) - KEPT == after


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (client(id_no_index="index-b"), "ib-self"),
        (broker(staff=spells("S001")), "ib-not-staff"),
        (broker(recorded={"staff_relative": spells("S001")}), "ib-not-staff"),
        (broker(recorded={"conduct": spells("posing as staff")}), "ib-conduct"),
        (broker(born_on=months_later(TODAY, -12 * 18) + timedelta(days=1)), "ib-natural-person"),
        (broker(kind="institution", agreements=spells("P", start=date(2021, 9, 10))), "ib-natural-person"),
        (replace(broker(kind="institution", agreements=spells("P", start=date(2020, 1, 1))), opening=True), "ib-natural-person"),
        (broker(licences=()), "lapse-no-backpay"),
        (broker(agreements=spells("P", end=TODAY)), "lapse-no-backpay"),
        (broker(active=spells("active", end=TODAY)), "ib-in-force"),
        (replace(FINE, state="pending", call_due_on=TODAY - timedelta(days=1)), "ib-return-visit"),
        (replace(FINE, pays_cash=True), "paid-is-ib"),
        (replace(FINE, claimed_on=date(2026, 4, 1)), "claim-in-month"),
        (client(grade=""), "suit-facts"),
        (client(test_until=TODAY - timedelta(days=1)), "suit-retest"),
        (client(grade="C3"), "suit-warning"),
        (client(grade="C1"), "suit-no-push"),
        (client(closed_on=date(2006, 3, 3)), "keep-20y"),
        (replace(FINE, lead_idle_until=TODAY), "pipl-delete"),
    ],
)
def test_who_breaks_a_rule_is_named_by_it(facts: Facts, code: str) -> None:
    assert code in offended(facts, TODAY)


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (replace(FINE, broker=replace(GOOD, id_no_index=""), client=replace(CLIENT, id_no_index="")), "ib-self"),
        (broker(staff=spells("S001", end=TODAY)), "ib-not-staff"),
        (broker(born_on=months_later(TODAY, -12 * 18)), "ib-natural-person"),
        (broker(kind="institution", agreements=spells("P", start=date(2021, 9, 9))), "ib-natural-person"),
        (broker(kind="institution", recorded={"financial_institution": spells("CSRC 1")}), "ib-natural-person"),
        (broker(kind="institution", licences=()), "lapse-no-backpay"),
        (replace(FINE, state="pending", call_due_on=TODAY), "ib-return-visit"),
        (replace(FINE, state="confirmed", call_due_on=OLD), "ib-return-visit"),
        (replace(FINE, claimed_on=date(2026, 3, 31)), "claim-in-month"),
        (broker(month_end=MonthEnd(OLD, 20, 200_000_000)), "ib-report"),
        (client(test_until=TODAY), "suit-retest"),
        (client(grade="C4"), "suit-warning"),
        (client(closed_on=date(2006, 3, 2)), "keep-20y"),
        (replace(FINE, lead_idle_until=TODAY - timedelta(days=1)), "pipl-delete"),
        (replace(FINE, ties=spells("spouse", end=TODAY)), "ib-relatives"),
    ],
)
def test_who_is_just_inside_a_rule_is_not(facts: Facts, code: str) -> None:
    assert code not in offended(facts, TODAY)


def test_another_jurisdiction_has_other_rules_and_none_of_these() -> None:
    relative = replace(FINE, ties=spells("spouse"))
    assert offended(relative, TODAY, "US", "attribution") == {"us-risk-disclosure"}
    signed = replace(relative, client=replace(CLIENT, recorded={"risk_disclosure": spells("signed", start=date(2026, 3, 2))}))
    assert offended(signed, TODAY, "US", "attribution") == set()
    late = replace(relative, client=replace(CLIENT, recorded={"risk_disclosure": spells("signed", start=date(2026, 3, 3))}))
    assert offended(late, TODAY, "US", "attribution") == {"us-risk-disclosure"}
    unregistered = replace(signed, broker=replace(GOOD, licences=(), recorded={"guarantee": spells("29")}))
    assert offended(unregistered, TODAY, "US", "attribution") == {"us-ib-registration", "us-guarantee-notice", "us-in-force"}
    assert "us-guarantee-notice" not in offended(replace(signed, broker=replace(GOOD, recorded={"guarantee": spells("30")})), TODAY, "US")
    assert offended(replace(FINE, pays_cash=True), TODAY, "US", "payout") == set()


def test_since_is_no_earlier_than_rule_tie_and_attribution() -> None:
    rules = [rule for rule in data.shipped("CN") if rule.code == "ib-relatives"]
    (clause,) = judged(rules, replace(FINE, ties=spells("spouse"), since=date(2024, 5, 1)), TODAY)
    assert clause.since == NEW
    (clause,) = judged(rules, replace(FINE, ties=spells("spouse", start=date(2026, 1, 5))), TODAY)
    assert clause.since == date(2026, 1, 5)


def test_every_rule_has_its_words_and_its_source_in_both_languages() -> None:
    for name in data.jurisdictions():
        for rule in data.shipped(name):
            assert all(rule.titles[language] and rule.texts[language] for language in data.LANGUAGES), rule.code
            assert rule.source
            assert rule.valid_from >= FIRST_DAY
    used = {rule.check for name in data.jurisdictions() for rule in data.shipped(name)}
    assert used - {""} == set(CHECKS), "a check that no rule names checks nothing"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"check": "family"', '"check": "cousin"'),
        ('"effect": "block"', '"effect": "shout"'),
        ("2025-08-01", "2025-13-01"),
        ("[\n", "{"),
        ('"valid_to": "2025-08-01"', '"valid_to": "2021-01-01"'),
    ],
)
def test_a_file_that_does_not_hold_is_refused(old: str, new: str) -> None:
    text = (data.HERE / "cn.json").read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(Refusal):
        data.read(text.replace(old, new), "CN")


def test_a_code_twice_on_a_day_is_refused() -> None:
    text = (
        (data.HERE / "cn.json")
        .read_text(encoding="utf-8")
        .replace('"code": "ib-three-firms"', '"code": "ib-one-firm"')
        .replace('"valid_to": "2025-08-01"', '"valid_to": "2025-08-02"')
    )
    with pytest.raises(Refusal, match="twice"):
        data.read(text, "CN")
