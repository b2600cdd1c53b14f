"""The master file of attributions, and the check that no account is given away twice."""

from __future__ import annotations

from models.attribution import Attribution, AttributionState
from models.values.rates import SHARE_WHOLE, decimal_text
from portal.clients.files import OF_ACCOUNT
from portal.fields import optional_day, share, word_of
from portal.masters import Field, Line, MasterFile
from portal.partners.files import OF_BROKER, SPAN
from portal.refusals import Findings
from portal.spans import by, no_overlap


def shares_within_whole(lines: list[Line], file: str, findings: Findings) -> None:
    """Refuse days on which the shares of an account pass 100 percent, whatever their state."""
    for (account_no,), rows in by(lines, ("account_no",)).items():
        if sum(row.values["share"] for row in rows) <= SHARE_WHOLE:
            continue
        steps = sorted((step for row in rows for step in ((row.values["valid_to"], 0, row), (row.values["valid_from"], 1, row))), key=lambda step: step[:2])
        total = 0
        for day, begins, row in steps:
            total += row.values["share"] if begins else -row.values["share"]
            if begins and total > SHARE_WHOLE:
                findings.refuse("shares_over_whole", file, row.number, field="share", found=f"{account_no}, {day}: {decimal_text(total, 4)} %", expected="on no day above 100 %")


ATTRIBUTIONS = MasterFile(
    "attributions.csv",
    Attribution,
    (OF_ACCOUNT, OF_BROKER, Field("share", share), Field("state", word_of(AttributionState)), *SPAN, Field("confirmed_on", optional_day)),
    ("account_no", "broker_no", "valid_from"),
    dated=True,
    checks=(no_overlap("account_no", "broker_no"), shares_within_whole),
)

FILES = (ATTRIBUTIONS,)
