"""What a file is, from its name (the portal's own files, the market monitor's) or, in other families, from its content.

A family is one entry of FAMILIES. Whoever reads another family appends to the list; the first that recognises a file gets it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from models.values.calendar import NotADate, parse_day
from portal.imports.received import Received
from portal.refusals import Findings
from portal.settlement.day import DayInput


@dataclass(frozen=True)
class Kind:
    """What a file was recognised as. `days` are the trade dates it speaks of, none for a master file.

    `fault` is the code of a refusal where the name is right but cannot be meant (a day that does not exist);
    `left_alone` is true of files that are known and deliberately not read.
    """

    family: str
    name: str
    days: tuple[date, ...] = ()
    fault: str = ""
    left_alone: bool = False


Recogniser = Callable[[Received], Kind | None]
DayReader = Callable[[date, Sequence[tuple[Kind, Received]], Findings], DayInput | None]


@dataclass(frozen=True)
class Family:
    """A family of files: how one is recognised, and how the files of one trade date become a DayInput.

    `read_day` gets all files of the family for that day and adds every fault to the findings; None says nothing is to be
    posted. It runs outside the transaction and may read the database.
    """

    name: str
    recognise: Recogniser
    read_day: DayReader | None = None


MASTERS = (
    "branches.csv", "staff.csv", "brokers.csv", "broker_statuses.csv", "licences.csv", "uplines.csv", "relatives.csv",
    "accounts.csv", "servicing.csv", "plans.json", "agreements.csv", "attributions.csv", "exchange_fees.csv",
)  # fmt: skip
"""The master files in the order in which they depend on one another."""

ADJUSTMENTS = "adjustments.csv"

_OWN_DAY = re.compile(r"(balances|trades)-(\d{4}-\d{2}-\d{2})\.csv", re.ASCII)
_MONITOR = re.compile(r"\d{4}([a-z]+)(\d{4})(\d{2})(\d{2})\.txt", re.ASCII)


def own_master(file: Received) -> Kind | None:
    """The portal's own master files and adjustments, by name."""
    name = file.base.lower()
    return Kind("own", name) if name in MASTERS or name == ADJUSTMENTS else None


def own_day(file: Received) -> Kind | None:
    """The portal's own balances and trades, by name."""
    found = _OWN_DAY.fullmatch(file.base.lower())
    if not found:
        return None
    try:
        return Kind("own_day", found[1], (parse_day(found[2]),))
    except NotADate:
        return Kind("own_day", found[1], fault="bad_file_date")


def monitor_day(file: Received) -> Kind | None:
    """The firm's daily files to the market monitor, by name: NNNN + kind + YYYYMMDD.txt."""
    found = _MONITOR.fullmatch(file.base.lower())
    if not found:
        return None
    try:
        return Kind("monitor", found[1], (date(int(found[2]), int(found[3]), int(found[4])),))
    except ValueError:
        return Kind("monitor", found[1], fault="bad_file_date")


FAMILIES: list[Family] = [Family("own", own_master), Family("own_day", own_day)]
"""Every family that the portal reads, in the order in which they are asked."""


def recognise(file: Received) -> Kind | None:
    """What a file is, or None where no family knows it."""
    for family in FAMILIES:
        kind = family.recognise(file)
        if kind is not None:
            return kind
    return None


def family_named(name: str) -> Family:
    """A family by its name."""
    return next(family for family in FAMILIES if family.name == name)
