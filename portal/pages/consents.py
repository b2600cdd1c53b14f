"""A client's consents on screen: each purpose with its text, given or withdrawn with one button, and everything that was decided."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from portal.clients.consents import decide, history, standings, texts
from portal.clock import now
from portal.local_day import today
from portal.pages import words
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires

bp = Blueprint("consents", __name__, url_prefix="/consents")


@bp.get("")
@requires(Can.CONSENT_GIVE)
def index() -> ResponseReturnValue:
    """What the client allows, purpose by purpose."""
    client_no = current_actor().client_no or ""
    titles = {(text.purpose, text.version): text.titles for text in texts()}
    language = "zh" if words.is_chinese() else "en"
    return render_template("consents/index.html", standings=standings(client_no, today()), rows=history(client_no), titles=titles, language=language)


@bp.post("")
@requires(Can.CONSENT_GIVE)
def change() -> ResponseReturnValue:
    """Give or withdraw one consent."""
    purpose, wish, version = (request.form.get(name, "") for name in ("purpose", "wish", "version"))
    if wish not in {"give", "withdraw"} or not (version.isascii() and version.isdigit() and len(version) < 6):
        raise Refusal("say which consent you give or withdraw: use the buttons of the page")
    with transaction():
        decide(current_actor(), now(), purpose, given=wish == "give", version=int(version), locale=str(get_locale()), on=today())
    flash(_("Your consent was recorded.") if wish == "give" else _("Your withdrawal was recorded and holds from now on."), "success")
    return redirect(url_for("consents.index"), 303)
