"""What a list page declares of itself, so that its address alone brings its rows back: on screen, in a file, in a job."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import parse_qsl

import polars as pl
from flask import Flask
from sqlalchemy import Select, func, select
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException

from models import db
from portal.actors import Actor
from portal.refusals import NotFound
from portal.transaction import snapshot
from portal.web.exports import Cell
from portal.web.frames import left, narrowed
from portal.web.listing import Column, Label, Listing
from portal.web.wanted import Wanted, read

Source: TypeAlias = Select[Any] | pl.DataFrame
"""Where a list's rows come from: a statement that begins with what the actor may see, or a frame of exactly that."""


@dataclass(frozen=True)
class Asked:
    """Who asks a list, for which object (`values`: the parts of the path), with which query."""

    actor: Actor
    values: Mapping[str, Any]
    args: MultiDict[str, str]


@dataclass(frozen=True)
class Field:
    """A column of the list's file: what it is called on screen, what a row gives, and its heading in the file (empty: the label).

    `on_paper`: what a reader is shown where the file has a code for programs; codes for which the list's own filter has words need none.
    """

    key: str
    label: Label
    cell: Callable[[Any], Cell]
    heading: str = ""
    on_paper: Callable[[Any], Cell] | None = None


def keyed(key: str, label: Label, cell: Callable[[Any], Cell] | None = None) -> Field:
    """A column whose heading in the file is its key, for programs that read it; without `cell` it is what the row of a frame holds under it."""
    return Field(key, label, cell or (lambda row: row[key]), heading=key)


class Quick(NamedTuple):
    """What a list can say without looking at every row: its sums with their COUNT, and the keys of a page and the row after it
    (None: they must be looked for). `whole`: these keys are all that the list has, so that a page that they do not fill is its last."""

    sums: dict[str, int | None]
    keys: Sequence[int] | None
    whole: bool = False


@dataclass(frozen=True)
class ListPage:
    """A list page: its endpoint, name, what it may be asked, its columns on screen, its rows for who asks, the columns of its file.

    `sums` are what is added up over all rows that the filters leave, by the key of the column under which it stands (a column of
    SQL, or of polars for frames). `keep` names other parts of the query that say which list it is. `scalars`: the statement is of one entity.
    `beside`: what is joined to the rows that are shown or written to the file, where it neither narrows nor orders them.
    `quick`: a shorter way to the same page, where there is one for who asks what. `instead` gives another list of the same address to those who see it in another way.
    """

    endpoint: str
    title: Label
    listing: Listing
    columns: Mapping[str, Column]
    source: Callable[[Asked], Source]
    fields: tuple[Field, ...]
    keep: tuple[str, ...] = ()
    scalars: bool = False
    sums: Mapping[str, Any] = field(default_factory=dict)
    file_name: str = ""
    beside: Callable[[Select[Any]], Select[Any]] | None = None
    quick: Callable[[Asked, Wanted], Quick | None] = lambda asked, wanted: None
    instead: Callable[[Actor], ListPage | None] = lambda actor: None

    def for_actor(self, actor: Actor) -> ListPage:
        """The list as somebody sees it: at some addresses a broker has a list of his own."""
        return self.instead(actor) or self

    def read(self, asked: Asked, path: str, also: Sequence[tuple[str, str]] = ()) -> Wanted:
        """What the query asks of the list."""
        wanted = read(self.listing, asked.args, path, keep=self.keep)
        return wanted if not also else Wanted(**{**vars(wanted), "extra": (*wanted.extra, *also)})

    def rows(self, source: Source, wanted: Wanted) -> Generator[Any, None, None]:
        """Every row that the filters leave, in order, read as it goes."""
        if isinstance(source, pl.DataFrame):
            yield from narrowed(source, wanted).iter_rows(named=True)
            return
        whole = source if self.beside is None else self.beside(source)
        ordered = wanted.order(wanted.narrow(whole)).execution_options(yield_per=1000)
        with snapshot(), db.session.execute(ordered) as found:  # who reads no further closes it
            yield from found.scalars() if self.scalars else found
            yield from found.scalars() if self.scalars else found

    def count(self, source: Source, wanted: Wanted, most: int | None = None) -> int:
        """How many rows the filters leave; counts no further than `most`."""
        if isinstance(source, pl.DataFrame):
            return left(source, wanted).height
        statement = wanted.narrow(source).order_by(None)
        return int(db.session.execute(select(func.count()).select_from((statement if most is None else statement.limit(most)).subquery())).scalar_one())

    def total(self, source: Source, wanted: Wanted) -> dict[str, int | None]:
        """The sums over every row that the filters leave, and under COUNT how many they are."""
        if not self.sums:
            return {}
        if isinstance(source, pl.DataFrame):
            return dict(left(source, wanted).select(**{COUNT: pl.len()}, **{key: column.sum() for key, column in self.sums.items()}).row(0, named=True))
        rows_of = wanted.narrow(source).order_by(None).add_columns(*(column.label(f"sum_{key}") for key, column in self.sums.items())).subquery()
        row = db.session.execute(select(func.count(), *(func.sum(rows_of.c[f"sum_{key}"]) for key in self.sums))).one()
        return {key: None if value is None else int(value) for key, value in zip((COUNT, *self.sums), row, strict=True)}

    def sums_of(self, asked: Asked, source: Source, wanted: Wanted) -> dict[str, int | None]:
        """The sums as the page shows them: by the short way where there is one."""
        quick = self.quick(asked, wanted)
        return self.total(source, wanted) if quick is None else quick.sums

    def chosen(self, keys: Sequence[str]) -> tuple[Field, ...]:
        """The columns of a file that were chosen, in the list's order; all where none was."""
        return tuple(one for one in self.fields if one.key in set(keys)) or self.fields


COUNT = "#"
"""Under which name the sums say how many rows there are."""
LIST_PAGES: dict[str, ListPage] = {}


def declare(page: ListPage) -> ListPage:
    """Make a list known under its endpoint: saved views and exports find it there."""
    LIST_PAGES[page.endpoint] = page
    return page


def list_at(app: Flask, actor: Actor, address: str) -> tuple[ListPage, Asked, str]:
    """The list at an address of the portal, asked by somebody, and its path. Raises NotFound, NotAllowed.

    The rights are those of the page itself, so that nobody takes out as a file what he may not look at.
    """
    path, _, query = address.partition("?")
    try:
        endpoint, values = app.url_map.bind("localhost").match(path if path.startswith("/") else "/" + path, method="GET")
    except HTTPException as error:
        raise NotFound("there is no list at this address") from error
    if endpoint not in LIST_PAGES:
        raise NotFound("there is no list at this address")
    for right in app.extensions["policies"][endpoint].rights:
        actor.need(right)
    args: MultiDict[str, str] = MultiDict(parse_qsl(query))
    return LIST_PAGES[endpoint].for_actor(actor), Asked(actor, values, args), path
