"""The editor's page of a plan: fields by name, rows that come and go, and the entry of plans.json that they say. Pure.

A sheet is the plan with everything as typed, also where it is wrong. Fields are named by their way through it:
`versions.0.components.1.tiers.steps.2.rate`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from portal.refusals import Refusal

Sheet = dict[str, Any]
MOST_ROWS = 200
"""Rows that any one list of a sheet may hold."""
LONGEST = 400
"""Characters of a field."""
EMPTY_COMPONENT: dict[str, dict[str, Any]] = {
    "retained_fee": {"kind": "retained_fee", "by": "rate", "rate": "", "measure": "retained_fee", "mode": "marginal", "steps": [{"from": "0", "rate": ""}]},
    "per_lot": {"kind": "per_lot", "rates": [{"product": "*", "rate": ""}]},
    "turnover": {"kind": "turnover", "rate": ""},
    "equity": {"kind": "equity", "annual_rate": "", "day_count": "360"},
}
EMPTY_ROW: dict[str, dict[str, Any]] = {
    "deductions": {"name": "", "rate": ""},
    "overrides": {"level": "", "rate": ""},
    "steps": {"from": "", "rate": ""},
    "rates": {"product": "", "rate": ""},
}
EMPTY_VERSION: dict[str, Any] = {
    "valid_from": "",
    "valid_to": "",
    "deductions": [],
    "components": [],
    "overrides": [],
    "cap": "",
    "guarantee": "",
    "reserve": {"rate": "", "months": ""},
}
_CODED = re.compile(r"^plans\[0\](?: .*? (?=versions\[)|\.)?")
_PLACE = re.compile(r"\[(\d+)\]")


def blank() -> Sheet:
    """A sheet with nothing in it but one version."""
    return {"code": "", "name": "", "versions": [deepcopy(EMPTY_VERSION)]}


def sheet_of(plan: Mapping[str, Any]) -> Sheet:
    """The sheet of an entry of plans.json. What is not of the expected shape is left out; the reader says so where it counts."""
    versions = plan.get("versions")
    return {
        "code": _text(plan.get("code")),
        "name": _text(plan.get("name")),
        "versions": [_version_sheet(version) for version in versions[:MOST_ROWS] if isinstance(version, Mapping)] if isinstance(versions, list) else [],
    }


def _version_sheet(version: Mapping[str, Any]) -> dict[str, Any]:
    reserve = version.get("reserve")
    reserve = reserve if isinstance(reserve, Mapping) else {}
    return {
        **{name: _text(version.get(name)) for name in ("valid_from", "valid_to", "cap", "guarantee")},
        "deductions": [{name: _text(row.get(name)) for name in ("name", "rate")} for row in _rows(version, "deductions")],
        "components": [_component_sheet(row) for row in _rows(version, "components") if row.get("kind") in EMPTY_COMPONENT],
        "overrides": [{name: _text(row.get(name)) for name in ("level", "rate")} for row in _rows(version, "overrides")],
        "reserve": {name: _text(reserve.get(name)) for name in ("rate", "months")},
    }


def _component_sheet(component: Mapping[str, Any]) -> dict[str, Any]:
    kind = component["kind"]
    sheet = deepcopy(EMPTY_COMPONENT[kind])
    if kind == "per_lot":
        rates = component.get("rates")
        sheet["rates"] = [{"product": _text(name), "rate": _text(rate)} for name, rate in rates.items()][:MOST_ROWS] if isinstance(rates, Mapping) else []
        return sheet
    tiers = component.get("tiers")
    if kind == "retained_fee" and isinstance(tiers, Mapping):
        steps = tiers.get("steps")
        pairs = [step for step in steps if isinstance(step, list) and len(step) == 2] if isinstance(steps, list) else []
        return sheet | {"by": "tiers", "measure": _text(tiers.get("measure")), "mode": _text(tiers.get("mode")), "steps": [{"from": _text(a), "rate": _text(b)} for a, b in pairs]}
    return sheet | {name: _text(component.get(name)) for name in ("rate", "annual_rate", "day_count") if name in sheet}


def plan_of(sheet: Sheet) -> dict[str, Any]:
    """The entry of plans.json that a sheet says; the reader of the import then judges it."""
    return {"code": sheet["code"], "name": sheet["name"], "versions": [_version(version) for version in sheet["versions"]]}


def _version(sheet: Mapping[str, Any]) -> dict[str, Any]:
    version: dict[str, Any] = {"valid_from": sheet["valid_from"], "valid_to": sheet["valid_to"]}
    version["deductions"] = [dict(row) for row in sheet["deductions"]]
    version["components"] = [_component(row) for row in sheet["components"]]
    version["overrides"] = [{"level": int(row["level"]) if row["level"] in {"1", "2", "3"} else row["level"], "rate": row["rate"]} for row in sheet["overrides"]]
    version["cap"], version["guarantee"] = sheet["cap"] or None, sheet["guarantee"] or None
    version["reserve"] = dict(sheet["reserve"]) if any(sheet["reserve"].values()) else None
    return version


def _component(sheet: Mapping[str, Any]) -> dict[str, Any]:
    kind = sheet["kind"]
    if kind == "per_lot":
        return {"kind": kind, "rates": {row["product"]: row["rate"] for row in sheet["rates"]}}
    if kind == "retained_fee" and sheet["by"] == "tiers":
        return {"kind": kind, "tiers": {"measure": sheet["measure"], "mode": sheet["mode"], "steps": [[row["from"], row["rate"]] for row in sheet["steps"]]}}
    names = {"retained_fee": ("rate",), "turnover": ("rate",), "equity": ("annual_rate", "day_count")}[kind]
    return {"kind": kind, **{name: sheet[name] for name in names}}


def filled(sheet: Sheet, fields: Iterable[tuple[str, str]]) -> Sheet:
    """The sheet with the fields of a form in it. A field that the sheet does not have is passed over: rows come by `changed` alone."""
    sheet = deepcopy(sheet)
    for name, text in fields:
        at, _dot, last = name.rpartition(".")
        where = find(sheet, at)
        if isinstance(where, dict) and isinstance(where.get(last), str) and last != "kind":
            where[last] = text.strip()[:LONGEST]
    return sheet


def changed(sheet: Sheet, wish: str) -> Sheet:
    """The sheet after a button: `add WHERE [KIND]`, `remove WHERE`, `up WHERE`, `down WHERE`, `follow WHERE DAY`.

    Raises Refusal for a wish that the sheet has no place for.
    """
    sheet = deepcopy(sheet)
    verb, _blank, rest = wish.partition(" ")
    where, _blank, kind = rest.partition(" ")
    if verb == "add":
        rows = find(sheet, where)
        if not isinstance(rows, list) or len(rows) >= MOST_ROWS:
            raise Refusal("there is no room for another row here")
        rows.append(_new(where, kind))
        return sheet
    at, _dot, last = where.rpartition(".")
    rows = find(sheet, at)
    if not isinstance(rows, list) or not last.isdecimal() or int(last) >= len(rows):
        raise Refusal("the row that you pointed at is gone: look at the draft again")
    place = int(last)
    if verb == "remove":
        del rows[place]
    elif verb == "up" and place > 0:
        rows[place - 1], rows[place] = rows[place], rows[place - 1]
    elif verb == "down" and place + 1 < len(rows):
        rows[place + 1], rows[place] = rows[place], rows[place + 1]
    elif verb == "follow":
        _follow(rows, place, kind)
    return sheet


def _follow(versions: list[Any], place: int, start: str) -> None:
    """Continue a version with a copy of it: from the day `start` where it has no end, else from its end."""
    if "valid_to" not in versions[place]:
        raise Refusal("there is no room for another row here")
    end = versions[place]["valid_to"]
    start = end or start
    versions.insert(place + 1, {**deepcopy(versions[place]), "valid_from": start, "valid_to": ""})
    versions[place]["valid_to"] = start


def _new(where: str, kind: str) -> dict[str, Any]:
    name = where.rpartition(".")[2]
    if name == "components" and kind in EMPTY_COMPONENT:
        return deepcopy(EMPTY_COMPONENT[kind])
    if name == "versions":
        return deepcopy(EMPTY_VERSION)
    if name in EMPTY_ROW:
        return dict(EMPTY_ROW[name])
    raise Refusal("there is no room for another row here")


def field_of(place: str, sheet: Sheet) -> str:
    """The field of a sheet that a finding of the reader or the checker points at; the nearest one around it where there is none.

    >>> field_of("plans[0] FLAT versions[0].components[0].rate", blank())
    'versions.0.components'
    """
    name = _PLACE.sub(r".\1", _CODED.sub("", place))
    steps = re.fullmatch(r"(.*\.components\.\d+)\.tiers\.(steps|measure|mode)(?:\.(\d+))?(?:\.([01]))?", name)
    if steps:
        row = f".{steps[3]}" if steps[3] else ""
        name = f"{steps[1]}.{steps[2]}{row}" + ({"0": ".from", "1": ".rate"}[steps[4]] if steps[4] else "")
    rates = re.fullmatch(r"(.*\.components\.\d+\.rates)\.(.+)", name)
    if rates:
        rows = find(sheet, rates[1]) or []
        row_of = next((place for place, row in enumerate(rows) if row["product"].lower() == rates[2].lower()), None)
        name = rates[1] if row_of is None else f"{rates[1]}.{row_of}.product"
    while name and find(sheet, name) is None:
        name = name.rpartition(".")[0]
    return name


def products_twice(sheet: Sheet) -> list[str]:
    """Fields of per-lot rows that name the same product as a row before: an object of plans.json has a key once."""
    found = []
    for at, version in enumerate(sheet["versions"]):
        for place, component in enumerate(version["components"]):
            names = [row["product"] for row in component.get("rates", [])]
            found += [f"versions.{at}.components.{place}.rates.{row}.product" for row, name in enumerate(names) if name in names[:row]]
    return found


def find(sheet: Any, where: str) -> Any:
    """What stands at a name in a sheet, or None."""
    for step in where.split(".") if where else []:
        if isinstance(sheet, list) and step.isdecimal() and int(step) < len(sheet):
            sheet = sheet[int(step)]
        elif isinstance(sheet, dict) and step in sheet:
            sheet = sheet[step]
        else:
            return None
    return sheet


def _rows(version: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    rows = version.get(name)
    return [row for row in rows[:MOST_ROWS] if isinstance(row, Mapping)] if isinstance(rows, list) else []


def _text(value: Any) -> str:
    return "" if value is None else str(value)[:LONGEST]
