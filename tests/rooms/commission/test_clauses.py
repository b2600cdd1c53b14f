"""Plans in words: every component and limit is a sentence, and the numbers worked through are the engine's."""

from __future__ import annotations

from typing import Any

from portal.commission.clauses import Clause, clauses
from portal.commission.wording import Step

TIERED = {"kind": "retained_fee", "tiers": {"measure": "retained_fee", "mode": "marginal", "steps": [["0", "0.40"], ["1000", "0.50"]]}}


def said(step: Step) -> str:
    return step.message % step.values if step.values else step.message


def read(terms: dict[str, Any]) -> list[tuple[str, str, list[str], list[str]]]:
    def row(clause: Clause) -> tuple[str, str, list[str], list[str]]:
        return clause.kind, said(clause.sentence), [said(item) for item in clause.items], [said(item) for item in clause.example]

    return [row(clause) for clause in clauses(terms)]


def test_a_plan_with_everything_reads_in_the_order_in_which_it_works() -> None:
    terms = {
        "deductions": [{"name": "VAT", "rate": "0.0672"}],
        "components": [TIERED, {"kind": "per_lot", "rates": {"SHFE.rb": "0.30", "*": "0.1"}}, {"kind": "equity", "annual_rate": "0.002", "day_count": "360"}],
        "overrides": [{"level": 1, "rate": "0.05"}],
        "cap": "3000",
        "guarantee": "1500.00",
        "reserve": {"rate": "0.1", "months": "3"},
    }
    assert read(terms) == [
        ("deductions", "Before the broker's share is taken, 6.72 % goes off his part of the retained fee.", ["VAT: 6.72 %"], ["Of a part of 1,000.00 yuan, 932.80 yuan is left."]),
        (
            "retained_fee",
            "A share of the month's retained fee, slice by slice: every slice is paid at the rate of its own step (marginal).",
            ["the part from 0.00 to 1,000.00 yuan: 40 %", "the part above 1,000.00 yuan: 50 %"],
            ["A month with a retained fee of 1,500.00 yuan pays 606.32 yuan."],
        ),
        (
            "per_lot",
            "A fixed amount for every lot, times the broker's share of the account; the exchange with the product counts before the product alone.",
            ["SHFE.rb: 0.30 yuan", "every other product: 0.10 yuan"],
            ["10 lots of SHFE.rb at a share of 100 %: 10 × 0.30 = 3.00 yuan."],
        ),
        (
            "equity",
            "On every settled day, 0.2 % a year of the broker's part of the closing equity; a year counts 360 days.",
            [],
            ["Equity of 1,000,000.00 yuan × 0.2 % ÷ 360 = 5.56 yuan a day."],
        ),
        (
            "override",
            "An override on the retained fee that the brokers below earn on, after this plan's deductions; the firm pays it on top of their pay.",
            ["1 level(s) below: 5 %"],
            ["A part of 1,000.00 yuan of a broker 1 level(s) below brings 46.64 yuan."],
        ),
        ("cap", "A month never earns more than 3,000.00 yuan.", [], ["A month that earned 6,000.00 yuan pays 3,000.00 yuan."]),
        (
            "guarantee",
            "A month earns at least 1,500.00 yuan, if on every settled day of it an agreement held and the broker was active and licensed.",
            [],
            ["A month that earned 0.00 yuan pays 1,500.00 yuan."],
        ),
        (
            "reserve",
            "Of every month's pay 10 % is held back as a reserve and paid 3 month(s) later.",
            [],
            ["Of 1,000.00 yuan, 100.00 yuan is held back and comes 3 month(s) later."],
        ),
    ]


def test_the_worked_example_of_the_rules() -> None:
    """Example D: steps 0 → 40 %, 1,000.00 → 50 %; 1,500.00 gives 650.00 marginal and 750.00 whole."""
    assert read({"components": [TIERED]})[0][3] == ["A month with a retained fee of 1,500.00 yuan pays 650.00 yuan."]
    whole = {"kind": "retained_fee", "tiers": {**TIERED["tiers"], "mode": "whole"}}  # type: ignore[dict-item]
    assert read({"components": [whole]})[0][3] == ["A month with a retained fee of 1,500.00 yuan pays 750.00 yuan."]


def test_what_is_below_the_first_step_and_what_is_no_pay_is_said() -> None:
    lots = {"kind": "retained_fee", "tiers": {"measure": "lots", "mode": "whole", "steps": [["100", "0.4"], ["2000.5", "0.5"]]}}
    assert read({"components": [lots]})[0][2] == ["below 100 lots: nothing", "from 100 lots on: 40 % of all of it", "from 2,000.5 lots on: 50 % of all of it"]
    assert [row[0] for row in read({"components": []})] == ["none"]
    assert read({"components": [{"kind": "per_lot", "rates": {"rb": "1"}}]})[0][2] == ["rb: 1.00 yuan", "every other product: nothing"]
