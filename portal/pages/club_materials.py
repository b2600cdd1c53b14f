"""What is handed out at an event: put there and removed by who prepares it, opened by those for whom it is."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from models import db
from models.club import ClubEvent
from models.club_after import ClubMaterial, HandedTo
from portal import clock
from portal.club import events, materials
from portal.club.materials import Given
from portal.handed_in import LARGEST
from portal.pages import club_words
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires

bp = Blueprint("club_materials", __name__, url_prefix="/club")
HANDED_TO = {HandedTo.CAME.value: _l("Those who came"), HandedTo.BOOKED.value: _l("All who have a seat")}


@bp.get("/events/<event_key>/materials")
@requires(Can.CLUB_EDIT)
def index(event_key: str) -> ResponseReturnValue:
    """What there is, how often it was opened, and a form for more."""
    return _page(events.event_for(current_actor(), event_key))


def _page(event: ClubEvent, fault: str = "", status: int = 200) -> ResponseReturnValue:
    rows = materials.of_event(event.id)
    shown = {"rows": rows, "counts": materials.counts(rows), "untold": [row for row in rows if row.told_at is None], "meant": materials.meant(event.id)}
    return render_template("club/materials.html", event=event, **shown, words=club_words, handed_to=HANDED_TO, limit=LARGEST // 2**20, fault=fault, typed=request.form), status


@bp.post("/events/<event_key>/materials")
@requires(Can.CLUB_EDIT)
def add(event_key: str) -> ResponseReturnValue:
    """Put a file or a link to the event."""
    event = events.event_for(current_actor(), event_key)
    name, content = _file()
    given = Given(request.form.get("title", ""), request.form.get("handed_to", ""), request.form.get("address", ""), name, content)
    try:
        with transaction():
            materials.add(event.id, given, actor=current_actor(), moment=clock.now())
    except Refusal as refusal:
        return _page(events.event_for(current_actor(), event_key), _(refusal.message, **refusal.values), refusal.status)
    flash(_("Put there. Nobody was told yet."), "success")
    return redirect(url_for("club_materials.index", event_key=event_key), 303)


def _file() -> tuple[str, bytes]:
    """What was handed in; what is longer than the limit is read no further, and refused by its length."""
    file = request.files.get("file")
    if file is None or not file.filename:
        return "", b""
    try:
        return file.filename, file.read(LARGEST + 1)
    finally:
        file.close()


@bp.post("/events/<event_key>/materials/tell")
@requires(Can.CLUB_EDIT)
def tell(event_key: str) -> ResponseReturnValue:
    """Tell those for whom it is, once."""
    event = events.event_for(current_actor(), event_key)
    try:
        with transaction():
            count = materials.tell(event.id, actor=current_actor(), moment=clock.now())
    except Refusal as refusal:
        return _page(events.event_for(current_actor(), event_key), _(refusal.message, **refusal.values), refusal.status)
    flash(ngettext("%(num)s person was told.", "%(num)s persons were told.", count), "success")
    return redirect(url_for("club_materials.index", event_key=event_key), 303)


@bp.get("/materials/<material_id>/remove")
@requires(Can.CLUB_EDIT)
def look_at_removing(material_id: str) -> ResponseReturnValue:
    """What is removed, and for how many it is gone then."""
    row = materials.by_public_id(material_id)
    event = _event(row)
    counted = materials.counts([row])[row.id]
    return render_template("club/material_remove.html", row=row, event=event, may=materials.previewed(event, row), counted=counted, words=club_words)


@bp.post("/materials/<material_id>/remove")
@requires(Can.CLUB_EDIT)
def remove(material_id: str) -> ResponseReturnValue:
    """Remove it."""
    key = _event(materials.by_public_id(material_id)).key
    with transaction():
        materials.remove(material_id, actor=current_actor(), moment=clock.now())
    flash(_("Removed."), "success")
    return redirect(url_for("club_materials.index", event_key=key), 303)


def _event(row: ClubMaterial) -> ClubEvent:
    return db.session.get_one(ClubEvent, row.event_id)


@bp.get("/materials/<material_id>")
@requires(Can.CLUB_SEAT)
def show(material_id: str) -> ResponseReturnValue:
    """Open it as the holder of a seat: a file is saved and never shown inside a page, a link leads on."""
    with transaction():
        row, content = materials.open_(material_id, actor=current_actor(), moment=clock.now())
        address, kind, name = row.address, row.kind, materials.saved_as(row) if content else ""
    if address:
        return redirect(address, 303)
    response = Response(content, mimetype=kind)
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return response
