"""What a list may be asked: its columns, filters and sorts, declared once beside the query that it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

from flask_babel import LazyString

SIZES = (25, 50, 100)
LAST_PAGE = 1_000_000
Label: TypeAlias = str | LazyString


@dataclass(frozen=True)
class Column:
    """A column of a table on screen; `sort` says whether its heading sorts (its key must then stand in the list's sorts).

    `money` says that a total under it is fen.
    """

    key: str
    label: Label
    sort: bool = False
    number: bool = False
    money: bool = False


def columns(*these: Column) -> dict[str, Column]:
    """Columns by key, in their order, as `parts/table.html` takes them."""
    return {column.key: column for column in these}


@dataclass(frozen=True)
class Filter:
    """One filter: its name in the address, how its text is read (ValueError: cannot be), and what it narrows the rows to.

    `choices` makes it a list to choose from; any other value then counts as unreadable. `personal` says that its text may
    name a person: the audit log then keeps only that the filter was set. `hidden` filters come from links and are shown as
    chips alone. `offers` are choices that differ by reader, asked when the list is drawn; what may be given beside them is for `read` to say.
    """

    name: str
    label: Label
    narrow: Callable[[Any], Any]
    read: Callable[[str], Any] = str
    choices: Sequence[tuple[str, Label]] = ()
    input_type: str = "text"
    input_mode: str = ""
    personal: bool = False
    hidden: bool = False
    offers: Callable[[], Sequence[tuple[str, Label]]] | None = None

    @property
    def options(self) -> Sequence[tuple[str, Label]]:
        """What there is to choose from, for who reads now."""
        return self.offers() if self.offers is not None else self.choices

    def value(self, text: str) -> Any:
        """The value that a text means. Raises ValueError."""
        if self.choices and text not in {value for value, _label in self.choices}:
            raise ValueError(text)
        return self.read(text)

    def shown(self, text: str) -> Label:
        """A text of the address as its chip says it."""
        return dict(self.options).get(text, text)


def read_day(text: str) -> date:
    """A day written 2026-11-20. Raises ValueError."""
    if len(text) != 10 or not text.isascii():
        raise ValueError(text)
    return date.fromisoformat(text)


def day_filter(name: str, label: Label, narrow: Callable[[Any], Any], *, hidden: bool = False) -> Filter:
    """A filter by a day."""
    return Filter(name, label, narrow, read=read_day, input_type="date", hidden=hidden)


@dataclass(frozen=True)
class Listing:
    """What a list may be asked: filters, sorts (key: column), the order where none is asked (`-` for downwards), the tiebreak.

    The tiebreak is a key, or (not by keyset) a tuple of columns that together are one. With `keyset` the list goes on from the last row instead of counting pages, so that every page costs what the first does.
    Sorts that may be NULL are then named in `nullable`. Columns are those of a table, or (portal/web/frames.py) names in a frame.
    """

    tiebreak: Any
    sorts: Mapping[str, Any]
    default: str
    filters: tuple[Filter, ...] = ()
    per_page: int = SIZES[0]
    keyset: bool = False
    nullable: tuple[str, ...] = ()
