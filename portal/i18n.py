"""Two languages: which one a request speaks, and how moments and money are shown."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flask import Flask, g, has_request_context, request, session
from flask_babel import Babel, get_locale, get_translations
from flask_login import current_user
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from portal.settings import ROOT, Settings

LOCALES = ("zh_Hans_CN", "en")


def install(app: Flask, settings: Settings) -> None:
    """Bind Babel; the reader's own choice wins, then the browser's, then the firm's."""

    def locale() -> str:
        if not has_request_context():
            return settings.locale
        chosen = request.args.get("lang") or session.get("locale") or getattr(current_user, "locale", None)
        if chosen in LOCALES:
            return str(chosen)
        return _accepted(request.headers.get("Accept-Language", "")[:200]) or settings.locale

    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(ROOT / "translations")
    Babel(app, default_locale=settings.locale, default_timezone=settings.timezone, locale_selector=locale)
    app.jinja_env.install_gettext_callables(_text, _texts, newstyle=True)  # type: ignore[attr-defined]


@lru_cache(256)
def _accepted(header: str) -> str:
    """Which of the two languages a browser likes best; empty where neither."""
    accepted = parse_accept_header(header, LanguageAccept).best_match(["zh", "zh-CN", "zh-Hans", "en"])
    return "" if not accepted else "en" if accepted.startswith("en") else "zh_Hans_CN"


def _text(message: str) -> str:
    """A text of a template. The catalogue is looked up once a request and language instead of once a text."""
    return str(_catalogue().ugettext(message))


def _texts(singular: str, plural: str, number: int) -> str:
    return str(_catalogue().ungettext(singular, plural, number))


def _catalogue() -> Any:
    """The catalogue of the language that is spoken now; `force_locale` changes it in the midst of a context."""
    locale = get_locale()
    held = g.get("catalogue")
    if held is None or held[0] is not locale:
        held = g.catalogue = (locale, get_translations())
    return held[1]
