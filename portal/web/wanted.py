"""What an address asks of a list, read with suspicion.

The address alone repeats the list. A value in it that cannot be read is left out and said on the page; it is never an
error page and never guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask_babel import gettext as _
from sqlalchemy import Select, SQLColumnExpression, and_, or_
from werkzeug.datastructures import MultiDict

from portal.web import keyset
from portal.web.listing import SIZES, Filter, Label, Listing

LAST_PAGE = 1_000_000


@dataclass(frozen=True)
class Bound:
    """A filter with the text that the address gave it; `value` is None where nothing (readable) was given."""

    filter: Filter
    text: str
    value: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.filter, name)


@dataclass(frozen=True)
class Chip:
    """A filter in use, and the address without it."""

    label: Label
    value: Label
    without: str


@dataclass(frozen=True)
class Wanted:
    """What an address asks of a list, after reading."""

    listing: Listing
    path: str
    filters: tuple[Bound, ...]
    sort: str
    number: int
    per_page: int
    after: keyset.Place | None
    notices: tuple[str, ...] = ()
    extra: tuple[tuple[str, str], ...] = ()

    def address(self, **changes: object) -> str:
        """The list's address with some of it changed; None leaves a part out. Where the list itself changes, it starts anew."""
        parts = {bound.filter.name: bound.text for bound in self.filters if bound.value is not None}
        parts |= {"sort": self.sort if self.sort != self.listing.default else "", "per_page": str(self.per_page) if self.per_page != self.listing.per_page else ""}
        parts |= {name: "" if value is None else str(value) for name, value in changes.items()}
        pairs = [*self.extra, *((name, text) for name, text in parts.items() if text)]
        return self.path + (f"?{urlencode(pairs)}" if pairs else "")

    def narrow(self, statement: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
        """The statement with the filters in use; also what an export of the same list reads."""
        return statement.where(*(bound.filter.narrow(bound.value) for bound in self.filters if bound.value is not None))

    def order(self, statement: Select[*tuple[Any, ...]], *, filled: bool = False) -> Select[*tuple[Any, ...]]:
        """The statement in the order asked for; empty values come last either way. `filled`: it has none, so that an index gives the order."""
        column, down = self.sorting()
        tie = self.listing.tiebreak
        if self.listing.keyset and (filled or not self._may_be_empty()):
            return statement.order_by(column.desc() if down else column.asc(), tie.desc() if down else tie.asc())
        ties = tie if isinstance(tie, tuple) else (tie,)
        return statement.order_by(column.is_(None), column.desc() if down else column.asc(), *(one.desc() if down else one.asc() for one in ties))

    def sorting(self) -> tuple[SQLColumnExpression[Any], bool]:
        """What the list is sorted by, and whether downwards."""
        return self.listing.sorts[self.sort.removeprefix("-")], self.sort.startswith("-")

    def filled(self, statement: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]] | None:
        """The statement without the empty values that come last; None where there are none, or where the list has come to them."""
        among_empty = self.after is not None and self.after[0] is None
        return None if among_empty or not self._may_be_empty() else statement.where(self.sorting()[0].is_not(None))

    def beyond(self, statement: Select[*tuple[Any, ...]], *, filled: bool = False) -> Select[*tuple[Any, ...]]:
        """The statement from after the last row seen (keyset). `filled`: as in `order`."""
        if self.after is None:
            return statement
        column, down = self.sorting()
        value, key = self.after
        tie = self.listing.tiebreak
        if value is None:
            return statement.where(column.is_(None), tie < key if down else tie > key)
        further = (column < value, tie < key) if down else (column > value, tie > key)
        beyond = or_(further[0], and_(column == value, further[1]))
        return statement.where(or_(beyond, column.is_(None)) if self._may_be_empty() and not filled else beyond)

    def _may_be_empty(self) -> bool:
        return self.sort.removeprefix("-") in self.listing.nullable


def read(listing: Listing, args: MultiDict[str, str], path: str, keep: Sequence[str] = ()) -> Wanted:
    """Read what the query string asks. `keep` names other parts of the address that must survive (a tab, say)."""
    notices: list[str] = []
    bound = tuple(_bind(one, args.get(one.name, "").strip(), notices) for one in listing.filters)
    sort = args.get("sort", "") or listing.default
    if sort.removeprefix("-") not in listing.sorts:
        notices.append(_("Left out: this list cannot be sorted by “%(given)s”.", given=_short(sort)))
        sort = listing.default
    per_page = _whole(args, "per_page", listing.per_page, notices)
    if per_page not in SIZES:
        notices.append(_("Left out: %(given)s rows per page; 25, 50 or 100 are possible.", given=per_page))
        per_page = listing.per_page
    number = max(1, _whole(args, "page", 1, notices))
    after = _after(args.get("after", ""), notices) if listing.keyset else None
    extra = tuple((name, args[name]) for name in keep if args.get(name))
    return Wanted(listing, path, bound, sort, min(number, LAST_PAGE), per_page, after, tuple(notices), extra)


def _bind(one: Filter, text: str, notices: list[str]) -> Bound:
    if not text:
        return Bound(one, "")
    try:
        if not text.isprintable() or len(text) > 200:
            raise ValueError(text)
        return Bound(one, text, one.value(text))
    except (ValueError, ArithmeticError):
        notices.append(_("Left out: “%(given)s” is no value for %(name)s.", given=_short(text), name=one.label))
        return Bound(one, "")


def _whole(args: MultiDict[str, str], name: str, default: int, notices: list[str]) -> int:
    text = args.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        notices.append(_("Left out: “%(given)s” is no value for %(name)s.", given=_short(text), name=name))
        return default
    return int(text)


def _short(text: str) -> str:
    clean = "".join(letter if letter.isprintable() else "·" for letter in text)
    return clean if len(clean) <= 40 else clean[:39] + "…"


def _after(token: str, notices: list[str]) -> keyset.Place | None:
    if not token:
        return None
    try:
        return keyset.read(token)
    except ValueError:
        notices.append(_("Left out: the place to go on from cannot be read; this is the beginning."))
        return None
