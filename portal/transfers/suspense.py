"""What an attribution becomes while two claims are disputed, and after. Pure: rows in, rows out.

    before   B001 100 % 2026-01-05 –  confirmed        in suspense   B001 100 % 2026-01-05 – 2026-03-02 confirmed
    a case opens on 2026-03-02                                       B001 100 % 2026-03-02 –            suspended

What lies before the day on which the case was opened stays as it was, whoever wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from models.attribution import AttributionState
from models.columns import OPEN_END
from models.values.calendar import parse_day
from portal.attribution.history import Claim
from portal.transfers.spans import Handing, handed_over


def held_back(claims: list[Claim], broker_no: str, day: date) -> list[Claim]:
    """The rows of an account with a broker's suspended from a day on."""
    after: list[Claim] = []
    for claim in claims:
        if claim.broker_no != broker_no or claim.valid_to <= day:
            after.append(claim)
            continue
        if claim.valid_from < day:
            after.append(claim._replace(valid_to=day))
        after.append(claim._replace(valid_from=max(claim.valid_from, day), state=AttributionState.SUSPENDED.value, confirmed_on=None))
    return sorted(after, key=lambda claim: (claim.valid_from, claim.broker_no.encode()))


def released(before: list[Claim], held_by: str, goes_to: str, day: date) -> list[Claim]:
    """The rows after a final decision: those from before the case where the share stays with who held it; otherwise handed to
    the winner (empty: to the house) from the day on which the case was opened, confirmed where it was confirmed before."""
    if goes_to == held_by:
        return before
    was = [claim for claim in before if claim.broker_no == held_by and claim.valid_to > day]
    confirmed = [claim.confirmed_on or claim.valid_from for claim in was if claim.state == AttributionState.CONFIRMED]
    return handed_over(before, Handing(held_by, goes_to or None, day, min(confirmed, default=None)))


def from_plain(rows: list[Mapping[str, Any]]) -> list[Claim]:
    """Rows from the plain JSON of portal/transfers/spans.py `told`."""
    return [
        Claim(
            row["broker"],
            parse_day(row["from"]),
            parse_day(row["to"]) if row["to"] else OPEN_END,
            row["share"],
            row["state"],
            parse_day(row["confirmed_on"]) if row["confirmed_on"] else None,
        )
        for row in rows
    ]
