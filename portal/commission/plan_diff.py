"""What differs between two states of a plan: in words, in data, and from which day on. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from portal.commission.clauses import Clause, clauses
from portal.commission.plans import TERMS
from portal.commission.wording import Step
from portal.fields import span_end, span_start, span_text

Plan = Mapping[str, Any]


@dataclass(frozen=True)
class ClauseChange:
    """A clause as it was and as it will be; None where there is none."""

    before: Clause | None
    after: Clause | None

    @property
    def title(self) -> str:
        """What it is about."""
        clause = self.after or self.before
        assert clause is not None
        return clause.title

    @property
    def lines(self) -> tuple[list[Step], list[Step]]:
        """The sentences and rows that differ, as they were and as they will be; all of them where one side is missing."""
        old, new = ([side.sentence, *side.items] if side else [] for side in (self.before, self.after))
        return [step for step in old if step not in new], [step for step in new if step not in old]


def terms_of(version: Plan) -> dict[str, Any]:
    """The terms of a version alone, without what is empty: null, nothing and an empty list say the same."""
    return {name: version[name] for name in TERMS if version.get(name) not in (None, "", [])}


def clause_changes(before: Plan | None, after: Plan | None) -> list[ClauseChange]:
    """The clauses that differ between two checked versions, in their order."""
    old = {clause.kind: clause for clause in clauses(before)} if before is not None else {}
    new = {clause.kind: clause for clause in clauses(after)} if after is not None else {}
    return [ClauseChange(old.get(kind), new.get(kind)) for kind in dict.fromkeys([*old, *new]) if old.get(kind) != new.get(kind)]


def version_pairs(before: Plan | None, after: Plan | None) -> list[tuple[str, Plan | None, Plan | None]]:
    """The versions of two states of a plan side by side, by the day from which they count: (day, before, after)."""
    old = {version["valid_from"]: version for version in before["versions"]} if before else {}
    new = {version["valid_from"]: version for version in after["versions"]} if after else {}
    return [(start, old.get(start), new.get(start)) for start in sorted({*old, *new})]


def version_at(plan: Plan | None, start: str) -> Plan | None:
    """The version of a plan that counts on a day, if any."""
    day = span_start(start)
    versions = plan["versions"] if plan else []
    return next((version for version in versions if span_start(version["valid_from"]) <= day < span_end(version.get("valid_to") or "")), None)


def data_changes(before: Plan | None, after: Plan | None) -> list[tuple[str, str | None, str | None]]:
    """Every value that differs, named by its place: (place, before, after); None where there was nothing."""
    old, new = dict(_flat(before)) if before else {}, dict(_flat(after)) if after else {}
    return [(place, old.get(place), new.get(place)) for place in dict.fromkeys([*old, *new]) if old.get(place) != new.get(place)]


def _flat(plan: Plan) -> Iterator[tuple[str, str]]:
    yield "name", plan.get("name") or ""
    for version in plan["versions"]:
        at = version["valid_from"]
        yield f"{at} valid_to", version.get("valid_to") or "…"
        for name, value in terms_of(version).items():
            if name == "components":
                for component in value:
                    yield from _leaves(f"{at} {component['kind']}", {key: inner for key, inner in component.items() if key != "kind"})
            elif name == "deductions":
                yield from ((f"{at} deductions {row['name']}", row["rate"]) for row in value)
            elif name == "overrides":
                yield from ((f"{at} overrides {row['level']}", row["rate"]) for row in value)
            else:
                yield from _leaves(f"{at} {name}", value)


def _leaves(place: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(f"{place} {key}", inner)
    elif isinstance(value, list) and all(isinstance(row, list) for row in value):
        yield from ((f"{place} {number}", " → ".join(row)) for number, row in enumerate(value, start=1))
    else:
        yield place, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def first_day_changed(before: Plan | None, after: Plan) -> date | None:
    """The first trade date on which the two pay differently by their terms; None where no day differs."""
    spans = [_spans(before) if before else [], _spans(after)]
    edges = sorted({day for found in spans for start, end, _terms in found for day in (start, end)})
    return next((day for day in edges if _at(spans[0], day) != _at(spans[1], day)), None)


def _spans(plan: Plan) -> list[tuple[date, date, dict[str, Any]]]:
    return [(span_start(version["valid_from"]), span_end(version.get("valid_to") or ""), terms_of(version)) for version in plan["versions"]]


def _at(spans: Sequence[tuple[date, date, dict[str, Any]]], day: date) -> dict[str, Any] | None:
    return next((terms for start, end, terms in spans if start <= day < end), None)


def span_words(version: Plan) -> str:
    """A version's span as the files write it."""
    return span_text(span_start(version["valid_from"]), span_end(version.get("valid_to") or ""))
