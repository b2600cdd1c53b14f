"""The reader's language and look, kept in the session. Changed by POST only, so that no link can change them."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, current_app, redirect, request, session, url_for
from werkzeug.wrappers import Response

from portal.i18n import LOCALES
from portal.web.context import THEMES
from portal.web.guard import public

bp = Blueprint("preferences", __name__)


@bp.post("/preferences/language")
@public
def language() -> Response:
    """Speak another language from now on."""
    if request.form.get("locale") in LOCALES:
        session["locale"] = request.form["locale"]
    return redirect(_back(), 303)


@bp.post("/preferences/theme")
@public
def theme() -> Response:
    """Show the light or the dark theme, or what the device says."""
    if request.form.get("theme") in THEMES:
        session["theme"] = request.form["theme"]
    return redirect(_back(), 303)


@bp.get("/favicon.ico")
@public
def favicon() -> Response:
    """The icon, for what asks by its old name."""
    return redirect(str(current_app.jinja_env.globals["asset"]("favicon.svg")), 302)  # type: ignore[operator]


def _back() -> str:
    """The way back: a path of this portal, never another host."""
    back = request.form.get("back", "")
    parts = urlsplit(back)
    inside = back.startswith("/") and not back.startswith(("//", "/\\")) and not parts.netloc and "\\" not in back and back.isprintable()
    return back if inside else url_for("preferences.home")


@bp.get("/preferences")
@public
def home() -> Response:
    """Nothing stands here: lead to the beginning."""
    return redirect("/", 302)
