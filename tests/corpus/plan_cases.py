"""Broken plans.json: what is no JSON, no plan, no version, no component, no number."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.corpus.cases import SEE, Case, Edit, change

PLANS = "plans.json"
Plans = list[dict[str, Any]]


def plans(edit: Callable[[Plans], Any]) -> Edit:
    """Other plans: `edit` changes them, or returns what stands instead."""

    def rewrite(before: str) -> str:
        value = json.loads(before)
        instead = edit(value)
        return json.dumps(value if instead is None else instead, ensure_ascii=False)

    return change(PLANS, rewrite)


def version(**values: Any) -> Edit:
    """Other values in the first version of the first plan (FLAT)."""

    def edit(value: Plans) -> None:
        value[0]["versions"][0].update(values)

    return plans(edit)


def flat(**values: Any) -> Edit:
    """Another first component: of the retained fee."""
    return version(components=[{"kind": "retained_fee", **values}])


def tiers(**values: Any) -> Edit:
    """Other tiers."""
    return flat(tiers={"measure": "retained_fee", "mode": "marginal", "steps": [["0", "0.4"], ["30", "0.5"]]} | values)


def text(edit: Callable[[str], str]) -> Edit:
    """Other text."""
    return change(PLANS, edit)


def twice(value: Plans) -> None:
    """The first plan a second time."""
    value.append(value[0])


def without(name: str) -> Edit:
    """A key of the first version taken out."""

    def edit(value: Plans) -> None:
        del value[0]["versions"][0][name]

    return plans(edit)


def named(name: str, found: Any) -> Edit:
    """Another code or name of the first plan."""

    def edit(value: Plans) -> None:
        value[0][name] = found

    return plans(edit)


def second(**values: Any) -> Edit:
    """A second version of the first plan."""

    def edit(value: Plans) -> None:
        value[0]["versions"].append(value[0]["versions"][0] | values)

    return plans(edit)


NO_NUMBERS = {"a number": 0.5, "a whole number": 1, "null": None, "true": True, "a list": ["0.5"], "an object": {}, "negative": "-0.1", "nine decimals": "0.123456789", "exponent": "5e-1", "NaN": "NaN", "percent": "50%", "empty": "", "blank": " 0.5", "full-width": "０.5", "comma": "0,5", "huge": "1" * 18, "long": "1" * 5000, "plus": "+0.5", "U+2212": "−0.5"}  # fmt: skip

CASES = [
    Case("JSON cut", PLANS, text(lambda before: before[:-5]), "bad_json plans.json:97"),
    Case("JSON with a comma too many", PLANS, text(lambda before: before.replace("}\n]", "},\n]")), "bad_json plans.json:99"),
    Case("JSON with a comment", PLANS, text(lambda before: before.replace("[", "[ // plans\n", 1)), "bad_json plans.json:1"),
    Case("JSON in single quotes", PLANS, text(lambda before: before.replace('"', "'")), "bad_json plans.json:3"),
    Case("JSON of another kind", PLANS, text(lambda before: '{"plans": []}'), "bad_plan plans.json"),
    *(Case(f"JSON that is {value}", PLANS, text(lambda before, value=value: value), SEE) for value in ("null", "1", '"x"', "true", "NaN", "[1]", '["x"]', "[null]", "[[]]", "[]")),
    Case("JSON with NaN", PLANS, text(lambda before: before.replace('"0.5"', "NaN")), "bad_json plans.json"),
    Case("JSON with Infinity", PLANS, text(lambda before: before.replace('"0.5"', "-Infinity")), "bad_json plans.json"),
    Case("JSON with a key twice", PLANS, text(lambda before: before.replace('"rate": "0.5"', '"rate": "0.5", "rate": "0.6"')), "bad_json plans.json"),
    Case("JSON 100,000 deep", PLANS, text(lambda before: "[" * 100_000 + "]" * 100_000), "bad_json plans.json"),
    Case("JSON with a number of 5,000 digits", PLANS, text(lambda before: before.replace('"0.5"', "9" * 5_000)), "bad_json plans.json"),
    Case("JSON with an unpaired surrogate in a name", PLANS, text(lambda before: before.replace('"name": "FLAT"', '"name": "FLAT\\ud800"')), "bad_json plans.json"),
    Case("JSON with an unpaired surrogate in a code", PLANS, text(lambda before: before.replace('"code": "FLAT"', '"code": "FLAT\\udfff"')), "bad_json plans.json"),
    Case("JSON with an unpaired surrogate in a deduction", PLANS, text(lambda before: before.replace("增值税", "\\ud800")), "bad_json plans.json"),
    Case("JSON with an unpaired surrogate as a key", PLANS, text(lambda before: before.replace('"code": "FLAT"', '"code": "FLAT", "\\ud800": 1')), "bad_json plans.json"),
    Case("JSON with an unpaired surrogate as a number", PLANS, text(lambda before: before.replace('"0.5"', '"\\ud800"')), "bad_json plans.json"),
    Case(
        "JSON with a NUL character in a name", PLANS, text(lambda before: before.replace('"name": "FLAT"', '"name": "FL\\u0000AT"')), "control_character plans.json plans[0].name"
    ),
    Case(
        "JSON with a NUL character in a deduction",
        PLANS,
        text(lambda before: before.replace("增值税", "\\u0000")),
        "control_character plans.json plans[1] TIER versions[0].deductions[0].name",
    ),
    Case("a code twice", PLANS, plans(twice), "key_twice plans.json plans[3].code"),
    *(
        Case(f"the code is {what}", PLANS, named("code", found), SEE)
        for what, found in {"empty": "", "blank around": " FLAT", "long": "F" * 65, "null": None, "a number": 5, "a list": [], "an object": {}, "true": True}.items()
    ),
    *(Case(f"the name is {what}", PLANS, named("name", found), SEE) for what, found in {"long": "F" * 201, "a number": 5, "a list": ["x"], "an object": {"zh": "x"}}.items()),
    Case("the name is null, which is none", PLANS, named("name", None), "", posted=True),
    *(
        Case(f"the versions are {what}", PLANS, named("versions", found), SEE)
        for what, found in {"null": None, "an object": {}, "a word": "x", "a list of words": ["x"], "empty": [], "a number": 3}.items()
    ),
    Case("a key with a NUL character", PLANS, version(**{"b\0": "1"}), "unknown_column plans.json plans[0] FLAT versions[0].b\\0"),
    Case(
        "a rate per lot of a product with a control character",
        PLANS,
        version(components=[{"kind": "per_lot", "rates": {"rb\x01": "0.1"}}]),
        "unknown_word plans.json plans[0] FLAT versions[0].components[0].rates.rb\x01",
    ),
    Case("a key that nobody knows", PLANS, version(bonus="1"), "unknown_column plans.json plans[0] FLAT versions[0].bonus"),
    *(Case(f"{name} missing", PLANS, without(name), SEE) for name in ("valid_from", "components")),
    *(
        Case(f"valid_from is {what}", PLANS, version(valid_from=found), SEE)
        for what, found in {"null": None, "empty": "", "a number": 20250101, "no day": "2025-02-30", "a list": [], "true": True}.items()
    ),
    *(
        Case(f"valid_to is {what}", PLANS, version(valid_to=found), SEE)
        for what, found in {
            "a number": 20250101,
            "no day": "2025-02-30",
            "before": "2024-01-01",
            "the same day": "2025-01-01",
            "a list": ["2027-01-01"],
            "zero": 0,
            "false": False,
            "an object": {},
        }.items()
    ),
    Case("two versions on one day", PLANS, second(valid_from="2026-01-01"), "spans_overlap plans.json valid_from"),
    Case("two versions that begin on one day", PLANS, second(), "key_twice plans.json plan_code; spans_overlap plans.json valid_from"),
    Case("a version taken out", PLANS, plans(lambda value: value[1:]), "silent_deletion plans.json plan_code"),
    *(
        Case(f"components are {what}", PLANS, version(components=found), SEE)
        for what, found in {"null": None, "a word": "x", "an object": {"kind": "retained_fee", "rate": "0.5"}, "a list of words": ["retained_fee"], "numbers": [1]}.items()
    ),
    *(
        Case(f"a component's kind is {what}", PLANS, version(components=[{"kind": found, "rate": "0.5"}]), SEE)
        for what, found in {"unknown": "profit", "null": None, "a list": ["retained_fee"], "an object": {}, "in capitals": "Retained_fee", "a number": 1}.items()
    ),
    Case(
        "two components of one kind",
        PLANS,
        version(components=[{"kind": "turnover", "rate": "0.1"}, {"kind": "turnover", "rate": "0.2"}]),
        "component_twice plans.json plans[0] FLAT versions[0].components[1].kind",
    ),
    Case("neither rate nor tiers", PLANS, flat(), "rate_or_tiers plans.json plans[0] FLAT versions[0].components[0]"),
    Case(
        "both rate and tiers",
        PLANS,
        flat(rate="0.5", tiers={"measure": "lots", "mode": "whole", "steps": [["0", "0.1"]]}),
        "rate_or_tiers plans.json plans[0] FLAT versions[0].components[0]",
    ),
    *(Case(f"a rate is {what}", PLANS, flat(rate=found), SEE) for what, found in NO_NUMBERS.items()),
    *(Case(f"tiers are {what}", PLANS, flat(tiers=found), SEE) for what, found in {"null": None, "a list": [], "empty": {}, "a word": "whole"}.items()),
    *(Case(f"the measure is {what}", PLANS, tiers(measure=found, mode="whole"), SEE) for what, found in {"unknown": "profit", "null": None, "a list": [], "an object": {}}.items()),
    *(Case(f"the mode is {what}", PLANS, tiers(mode=found), SEE) for what, found in {"unknown": "sliding", "null": None, "a list": []}.items()),
    Case("marginal tiers of lots", PLANS, tiers(measure="lots"), "marginal_measure plans.json plans[0] FLAT versions[0].components[0].tiers.measure"),
    *(
        Case(f"the steps are {what}", PLANS, tiers(steps=found), SEE)
        for what, found in {
            "none": [],
            "null": None,
            "an object": {"0": "0.4"},
            "words": ["0", "0.4"],
            "single": [["0"]],
            "triple": [["0", "0.4", "x"]],
            "numbers": [[0, 0.4]],
            "equal": [["0", "0.4"], ["0", "0.5"]],
            "descending": [["30", "0.4"], ["0", "0.5"]],
            "negative": [["-1", "0.4"]],
            "huge": [["0", "0.4"], ["9" * 16, "0.5"]],
        }.items()
    ),
    *(
        Case(f"the rates per lot are {what}", PLANS, version(components=[{"kind": "per_lot", "rates": found}]), SEE)
        for what, found in {
            "a list": [["*", "0.1"]],
            "null": None,
            "a word": "0.1",
            "of an unknown exchange": {"NYSE.rb": "0.1"},
            "of a key without product": {"SHFE.": "0.1"},
            "of an empty key": {"": "0.1"},
            "of a key with a blank": {"SHFE.rb ": "0.1"},
            "of two cases": {"SHFE.rb": "0.1", "shfe.RB": "0.2"},
            "a number": {"*": 0.1},
            "negative": {"*": "-0.1"},
        }.items()
    ),
    Case("turnover without its rate", PLANS, version(components=[{"kind": "turnover"}]), "missing_column plans.json plans[0] FLAT versions[0].components[0].rate"),
    *(
        Case(f"equity's day count is {what}", PLANS, version(components=[{"kind": "equity", "annual_rate": "0.1", "day_count": found}]), SEE)
        for what, found in {"zero": "0", "a number": 360, "a decimal": "360.5", "negative": "-360", "missing": None, "full-width": "３６０", "superscript": "²"}.items()
    ),
    *(
        Case(f"deductions are {what}", PLANS, version(deductions=found), SEE)
        for what, found in {
            "over the whole": [{"name": "a", "rate": "0.6"}, {"name": "b", "rate": "0.40000001"}],
            "words": ["x"],
            "an object": {"name": "a", "rate": "0.1"},
            "without name": [{"rate": "0.1"}],
            "without rate": [{"name": "a"}],
            "a number": 0.0672,
            "true": True,
            "zero": 0,
            "an empty word": "",
        }.items()
    ),
    *(
        Case(f"overrides are not allowed: {what}", PLANS, version(overrides=found), SEE, overrides_allowed=False)
        for what, found in {"a good one": [{"level": 1, "rate": "0.05"}], "a number": 5, "true": True, "a word": "x", "none": []}.items()
    ),
    *(
        Case(f"overrides are {what}", PLANS, version(overrides=found), SEE)
        for what, found in {
            "a number": 5,
            "true": True,
            "a word": "x",
            "an object": {"level": 1, "rate": "0.1"},
            "of level 0": [{"level": 0, "rate": "0.1"}],
            "of level 4": [{"level": 4, "rate": "0.1"}],
            "of a level in quotes": [{"level": "1", "rate": "0.1"}],
            "of level true": [{"level": True, "rate": "0.1"}],
            "of level 1.0": [{"level": 1.0, "rate": "0.1"}],
            "of a level twice": [{"level": 1, "rate": "0.1"}, {"level": 1, "rate": "0.2"}],
        }.items()
    ),
    Case("the cap is below the guarantee", PLANS, version(cap="9.99", guarantee="10"), "cap_below_guarantee plans.json plans[0] FLAT versions[0].cap"),
    *(
        Case(f"the cap is {what}", PLANS, version(cap=found), SEE)
        for what, found in {"negative": "-1", "a number": 100, "false": False, "a list": [], "zero as a number": 0}.items()
    ),
    *(
        Case(f"the reserve is {what}", PLANS, version(reserve=found), SEE)
        for what, found in {
            "over the whole": {"rate": "1.1", "months": "3"},
            "of no months": {"rate": "0.1", "months": "0"},
            "of half a month": {"rate": "0.1", "months": "0.5"},
            "of 1201 months": {"rate": "0.1", "months": "1201"},
            "without months": {"rate": "0.1"},
            "a word": "10%",
            "false": False,
            "a list": [],
            "of a number": {"rate": 0.1, "months": 3},
        }.items()
    ),
]
