"""plans.json: everything that is wrong with a plan is said, and where."""

from __future__ import annotations

import json
from typing import Any

import pytest

from portal.commission.plans import check_plan, read_plans
from portal.refusals import Findings


def faults(version: dict[str, Any], *, overrides_allowed: bool = True) -> list[tuple[str, str]]:
    said: list[tuple[str, str]] = []
    plan = {"code": "P", "name": "Plan", "versions": [{"valid_from": "2025-01-01", "components": [], **version}]}
    check_plan(plan, lambda code, place, found, expected: said.append((code, place.removeprefix("plan P versions[0]."))), "plan", overrides_allowed=overrides_allowed)
    return said


def tiers(**more: Any) -> dict[str, Any]:
    return {"components": [{"kind": "retained_fee", "tiers": {"measure": "retained_fee", "mode": "marginal", "steps": [["0", "0.4"], ["1500.005", "0.5"]], **more}}]}


def test_what_a_plan_may_hold() -> None:
    assert faults(tiers()) == []
    assert faults(tiers(measure="lots", mode="whole")) == []
    rest = [
        {"kind": "per_lot", "rates": {"SHFE.rb": "0.30", "czce.sr_o": "0.2", "*": "0"}},
        {"kind": "turnover", "rate": "0.00000001"},
        {"kind": "equity", "annual_rate": "0.01", "day_count": "242"},
    ]
    limits = {"cap": "0", "guarantee": "0", "reserve": {"rate": "1", "months": "1"}, "overrides": [{"level": 3, "rate": "0.02"}]}
    assert faults({"valid_to": "", "components": rest, "deductions": [{"name": "VAT", "rate": "1"}], **limits}) == []


@pytest.mark.parametrize(
    ("version", "code", "place"),
    [
        ({"components": [{"kind": "bonus"}]}, "unknown_word", "components[0].kind"),
        ({"components": [{"kind": "turnover", "rate": "0"}] * 2}, "component_twice", "components[1].kind"),
        ({"components": [{"kind": "retained_fee"}]}, "rate_or_tiers", "components[0]"),
        ({"components": [{"kind": "retained_fee", "rate": 0.5}]}, "bad_number", "components[0].rate"),
        ({"components": [{"kind": "retained_fee", "rate": "0.123456789"}]}, "bad_number", "components[0].rate"),
        ({"components": [{"kind": "retained_fee", "rate": "-0.1"}]}, "bad_number", "components[0].rate"),
        (tiers(measure="lots"), "marginal_measure", "components[0].tiers.measure"),
        (tiers(steps=[]), "missing_value", "components[0].tiers.steps"),
        (tiers(steps=[["1", "0.4"], ["1.0", "0.5"]]), "steps_not_ascending", "components[0].tiers.steps[1][0]"),
        ({"components": [{"kind": "per_lot", "rates": {"SHFE.rb": "1", "shfe.RB": "2"}}]}, "key_twice", "components[0].rates.shfe.RB"),
        ({"components": [{"kind": "per_lot", "rates": {"NYSE.rb": "1"}}]}, "unknown_word", "components[0].rates.NYSE.rb"),
        ({"deductions": [{"name": "a", "rate": "0.6"}, {"name": "b", "rate": "0.40000001"}]}, "deductions_over_whole", "deductions"),
        ({"cap": "499.99", "guarantee": "500"}, "cap_below_guarantee", "cap"),
        ({"cap": "-1"}, "bad_number", "cap"),
        ({"reserve": {"rate": "1.01", "months": "1"}}, "bad_number", "reserve.rate"),
        ({"reserve": {"rate": "0.1", "months": "0"}}, "bad_number", "reserve.months"),
        ({"reserve": {"rate": "0.1", "months": 3}}, "bad_number", "reserve.months"),
        ({"overrides": [{"level": 4, "rate": "0.1"}]}, "bad_level", "overrides[0].level"),
        ({"overrides": [{"level": 1, "rate": "0.1"}, {"level": 1, "rate": "0.2"}]}, "key_twice", "overrides[1].level"),
        ({"valid_from": "2025-02-30"}, "bad_date", "valid_from"),
        ({"bonus": 1}, "unknown_column", "bonus"),
    ],
)
def test_what_is_wrong_with_a_version(version: dict[str, Any], code: str, place: str) -> None:
    assert faults(version) == [(code, place)]


def test_overrides_need_the_rule_set() -> None:
    assert faults({"overrides": [{"level": 1, "rate": "0.1"}]}, overrides_allowed=False) == [("overrides_not_allowed", "overrides")]


@pytest.mark.parametrize("text", ["", "{", "{}", '[{"code":1,"code":2}]', "[NaN]", "[" * 100_000, '[{"code":"A","name":"","versions":[],"x":1}]', "[1]", "[" + "9" * 5000 + "]"])
def test_what_is_no_list_of_plans_is_refused(text: str) -> None:
    findings = Findings()
    assert read_plans(text, "plans.json", findings, overrides_allowed=True) == []
    assert findings.refused >= 1


def test_a_plan_twice_is_refused() -> None:
    findings = Findings()
    plan = {"code": "A", "name": "", "versions": []}
    read_plans(json.dumps([plan, plan]), "plans.json", findings, overrides_allowed=True)
    assert ("key_twice", "plans[1].code") in [(item.code, item.field) for item in findings.listed]
