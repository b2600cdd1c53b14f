"""Many statements in one file: asking for it. It is made by a job and stands under “My exports”."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from models.values.calendar import Month, NotADate
from portal import clock
from portal.commission import packs
from portal.i18n import spoken
from portal.jobs.statement_packs import MONTH, OWN
from portal.jobs.verbs import enqueue
from portal.pages.commission_lists import month_of
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires

bp = Blueprint("statement_packs", __name__, url_prefix="/commission")


@bp.post("/months/<period>/statements")
@requires(Can.MONTH_PREPARE)
def month(period: str) -> ResponseReturnValue:
    """Every statement of a closed month in one file, for finance."""
    which = str(month_of(period))
    packs.of_month(which, current_actor())
    return _asked(MONTH, which, which)


@bp.post("/statements/own")
@requires(Can.COMMISSION_SEE)
def own() -> ResponseReturnValue:
    """One's own published statements of some months in one file, for a broker."""
    try:
        first, last = Month.parse(request.form.get("first", "")), Month.parse(request.form.get("last", ""))
    except (NotADate, ValueError) as error:
        raise Refusal("choose a first and a last month, at most %(most)s of them", most=packs.MOST_MONTHS) from error
    packs.own(first, last, current_actor())
    return _asked(OWN, str(first), str(last))


def _asked(kind: str, first: str, last: str) -> ResponseReturnValue:
    with transaction():
        enqueue(current_actor(), clock.now(), kind, {"first": first, "last": last, "locale": spoken()})
    flash(_("The statements are put into one file in the background; it appears here."), "info")
    return redirect(url_for("lists.exports"), 303)
