"""What depends on what: the order in which files are imported, whatever the order in which they were handed in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from portal.imports.kinds import ADJUSTMENTS, CONTACTS, DEPARTURES, LAST, LEADS, MASTERS, Kind
from portal.imports.received import Received
from portal.refusals import Findings

Known = tuple[Kind, Received]


@dataclass
class Plan:
    """The files of one import in their order: master files, then days ascending, then adjustments, leads, contacts and departures."""

    masters: list[Received] = field(default_factory=list)
    days: list[tuple[date, str, list[Known]]] = field(default_factory=list)
    """Trade date, family, files."""
    adjustments: list[Received] = field(default_factory=list)
    leads: list[Received] = field(default_factory=list)
    contacts: list[Received] = field(default_factory=list)
    departures: list[Received] = field(default_factory=list)
    left_alone: list[Known] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    """Files handed in twice with the same bytes."""

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return len(self.masters) + len(self.days) + len(self.adjustments) + len(self.leads) + len(self.contacts) + len(self.departures)


def in_order(files: Iterable[Known], findings: Findings) -> Plan:
    """Put recognised files in order. A name twice with other bytes, and a day in two families, are refused."""
    plan = Plan()
    named: dict[str, list[Received]] = defaultdict(list)
    days: dict[tuple[date, str], list[Known]] = defaultdict(list)
    for kind, file in files:
        if kind.fault or kind.faults:
            _refuse(kind, file, findings)
        elif kind.left_alone:
            plan.left_alone.append((kind, file))
        elif kind.days:
            for day in kind.days:
                days[(day, kind.family)].append((kind, file))
        else:
            named[kind.name].append(file)
    for name in (*MASTERS, *LAST):
        kept = _once(named[name], plan, findings)
        {ADJUSTMENTS: plan.adjustments, LEADS: plan.leads, CONTACTS: plan.contacts, DEPARTURES: plan.departures}.get(name, plan.masters).extend(kept)
    for day in sorted({day for day, _ in days}):
        families = sorted(family for of, family in days if of == day)
        if len(families) == 1:
            plan.days.append((day, families[0], days[day, families[0]]))
            continue
        for family in families:
            others = ", ".join(other for other in families if other != family)
            findings.refuse("day_twice", days[day, family][0][1].name, field="trade_date", found=day, expected=f"one family of files; {others} has this day too")
    return plan


def _refuse(kind: Kind, file: Received, findings: Findings) -> None:
    """Say what is wrong with a file that goes nowhere."""
    for finding in kind.faults:
        findings.add(finding)
    if kind.fault == "unreadable_file":
        findings.refuse(kind.fault, file.name, expected="a file that can be read")
    elif kind.fault:
        findings.refuse(kind.fault, file.name, field="trade_date", found=file.base, expected="a date that exists, such as 2026-03-31")


def _once(files: list[Received], plan: Plan, findings: Findings) -> list[Received]:
    """One of several files of the same name: the same bytes count once, other bytes are refused."""
    if len(files) < 2:
        return files
    first, *others = files
    plan.again += [file.name for file in others if file.digest == first.digest]
    different = [file for file in others if file.digest != first.digest]
    for file in different:
        findings.refuse("file_twice", file.name, found=file.name, expected=f"one {first.base}; {first.name} is another")
    return [] if different else [first]
