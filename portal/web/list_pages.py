"""Lists, whole: filters, order, pages, saved views, and files. A page declares its list once and answers with it:

    CLIENTS = declare(ListPage(
        "clients.index", _l("Clients"), LISTING, COLUMNS,
        source=lambda asked: listed(asked.actor, …),           # a Select or a frame of what the actor may see
        fields=(Field("name", _l("Client"), lambda row: row.name), …),   # the columns of its file
        sums={"equity": Balance.equity},                       # added up over all rows that the filters leave
    ))

    @bp.get("/clients")
    @requires(Can.ACCOUNT_SEE)
    def index():
        return show_list(CLIENTS, "clients/index.html", day=day)

`show_list` gives the template `page` and `columns`. In the template, `filters(page)` draws the saved views as tabs above the
filters and `table(page, columns, …)` makes its rows answer to J, K and Enter; `{{ export(page) }}` (parts/lists.html) stands
in the block `actions`. A row that can be looked at beside the list has `{{ peek(address) }}` in its first cell: the panel
shows the content of that page, so it asks for the same rights. `?format=csv`, `xlsx` or `pdf` on the list's address is the
file itself; a long one becomes a job by the export form. `source` may not look at the request: a job calls it too.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl
from flask import Response, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal import clock, local_day
from portal.lists import views
from portal.lists.views import View
from portal.transaction import transaction
from portal.web import list_files
from portal.web.downloads import TYPES
from portal.web.frames import page_of_frame
from portal.web.guard import current_actor
from portal.web.list_declared import COUNT, Asked, Field, ListPage, Quick, Source, declare, keyed
from portal.web.paging import Column, page_of
from portal.web.requests import request_id
from portal.web.wanted import Wanted

__all__ = ["COUNT", "Asked", "Field", "ListPage", "Quick", "Tools", "asked_now", "declare", "keyed", "show_list"]

EVERYTHING = ("view", "all")
"""What an address says that is to show the list as it is, although the reader's list opens with a view."""


@dataclass(frozen=True)
class Tools:
    """What stands around a list: its saved views, the columns of its file, and the address that repeats it."""

    list_page: ListPage
    wanted: Wanted
    views: Sequence[View]
    audiences: Sequence[str]

    @property
    def address(self) -> str:
        """The list as it is shown, without its page."""
        return self.wanted.address()

    @property
    def query(self) -> str:
        """What a saved view keeps."""
        return query_of(self.wanted)

    @property
    def here(self) -> View | None:
        """The view that the list shows now."""
        return next((view for view in self.views if view.query == self.query), None)

    @property
    def plain_href(self) -> str:
        """The list as it is without any view."""
        plain = [(name, value) for name, value in self.wanted.extra if name != "view"] + ([EVERYTHING] if any(view.default for view in self.views) else [])
        return replace(self.wanted, filters=(), sort=self.wanted.listing.default, per_page=self.wanted.listing.per_page, extra=tuple(plain)).address()

    def href(self, view: View) -> str:
        """The list as a view shows it."""
        kept = "&".join(part for part in (self._kept(), view.query) if part)
        return self.wanted.path + (f"?{kept}" if kept else "?view=all")

    def _kept(self) -> str:
        kept = tuple((name, value) for name, value in self.wanted.extra if name != "view")
        return replace(self.wanted, filters=(), sort=self.wanted.listing.default, per_page=self.wanted.listing.per_page, extra=kept).address().partition("?")[2]


def query_of(wanted: Wanted) -> str:
    """A list's filters and order as a query string, without what says which list it is."""
    return replace(wanted, extra=()).address().partition("?")[2]


def asked_now() -> Asked:
    """The list as this request asks it."""
    return Asked(current_actor(), request.view_args or {}, request.args)


def show_list(which: ListPage, template: str, *, source: Source | None = None, **more: Any) -> ResponseReturnValue:
    """Answer a list's address: its file, its default view, or the page. `source` where the caller has made it already."""
    asked = asked_now()
    found = views.of_list(asked.actor, which.endpoint)
    opening = next((view for view in found if view.default), None)
    if opening is not None and opening.query and not set(request.args) - set(which.keep):
        return redirect(request.full_path.rstrip("?&") + ("&" if request.args else "?") + opening.query, 302)
    wanted = which.read(asked, request.path, also=[EVERYTHING] if opening is not None and request.args.get("view") == "all" else [])
    rows = which.source(asked) if source is None else source
    if request.args.get("format", "") in list_files.FORMS:
        return _file(which, asked, rows, wanted)
    quick = which.quick(asked, wanted)
    sums = which.total(rows, wanted) if quick is None else quick.sums
    if isinstance(rows, pl.DataFrame):
        page = page_of_frame(rows, wanted)
    else:
        keys, whole = (None, False) if quick is None else (quick.keys, quick.whole)
        page = page_of(rows, wanted, scalars=which.scalars, counted=sums.get(COUNT), keys=keys, whole=whole, beside=which.beside)
    tools = Tools(which, page.wanted, found, views.audiences(asked.actor))
    shown = replace(page, tools=tools, sums=sums)
    return render_template(template, page=shown, columns=_in_words(which.columns), **more)


def _in_words(columns: Mapping[str, Column]) -> dict[str, Column]:
    """The columns with their labels in the reader's language: said once, not again beside each cell."""
    return {key: replace(column, label=str(column.label)) for key, column in columns.items()}


def _file(which: ListPage, asked: Asked, source: Source, wanted: Wanted) -> ResponseReturnValue:
    """The list as a download; a long one leads back to the list, where its export is asked for."""
    form = request.args["format"]
    what = list_files.order(which, asked, source, wanted, form, [key for key in request.args.get("columns", "").split(",") if key])
    if not list_files.is_short(what):
        flash(_("This list is too long to wait for: choose Export, and the file is made in the background."), "warning")
        return redirect(wanted.address(), 303)
    actor, moment = current_actor(), clock.now()
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "file"
        rows = list_files.write(target, what, actor, moment, local_day.zone())
        content = target.read_bytes()
    with transaction():
        list_files.record(what, actor, moment, rows, request_id=request_id())
    response = Response(content, mimetype=TYPES[form])
    response.headers["Content-Disposition"] = f"attachment; filename={what.name}.{form}"
    return response
