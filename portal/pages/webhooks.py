"""Webhooks, for who looks after them: endpoints, what each wants, its secret, pausing, testing, removing."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select

from models import db
from models.webhooks import EndpointState, WebhookDelivery, WebhookEndpoint, WebhookEvent
from portal import clock
from portal.gateways.webhooks import rules
from portal.jobs.webhooks import ask_at_once
from portal.keys import keyring
from portal.pages import webhook_words
from portal.permissions import Can
from portal.refusals import NotAllowed, NotFound, Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, fresh, requires
from portal.web.requests import request_id
from portal.webhooks import again, endpoints
from portal.webhooks.kinds import KINDS

bp = Blueprint("webhooks", __name__, url_prefix="/admin/webhooks")


@bp.get("")
@requires(Can.WEBHOOK_SEE)
def index() -> ResponseReturnValue:
    """The endpoints, what they want, and whether they answer."""
    rows = endpoints.listed(current_actor())
    ids = [row.id for row in rows]
    shown = {"wishes": endpoints.wishes_of(ids), "waiting": endpoints.waiting_for(ids)}
    return render_template("webhooks/index.html", rows=rows, words=webhook_words, may=current_actor().may(Can.WEBHOOK_MANAGE), **shown)


@bp.get("/new")
@requires(Can.WEBHOOK_MANAGE)
@fresh
def new() -> ResponseReturnValue:
    """An empty form."""
    return _form(None)


@bp.post("/new")
@requires(Can.WEBHOOK_MANAGE)
@fresh
def add() -> ResponseReturnValue:
    """Register an endpoint and show its secret, this once: nothing of it is in an address or kept in the session."""
    try:
        with transaction():
            row, secret = endpoints.add(current_actor(), clock.now(), **_typed(), rules=rules(), ring=keyring(), request_id=request_id())
            number = row.public_id
    except NotAllowed:
        raise
    except Refusal as refusal:
        return _form(None, _(refusal.message, **refusal.values), refusal.status)
    return _page(number, secret=secret), 201


@bp.get("/<webhook_no>")
@requires(Can.WEBHOOK_SEE)
def show(webhook_no: str) -> ResponseReturnValue:
    """One endpoint, and what went there last."""
    return _page(webhook_no)


def _page(number: str, secret: str = "") -> str:
    row = endpoints.one(current_actor(), number)
    last = select(WebhookDelivery, WebhookEvent.kind, WebhookEvent.number, WebhookEvent.occurred_at).join(WebhookEvent, WebhookEvent.id == WebhookDelivery.event_id)
    found = db.session.execute(last.where(WebhookDelivery.endpoint_id == row.id).order_by(WebhookDelivery.id.desc()).limit(10)).all()
    return render_template(
        "webhooks/show.html",
        row=row,
        wishes=endpoints.wishes_of([row.id])[row.id],
        waiting=endpoints.waiting_for([row.id]).get(row.id, 0),
        last=found,
        now=clock.now(),
        secret=secret,
        overlaps=endpoints.OVERLAPS,
        words=webhook_words,
        may=current_actor().may(Can.WEBHOOK_MANAGE),
    )


@bp.get("/<webhook_no>/edit")
@requires(Can.WEBHOOK_MANAGE)
@fresh
def edit(webhook_no: str) -> ResponseReturnValue:
    """Its address, description and what it wants, to be changed."""
    return _form(_live(webhook_no))


@bp.post("/<webhook_no>/edit")
@requires(Can.WEBHOOK_MANAGE)
@fresh
def save(webhook_no: str) -> ResponseReturnValue:
    """Change them."""
    try:
        with transaction():
            endpoints.change(webhook_no, current_actor(), clock.now(), **_typed(), rules=rules(), request_id=request_id())
    except (NotAllowed, NotFound):
        raise
    except Refusal as refusal:
        return _form(_live(webhook_no), _(refusal.message, **refusal.values), refusal.status)
    flash(_("Saved."), "success")
    return redirect(url_for("webhooks.show", webhook_no=webhook_no), 303)


@bp.post("/<webhook_no>/secret")
@requires(Can.WEBHOOK_MANAGE)
@fresh
def renew(webhook_no: str) -> ResponseReturnValue:
    """Make a new secret and show it, this once."""
    with transaction():
        _row, secret = endpoints.renew_secret(webhook_no, request.form.get("hours", -1, int), current_actor(), clock.now(), ring=keyring(), request_id=request_id())
    return _page(webhook_no, secret=secret), 201


@bp.post("/<webhook_no>/secret/end")
@requires(Can.WEBHOOK_MANAGE)
def end_previous(webhook_no: str) -> ResponseReturnValue:
    """The secret before signs no more."""
    with transaction():
        endpoints.end_previous(webhook_no, current_actor(), clock.now(), request_id=request_id())
    return _back(webhook_no, _("Only the new secret signs from now on."))


@bp.post("/<webhook_no>/pause")
@requires(Can.WEBHOOK_MANAGE)
def pause(webhook_no: str) -> ResponseReturnValue:
    """Send nothing more for now."""
    with transaction():
        endpoints.pause(webhook_no, current_actor(), clock.now(), request_id=request_id())
    return _back(webhook_no, _("Paused: what happens meanwhile waits."))


@bp.post("/<webhook_no>/resume")
@requires(Can.WEBHOOK_MANAGE)
def resume(webhook_no: str) -> ResponseReturnValue:
    """Send again, beginning with what waits."""
    with transaction():
        waiting = endpoints.resume(webhook_no, current_actor(), clock.now(), request_id=request_id())
        ask_at_once(clock.now())
    return _back(webhook_no, ngettext("Resumed: %(num)s event that waited is sent now.", "Resumed: %(num)s events that waited are sent now.", waiting))


@bp.post("/<webhook_no>/test")
@requires(Can.WEBHOOK_MANAGE)
def send_test(webhook_no: str) -> ResponseReturnValue:
    """Send a test; its page says what came of it."""
    with transaction():
        number = again.send_test(webhook_no, current_actor(), clock.now(), request_id=request_id()).public_id
        ask_at_once(clock.now())
    flash(_("The test is on its way: look again in a moment."), "success")
    return redirect(url_for("webhook_log.show", delivery_no=number), 303)


@bp.get("/<webhook_no>/remove")
@requires(Can.WEBHOOK_MANAGE)
@fresh
def ask_remove(webhook_no: str) -> ResponseReturnValue:
    """What removing an endpoint would do."""
    row = _live(webhook_no)
    return render_template("webhooks/remove.html", row=row, host=endpoints.host_of(row), waiting=endpoints.waiting_for([row.id]).get(row.id, 0))


@bp.post("/<webhook_no>/remove")
@requires(Can.WEBHOOK_MANAGE)
@fresh
def remove(webhook_no: str) -> ResponseReturnValue:
    """Nothing goes there any more."""
    with transaction():
        endpoints.remove(webhook_no, current_actor(), clock.now(), request_id=request_id())
    flash(_("The endpoint is removed; what went there stays in the log."), "success")
    return redirect(url_for("webhooks.index"), 303)


def _back(number: str, said: str) -> ResponseReturnValue:
    flash(said, "success")
    return redirect(url_for("webhooks.show", webhook_no=number), 303)


def _live(number: str) -> WebhookEndpoint:
    """An endpoint that may be changed. Raises NotFound for one that was removed."""
    row = endpoints.one(current_actor(), number, can=Can.WEBHOOK_MANAGE)
    if row.state == EndpointState.REMOVED:
        raise NotFound("there is no such endpoint")
    return row


def _typed() -> dict[str, Any]:
    return {"url": request.form.get("url", "").strip(), "description": request.form.get("description", ""), "kinds": request.form.getlist("kinds")}


def _form(row: WebhookEndpoint | None, fault: str = "", status: int = 200) -> ResponseReturnValue:
    typed = _typed() if request.method == "POST" else None
    if typed is None and row is not None:
        typed = {"url": row.url, "description": row.description, "kinds": endpoints.wishes_of([row.id])[row.id]}
    inside = bool(current_app.config["PORTAL"].webhook_inside)
    shown = {"row": row, "typed": typed or {"kinds": []}, "kinds": KINDS, "words": webhook_words, "fault": fault, "inside": inside}
    return render_template("webhooks/edit.html", **shown), status
