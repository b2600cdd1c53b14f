"""What the checks are given: a broker, a client and what ties them, as believed now. Plain values; nothing here reads a database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from models.columns import FIRST_DAY


class Spell(NamedTuple):
    """A dated fact: what it says, from `start` inclusive to `end` exclusive."""

    says: str
    start: date
    end: date

    def on(self, day: date) -> bool:
        """Whether it holds on a day."""
        return self.start <= day < self.end


Spells = tuple[Spell, ...]


def on(spells: Iterable[Spell], day: date) -> Spells:
    """Those that hold on a day."""
    return tuple(spell for spell in spells if spell.on(day))


def since(spells: Iterable[Spell]) -> date:
    """The first day of the earliest."""
    return min((spell.start for spell in spells), default=FIRST_DAY)


def last_end(spells: Iterable[Spell], day: date) -> date | None:
    """The last end before or on a day: from then on nothing held. None where nothing ever did."""
    return max((spell.end for spell in spells if spell.end <= day), default=None)


@dataclass(frozen=True)
class MonthEnd:
    """What a broker's clients came to at the last month end: how many, their equity in fen, and when a report is due."""

    day: date
    clients: int
    equity: int
    report_due_on: date | None = None


@dataclass(frozen=True)
class BrokerFacts:
    """A broker. `recorded` are facts that somebody entered, by kind; `staff` the staff whose phone or name he shares, over their time."""

    broker_id: int
    broker_no: str
    kind: str
    id_no_index: str = ""
    born_on: date | None = None
    active: Spells = ()
    licences: Spells = ()
    agreements: Spells = ()
    staff: Spells = ()
    recorded: Mapping[str, Spells] = field(default_factory=dict)
    month_end: MonthEnd | None = None

    def entered(self, kind: str, day: date) -> Spells:
        """Facts of a kind that hold on a day."""
        return on(self.recorded.get(kind, ()), day)


@dataclass(frozen=True)
class ClientFacts:
    """A client's account. `test_until` is the last day of the newest suitability test, None where none was taken here."""

    account_id: int
    account_no: str
    client_no: str
    kind: str
    id_no_index: str = ""
    opened_on: date | None = None
    closed_on: date | None = None
    grade: str = ""
    test_until: date | None = None
    recorded: Mapping[str, Spells] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """What a check sees. `ties` are what relates broker and client; `state` and `since` are the attribution's; `call_due_on` the
    day until which its confirmation call is due. `opening` says that an attribution is about to begin or change. `claimed_on`, `pays_cash` and `lead_idle_until` stand only
    where they are asked about."""

    broker: BrokerFacts | None = None
    client: ClientFacts | None = None
    ties: Spells = ()
    state: str = ""
    since: date = FIRST_DAY
    call_due_on: date | None = None
    claimed_on: date | None = None
    pays_cash: bool = False
    opening: bool = False
    lead_idle_until: date | None = None
