"""Rows of a table that is too long for a dict per row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Places = Mapping[str, int]


def places_of(names: Iterable[str]) -> Places:
    """Where each column stands in a row."""
    return {name: place for place, name in enumerate(names)}


class Row(Mapping[str, Any]):
    """A row by the names of its columns: as a dict to its reader, in a third of the memory, since all rows share their names.

    >>> Row(places_of(["account_no", "kind"]), ["88000001", "person"])["kind"]
    'person'
    """

    __slots__ = ("_places", "_values")

    def __init__(self, places: Places, values: Iterable[Any]) -> None:
        self._places = places
        self._values = tuple(values)

    def __getitem__(self, name: str) -> Any:
        return self._values[self._places[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._values)
