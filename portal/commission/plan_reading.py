"""A sheet judged by the very reader of the import: every fault beside the field that it is about. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from portal.commission.files import plans_file
from portal.commission.plan_sheet import Sheet, field_of, plan_of, products_twice
from portal.masters import read_lines
from portal.refusals import Finding, Findings, Severity

SHAPE = frozenset({"bad_json", "bad_plan", "unknown_column", "missing_column", "rate_or_tiers"})
"""Faults of the shape of a pasted plan: the editor has no field to put them beside, so the text is refused."""
NAME = "plans.json"


@dataclass(frozen=True)
class Fault:
    """A refusal of the reader, and the field that it stands beside."""

    field: str
    finding: Finding


def plans_text(plans: Sequence[Any]) -> str:
    """plans.json with these plans."""
    return json.dumps(plans, ensure_ascii=False, indent=1) + "\n"


def plan_digest(plan: Any) -> str:
    """The SHA-256 of a plan's canonical JSON."""
    return hashlib.sha256(json.dumps(plan, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def read_text(text: str, *, overrides_allowed: bool) -> list[Finding]:
    """Everything that the import refuses in a text of plans.json."""
    findings = Findings()
    read_lines(plans_file(overrides_allowed), text, NAME, findings)
    return [finding for finding in findings.listed if finding.severity is Severity.REFUSAL]


def judge(sheet: Sheet, *, overrides_allowed: bool) -> list[Fault]:
    """Every fault of a sheet, each beside its field."""
    faults = [Fault(_field(finding, sheet), finding) for finding in read_text(plans_text([plan_of(sheet)]), overrides_allowed=overrides_allowed)]
    twice = Finding(Severity.REFUSAL, "key_twice", NAME)
    return faults + [Fault(field, twice) for field in products_twice(sheet)]


def _field(finding: Finding, sheet: Sheet) -> str:
    if finding.code in {"empty_span", "spans_overlap", "key_twice"} and not finding.field.startswith("plans["):
        for place, version in enumerate(sheet["versions"]):
            if version["valid_from"] and finding.found.endswith(f"{version['valid_from']} – {version['valid_to']}"):
                return f"versions.{place}.valid_{'to' if finding.code == 'empty_span' else 'from'}"
        return "versions"
    return field_of(finding.field, sheet)
