"""Lists over columns instead of tables: the same addresses, filters, sorts and pages, answered from a frame in memory.

A filter's `narrow` returns a polars expression, and a list's sorts name columns of the frame.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl

from portal.web.paging import Page
from portal.web.wanted import Wanted


def left(frame: pl.DataFrame, wanted: Wanted) -> pl.DataFrame:
    """The rows that the filters leave, in no order; what is counted and added up."""
    conditions: list[Any] = [bound.filter.narrow(bound.value) for bound in wanted.filters if bound.value is not None]
    return frame.filter(*conditions) if conditions else frame


def narrowed(frame: pl.DataFrame, wanted: Wanted) -> pl.DataFrame:
    """The rows that the filters leave, in the order asked for; what a page shows a part of and an export all of."""
    rows = left(frame, wanted)
    column: Any = wanted.listing.sorts[wanted.sort.removeprefix("-")]
    tie: Any = wanted.listing.tiebreak
    rows = rows.with_row_index(tie) if tie not in rows.columns else rows
    return rows.sort([column, tie], descending=[wanted.sort.startswith("-"), False], nulls_last=True)


def page_of_frame(frame: pl.DataFrame, wanted: Wanted) -> Page:
    """One page of the narrowed rows; a page that is no more shows the last there is."""
    rows = narrowed(frame, wanted)
    pages = max(1, -(-rows.height // wanted.per_page))
    wanted = replace(wanted, number=min(wanted.number, pages))
    shown = rows.slice((wanted.number - 1) * wanted.per_page, wanted.per_page)
    return Page(wanted, shown.rows(named=True), rows.height)
