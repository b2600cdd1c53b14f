"""Client segments on screen: the list, looking at who would be in one before it is saved, sharing and removing it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func

from models import db
from models.clients import Account
from models.segments import ClientSegment, Shared
from models.settlement import Balance
from portal import clock
from portal.clients import segment_keeping as verbs
from portal.clients.queries import visible_to
from portal.clients.segments import Conditions
from portal.pages import segment_words as words
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("segments", __name__, url_prefix="/segments")
SHOWN = 20
COLUMNS = columns(
    Column("name", _l("Client segment"), sort=True),
    Column("conditions", _l("Conditions")),
    Column("shared", _l("Who uses it"), sort=True),
    Column("made_label", _l("Made by"), sort=True),
    Column("changed_at", _l("Changed on"), sort=True),
)
LIST = declare(
    ListPage(
        "segments.index",
        _l("Client segments"),
        Listing(
            tiebreak=ClientSegment.id,
            sorts={"name": ClientSegment.name, "shared": ClientSegment.shared, "made_label": ClientSegment.made_label, "changed_at": ClientSegment.changed_at},
            default="name",
            filters=(
                Filter("q", _l("Name of the segment"), lambda text: ClientSegment.name.icontains(text, autoescape=True)),
                Filter("shared", _l("Who uses it"), lambda text: ClientSegment.shared == text, choices=tuple((key.value, label) for key, label in words.SHARED.items())),
            ),
        ),
        COLUMNS,
        source=lambda asked: verbs.segments(asked.actor),
        fields=(
            Field("name", _l("Client segment"), lambda row: row.name),
            Field("conditions", _l("Conditions"), lambda row: words.said(Conditions.read(row.conditions))),
            Field("shared", _l("Who uses it"), lambda row: str(words.SHARED[row.shared])),
            Field("made_label", _l("Made by"), lambda row: row.made_label),
            Field("changed_at", _l("Changed on"), lambda row: row.changed_at),
        ),
        scalars=True,
        file_name="client-segments",
    )
)


@bp.get("")
@requires(Can.SEGMENT_USE)
def index() -> ResponseReturnValue:
    """Every segment that the reader may use."""
    return show_list(LIST, "segments/index.html", words=words, said=lambda row: words.said(Conditions.read(row.conditions)))


@bp.get("/new")
@requires(Can.SEGMENT_USE)
def new() -> ResponseReturnValue:
    """The form; with conditions in the address also who meets them, before anything is saved."""
    wanted = words.typed(request.args)
    return render_template("segments/edit.html", words=words, segment=None, name=request.args.get("name", "")[:60], shared="nobody", values=words.shown(wanted), **_preview(wanted))


@bp.post("")
@requires(Can.SEGMENT_USE)
def keep() -> ResponseReturnValue:
    """Save a segment."""
    with transaction():
        segment_key = verbs.keep(request.form.get("name", ""), words.typed(request.form), _shared(), current_actor(), clock.now()).public_id
    flash(_("Saved: choose it as a filter in the lists of care."), "success")
    return redirect(url_for("segments.show", segment_key=segment_key), 303)


@bp.get("/<segment_key>")
@requires(Can.SEGMENT_USE)
def show(segment_key: str) -> ResponseReturnValue:
    """Who is in a segment now, as far as the reader sees them; with conditions in the address, who would be."""
    actor = current_actor()
    segment = verbs.segment_for(actor, segment_key)
    asked = words.typed(request.args)
    wanted = asked if asked.kept() else Conditions.read(segment.conditions)
    return render_template(
        "segments/edit.html", words=words, segment=segment, name=request.args.get("name", segment.name)[:60], shared=segment.shared, values=words.shown(wanted),
        said=words.said(Conditions.read(segment.conditions)), changed=wanted != Conditions.read(segment.conditions), may_change=verbs.may_change(actor, segment), **_preview(wanted),
    )  # fmt: skip


@bp.post("/<segment_key>")
@requires(Can.SEGMENT_USE)
def change(segment_key: str) -> ResponseReturnValue:
    """Change a segment for whoever uses it."""
    actor = current_actor()
    with transaction():
        verbs.change(verbs.segment_for(actor, segment_key), request.form.get("name", ""), words.typed(request.form), _shared(), actor, clock.now())
    flash(_("Saved: choose it as a filter in the lists of care."), "success")
    return redirect(url_for("segments.show", segment_key=segment_key), 303)


@bp.post("/<segment_key>/remove")
@requires(Can.SEGMENT_USE)
def remove(segment_key: str) -> ResponseReturnValue:
    """Remove a segment."""
    actor = current_actor()
    with transaction():
        verbs.remove(verbs.segment_for(actor, segment_key), actor, clock.now())
    flash(_("Removed; no client changes by it."), "success")
    return redirect(url_for("segments.index"), 303)


def _preview(wanted: Conditions) -> dict[str, Any]:
    """Whom the conditions mean, counted, and the largest of them; nothing before a condition is named."""
    if not wanted.kept():
        return {"counted": None, "rows": [], "as_of": words.as_of()}
    as_of = words.as_of()
    seen = visible_to(current_actor(), as_of.day)
    query = verbs.members(wanted.checked(), seen, as_of).order_by(func.coalesce(Balance.equity, 0).desc(), Account.id).limit(SHOWN)
    return {"counted": verbs.counted(wanted, seen, as_of), "rows": db.session.execute(query).all(), "as_of": as_of}


def _shared() -> Shared:
    text = request.form.get("shared", "")
    if text not in set(Shared):
        raise Refusal("say who uses the segment")
    return Shared(text)
