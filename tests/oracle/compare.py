"""Two sets of books, line by line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tests.oracle.books import AMOUNTS, LINE_COLUMNS

Row = dict[str, str]


def line_key(row: Row) -> tuple[str, ...]:
    """Everything a line shows; exchange and product without case."""
    return tuple(row[name].upper() if name in {"exchange", "product"} else row[name] for name in LINE_COLUMNS)


def line_differences(expected: Iterable[Row], actual: Iterable[Row]) -> list[str]:
    """Lines that only one side has, as a multiset."""
    ours, theirs = Counter(map(line_key, expected)), Counter(map(line_key, actual))
    missing = [f"expected {times}x {','.join(key)}" for key, times in sorted((ours - theirs).items())]
    return missing + [f"found    {times}x {','.join(key)}" for key, times in sorted((theirs - ours).items())]


def statement_differences(expected: Iterable[Row], actual: Iterable[Row]) -> list[str]:
    """Statements that only one side has, and columns that differ."""
    ours = {(row["period"], row["broker_no"]): row for row in expected}
    found = list(actual)
    theirs = {(row["period"], row["broker_no"]): row for row in found}
    result = [] if len(found) == len(theirs) else ["a broker has two statements of one month"]
    for key in sorted(set(ours) | set(theirs)):
        one, other = ours.get(key), theirs.get(key)
        if one is None or other is None:
            result.append(f"statement {key}: {'not expected' if one is None else 'missing'}: {one or other}")
            continue
        result += [f"statement {key}: {name} expected {one[name]}, found {other[name]}" for name in AMOUNTS if one[name] != other[name]]
    return result
