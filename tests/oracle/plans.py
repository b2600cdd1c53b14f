"""Plans of every shape that the rules allow."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

from tests.oracle.notation import START, Draft, version_of

RATES = ["0.50", "0.33333333", "0", "1", "0.1", "0.6543", "0.25", "0.00000001"]


def decimal(value: Fraction) -> str:
    """An exact decimal text; the value has at most eight places."""
    scaled = value * 10**8
    assert scaled.denominator == 1
    whole, places = divmod(abs(int(scaled)), 10**8)
    return f"{'-' if value < 0 else ''}{whole}.{places:08d}".rstrip("0").rstrip(".")


def add_plans(dice: random.Random, draft: Draft, days: list[str]) -> None:
    """Five to nine plans, some with versions that change or miss days inside a month."""
    for number in range(dice.randint(5, 9)):
        one, two = sorted(dice.sample(days, 2))
        spans = dice.choice([[(START, "")], [(START, "")], [(START, one), (one, "")], [(START, one), (two, "")], [(START, one), (one, two), (two, "")]])
        versions = [random_version(dice, valid_from, valid_to) for valid_from, valid_to in spans]
        draft.plans.append({"code": f"P{number}", "name": f"方案{number}", "versions": versions})


def find(draft: Draft, code: str, valid_from: str, kind: str) -> dict[str, Any]:
    """One component of a version."""
    versions = next(plan for plan in draft.plans if plan["code"] == code)["versions"]
    version = next(version for version in versions if version["valid_from"] == valid_from)
    component: dict[str, Any] = next(component for component in version["components"] if component["kind"] == kind)
    return component


def random_version(dice: random.Random, valid_from: str, valid_to: str) -> dict[str, Any]:
    kinds = dice.choice([["retained_fee"]] * 6 + [["per_lot"], ["turnover"], ["equity"], ["retained_fee", "per_lot", "turnover", "equity"], ["retained_fee", "equity"]])
    components = [random_component(dice, kind) for kind in kinds]
    deductions = dice.choice([[], [], ["0.0672"], ["0.0672"], ["0.0672", "0.00085", "0.05"], ["0.12345678"], ["0.12345678"], ["0.4", "0.6"]])
    levels = dice.choice([[], [1], [1, 2, 3], [2], [1, 3]])
    cap, guarantee = dice.choice([(None, None)] * 4 + [("0", None), ("876.00", None), (None, "1200.5"), (None, "0"), ("500", "500"), ("2500.00", "300.01"), ("0", "0")])
    reserve = dice.choice([None, None, {"rate": dice.choice(["0.10", "0.0555", "1"]), "months": dice.choice(["1", "2"])}])
    return version_of(
        components,
        valid_from=valid_from,
        valid_to=valid_to,
        deductions=[{"name": f"扣除{n}", "rate": rate} for n, rate in enumerate(deductions)],
        overrides=[{"level": level, "rate": dice.choice(["0.05", "0.0125", "0", "0.1"])} for level in levels],
        cap=cap,
        guarantee=guarantee,
        reserve=reserve,
    )


def random_component(dice: random.Random, kind: str) -> dict[str, Any]:
    if kind == "per_lot":
        return {"kind": kind, "rates": per_lot_rates(dice)}
    if kind == "turnover":
        return {"kind": kind, "rate": dice.choice(["0.0000035", "0.000001", "0", "0.00001234"])}
    if kind == "equity":
        return {"kind": kind, "annual_rate": dice.choice(["0.0075", "0.003", "0", "0.01234567"]), "day_count": dice.choice(["360", "365", "243"])}
    if dice.random() < 0.3:
        return {"kind": kind, "rate": dice.choice(RATES)}
    measure, mode = dice.choice([("retained_fee", "marginal")] * 3 + [("retained_fee", "whole"), ("average_equity", "whole"), ("lots", "whole")])
    scale = {"retained_fee": 700, "average_equity": 60_000, "lots": 90}[measure]
    points = sorted(dice.sample(range(1, 12), dice.randint(0, 3)))
    thresholds = [dice.choice(["0", "0", decimal(Fraction(scale, 20))]), *(decimal(Fraction(scale * point)) for point in points)]
    if measure == "retained_fee" and len(thresholds) > 1 and dice.random() < 0.3:
        thresholds[-1] += ".005"
    return {"kind": kind, "tiers": {"measure": measure, "mode": mode, "steps": [[threshold, dice.choice(RATES)] for threshold in thresholds]}}


def per_lot_rates(dice: random.Random) -> dict[str, str]:
    rates = {dice.choice(["SHFE.rb", "shfe.RB", "Shfe.Rb"]): "0.30", dice.choice(["m", "M"]): "0.25", "dce.M_o": "0.15", "IF": "5", "cffex.if": "0.12345678"}
    rates |= {"czce.sr": "0", "LC": "0.5"}
    kept = {key: rate for key, rate in rates.items() if dice.random() < 0.7}
    return kept | dice.choice([{}, {"*": "0.1"}, {"*": "0.05"}]) or {"*": "0.5"}
