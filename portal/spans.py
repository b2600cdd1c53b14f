"""Checks over dated rows of one file: spans that overlap, shares that pass the whole, uplines that make a loop. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date

from portal.fields import span_text
from portal.masters import Line
from portal.refusals import Findings

Check = Callable[[list[Line], str, Findings], None]


def no_overlap(*group: str) -> Check:
    """The check that spans with the same values in the columns `group` share no day."""

    def check(lines: list[Line], file: str, findings: Findings) -> None:
        for rows in by(lines, group).values():
            rows.sort(key=lambda row: (row.values["valid_from"], row.values["valid_to"]))
            latest = rows[0]
            for row in rows[1:]:
                if row.values["valid_from"] < latest.values["valid_to"]:
                    expected = f"line {latest.number}: {span_text(latest.values['valid_from'], latest.values['valid_to'])}"
                    findings.refuse("spans_overlap", file, row.number, field="valid_from", found=_span(row), expected=expected)
                if row.values["valid_to"] > latest.values["valid_to"]:
                    latest = row

    return check


def by(lines: Iterable[Line], group: tuple[str, ...]) -> dict[tuple[object, ...], list[Line]]:
    """Lines with the same values in the columns `group`."""
    groups: dict[tuple[object, ...], list[Line]] = defaultdict(list)
    for line in lines:
        groups[tuple(line.values[name] for name in group)].append(line)
    return groups


def loops(lines: list[Line], broker: str, upline: str) -> list[tuple[Line, date]]:
    """The lines with whose first day a loop of uplines begins. Spans of one broker must not overlap."""
    spans = by(lines, (broker,))
    starts: dict[object, list[date]] = {}
    for (who,), rows in spans.items():
        rows.sort(key=lambda row: row.values["valid_from"])
        starts[who] = [row.values["valid_from"] for row in rows]

    def above(who: object, on: date) -> object | None:
        place = bisect_right(starts.get(who, []), on) - 1
        if place < 0:
            return None
        row = spans[(who,)][place]
        return row.values[upline] if on < row.values["valid_to"] else None

    found = []
    for line in lines:
        on, seen = line.values["valid_from"], {line.values[broker]}
        current: object | None = line.values[upline]
        while current is not None and current not in seen:
            seen.add(current)
            current = above(current, on)
        if current == line.values[broker]:
            found.append((line, on))
    return found


def _span(line: Line) -> str:
    return span_text(line.values["valid_from"], line.values["valid_to"])
