"""What templates say: values are escaped where the page is HTML and stay as they are in a letter, and every way of calling still works."""

from __future__ import annotations

import pytest
from flask import Flask, render_template
from flask_babel import force_locale
from jinja2 import DictLoader, pass_context
from jinja2.runtime import Context

WHO = "Wang & Sons <w@x>"
PIECES = {
    "page.html": "{{ _('Hello %(name)s,', name=who) }}",
    "letter.txt": "{{ _('Hello %(name)s,', name=who) }}",
    "shares.html": "{{ _('Or among the largest of the branch (%%)') }}",
    "parts.html": "{% macro named(name) %}<b>{{ name }}</b>{% endmacro %}",
    "rows.html": "{% from 'parts.html' import named %}{% for who in people %}{% set last = who %}{{ named(who) }}{{ seen('last') }} {% endfor %}",
}


@pytest.fixture
def pieces(app: Flask) -> Flask:
    """A portal with these templates, and a function that looks into the page that calls it."""

    @pass_context
    def seen(page: Context, name: str) -> object:
        return page.resolve(name)

    app.jinja_env.loader = DictLoader(PIECES)
    app.jinja_env.globals["seen"] = seen
    return app


def drawn(app: Flask, template: str, locale: str = "en", **values: object) -> str:
    """A template as a page would show it."""
    with app.test_request_context(), force_locale(locale):
        return render_template(template, **values)


def test_a_value_is_escaped_in_a_page_and_stays_as_it_is_in_a_letter(pieces: Flask) -> None:
    assert drawn(pieces, "page.html", who=WHO) == "Hello Wang &amp; Sons &lt;w@x&gt;,"
    assert drawn(pieces, "letter.txt", who=WHO) == f"Hello {WHO},"


def test_a_per_cent_sign_is_one_in_both_languages(pieces: Flask) -> None:
    said = [drawn(pieces, "shares.html", locale) for locale in ("en", "zh_Hans_CN", "en")]
    assert said[0] == said[2] == "Or among the largest of the branch (%)"
    assert said[1] != said[0]
    assert said[1].count("%") == 1


def test_what_wants_the_page_sees_what_was_set_in_the_loop(pieces: Flask) -> None:
    assert drawn(pieces, "rows.html", people=["A&B", "C"]) == "<b>A&amp;B</b>A&amp;B <b>C</b>C "
