"""Pages: saving and choosing views, taking lists out as files, and the files that one has made."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, current_app, flash, redirect, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from models import db
from models.jobs import Job, JobState
from models.lists import ExportFile, SavedView
from portal import clock
from portal.identity.wording import ROLES
from portal.jobs import statement_packs
from portal.jobs.verbs import enqueue
from portal.lists import kept, making, views
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.transaction import transaction
from portal.web.downloads import TYPES
from portal.web.guard import current_actor, requires
from portal.web.list_declared import LIST_PAGES, list_at
from portal.web.list_files import FORMS, is_short
from portal.web.list_pages import Field, ListPage, declare, query_of, show_list
from portal.web.paging import Column, Filter, Listing, columns
from portal.web.requests import request_id
from portal.web.templating import give
from portal.web.undo import flash_with_undo

bp = Blueprint("lists", __name__)

MINE = declare(
    ListPage(
        "lists.exports",
        _l("My exports"),
        Listing(
            tiebreak=ExportFile.__table__.c.id,
            sorts={"made_at": ExportFile.made_at, "rows": ExportFile.rows, "expires_at": ExportFile.expires_at},
            default="-made_at",
            filters=(Filter("form", _l("Form"), lambda text: ExportFile.form == text, choices=tuple((form, form.upper()) for form in (*FORMS, "zip"))),),
        ),
        columns(
            Column("title", _l("List")),
            Column("filters", _l("Filters")),
            Column("made_at", _l("Made"), sort=True),
            Column("rows", _l("Rows"), sort=True, number=True),
            Column("size", _l("Size"), number=True),
            Column("expires_at", _l("Kept until"), sort=True),
            Column("file", _l("File")),
        ),
        source=lambda asked: kept.of_maker(asked.actor, clock.now()),
        fields=(
            Field("title", _l("List"), lambda row: row.title),
            Field("address", _l("Address"), lambda row: row.address),
            Field("form", _l("Form"), lambda row: row.form),
            Field("rows", _l("Rows"), lambda row: row.rows),
            Field("made_at", _l("Made"), lambda row: row.made_at),
            Field("expires_at", _l("Kept until"), lambda row: row.expires_at),
        ),
        scalars=True,
        file_name="my-exports",
    )
)


@bp.get("/exports")
@requires(Can.OWN_SETTINGS)
def exports() -> ResponseReturnValue:
    """The files that one has taken out, and those being made."""
    return show_list(MINE, "lists/exports.html", making=_running(), forms=FORMS, title_of=title_of, size_text=size_text, filters_of=filters_of)


@bp.post("/exports")
@requires(Can.OWN_SETTINGS)
def make() -> ResponseReturnValue:
    """Take a list out: at once where it is short, else by a job."""
    actor, form = current_actor(), request.form.get("form", "csv")
    at, keys = _address(), request.form.getlist("columns")
    what = making.ordered(actor, at, form, keys)
    if is_short(what):
        row = making.make(what, actor, clock.now(), request_id=request_id())
        return _download(row)
    arguments = {"address": at, "form": form, "columns": [one.key for one in what.fields], "locale": str(get_locale())}
    with transaction():
        enqueue(actor, clock.now(), making.EXPORT, arguments)
    flash(_("This list is long: its file is made in the background and appears here."), "info")
    return redirect(url_for("lists.exports"), 303)


@bp.get("/exports/<export_no>")
@requires(Can.OWN_SETTINGS)
def download(export_no: str) -> ResponseReturnValue:
    """A file, for its maker alone, and only while he may still see the list it came from."""
    row = kept.one(current_actor(), clock.now(), export_no)
    policy = current_app.extensions["policies"].get(row.endpoint)
    for right in policy.rights if policy is not None else ():
        current_actor().need(right)
    with transaction():
        kept.record_fetch(row, current_actor(), clock.now(), request_id=request_id())
    return _download(row)


@bp.post("/exports/<export_no>/delete")
@requires(Can.OWN_SETTINGS)
def delete_export(export_no: str) -> ResponseReturnValue:
    """Let go of a file before it expires."""
    with transaction():
        kept.remove(kept.one(current_actor(), clock.now(), export_no))
    flash(_("The file is deleted."), "success")
    return redirect(url_for("lists.exports"), 303)


@bp.post("/views")
@requires(Can.OWN_SETTINGS)
def save_view() -> ResponseReturnValue:
    """Keep the list as it is shown under a name."""
    actor, at = current_actor(), _address()
    page, asked, path = list_at(current_app, actor, at)
    wanted = page.read(asked, path)
    with transaction():
        name, audience = request.form.get("name", ""), request.form.get("audience", "")
        views.save(actor, clock.now(), page.endpoint, name, query_of(wanted), audience=audience, default=request.form.get("default") == "yes")
    flash(_("The view is saved."), "success")
    return redirect(wanted.address(), 303)


@bp.post("/views/<view_no>/rename")
@requires(Can.OWN_SETTINGS)
def rename_view(view_no: str) -> ResponseReturnValue:
    """Another name for one's own view."""
    views.own_view(current_actor(), view_no)
    with transaction():
        views.rename(current_actor(), clock.now(), view_no, request.form.get("name", ""))
    flash(_("The view has its new name."), "success")
    return redirect(_back(), 303)


@bp.post("/views/<view_no>/delete")
@requires(Can.OWN_SETTINGS)
def delete_view(view_no: str) -> ResponseReturnValue:
    """Delete one's own view."""
    actor, back = current_actor(), _back()
    row = views.own_view(actor, view_no)
    again = {"name": row.name, "audience": audience_of(row), "at": back + ("&" if "?" in back else "?") + row.query}
    if any(view.default and view.public_id == view_no for view in views.of_list(actor, row.endpoint)):
        again["default"] = "yes"
    with transaction():
        views.remove(actor, clock.now(), view_no)
    flash_with_undo(_("The view is deleted."), url_for("lists.save_view"), again)
    return redirect(back, 303)


@bp.post("/views/<view_no>/default")
@requires(Can.OWN_SETTINGS)
def default_view(view_no: str) -> ResponseReturnValue:
    """Open the list with a view, or no longer."""
    views.seen_view(current_actor(), view_no)
    with transaction():
        views.choose_default(current_actor(), clock.now(), view_no, on=request.form.get("on", "yes") == "yes")
    flash(_("The list opens as you chose."), "success")
    return redirect(_back(), 303)


def _download(row: ExportFile) -> Response:
    response = Response(stream_with_context(kept.content(row.id)), mimetype=TYPES[row.form])
    response.headers["Content-Disposition"] = f"attachment; filename={row.name}"
    response.headers["Content-Length"] = str(row.size)
    return response


def _address() -> str:
    """The list that a form speaks of. Raises Refusal where it says none."""
    at = request.form.get("at", "")
    if not at.startswith("/") or len(at) > 4000:
        raise Refusal("the form does not say which list is meant: open the list again")
    return at


def _back() -> str:
    """The list from which the form came; where that is no list of the portal, one's exports."""
    at = request.form.get("at", "")
    try:
        return list_at(current_app, current_actor(), at)[2] + ("?" + at.partition("?")[2] if "?" in at else "")
    except (NotFound, Refusal):
        return url_for("lists.exports")


def _running() -> Sequence[Job]:
    """One's own exports under way, and those that failed or were stopped and are not looked at for long."""
    mine = select(Job).where(Job.kind.in_([making.EXPORT, statement_packs.MONTH, statement_packs.OWN]), Job.asked_by_id == current_actor().user_id)
    return db.session.execute(mine.where(Job.state.not_in([JobState.DONE, JobState.CANCELLED])).order_by(Job.id.desc()).limit(5)).scalars().all()


def title_of(job: Job) -> str:
    """The name of the list that a job takes out, or that it makes one file of statements."""
    if "address" not in job.arguments:
        return str(_("Statements in one file"))
    endpoint = current_app.url_map.bind("localhost").match(job.arguments["address"].partition("?")[0], method="GET")[0]
    return str(LIST_PAGES[endpoint].title) if endpoint in LIST_PAGES else job.kind


def size_text(size: int) -> str:
    """A file's size in whole kB, or MB with one decimal."""
    return f"{size / 1_000_000:.1f} MB" if size >= 1_000_000 else f"{max(1, round(size / 1000))} kB"


def filters_of(row: ExportFile) -> str:
    """The part of an export's address that narrows it."""
    return row.address.partition("?")[2]


def audience_text(audience: str) -> str:
    """With whom a view is shared, in words."""
    kind, _colon, key = audience.partition(":")
    if kind == "branch":
        return str(_("Everybody of branch %(number)s", number=key))
    names = {role.value: str(name) for role, name in ROLES.items()}
    return str(_("Everybody in the role %(role)s", role=names.get(key, key)))


def shared_text(view: views.View | SavedView) -> str:
    """With whom a view is shared, or empty."""
    audience = audience_of(view)
    return audience_text(audience) if audience else ""


def audience_of(view: views.View | SavedView) -> str:
    """With whom a view is shared, as the form says it; empty where it is one's own alone."""
    return f"role:{view.shared_role}" if view.shared_role else f"branch:{view.shared_branch_no}" if view.shared_branch_no else ""


give(bp, audience_text=audience_text, shared_text=shared_text)
