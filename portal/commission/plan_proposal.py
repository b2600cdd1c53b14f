"""What a draft would do if it were activated: its faults, findings, changes, whom it reaches, what it corrects. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from models.plan_drafts import ShadowRun
from portal.commission import plan_queries
from portal.commission.drafts import shadows_of
from portal.commission.plan_checks import check_plan
from portal.commission.plan_diff import data_changes, first_day_changed, terms_of
from portal.commission.plan_look import Check, Level
from portal.commission.plan_reading import Fault, judge, plan_digest
from portal.commission.plan_sheet import Sheet, plan_of

ABOUT_SPANS = frozenset({"versions_gap", "versions_overlap", "inside_a_month"})


@dataclass(frozen=True)
class Proposal:
    """A draft as it would be activated now. `shadow` is a shadow run of exactly this plan over every closed month that it
    reaches, where there are such months and there is such a run."""

    plan: dict[str, Any]
    digest: str
    believed: dict[str, Any] | None
    faults: list[Fault]
    checks: list[Check]
    changes: list[tuple[str, str | None, str | None]]
    first_day: date | None
    agreements: int
    closed: list[str]
    shadow: ShadowRun | None

    @property
    def blocking(self) -> list[Check]:
        """Findings that keep it from being activated."""
        return [check for check in self.checks if check.level is Level.BLOCKS]

    @property
    def warnings(self) -> list[Check]:
        """Findings that must be acknowledged with a reason."""
        return [check for check in self.checks if check.level is Level.WARNS]

    @property
    def needs_shadow(self) -> bool:
        """Whether it reaches back into closed months and nobody has looked yet what that corrects."""
        return bool(self.closed) and self.shadow is None

    @property
    def ready(self) -> bool:
        """Whether a second person may be asked."""
        return not self.faults and not self.blocking and bool(self.changes) and not self.needs_shadow

    @property
    def corrections(self) -> list[tuple[str, int]]:
        """What each closed month would be corrected by (fen), as the shadow run saw it."""
        months = self.shadow.result["months"] if self.shadow is not None else []
        return [(row["period"], row["after"] - row["before"]) for row in months if row["period"] in self.closed]


def proposal(sheet: Sheet, *, overrides_allowed: bool) -> Proposal:
    """Look at a sheet as it would be activated now. Findings and changes are empty while the reader refuses it."""
    plan = plan_of(sheet)
    faults = judge(sheet, overrides_allowed=overrides_allowed)
    believed = plan_queries.entries().get(plan["code"])
    digest = plan_digest(plan)
    if faults:
        return Proposal(plan, digest, believed, faults, [], [], None, 0, [], None)
    first = first_day_changed(believed, plan)
    reached = plan_queries.agreements_since(plan["code"], first) if first and believed else 0
    closed = plan_queries.closed_since(first) if first and reached else []
    shadow = next((run for run in shadows_of(digest) if set(closed) <= set(run.periods) and not run.brokers), None) if closed else None
    checks = _of_changes(check_plan(plan, plan_queries.known_products()), believed, plan)
    return Proposal(plan, digest, believed, [], checks, data_changes(believed, plan), first, reached, closed, shadow)


def _of_changes(checks: list[Check], believed: dict[str, Any] | None, plan: dict[str, Any]) -> list[Check]:
    """The findings about versions whose terms change, and those about spans: what stays as it is was decided before."""
    held = {version["valid_from"]: terms_of(version) for version in believed["versions"]} if believed else {}
    stay = {f"versions[{place}]" for place, version in enumerate(plan["versions"]) if held.get(version["valid_from"]) == terms_of(version)}
    return [check for check in checks if check.code in ABOUT_SPANS or check.place.partition(".")[0] not in stay]
