"""How what was kept as JSON is shown: what changed between before and after, and a preview as facts and tables."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Change = tuple[str, str | None, str | None]


def changes(before: Any, after: Any) -> list[Change]:
    """What differs, as (what, before, after); None where there was nothing. Equal parts are left out.

    >>> changes({"broker": "B1", "share_bp": 1}, {"broker": "B2", "share_bp": 1})
    [('broker', 'B1', 'B2')]
    >>> changes(None, ["a"])
    [('', None, '["a"]')]
    """
    if not isinstance(before, dict | None) or not isinstance(after, dict | None):
        return [] if before == after else [("", _shown(before), _shown(after))]
    old, new = before or {}, after or {}
    return [(name, _shown(old.get(name)), _shown(new.get(name))) for name in dict.fromkeys([*old, *new]) if old.get(name) != new.get(name) or name not in old]


@dataclass(frozen=True)
class Cell:
    """One value of a preview: fen where it is an amount, else text."""

    text: str
    fen: int | None = None


@dataclass(frozen=True)
class Table:
    """The rows of a list in a preview."""

    name: str
    headers: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Preview:
    """A preview as facts, and what lists it holds as tables."""

    facts: tuple[tuple[str, Cell], ...]
    tables: tuple[Table, ...]


def preview(value: Any, amounts: Collection[str] = (), *, order: Sequence[str] = ()) -> Preview:
    """Lay a preview out. Entries named in `amounts` that are whole numbers are fen; those named in `order` come first, in that order."""
    entries = _ordered(value, order) if isinstance(value, Mapping) else {"preview": value}
    facts: list[tuple[str, Cell]] = []
    tables: list[Table] = []
    for name, held in entries.items():
        if isinstance(held, Mapping):
            facts += [(f"{name} {part}", _cell(part, inner, amounts)) for part, inner in held.items()]
        elif isinstance(held, list) and held and all(isinstance(row, Mapping) for row in held):
            headers = tuple(_ordered(dict.fromkeys(key for row in held for key in row), order))
            tables.append(Table(name, headers, tuple(tuple(_cell(key, row.get(key), amounts) for key in headers) for row in held)))
        elif isinstance(held, Sequence) and not isinstance(held, str):
            facts.append((name, Cell(", ".join(_shown(one) or "–" for one in held) or "–")))
        else:
            facts.append((name, _cell(name, held, amounts)))
    return Preview(tuple(facts), tuple(tables))


def _cell(name: str, value: Any, amounts: Collection[str]) -> Cell:
    if name in amounts and isinstance(value, int) and not isinstance(value, bool):
        return Cell(str(value), value)
    if isinstance(value, int) and not isinstance(value, bool):
        return Cell(f"{value:,}")
    return Cell(_shown(value) or "–")


def _ordered(entries: Mapping[str, Any], order: Sequence[str]) -> dict[str, Any]:
    """The same entries: those of the order first, the rest as they stand."""
    places = {name: place for place, name in enumerate(order)}
    return dict(sorted(entries.items(), key=lambda entry: places.get(entry[0], len(places))))


def _shown(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
