"""The danger zone of a demonstration firm: what emptying it would move aside, and the command that does it. A real firm has no such page.

The page only explains. The log and the facts are append-only, so the database is moved aside whole, and that cannot be done by a portal
that is writing into it: it is done at the machine, while the portal stands still.
"""

from __future__ import annotations

from flask import Blueprint, Flask, current_app, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.utils import import_string

from portal.permissions import Can
from portal.refusals import Refusal
from portal.settings import Settings
from portal.web.guard import requires

bp = Blueprint("demo_wipe", __name__, url_prefix="/dev/wipe")


def install(app: Flask, settings: Settings) -> None:
    """Register the page in a demonstration alone."""
    if settings.demo:
        app.register_blueprint(bp)


@bp.get("")
@requires(Can.USER_MANAGE)
def index() -> ResponseReturnValue:
    """What would be moved aside, and how; or why it is not done here."""
    try:
        found, why = import_string("portal.demo.wipe:standing")(current_app.config["PORTAL"]), ""  # loaded when it is first asked for: a web process needs none of it
    except Refusal as refusal:
        found, why = None, _(refusal.message, **refusal.values)
    return render_template("dev/wipe.html", found=found, why=why)
