"""Two languages: which one a request speaks, and how moments and money are shown."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale
from babel.support import NullTranslations, Translations
from flask import Flask, g, has_request_context, request, session
from flask_babel import Babel, Domain, get_locale, get_translations
from flask_login import current_user
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header
from werkzeug.utils import cached_property

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
    _Babel(app, default_locale=settings.locale, default_timezone=settings.timezone, locale_selector=locale)
    app.jinja_env.install_gettext_callables(_plain, _texts, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.globals["_"] = _text


@lru_cache(256)
def _accepted(header: str) -> str:
    """Which of the two languages a browser likes best; empty where neither."""
    accepted = parse_accept_header(header, LanguageAccept).best_match(["zh", "zh-CN", "zh-Hans", "en"])
    return "" if not accepted else "en" if accepted.startswith("en") else "zh_Hans_CN"


class _Domain(Domain):  # type: ignore[misc]
    """The texts of a language, kept by the language itself: Babel would write its name out anew for every text."""

    def get_translations(self) -> Translations | NullTranslations:
        """The catalogue of the language that is spoken now; `force_locale` changes it in the midst of a context."""
        locale = get_locale()
        held: tuple[Locale, Translations] | None = g.get("catalogue") if g else None
        if held is not None and held[0] is locale:
            return held[1]
        found: Translations | NullTranslations = super().get_translations()
        if g:
            g.catalogue = (locale, found)
        return found


class _Babel(Babel):  # type: ignore[misc]
    @cached_property
    def domain_instance(self) -> Domain:
        """What every text is looked up in."""
        return _Domain(domain=self.domain)


@pass_eval_context
def _text(template: EvalContext, message: str, /, **values: object) -> str:
    """A text of a template, with its values put in (and escaped, where the template escapes): what Jinja's own does by way of four calls."""
    catalogue = get_translations()
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
    return str(get_translations().ugettext(message))


def _texts(singular: str, plural: str, number: int) -> str:
    return str(get_translations().ungettext(singular, plural, number))
