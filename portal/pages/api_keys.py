"""My keys for programs: make one (it is shown once), see when each was last used, revoke it at once."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.clock import now
from portal.identity import api_keys
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, fresh, requires
from portal.web.requests import request_id

bp = Blueprint("api_keys", __name__, url_prefix="/me/keys")


@bp.get("")
@requires(Can.API_KEY_OWN)
def index() -> ResponseReturnValue:
    """My keys."""
    return render_template("introductions/keys.html", keys=api_keys.own(current_actor()), days=api_keys.DAYS, now=now(), shown="")


@bp.post("")
@requires(Can.API_KEY_OWN)
@fresh
def make() -> ResponseReturnValue:
    """Make a key and show it, this once: nothing of it is in an address or kept in the session."""
    days = request.form.get("days", "")
    if not (days.isascii() and days.isdigit() and len(days) < 5):
        raise Refusal("a key lives for one of these numbers of days: %(days)s", days=", ".join(map(str, api_keys.DAYS)))
    with transaction():
        _row, text = api_keys.make(current_actor(), now(), name=request.form.get("name", ""), days=int(days), request_id=request_id())
    return render_template("introductions/keys.html", keys=api_keys.own(current_actor()), days=api_keys.DAYS, now=now(), shown=text), 201


@bp.post("/<key_no>/revoke")
@requires(Can.API_KEY_OWN)
def revoke(key_no: str) -> ResponseReturnValue:
    """End a key at once."""
    with transaction():
        api_keys.revoke(current_actor(), now(), key_no, request_id=request_id())
    flash(_("The key is revoked: programs that use it are turned away from now on."), "success")
    return redirect(url_for("api_keys.index"), 303)
