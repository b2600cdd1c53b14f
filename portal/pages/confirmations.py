"""Confirmation calls on screen: what waits with its due day, the script and its form, and what became of each call."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import false

from models import db
from models.attribution import Attribution
from models.clients import Account
from models.partners import Broker
from models.values.rates import decimal_text
from portal.care import return_visits
from portal.clock import now
from portal.jobs.care import call_due
from portal.jobs.law import jurisdiction
from portal.keys import keyring
from portal.leads import confirmation
from portal.leads import confirmation_queries as queries
from portal.leads.confirmation import Call
from portal.leads.confirmation_queries import ROW
from portal.leads.confirmation_script import spoken_on
from portal.local_day import day_of
from portal.permissions import Can
from portal.refusals import Conflict, NotAllowed, NotFound, Refusal
from portal.transaction import transaction
from portal.web.formats import language
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("confirmations", __name__, url_prefix="/confirmations")

OUTCOMES = {"confirmed": (_l("Confirmed"), "good"), "refused": (_l("Not confirmed"), "bad"), "not_reached": (_l("Not reached"), "neutral")}
COLUMNS = columns(
    Column("account_no", _l("Account"), sort=True),
    Column("name", _l("Client"), sort=True),
    Column("broker_no", _l("Broker"), sort=True),
    Column("share", _l("Share"), number=True),
    Column("valid_from", _l("Attributed from"), sort=True),
    Column("due_on", _l("Call due")),
)


def _late(text: str) -> Any:
    bound = queries.overdue_from(call_due(), day_of(now()))
    return false() if bound is None else ROW.c.valid_from < bound


LISTING = Listing(
    tiebreak=ROW.c.id,
    sorts={"account_no": Account.account_no, "name": queries.VERSION.name, "broker_no": Broker.broker_no, "valid_from": ROW.c.valid_from},
    default="valid_from",
    filters=(
        Filter("late", _l("State"), _late, choices=(("yes", _l("Overdue")),)),
        Filter("broker", _l("Broker"), lambda text: Broker.broker_no == text),
        Filter("account", _l("Account"), lambda text: Account.account_no == text),
    ),
)


def _source(asked: Asked) -> Any:
    return queries.pending(asked.actor, day_of(now()))


LIST = declare(
    ListPage(
        "confirmations.index",
        _l("Confirmation calls"),
        LISTING,
        COLUMNS,
        source=_source,
        fields=(
            Field("account_no", _l("Account"), lambda row: row.account_no),
            Field("name", _l("Client"), lambda row: row.name or ""),
            Field("broker_no", _l("Broker"), lambda row: row.broker_no),
            Field("share", _l("Share"), lambda row: decimal_text(row.share, 4)),
            Field("valid_from", _l("Attributed from"), lambda row: row.valid_from),
        ),
        file_name="confirmation-calls",
    )
)


@bp.get("")
@requires(Can.CONFIRMATION_SEE)
def index() -> ResponseReturnValue:
    """Every attribution that waits for its call, the oldest first."""
    return show_list(
        LIST, "confirmations/index.html", due=call_due(), today=day_of(now()), share_text=lambda share: decimal_text(share, 4), may_call=current_actor().may(Can.CONFIRMATION_CALL)
    )


@bp.get("/<int:attribution_id>")
@requires(Can.CONFIRMATION_SEE)
def show(attribution_id: int) -> ResponseReturnValue:
    """One attribution: the script, the form where the reader may call, and every call so far."""
    return _shown(attribution_id)


def _shown(attribution_id: int, refusal: Refusal | None = None) -> ResponseReturnValue:
    """The page; where a call does not hold, with everything that was ticked and why it does not."""
    actor, day = current_actor(), day_of(now())
    about = queries.pending_for(actor, attribution_id, Can.CONFIRMATION_SEE, day)
    row = db.session.get_one(Attribution, attribution_id)
    page = render_template(
        "confirmations/show.html",
        fault=_(refusal.message, **refusal.values) if refusal is not None else "",
        given=request.form if refusal is not None else {},
        about=about,
        calls=confirmation.calls_of(row),
        waits=confirmation.waits(row, day),
        script=spoken_on(day),
        language=language(),
        outcomes=OUTCOMES,
        due_on=call_due().after(about.valid_from),
        today=day,
        may_call=actor.may(Can.CONFIRMATION_CALL) and confirmation.is_outsider(actor, row.broker_id, about.broker_no),
        share=decimal_text(about.share, 4),
    )
    return page, refusal.status if refusal is not None else 200


@bp.post("/<int:attribution_id>")
@requires(Can.CONFIRMATION_CALL)
def record(attribution_id: int) -> ResponseReturnValue:
    """Write a call down."""
    moment, actor = now(), current_actor()
    queries.pending_for(actor, attribution_id, Can.CONFIRMATION_CALL, day_of(moment))
    form = request.form
    version = form.get("version", "")
    answers = {key.removeprefix("q-"): text for key, text in form.items() if key.startswith("q-")}
    number = int(version) if version.isascii() and version.isdigit() and len(version) < 6 else 0
    call = Call(form.get("outcome", ""), answers, form.get("evidence", ""), form.get("note", ""), number, str(get_locale()))
    try:
        with transaction():
            kept = confirmation.record(attribution_id, call, actor, moment, day_of(moment), jurisdiction(), keyring())
            return_visits.finish_called(day_of(moment), actor, moment)
            outcome = OUTCOMES[kept.outcome][0]
    except (Conflict, NotAllowed, NotFound):
        raise
    except Refusal as refusal:
        return _shown(attribution_id, refusal)
    flash(_("The call is kept: %(outcome)s.", outcome=outcome), "success")
    return redirect(url_for("confirmations.index"), 303)
