"""The books of a firm, month by month, from its files alone: slow, plain and meant to be obviously right.

`books(events)` takes the order of what happened — ("import", folder) and ("close", "2026-03") — and gives the posted lines and statements.
"""

from __future__ import annotations

import calendar
import csv
import sys
from collections import Counter, defaultdict
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from tests.oracle.knowledge import Knowledge
from tests.oracle.pricing import Key, Line, Lines, month_lines
from tests.oracle.sums import fen, half_up, number, withholding

Event = tuple[str, str]
AMOUNTS = ("earned", "corrections", "cap_or_guarantee", "adjustments", "reserve", "release", "carry_over", "payable", "withholding", "net")
LINE_COLUMNS = ("period", "broker_no", "kind", "account_no", "trade_date", "exchange", "product", "part_fen", "amount_fen", "reason", "plan_code", "origin")
STATEMENT_COLUMNS = ("broker_no", "period", *AMOUNTS)


def last_day(month: str) -> str:
    year, number_ = map(int, month.split("-"))
    return f"{month}-{calendar.monthrange(year, number_)[1]:02d}"


def months_on(month: str, count: int) -> str:
    year, number_ = map(int, month.split("-"))
    total = year * 12 + number_ - 1 + count
    return f"{total // 12:04d}-{total % 12 + 1:02d}"


class Books:
    """What was posted so far."""

    def __init__(self) -> None:
        self.known = Knowledge()
        self.closed: list[str] = []
        self.lines: list[dict[str, str]] = []
        self.statements: list[dict[str, str]] = []
        self.posted: dict[str, dict[Key, int]] = {}
        self.last_line: dict[str, Lines] = {}
        self.posted_cap: dict[str, dict[str, int]] = {}
        self.payable: dict[str, dict[str, int]] = {}
        self.releases: dict[str, Counter[str]] = defaultdict(Counter)

    def close(self, month: str) -> None:
        """Post a month (§6), with what is known now."""
        target = month_lines(self.known, month)
        earned = sums(target)
        self.posted[month], self.last_line[month] = {}, {}
        for key, line in target.items():
            self._post(month, month, key, line)
        corrections: Counter[str] = Counter()
        for origin in self.closed:
            self._correct(month, origin, corrections)
        cap = self._cap_or_guarantee(month, earned)
        self.posted_cap[month] = cap
        self._statements(month, earned, corrections, cap)
        self.closed.append(month)

    def _post(self, month: str, origin: str, key: Key, line: Line) -> None:
        self.posted[origin][key] = self.posted[origin].get(key, 0) + line.amount
        self.last_line[origin][key] = line
        texts = {
            "period": month,
            "part_fen": "" if line.part is None else str(line.part),
            "amount_fen": str(line.amount),
            "origin": "" if origin == month else origin,
        }
        names = ("broker_no", "kind", "account_no", "trade_date", "exchange", "product", "reason", "plan_code")
        self.lines.append(texts | {name: getattr(line, name) for name in names})

    def _correct(self, month: str, origin: str, corrections: Counter[str]) -> None:
        """Post what today gives for a closed month minus what was posted for it, line by line, and the same for its cap."""
        target = month_lines(self.known, origin)
        for key in sorted(set(target) | set(self.posted[origin]), key=repr):
            today = target.get(key)
            difference = (today.amount if today else 0) - self.posted[origin].get(key, 0)
            if difference:
                line = today or replace(self.last_line[origin][key], part=None, reason="")
                self._post(month, origin, key, replace(line, amount=difference))
                corrections[line.broker_no] += difference
        posted = self.posted_cap[origin]
        for broker, today_cap in self._cap_or_guarantee(origin, sums(target)).items():
            corrections[broker] += today_cap - posted.get(broker, 0)
            posted[broker] = today_cap

    def _terms(self, broker: str, month: str) -> dict[str, Any]:
        """The version of the last calendar day of a month, or nothing."""
        found = self.known.version(broker, last_day(month))
        return found[1] if found else {}

    def _cap_or_guarantee(self, month: str, earned: Counter[str]) -> dict[str, int]:
        """What brings each broker's month down to its cap or up to its guarantee."""
        result = {}
        for (broker,) in self.known.tables["brokers"]:
            terms, amount = self._terms(broker, month), earned[broker]
            cap, guarantee = terms.get("cap"), terms.get("guarantee")
            result[broker] = 0
            if cap not in (None, "") and amount > fen(cap):
                result[broker] = fen(cap) - amount
            elif guarantee not in (None, "") and amount < fen(guarantee) and self._in_service(broker, month):
                result[broker] = fen(guarantee) - amount
        return result

    def _in_service(self, broker: str, month: str) -> bool:
        known = self.known
        days = known.settled_days(month)
        return bool(days) and all(known.agreement(broker, day) and not known.inactive(broker, day) and not known.unlicensed(broker, day) for day in days)

    def _statements(self, month: str, earned: Counter[str], corrections: Counter[str], cap: dict[str, int]) -> None:
        self.payable[month] = {}
        with_lines = {line["broker_no"] for line in self.lines if line["period"] == month}
        for (broker,) in sorted(self.known.tables["brokers"]):
            column = {"earned": earned[broker], "corrections": corrections[broker], "cap_or_guarantee": cap[broker]}
            column["adjustments"] = sum(fen(row[2]) * times for row, times in self.known.adjustments.items() if row[:2] == (broker, month))
            column["reserve"] = self._reserve(broker, month, sum(column.values()))
            column["release"] = self.releases[month][broker]
            column["carry_over"] = min(self.payable.get(months_on(month, -1), {}).get(broker, 0), 0)
            payable = column["payable"] = sum(column.values())
            self.payable[month][broker] = payable
            person = self.known.broker(broker)["kind"] == "person"
            column["withholding"] = withholding(max(payable, 0)) if person else 0
            column["net"] = max(payable, 0) - column["withholding"]
            if broker in with_lines or any(column.values()):
                self.statements.append({"broker_no": broker, "period": month} | {name: str(column[name]) for name in AMOUNTS})

    def _reserve(self, broker: str, month: str, base: int) -> int:
        """Minus what is held back this month; its return is booked for the month fixed now."""
        reserve = self._terms(broker, month).get("reserve")
        if not reserve:
            return 0
        taken = half_up(Fraction(max(base, 0)) * number(reserve["rate"]))
        self.releases[months_on(month, int(reserve["months"]))][broker] += taken
        return -taken


def sums(lines: Lines) -> Counter[str]:
    total: Counter[str] = Counter()
    for line in lines.values():
        total[line.broker_no] += line.amount
    return total


def books(events: list[Event]) -> Books:
    """The books after a sequence of imports and closes."""
    result = Books()
    for what, value in events:
        if what == "import":
            result.known.read(Path(value))
        else:
            result.close(value)
    return result


def firm_events(folder: Path) -> list[Event]:
    """The order for a firm whose later folders are named `later` (before the last close) or `later-YYYY-MM` (before that close)."""
    months = sorted({path.name[9:16] for path in folder.glob("balances-*.csv")})
    events: list[Event] = [("import", str(folder))]
    for month in months:
        laters = [folder / f"later-{month}"] + ([folder / "later"] if month == months[-1] else [])
        events += [("import", str(later)) for later in laters if later.is_dir()]
        events.append(("close", month))
    return events


def write(result: Books, folder: Path) -> None:
    """lines.csv and statements.csv for each closed month, in a folder of its own."""
    for month in result.closed:
        target = folder / month
        target.mkdir(parents=True, exist_ok=True)
        for name, columns, rows in (("lines", LINE_COLUMNS, result.lines), ("statements", STATEMENT_COLUMNS, result.statements)):
            with (target / f"{name}.csv").open("w", encoding="utf-8", newline="") as handle:
                writer = csv.DictWriter(handle, columns)
                writer.writeheader()
                writer.writerows(row for row in rows if row["period"] == month)


if __name__ == "__main__":
    write(books(firm_events(Path(sys.argv[1]))), Path(sys.argv[2]))
