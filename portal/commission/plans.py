"""Plans as the file gives them: `check_plan` says everything that is wrong with one (commission rules §3, §4, §6). Pure."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from models.values.rates import RATE_UNIT, NotARate, decimal_text, parse_rate
from portal.fields import Expected, number, span_end, span_start, words
from portal.masters import Line
from portal.refusals import Findings
from portal.settlement.files import EXCHANGES

KINDS = ("retained_fee", "per_lot", "turnover", "equity")
MEASURES = ("retained_fee", "average_equity", "lots")
MODES = ("whole", "marginal")
TERMS = ("deductions", "components", "overrides", "cap", "guarantee", "reserve")
LARGEST = 10**14
"""Thresholds, caps and guarantees at or above this many yuan are a mistake."""
LARGEST_RATE = 100
"""So is a rate of 10,000 % or more: what it gives would not fit the books."""
LARGEST_PER_LOT = 100_000
"""And so are this many yuan per lot."""

Say = Callable[[str, str, object, object], None]
"""Takes note of a fault: its code, where in the plan, what was found, what was expected."""


def read_plans(text: str, file: str, findings: Findings, *, overrides_allowed: bool) -> list[Line]:
    """The plan versions of plans.json; every fault is added to `findings`."""
    try:
        plans = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        findings.refuse("bad_json", file, error.lineno, found=error.msg, expected="JSON")
        return []
    except (ValueError, RecursionError) as error:
        findings.refuse("bad_json", file, None, found=error, expected="JSON with each key once")
        return []
    if not _writable(plans):
        findings.refuse("bad_json", file, None, found="half of a surrogate pair", expected="characters that can be written")
        return []
    if not isinstance(plans, list):
        findings.refuse("bad_plan", file, None, found=type(plans).__name__, expected="a list of plans")
        return []

    def say(code: str, place: str, found: object, expected: object) -> None:
        findings.refuse(code, file, None, field=place, found=found, expected=expected)

    lines: list[Line] = []
    codes: dict[str, int] = {}
    for place, plan in enumerate(plans):
        before = findings.refused
        check_plan(plan, say, f"plans[{place}]", overrides_allowed=overrides_allowed)
        code = plan.get("code") if isinstance(plan, dict) else None
        if isinstance(code, str):
            if code in codes:
                say("key_twice", f"plans[{place}].code", code, f"once; plans[{codes[code]}] has it too")
            codes[code] = place
        if findings.refused == before:
            lines += [_line(plan, version) for version in plan["versions"]]
    return lines


def check_plan(plan: Any, say: Say, place: str, *, overrides_allowed: bool) -> None:
    """Say everything that is wrong with a plan; spans are compared by the caller. Overrides are refused where the firm's
    rule set does not allow them."""
    if not _object(plan, say, place, ("code", "name", "versions"), ("code", "name", "versions")):
        return
    _read(number, plan["code"], say, f"{place}.code")
    _read(words(200, required=False), plan["name"], say, f"{place}.name")
    if plan["versions"] == []:
        say("missing_value", f"{place}.versions", "[]", "at least one version")
    for index, version in enumerate(_list(plan["versions"], say, f"{place}.versions")):
        at = f"{place} {plan['code']} versions[{index}]"
        check_version(version, say, at)
        overrides = version.get("overrides") if isinstance(version, dict) else None
        if not overrides_allowed and isinstance(overrides, list) and overrides:
            say("overrides_not_allowed", f"{at}.overrides", len(overrides), "no overrides: the firm's rule set does not allow them")


def check_version(version: Any, say: Say, place: str) -> None:
    """Say everything that is wrong with one version of a plan."""
    if not _object(version, say, place, ("valid_from", "valid_to", *TERMS), ("valid_from", "components")):
        return
    _read(span_start, version["valid_from"], say, f"{place}.valid_from")
    _read(span_end, version.get("valid_to"), say, f"{place}.valid_to")
    total = 0
    for index, deduction in enumerate(_list(_or_none_given(version, "deductions"), say, f"{place}.deductions")):
        at = f"{place}.deductions[{index}]"
        if _object(deduction, say, at, ("name", "rate"), ("name", "rate")):
            _read(words(120, required=False), deduction["name"], say, f"{at}.name")
            total += _rate(deduction["rate"], say, f"{at}.rate", LARGEST_RATE) or 0
    if total > RATE_UNIT:
        say("deductions_over_whole", f"{place}.deductions", decimal_text(total, 8), "at most 1 together")
    seen: set[str] = set()
    for index, component in enumerate(_list(version["components"], say, f"{place}.components")):
        _component(component, seen, say, f"{place}.components[{index}]")
    _overrides(_or_none_given(version, "overrides"), say, f"{place}.overrides")
    _limits(version, say, place)


def _component(component: Any, seen: set[str], say: Say, place: str) -> None:
    kind = component.get("kind") if isinstance(component, dict) else None
    if kind not in KINDS:
        say("unknown_word", f"{place}.kind", kind, " / ".join(KINDS))
        return
    if kind in seen:
        say("component_twice", f"{place}.kind", kind, "at most one component of each kind")
    seen.add(kind)
    if kind == "retained_fee":
        if ("rate" in component) == ("tiers" in component):
            say("rate_or_tiers", place, ", ".join(component), "either rate or tiers")
        elif "rate" in component:
            if _object(component, say, place, ("kind", "rate"), ()):
                _rate(component["rate"], say, f"{place}.rate", LARGEST_RATE)
        elif _object(component, say, place, ("kind", "tiers"), ()):
            _tiers(component["tiers"], say, f"{place}.tiers")
    elif kind == "per_lot":
        if _object(component, say, place, ("kind", "rates"), ("rates",)):
            _per_lot(component["rates"], say, f"{place}.rates")
    elif kind == "turnover":
        if _object(component, say, place, ("kind", "rate"), ("rate",)):
            _rate(component["rate"], say, f"{place}.rate", LARGEST_RATE)
    elif _object(component, say, place, ("kind", "annual_rate", "day_count"), ("annual_rate", "day_count")):
        _rate(component["annual_rate"], say, f"{place}.annual_rate", LARGEST_RATE)
        _whole(component["day_count"], say, f"{place}.day_count")


def _tiers(tiers: Any, say: Say, place: str) -> None:
    if not _object(tiers, say, place, ("measure", "mode", "steps"), ("measure", "mode", "steps")):
        return
    if tiers["measure"] not in MEASURES:
        say("unknown_word", f"{place}.measure", tiers["measure"], " / ".join(MEASURES))
    if tiers["mode"] not in MODES:
        say("unknown_word", f"{place}.mode", tiers["mode"], " / ".join(MODES))
    elif tiers["mode"] == "marginal" and tiers["measure"] != "retained_fee":
        say("marginal_measure", f"{place}.measure", tiers["measure"], "retained_fee where the mode is marginal")
    steps = _list(tiers["steps"], say, f"{place}.steps")
    if isinstance(tiers["steps"], list) and not steps:
        say("missing_value", f"{place}.steps", "[]", "at least one step")
    last: int | None = None
    for index, step in enumerate(steps):
        at = f"{place}.steps[{index}]"
        if not isinstance(step, list) or len(step) != 2:
            say("bad_plan", at, step, '["threshold", "rate"]')
            continue
        threshold = _rate(step[0], say, f"{at}[0]")
        _rate(step[1], say, f"{at}[1]", LARGEST_RATE)
        if threshold is not None and last is not None and threshold <= last:
            say("steps_not_ascending", f"{at}[0]", step[0], "more than the threshold before")
        last = threshold if threshold is not None else last


def _per_lot(rates: Any, say: Say, place: str) -> None:
    if not isinstance(rates, dict):
        say("bad_plan", place, type(rates).__name__, '{"SHFE.rb": "0.30", "*": "0.10"}')
        return
    seen: dict[str, str] = {}
    for key, rate in rates.items():
        folded = key.upper()
        if folded in seen:
            say("key_twice", f"{place}.{key}", key, f"once; {seen[folded]} is the same without case")
        seen[folded] = key
        exchange, dot, product = folded.rpartition(".")
        if not product or key != key.strip() or not key.isprintable() or (dot and exchange not in EXCHANGES):
            say("unknown_word", f"{place}.{key}", key, "EXCHANGE.product, product or *")
        _rate(rate, say, f"{place}.{key}", LARGEST_PER_LOT)


def _overrides(overrides: Any, say: Say, place: str) -> None:
    seen: set[int] = set()
    for index, override in enumerate(_list(overrides, say, place)):
        at = f"{place}[{index}]"
        if not _object(override, say, at, ("level", "rate"), ("level", "rate")):
            continue
        level = override["level"]
        if type(level) is not int or not 1 <= level <= 3:
            say("bad_level", f"{at}.level", level, "1, 2 or 3")
        elif level in seen:
            say("key_twice", f"{at}.level", level, "each level once")
        else:
            seen.add(level)
        _rate(override["rate"], say, f"{at}.rate", LARGEST_RATE)


def _limits(version: dict[str, Any], say: Say, place: str) -> None:
    given = {name: _rate(version[name], say, f"{place}.{name}") for name in ("cap", "guarantee") if _is_given(version.get(name))}
    cap, guarantee = given.get("cap"), given.get("guarantee")
    if cap is not None and guarantee is not None and cap < guarantee:
        say("cap_below_guarantee", f"{place}.cap", version["cap"], f"at least the guarantee, {version['guarantee']}")
    reserve = version.get("reserve")
    if not _is_given(reserve) or not _object(reserve, say, f"{place}.reserve", ("rate", "months"), ("rate", "months")):
        return
    assert isinstance(reserve, dict)
    rate = _rate(reserve["rate"], say, f"{place}.reserve.rate")
    if rate is not None and rate > RATE_UNIT:
        say("bad_number", f"{place}.reserve.rate", reserve["rate"], "a rate from 0 to 1")
    _whole(reserve["months"], say, f"{place}.reserve.months", 1200)


def _is_given(value: Any) -> bool:
    return value is not None and value != ""


def _object(value: Any, say: Say, place: str, known: tuple[str, ...], needed: tuple[str, ...]) -> bool:
    if not isinstance(value, dict):
        say("bad_plan", place, type(value).__name__, "{" + ", ".join(known) + "}")
        return False
    for key in value:
        if key not in known:
            say("unknown_column", f"{place}.{key}", key, ", ".join(known))
    for key in needed:
        if key not in value:
            say("missing_column", f"{place}.{key}", "", key)
    return all(key in value for key in needed)


def _list(value: Any, say: Say, place: str) -> list[Any]:
    if not isinstance(value, list):
        say("bad_plan", place, type(value).__name__, "a list")
        return []
    return value


def _or_none_given(version: dict[str, Any], name: str) -> Any:
    """A list of a version; null and nothing are an empty one, anything else is looked at as it stands."""
    return [] if version.get(name) is None else version[name]


def _writable(value: Any) -> bool:
    """Whether every text can be written as UTF-8: JSON can say half of a surrogate pair, which no database keeps."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _read(reader: Callable[[str], Any], value: Any, say: Say, place: str) -> None:
    """Say what a text should have been; null is an empty one."""
    if value is not None and not isinstance(value, str):
        say("bad_plan", place, type(value).__name__, "text in quotes")
        return
    try:
        reader(value or "")
    except Expected as error:
        say(error.code, place, value, error)


def _rate(value: Any, say: Say, place: str, largest: int = LARGEST) -> int | None:
    """A decimal of at least 0 with at most 8 places, as hundred-millionths; a fault is said and gives None."""
    try:
        if not isinstance(value, str):
            raise NotARate('a decimal in quotes, such as "0.50"')
        found = parse_rate(value)
        if found >= largest * RATE_UNIT:
            raise NotARate(f"a number below {largest:,}")
        return found
    except NotARate as error:
        say("bad_number", place, value, error)
        return None


def _whole(value: Any, say: Say, place: str, largest: int = 10_000) -> None:
    if not (isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10 and 1 <= int(value) <= largest):
        say("bad_number", place, value, f'a whole number in quotes, from "1" to "{largest}"')


def _line(plan: dict[str, Any], version: dict[str, Any]) -> Line:
    terms = {name: version[name] for name in TERMS if name in version}
    span = {"valid_from": span_start(version["valid_from"]), "valid_to": span_end(version.get("valid_to") or "")}
    return Line(None, {"plan_code": plan["code"], "name": plan["name"] or "", **span, "terms": terms})


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r} stands twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")
