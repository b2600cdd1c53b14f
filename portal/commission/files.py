"""The master files of commission: plans and agreements."""

from __future__ import annotations

from models.commission import Agreement, Plan, PlanVersion
from portal.commission.plans import read_plans
from portal.fields import number, words
from portal.masters import Field, Line, MasterFile, Numbered
from portal.partners.files import OF_BROKER, SPAN
from portal.refusals import Findings
from portal.spans import no_overlap

PLAN = Numbered(Plan, "plan_code", "plans.json")


def plans_file(overrides_allowed: bool) -> MasterFile:
    """plans.json; whether plans may pay overrides is the firm's rule set."""

    def read(_: MasterFile, text: str, file: str, findings: Findings) -> list[Line]:
        return read_plans(text, file, findings, overrides_allowed=overrides_allowed)

    fields = (Field("plan_code", number, "plan_id", PLAN), Field("name", words(200, required=False)), *SPAN, Field("terms", str))
    return MasterFile("plans.json", PlanVersion, fields, ("plan_code", "valid_from"), dated=True, brings=PLAN, checks=(no_overlap("plan_code"),), read=read)


AGREEMENTS = MasterFile(
    "agreements.csv",
    Agreement,
    (OF_BROKER, Field("plan_code", number, "plan_id", PLAN), *SPAN),
    ("broker_no", "valid_from"),
    dated=True,
    checks=(no_overlap("broker_no"),),
)
