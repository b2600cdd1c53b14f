"""The firm's daily files to the market monitor, with the back office's lists beside them, as one family of the import door."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl
from sqlalchemy import select

from models import db
from models.settlement import ExchangeFee
from portal.imports.kinds import Family, Kind
from portal.imports.received import Received
from portal.refusals import Findings, Refusal, Severity
from portal.settlement.at_day import build_day
from portal.settlement.at_files import recognise
from portal.settlement.back_office import list_days
from portal.settlement.day import DayInput
from portal.settlement.exchange_fees import FEE_TABLE
from portal.versions import current

NAME = "market_monitor"
LIST = "back_office_list"
SPREADSHEETS = (".csv", ".xls", ".xlsx")
NO_LIST = frozenset({"no_header", "nul_byte"})
"""What is wrong with a file that is no list at all: other tables, pictures."""
LOCK = "~$"
"""So begin the names of what an office leaves beside an open workbook."""


def market_monitor(file: Received) -> Kind | None:
    """A daily file by its name, a back-office list by its head."""
    said = recognise(file.name)
    if said is not None:
        return Kind(NAME, said.kind, (said.day,))
    if not file.base.lower().endswith(SPREADSHEETS):
        return None
    findings = Findings()
    try:
        days = list_days(file.name, file.read(), findings)
    except (Refusal, OSError):  # it may be a list: what cannot be read is refused, not passed over
        return Kind(NAME, LIST, fault="unreadable_file")
    if days:
        return Kind(NAME, LIST, tuple(sorted(days)))
    # Passed over, a broken list would leave the day to the fee table without a word.
    faults = tuple(finding for finding in findings.listed if finding.severity is Severity.REFUSAL and finding.code not in NO_LIST)
    return Kind(NAME, LIST, faults=faults) if faults and not file.base.startswith(LOCK) else None


def read_day(day: date, files: Sequence[tuple[Kind, Received]], findings: Findings) -> DayInput | None:
    """All files of a day put together. Kinds that are left alone are counted; without any other there is nothing to post."""
    daily = [(file.name, file.read()) for kind, file in files if kind.name != LIST]
    lists = [(file.name, file.read()) for kind, file in files if kind.name == LIST]
    if daily and not lists and not any(said.read for name, _ in daily if (said := recognise(name))):
        return DayInput(day, left_alone={kind.name: sum(1 for line in file.read().split(b"\n") if line.strip()) for kind, file in files})
    given, found, left_alone = build_day(day, daily, fee_table(), lists)
    findings.extend(found)
    if given is not None:
        given.left_alone = left_alone
    return given


def fee_table() -> pl.DataFrame:
    """The exchange fee table as the firm knows it now."""
    rows = current(ExchangeFee).subquery()
    found = [tuple(row) for row in db.session.execute(select(*(rows.c[name] for name in FEE_TABLE)))]
    return pl.DataFrame(found, schema=FEE_TABLE, orient="row")


MARKET_MONITOR = Family(NAME, market_monitor, read_day, whole=True)
