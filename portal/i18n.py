"""Two languages: which one a request speaks, and how moments and money are shown."""

from __future__ import annotations

from flask import Flask, has_request_context, request, session
from flask_babel import Babel
from flask_login import current_user

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
        accepted = request.accept_languages.best_match(["zh", "zh-CN", "zh-Hans", "en"])
        if not accepted:
            return settings.locale
        return "en" if accepted.startswith("en") else "zh_Hans_CN"

    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(ROOT / "translations")
    Babel(app, default_locale=settings.locale, default_timezone=settings.timezone, locale_selector=locale)
