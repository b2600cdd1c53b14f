"""The checker of plans: what it claims is shown on a month that the engine prices, and what it calls sound no month refutes."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from models.columns import OPEN_END
from portal.commission.plan_checks import check_plan
from portal.commission.plan_look import Check, Level
from portal.commission.plan_tiers import never_pays_less
from portal.commission.plan_trial import Trade, Trial, Version, pay
from portal.commission.terms import read_terms
from tests.oracle import product
from tests.oracle.notation import Draft, trade

KNOWN = [("SHFE", "rb"), ("SHFE", "au"), ("DCE", "m")]
DAY = date(2026, 3, 2)


def plan(*components: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"code": "P", "name": "", "versions": [{"valid_from": "2026-01-01", "valid_to": "", "components": list(components), **more}]}


def tiered(mode: str, *steps: tuple[str, str], measure: str = "retained_fee") -> dict[str, Any]:
    return {"kind": "retained_fee", "tiers": {"measure": measure, "mode": mode, "steps": [list(step) for step in steps]}}


def row(check: Check) -> tuple[str, str, str, list[tuple[int, int]]]:
    """Level, code, place, and for each month shown (retained fee, paid), in fen."""
    return check.level.value, check.code, check.place.removeprefix("versions[0]."), [(shown.trial.retained, shown.paid.total) for shown in check.shown]


def rows(entry: dict[str, Any]) -> list[tuple[str, str, str, list[tuple[int, int]]]]:
    return [row(check) for check in check_plan(entry, KNOWN)]


STEP = "components[0].tiers.steps[1]"


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (plan({"kind": "retained_fee", "rate": "0.5"}), []),
        (plan(tiered("marginal", ("0", "0.4"), ("1000", "0.5"))), []),
        (plan(tiered("whole", ("0", "0.5"), ("1000", "0.4"))), [("blocks", "tiers_pay_less", STEP, [(99_999, 50_000), (100_000, 40_000)])]),
        (plan(tiered("whole", ("0", "0.5"), ("10", "0.4"), measure="lots")), [("blocks", "tiers_pay_less", STEP, [(100_000, 50_000), (100_000, 40_000)])]),
        (plan(tiered("whole", ("0", "0.5"), ("10000", "0.4"), measure="average_equity")), [("blocks", "tiers_pay_less", STEP, [(100_000, 50_000), (100_000, 40_000)])]),
        (plan(tiered("whole", ("0", "0.4"), ("1000", "0.5"))), [("notes", "tier_jump", STEP, [(99_999, 40_000), (100_000, 50_000)])]),
        (plan(tiered("marginal", ("0", "0.5"), ("1000", "0.4"))), [("notes", "falling_steps", STEP, [(99_999, 50_000), (100_000, 50_000)])]),
        (plan(tiered("marginal", ("100", "0.5"))), [("warns", "below_first", "components[0].tiers.steps[0]", [(9_999, 0), (10_000, 0)])]),
        (plan(tiered("marginal", ("0", "0.5"), ("1000", "0.5"))), [("notes", "step_without_effect", STEP, [(99_999, 50_000), (100_000, 50_000)])]),
        (plan(tiered("marginal", ("0", "0.5"), ("1000", "0.6")), cap="100"), [("warns", "step_beyond_cap", STEP, [(99_999, 10_000), (100_000, 10_000)])]),
        (
            plan({"kind": "retained_fee", "rate": "1.2"}),
            [("blocks", "rate_over_whole", "components[0].rate", [(100_000, 120_000)]), ("blocks", "pay_above_fee", "components[0]", [(10, 12)])],
        ),
        (
            plan({"kind": "retained_fee", "rate": "0.9"}, overrides=[{"level": 1, "rate": "0.1"}, {"level": 2, "rate": "0.1"}]),
            [("blocks", "pay_above_fee", "components[0]", [(10, 11)])],
        ),
        (plan({"kind": "retained_fee", "rate": "0.9"}, overrides=[{"level": 1, "rate": "0.1"}]), []),
        (plan({"kind": "retained_fee", "rate": "1.2"}, deductions=[{"name": "VAT", "rate": "0.5"}]), [("blocks", "rate_over_whole", "components[0].rate", [(100_000, 60_000)])]),
        (plan({"kind": "retained_fee", "rate": "0.5"}, deductions=[{"name": "VAT", "rate": "1"}]), [("warns", "nothing_left", "deductions", [(1_000_000, 0)])]),
        (plan({"kind": "retained_fee", "rate": "0.5"}, cap="0"), [("warns", "cap_zero", "cap", [(1_000_000, 0)])]),
        (
            plan({"kind": "retained_fee", "rate": "0.5"}, cap="5", guarantee="10"),
            [("blocks", "cap_below_guarantee", "cap", [(1_000_000, 500)]), ("warns", "pay_without_fee", "guarantee", [(0, 1_000)])],
        ),
        (plan({"kind": "turnover", "rate": "0.0000035"}), [("warns", "pay_without_fee", "components[0]", [(349, 350)])]),
        (
            plan({"kind": "equity", "annual_rate": "0.0036", "day_count": "360"}),
            [("warns", "pays_nothing", "components", [(1_000_000, 0)]), ("warns", "pay_without_fee", "components[0]", [(0, 1_000)])],
        ),
        (plan(), [("warns", "pays_nothing", "components", [(1_000_000, 0)])]),
        (plan({"kind": "per_lot", "rates": {"*": "0"}}), []),
        (
            plan({"kind": "per_lot", "rates": {"SHFE.rb": "0.3", "rb": "0.1", "DCE.au": "1", "zz": "0"}}),
            [
                ("warns", "pay_without_fee", "components[0]", [(9_999, 10_000)]),
                ("warns", "products_without_rate", "components[0].rates", [(1_000, 0)]),
                ("warns", "unknown_product", "components[0].rates.DCE.au", [(1_000, 0)]),
                ("warns", "row_never_counts", "components[0].rates.rb", [(1_000, 30)]),
                ("warns", "unknown_product", "components[0].rates.zz", []),
            ],
        ),
    ],
)
def test_what_the_checker_finds(entry: dict[str, Any], expected: list[Any]) -> None:
    found = rows(entry)
    assert sorted(found) == sorted(expected)
    assert [one[0] for one in found] == sorted((one[0] for one in found), key=["blocks", "warns", "notes"].index), "the gravest first"


def test_spans_with_a_gap_an_overlap_and_a_change_inside_a_month() -> None:
    steps = tiered("marginal", ("0", "0.4"), ("1000", "0.6"))
    first = {"valid_from": "2026-01-01", "valid_to": "2026-02-11", "components": [steps]}
    gap = {"code": "P", "name": "", "versions": [first, {"valid_from": "2026-03-01", "valid_to": "", "components": [steps]}]}
    assert rows(gap) == [("warns", "versions_gap", "versions[1].valid_from", [(100_000, 0)])]
    inside = {"code": "P", "name": "", "versions": [first, {"valid_from": "2026-02-11", "valid_to": "", "components": [steps]}]}
    assert rows(inside) == [("warns", "inside_a_month", "versions[1].valid_from", [(150_000, 60_000), (150_000, 70_000)])]
    over = {"code": "P", "name": "", "versions": [first, {"valid_from": "2026-02-01", "valid_to": "", "components": [steps]}]}
    assert rows(over) == [("blocks", "versions_overlap", "versions[1].valid_from", [])]


def rates() -> st.SearchStrategy[str]:
    return st.integers(0, 120).map(lambda hundredths: f"{hundredths // 100}.{hundredths % 100:02d}")


@st.composite
def tier_plans(draw: st.DrawFn) -> dict[str, Any]:
    """Plans with tiers of any measure, perhaps with deductions, a cap, a guarantee."""
    measure = draw(st.sampled_from(["retained_fee", "lots", "average_equity"]))
    mode = draw(st.sampled_from(["whole", "marginal"])) if measure == "retained_fee" else "whole"
    thresholds = sorted(draw(st.sets(st.integers(0, 500), min_size=1, max_size=4)))
    steps = [(str(threshold), draw(rates())) for threshold in thresholds]
    more: dict[str, Any] = {}
    if draw(st.booleans()):
        more["deductions"] = [{"name": "VAT", "rate": draw(st.sampled_from(["0.0672", "0.5", "1"]))}]
    if draw(st.booleans()):
        more["guarantee"] = str(draw(st.integers(0, 50)))
    if draw(st.booleans()):
        more["cap"] = str(draw(st.integers(50, 300)))
    return plan(tiered(mode, *steps, measure=measure), **more)


def version_of(entry: dict[str, Any]) -> Version:
    return Version(date(2026, 1, 1), OPEN_END, read_terms(entry["versions"][0]))


@settings(max_examples=40, deadline=None)
@given(tier_plans())
def test_a_counter_example_stands_before_the_engine(entry: dict[str, Any]) -> None:
    for check in check_plan(entry):
        for shown in check.shown:
            assert pay([version_of(entry)], shown.trial) == shown.paid
        if check.code == "tiers_pay_less":
            less, more = check.shown
            bigger = (more.trial.retained, more.trial.lots, more.trial.equity)
            assert bigger > (less.trial.retained, less.trial.lots, less.trial.equity)
            assert more.paid.total < less.paid.total
        if check.code == "pay_above_fee":
            assert check.shown[0].paid.total > check.shown[0].trial.retained > 0


@settings(max_examples=40, deadline=None)
@given(tier_plans(), st.integers(0, 2**32))
def test_where_steps_never_pay_less_no_month_does(entry: dict[str, Any], seed: int) -> None:
    version, chance = version_of(entry), random.Random(seed)
    found = [check for check in check_plan(entry) if check.code == "tiers_pay_less"]
    if never_pays_less(version.terms):
        assert found == []
        for _ in range(4):
            size, lots, equity = chance.randrange(0, 80_000), chance.randrange(0, 600), chance.randrange(0, 60_000)
            less = Trial((DAY,), (Trade(DAY, "SHFE", "rb", lots, 0, size),), equity)
            more = Trial((DAY,), (Trade(DAY, "SHFE", "rb", lots + chance.randrange(0, 300), 0, size + chance.randrange(0, 40_000)),), equity + chance.randrange(0, 30_000))
            assert pay([version], more).total >= pay([version], less).total


@settings(max_examples=30, deadline=None)
@given(tier_plans(), st.integers(1, 100_000), st.integers(0, 600))
def test_where_nothing_blocks_no_trade_is_paid_more_than_it_brought(entry: dict[str, Any], size: int, lots: int) -> None:
    entry["versions"][0].pop("guarantee", None)
    if any(check.code == "pay_above_fee" for check in check_plan(entry)):
        return
    trial = Trial((DAY,), (Trade(DAY, "SHFE", "rb", lots, 0, size),), equity=size)
    assert pay([version_of(entry)], trial).total <= size


def test_control_a_planted_fall_is_found_by_the_tries() -> None:
    """The random tries do find a month that pays less where there is one."""
    version = version_of(plan(tiered("whole", ("0", "0.9"), ("100", "0.1"))))
    months = [Trial((DAY,), (Trade(DAY, "SHFE", "rb", 1, 0, size),)) for size in (9_999, 10_000)]
    assert [pay([version], month).total for month in months] == [8_999, 1_000]


def test_the_counter_example_is_what_the_portal_itself_pays(app: Flask, tmp_path: Path) -> None:
    """Through files, import and close: the two months of the checker, and the fen that it said."""
    entry = plan(tiered("whole", ("0", "0.5"), ("1000", "0.4")), deductions=[{"name": "VAT", "rate": "0.0672"}])
    (check,) = [one for one in check_plan(entry, KNOWN) if one.level is Level.BLOCKS]
    draft = Draft()
    draft.plan("P", entry["versions"][0]["components"], deductions=entry["versions"][0]["deductions"])
    days = []
    for number, shown in enumerate(check.shown, start=1):
        broker, account = f"B00{number}", f"1000{number}"
        draft.broker(broker)
        draft.account(account)
        draft.agree(broker, "P")
        draft.attribute(account, broker, "100")
        days.append(trade(account, "SHFE.rb", shown.trial.retained + 100, 100))
    draft.day("2026-03-02", days, ["10001", "10002"])
    product.people(app)
    product.import_folder(app, str(draft.write(tmp_path / "files")))
    product.close(app, "2026-03")
    _lines, statements = product.books(app, "2026-03")
    earned = [int(row["earned"]) for row in sorted(statements, key=lambda row: row["broker_no"])]
    assert earned == [shown.paid.total for shown in check.shown]
    assert earned[1] < earned[0]
