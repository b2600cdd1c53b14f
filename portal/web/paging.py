"""The rows that answer a list, and every address that leads on from it.

Columns to sort by are named in advance; ties are broken by the row's key, so that no row is shown twice or skipped
between two pages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from sqlalchemy import Select, func, select

from models import db
from portal.web import keyset
from portal.web.listing import SIZES, Column, Filter, Listing, columns, day_filter, read_day
from portal.web.wanted import Bound, Chip, Wanted, read

__all__ = ["SIZES", "Bound", "Chip", "Column", "Filter", "Listing", "Page", "Wanted", "columns", "day_filter", "page_of", "read", "read_day"]


MOST_COUNTED = 10_000
"""How far a list by keyset counts its rows."""


@dataclass(frozen=True)
class Page:
    """One page of a list: its rows, and every address that leads on from it. `total` is None in a list by keyset, which
    counts its rows in `counted` no further than one beyond MOST_COUNTED.

    `tools` are its saved views and exports, `sums` the totals over all rows (portal/web/list_pages.py).
    """

    wanted: Wanted
    rows: Sequence[Any]
    total: int | None
    next_token: str = ""
    sizes: tuple[int, ...] = field(default=SIZES)
    tools: Any = None
    counted: int = 0
    sums: Mapping[str, int | None] = field(default_factory=dict)

    @property
    def filters(self) -> tuple[Bound, ...]:
        """The filters with what they are set to."""
        return self.wanted.filters

    @property
    def notices(self) -> tuple[str, ...]:
        """What of the address was left out, in sentences."""
        return self.wanted.notices

    @property
    def per_page(self) -> int:
        """Rows on a page."""
        return self.wanted.per_page

    @property
    def number(self) -> int:
        """Which page this is, from 1."""
        return self.wanted.number

    @property
    def pages(self) -> int:
        """How many pages there are, at least 1."""
        return max(1, -(-(self.total or 0) // self.per_page))

    @property
    def first(self) -> int:
        """The place of the first row shown, from 1."""
        return (self.number - 1) * self.per_page + 1

    @property
    def last(self) -> int:
        """The place of the last row shown."""
        return self.first + len(self.rows) - 1

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What the filter form sends along: the order, the page's size, and what the list was told to keep."""
        pairs = [("sort", self.wanted.sort if self.wanted.sort != self.wanted.listing.default else "")]
        pairs.append(("per_page", str(self.per_page) if self.per_page != self.wanted.listing.per_page else ""))
        return [*self.wanted.extra, *((name, text) for name, text in pairs if text)]

    @property
    def chips(self) -> list[Chip]:
        """The filters in use."""
        used = [bound for bound in self.wanted.filters if bound.value is not None]
        return [Chip(bound.filter.label, bound.filter.shown(bound.text), self.wanted.address(**{bound.filter.name: None})) for bound in used]

    @property
    def clear_href(self) -> str:
        """The list without filters."""
        return self.wanted.address(**{bound.filter.name: None for bound in self.wanted.filters})

    @property
    def next_href(self) -> str:
        """The next page, or empty."""
        if self.next_token:
            return self.wanted.address(after=self.next_token)
        return self.wanted.address(page=self.number + 1) if self.total is not None and self.number < self.pages else ""

    @property
    def previous_href(self) -> str:
        """The page before (in a list by keyset: the beginning), or empty."""
        if self.total is None:
            return self.wanted.address() if self.wanted.after else ""
        return self.wanted.address(page=self.number - 1 if self.number > 2 else None) if self.number > 1 else ""

    def size_href(self, size: int) -> str:
        """The list with another number of rows on a page, from the beginning."""
        return self.wanted.address(per_page=size if size != self.wanted.listing.per_page else None)

    def sort_href(self, key: str) -> str:
        """The list sorted by a column: downwards first for what was up, upwards for everything else."""
        sort = f"-{key}" if self.wanted.sort == key else key
        return self.wanted.address(sort=sort if sort != self.wanted.listing.default else None)

    def sorted_by(self, key: str) -> str:
        """`up`, `down`, or empty where the list is sorted by something else."""
        if self.wanted.sort.removeprefix("-") != key:
            return ""
        return "down" if self.wanted.sort.startswith("-") else "up"


Statement: TypeAlias = Select[*tuple[Any, ...]]


def page_of(
    statement: Statement,
    wanted: Wanted,
    *,
    scalars: bool = False,
    counted: int | None = None,
    keys: Sequence[int] | None = None,
    whole: bool = False,
    beside: Callable[[Statement], Statement] | None = None,
) -> Page:
    """Answer a list: two queries, rows and count. `scalars` for a statement of one entity; `counted` saves the count where it is known. In a
    list by keyset, `keys` saves the search for the page's rows (`whole`: also where they do not fill it). `beside` is joined to the rows of the page
    alone (ListPage.beside): one query more without keyset."""
    narrowed = wanted.narrow(statement)
    if wanted.listing.keyset:
        known = keys if keys is not None and (whole or len(keys) > wanted.per_page) else None  # else the page reaches rows that the short way does not know
        return _page_by_key(narrowed, wanted.narrow(beside(statement)) if beside is not None else None, wanted, scalars, counted, known)
    total = counted
    if total is None:
        total = db.session.execute(select(func.count()).select_from(narrowed.order_by(None).subquery())).scalar_one()
    pages = max(1, -(-total // wanted.per_page))
    wanted = replace(wanted, number=min(wanted.number, pages))  # a page that is no more: show the last there is
    place, ties = (wanted.number - 1) * wanted.per_page, wanted.listing.tiebreak if isinstance(wanted.listing.tiebreak, tuple) else (wanted.listing.tiebreak,)
    if beside is not None:
        places = db.session.execute(wanted.order(narrowed.with_only_columns(*ties)).limit(wanted.per_page).offset(place)).all()
        return Page(wanted, _dressed(beside(statement), ties, places, wanted, scalars), total)
    found = db.session.execute(wanted.order(narrowed).limit(wanted.per_page).offset(place))
    return Page(wanted, found.scalars().all() if scalars else found.all(), total)


def _dressed(statement: Statement, ties: Sequence[Any], keys: Sequence[Any], wanted: Wanted, scalars: bool) -> Sequence[Any]:
    """The rows of some keys with what stands beside them, in order. Each part of the key is named, so that the rows are looked up and not searched for;
    a key of several parts may bring rows of other mixtures of them, which are left out."""
    if not keys:
        return []
    places = [tie.label(f"place_{number}") for number, tie in enumerate(ties)]
    named = (tie.in_({key[number] for key in keys}) for number, tie in enumerate(ties))
    rows = db.session.execute(wanted.order(statement.where(*named).add_columns(*places))).all()
    wished = {tuple(key) for key in keys}
    shown = [row for row in rows if tuple(row[-len(ties) :]) in wished]
    return [row[0] for row in shown] if scalars else shown


def _page_by_key(narrowed: Statement, dressed: Statement | None, wanted: Wanted, scalars: bool, counted: int | None, keys: Sequence[int] | None) -> Page:
    """`dressed`: the narrowed statement with what stands beside the rows; None where nothing does."""
    if counted is None:
        counted = db.session.execute(select(func.count()).select_from(narrowed.order_by(None).limit(MOST_COUNTED + 1).subquery())).scalar_one()
    places: tuple[Any, Any] = (wanted.sorting()[0].label("place_value"), wanted.listing.tiebreak.label("place_key"))
    if keys is None and dressed is not None:  # what stands beside them is looked up for the page's rows alone
        keys = [row.place_key for row in _search(narrowed.with_only_columns(*places), wanted)]
    whole = (narrowed if dressed is None else dressed).add_columns(*places)
    rows = _search(whole, wanted) if keys is None else db.session.execute(wanted.order(whole.where(wanted.listing.tiebreak.in_(keys)))).all()
    shown = rows[: wanted.per_page]
    token = keyset.write(shown[-1].place_value, shown[-1].place_key) if len(rows) > wanted.per_page else ""
    return Page(wanted, [row[0] for row in shown] if scalars else shown, None, token, counted=counted)


def _search(places: Statement, wanted: Wanted) -> Sequence[Any]:
    """The rows of a page and the one after it. Those that are not empty where the list is sorted are tried first, for an index has their order."""
    most = wanted.per_page + 1
    filled = wanted.filled(places)
    rows = [] if filled is None else db.session.execute(wanted.order(wanted.beyond(filled, filled=True), filled=True).limit(most)).all()
    return rows if len(rows) == most else db.session.execute(wanted.order(wanted.beyond(places)).limit(most)).all()
