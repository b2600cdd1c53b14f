"""Two languages: which one a request speaks, and how moments and money are shown."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale
from babel.support import NullTranslations, Translations
from flask import Flask, g, has_app_context, has_request_context, request, session
from flask_babel import Babel, Domain, get_locale
from flask_login import current_user
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from portal.settings import ROOT, Settings

LOCALES = ("zh_Hans_CN", "en")
_KNOWN = {name: Locale.parse(name) for name in LOCALES}


def install(app: Flask, settings: Settings) -> None:
    """Bind Babel; the reader's own choice wins, then the browser's, then the firm's."""

    firms = _KNOWN.get(settings.locale) or Locale.parse(settings.locale)

    def locale() -> Locale:
        if not has_request_context():
            return firms
        chosen = request.args.get("lang") or session.get("locale") or getattr(current_user, "locale", None)
        if chosen not in LOCALES:
            chosen = _accepted(request.headers.get("Accept-Language", "")[:200])
        return _KNOWN.get(chosen, firms)

    _Babel(app, default_locale=settings.locale, default_timezone=settings.timezone, locale_selector=locale)
    app.jinja_env.install_gettext_callables(_plain, _texts, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.globals["_"] = _text


@lru_cache(256)
def _accepted(header: str) -> str:
    """Which of the two languages a browser likes best; empty where neither."""
    accepted = parse_accept_header(header, LanguageAccept).best_match(["zh", "zh-CN", "zh-Hans", "en"])
    return "" if not accepted else "en" if accepted.startswith("en") else "zh_Hans_CN"


def _language() -> Locale | None:
    """The language that is spoken now. Babel keeps it with the context but goes there by three ways, which every text of a page would pay for."""
    kept = g.get("_flask_babel") if has_app_context() else None
    found: Locale | None = getattr(kept, "babel_locale", None)
    return found or get_locale()


class _Domain(Domain):  # type: ignore[misc]
    """The texts of both languages. The catalogue of a request is kept by its language itself: Babel would write the language's
    name out anew for every text."""

    def get_translations(self) -> Translations | NullTranslations:
        """The catalogue of the language that is spoken now; `force_locale` changes it in the midst of a context."""
        locale = _language()
        if locale is None:
            return NullTranslations()
        held: tuple[Locale, Translations] | None = g.get("catalogue")
        if held is None or held[0] is not locale:
            held = g.catalogue = (locale, super().get_translations())
        return held[1]


TEXTS = _Domain([str(ROOT / "translations")])


class _Babel(Babel):  # type: ignore[misc]
    domain_instance = TEXTS


def spoken() -> str:
    """The name of the language that is spoken now, such as zh_Hans_CN; Babel writes it out anew each time."""
    locale = _language()
    for name, known in _KNOWN.items():
        if known is locale:
            return name
    return str(locale)


@pass_eval_context
def _text(template: EvalContext, message: str, /, **values: object) -> str:
    """A text of a template, with its values put in (and escaped, where the template escapes): what Jinja's own does by way of four calls."""
    catalogue = TEXTS.get_translations()
    if not values:
        return _alone(catalogue, message) if template.autoescape else str(_alone(catalogue, message))
    text = catalogue.ugettext(message)
    return Markup(text) % values if template.autoescape else str(text % values)  # noqa: S704 - our own words, and translators'


@lru_cache(16_384)
def _alone(catalogue: Translations | NullTranslations, message: str) -> Markup:
    """A text without values in one language. It is a pattern as those with values are: a doubled per cent sign is one."""
    return Markup(catalogue.ugettext(message)) % {}  # noqa: S704 - as above


def _plain(message: str) -> str:
    """A text for Jinja's own functions, which put values in themselves."""
    return str(TEXTS.get_translations().ugettext(message))


def _texts(singular: str, plural: str, number: int) -> str:
    return str(TEXTS.get_translations().ungettext(singular, plural, number))
