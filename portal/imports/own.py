"""The portal's own CSV: recognised by name, a day read from balances and trades."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from models.values.calendar import NotADate, parse_day
from portal.imports.context import bytes_of
from portal.imports.kinds import LAST, MASTERS, Family, Kind
from portal.imports.received import Received
from portal.refusals import Findings
from portal.settlement.day import DayInput
from portal.settlement.decoding import utf8
from portal.settlement.own_day import read_balances, read_trades

_OWN_DAY = re.compile(r"(balances|trades)-(\d{4}-\d{2}-\d{2})\.csv", re.ASCII)


def own_master(file: Received) -> Kind | None:
    """The portal's own master files, adjustments and leads, by name."""
    name = file.base.lower()
    return Kind("own", name) if name in MASTERS or name in LAST else None


def own_day(file: Received) -> Kind | None:
    """The portal's own balances and trades, by name."""
    found = _OWN_DAY.fullmatch(file.base.lower())
    if not found:
        return None
    try:
        return Kind("own_day", found[1], (parse_day(found[2]),))
    except NotADate:
        return Kind("own_day", found[1], fault="bad_file_date")


def read_own_day(day: date, files: Sequence[tuple[Kind, Received]], findings: Findings) -> DayInput | None:
    """The portal's own balances and trades of a day."""
    given = DayInput(day)
    for kind, file in _one_each(files, findings):
        content = _content(file, findings)
        if content is None:
            continue
        own, held = Findings(), [content]
        del content  # a day's text is not held beside its columns: the reader takes it out
        if kind.name == "balances":
            given.balance_file, given.balances = file.name, read_balances(held.pop(), file.name, day, own)
        else:
            given.trade_file, given.trades = file.name, read_trades(held.pop(), file.name, day, own)
        findings.extend(own)
    return given


def _content(file: Received, findings: Findings) -> bytes | None:
    data = bytes_of(file, findings)
    return None if data is None else utf8(data, file.name, findings)


def _one_each(files: Sequence[tuple[Kind, Received]], findings: Findings) -> list[tuple[Kind, Received]]:
    """One file per kind; a second one with other bytes is refused."""
    kept: dict[str, tuple[Kind, Received]] = {}
    for kind, file in files:
        first = kept.setdefault(kind.name, (kind, file))[1]
        if file.digest != first.digest:
            findings.refuse("day_twice", file.name, field="trade_date", found=file.base, expected=f"one file of this day; {first.name} is another")
    return list(kept.values())


OWN = Family("own", own_master)
OWN_DAY = Family("own_day", own_day, read_own_day, files_alone=True)
