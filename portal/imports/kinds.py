"""What a recognised file is, and how a family of files is described."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from portal.imports.received import Received
from portal.refusals import Finding, Findings
from portal.settlement.day import DayInput


@dataclass(frozen=True)
class Kind:
    """What a file was recognised as. `days` are the trade dates it speaks of, none for a master file.

    `fault` is the code of a refusal where the name is right but cannot be meant (a day that does not exist), or where the
    bytes that would say what it is cannot be read;
    `faults` are the refusals of a file that cannot be said to speak of any day;
    `left_alone` is true of files that are known and deliberately not read.
    """

    family: str
    name: str
    days: tuple[date, ...] = ()
    fault: str = ""
    left_alone: bool = False
    faults: tuple[Finding, ...] = ()


Recogniser = Callable[[Received], Kind | None]
DayReader = Callable[[date, Sequence[tuple[Kind, Received]], Findings], DayInput | None]


@dataclass(frozen=True)
class Family:
    """A family of files: how one is recognised, and how the files of one trade date become a DayInput.

    `read_day` gets all files of the family for that day and adds every fault to the findings; None says nothing is to be
    posted. It runs outside the transaction and may read the database. `whole` families are read from all files of a day,
    also from those whose bytes were posted before, as soon as one of them is new. Of `files_alone` families `read_day` asks
    the database nothing, so that it may run beside what is asked of it.
    """

    name: str
    recognise: Recogniser
    read_day: DayReader | None = None
    whole: bool = False
    files_alone: bool = False


MASTERS = (
    "branches.csv", "staff.csv", "brokers.csv", "broker_statuses.csv", "licences.csv", "uplines.csv", "relatives.csv",
    "accounts.csv", "servicing.csv", "plans.json", "agreements.csv", "attributions.csv", "exchange_fees.csv",
)  # fmt: skip
"""The master files in the order in which they depend on one another."""

ADJUSTMENTS = "adjustments.csv"
LEADS = "leads.csv"
CONTACTS = "contacts.csv"
DEPARTURES = "departures.csv"
LAST = (ADJUSTMENTS, LEADS, CONTACTS, DEPARTURES)
"""Files that come after masters and days."""
