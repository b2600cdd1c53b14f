"""What went to other systems: every delivery with its tries, once more, and all of a span once more."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import select

from models import db
from models.webhooks import DeliveryState, EndpointState, WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookEvent
from portal import clock, local_day
from portal.jobs.webhooks import ask_at_once
from portal.pages import webhook_words
from portal.pages.webhook_words import STATES, outcome
from portal.permissions import Can
from portal.refusals import NotAllowed, NotFound, Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns, day_filter
from portal.web.requests import request_id
from portal.webhooks import again, endpoints, payloads
from portal.webhooks.again import Span
from portal.webhooks.kinds import KINDS, TEST

bp = Blueprint("webhook_log", __name__, url_prefix="/admin/webhooks")


def _endpoints() -> Sequence[tuple[str, str]]:
    query = select(WebhookEndpoint.public_id, WebhookEndpoint.description).order_by(WebhookEndpoint.id.desc()).limit(100)
    return [(row.public_id, row.description) for row in db.session.execute(query)]


def _kinds() -> Sequence[tuple[str, str]]:
    return webhook_words.kind_choices()


def _listed(asked: Asked) -> Any:
    asked.actor.need(Can.WEBHOOK_SEE)
    of_event = (WebhookEvent.kind, WebhookEvent.number, WebhookEvent.occurred_at, WebhookEvent.public_id.label("event_no"))
    query = select(WebhookDelivery, *of_event, WebhookEndpoint.description, WebhookEndpoint.public_id.label("webhook_no"))
    query = query.join(WebhookEvent, WebhookEvent.id == WebhookDelivery.event_id)
    return query.join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)


LIST = declare(
    ListPage(
        "webhook_log.index",
        _l("What went to other systems"),
        Listing(
            tiebreak=WebhookDelivery.id,
            sorts={"happened": WebhookEvent.occurred_at, "attempts": WebhookDelivery.attempts},
            default="-happened",
            filters=(
                Filter("state", _l("State"), lambda text: WebhookDelivery.state == text, choices=tuple((name, label) for name, (label, _tone) in STATES.items())),
                Filter("receiver", _l("Receiving system"), lambda text: WebhookEndpoint.public_id == text, offers=_endpoints),
                Filter("kind", _l("Kind of event"), lambda text: WebhookEvent.kind == text, offers=_kinds),
                Filter("event", _l("Number of the event"), lambda text: WebhookEvent.public_id == text),
                day_filter("since", _l("From day"), lambda day: WebhookEvent.occurred_at >= local_day.begins(day)),
                day_filter("until", _l("To day"), lambda day: WebhookEvent.occurred_at < local_day.ends(day)),
            ),
        ),
        columns(
            Column("happened", _l("Happened"), sort=True),
            Column("kind", _l("Kind of event")),
            Column("number", _l("What it names")),
            Column("to", _l("Receiving system")),
            Column("state", _l("State")),
            Column("attempts", _l("Tries"), number=True, sort=True),
            Column("answer", _l("What was answered")),
        ),
        source=_listed,
        fields=(
            Field("happened", _l("Happened"), lambda row: row.occurred_at),
            Field("event", _l("Number of the event"), lambda row: row.event_no),
            Field("kind", _l("Kind of event"), lambda row: row.kind),
            Field("number", _l("What it names"), lambda row: row.number),
            Field("to", _l("Receiving system"), lambda row: row.description),
            Field("state", _l("State"), lambda row: str(STATES[row[0].state][0])),
            Field("attempts", _l("Tries"), lambda row: row[0].attempts),
            Field("next", _l("Not before"), lambda row: row[0].next_at),
            Field("ended", _l("Over at"), lambda row: row[0].ended_at),
            Field("answer", _l("What was answered"), lambda row: outcome(row[0].status, row[0].failure)),
        ),
        file_name="webhooks",
    )
)


@bp.get("/log")
@requires(Can.WEBHOOK_SEE)
def index() -> ResponseReturnValue:
    """All deliveries, what happened last first."""
    return show_list(LIST, "webhooks/log.html", words=webhook_words)


@bp.get("/log/<delivery_no>")
@requires(Can.WEBHOOK_SEE)
def show(delivery_no: str) -> ResponseReturnValue:
    """One delivery: what was sent, and every try."""
    query = select(WebhookDelivery, WebhookEvent, WebhookEndpoint).join(WebhookEvent, WebhookEvent.id == WebhookDelivery.event_id)
    found = db.session.execute(query.join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id).where(WebhookDelivery.public_id == delivery_no)).one_or_none()
    if found is None:
        raise NotFound("there is no such delivery")
    delivery, event, endpoint = found
    tries = db.session.execute(select(WebhookAttempt).where(WebhookAttempt.delivery_id == delivery.id).order_by(WebhookAttempt.id.desc()).limit(50)).scalars().all()
    may = current_actor().may(Can.WEBHOOK_MANAGE) and endpoint.state != EndpointState.REMOVED and delivery.state in (*again.OVER, DeliveryState.FAILED)
    body = json.dumps(payloads.told(event, current_app.config["PORTAL"].base_url), ensure_ascii=False, indent=2)
    return render_template("webhooks/delivery.html", delivery=delivery, event=event, endpoint=endpoint, tries=tries, body=body, may=may, words=webhook_words)


@bp.post("/log/<delivery_no>/again")
@requires(Can.WEBHOOK_MANAGE)
def resend(delivery_no: str) -> ResponseReturnValue:
    """Send one delivery once more."""
    with transaction():
        again.resend(delivery_no, current_actor(), clock.now(), request_id=request_id())
        ask_at_once(clock.now())
    flash(_("It is sent once more, under the same number of the event."), "success")
    return redirect(url_for("webhook_log.show", delivery_no=delivery_no), 303)


@bp.get("/<webhook_no>/replay")
@requires(Can.WEBHOOK_MANAGE)
def replay(webhook_no: str) -> ResponseReturnValue:
    """Choose a span and kinds; once they are chosen, how many events would be sent."""
    return _replay(webhook_no)


@bp.post("/<webhook_no>/replay")
@requires(Can.WEBHOOK_MANAGE)
def do_replay(webhook_no: str) -> ResponseReturnValue:
    """Send what the preview said."""
    try:
        span = _span(request.form)
        with transaction():
            count = again.replay(webhook_no, span, request.form.get("expected", -1, int), current_actor(), clock.now(), request_id=request_id())
            ask_at_once(clock.now())
    except (NotAllowed, NotFound):
        raise
    except Refusal as refusal:
        return _replay(webhook_no, _(refusal.message, **refusal.values), refusal.status)
    flash(ngettext("%(num)s event is sent once more.", "%(num)s events are sent once more.", count), "success")
    return redirect(url_for("webhook_log.index", receiver=webhook_no), 303)


def _replay(number: str, fault: str = "", status: int = 200) -> ResponseReturnValue:
    row = endpoints.one(current_actor(), number, can=Can.WEBHOOK_MANAGE)
    if row.state == EndpointState.REMOVED:
        raise NotFound("there is no such endpoint")
    given = request.form if request.method == "POST" else request.args
    found = None
    if given.get("since") and not fault:
        try:
            span = _span(given)
            again.check_kinds(row, span.kinds)
            found = again.preview(row, span)
        except Refusal as refusal:
            fault, status = _(refusal.message, **refusal.values), refusal.status
    today = local_day.today()
    shown = {"since": given.get("since", str(today - timedelta(days=7))), "until": given.get("until", str(today)), "chosen": given.getlist("kinds")}
    wishes = endpoints.wishes_of([row.id])[row.id]
    return render_template("webhooks/replay.html", row=row, wishes=wishes, found=found, most=again.MOST, fault=fault, words=webhook_words, **shown), status


def _span(given: Any) -> Span:
    """What was chosen. Raises Refusal where that is no span."""
    try:
        since, until = date.fromisoformat(given.get("since", "")), date.fromisoformat(given.get("until", ""))
    except ValueError as error:
        raise Refusal("choose a first and a last day, the first not after the last") from error
    if since > until or since.year < 2000 or until.year > 9000:
        raise Refusal("choose a first and a last day, the first not after the last")
    chosen = set(given.getlist("kinds"))
    return Span(tuple(kind for kind in (*KINDS, TEST) if kind in chosen), local_day.begins(since), local_day.ends(until))
