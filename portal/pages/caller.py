"""The caller, known before the first word: a box for a number, and whose it is."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from portal import clock
from portal.care import due
from portal.care.caller import LONGEST, find
from portal.clients.consents import texts
from portal.commission.queries import last_settled_day
from portal.keys import keyring
from portal.local_day import today
from portal.pages import care_words as words
from portal.pages import words as house_words
from portal.permissions import Can
from portal.transaction import transaction
from portal.web.formats import language
from portal.web.guard import current_actor, requires

bp = Blueprint("caller", __name__, url_prefix="/desk/caller")


@bp.get("")
@requires(Can.CARE_SEE)
def show() -> ResponseReturnValue:
    """Whose number it is; who looked is written down."""
    number, found, settled = request.args.get("number", "")[:LONGEST], None, last_settled_day() or date.min
    if number.strip():
        with transaction():
            found = find(number, current_actor(), keyring(), clock.now(), today(), settled)
    return render_template(
        "care/caller.html", number=number.strip(), found=found, settled=settled, words=words, bands=house_words.BANDS, standing=due.standing, today=today(),
        purposes={one.purpose: one.titles for one in texts()}, language=language(), may_lead=current_actor().may(Can.LEAD_REGISTER),
    )  # fmt: skip
