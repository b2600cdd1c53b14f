"""A second person reads what he approves in his own language, and in the order of the rules."""

from __future__ import annotations

import re

from flask import Flask
from flask_babel import force_locale

from portal.audit import showing
from portal.audit.wording import NAMES, name_of, value_of
from portal.commission.plan_diff import data_changes
from portal.commission.statement import COLUMNS
from portal.demo.plans import PLANS
from portal.pages import words


def test_the_amounts_of_a_month_stand_in_the_order_of_the_statement(app: Flask) -> None:
    shown = showing.preview(dict.fromkeys(sorted(COLUMNS), 1) | {"digest": "ab", "later": "x"}, COLUMNS, order=tuple(NAMES))
    assert [name for name, _cell in shown.facts] == [*COLUMNS, "digest", "later"]
    with app.test_request_context(), force_locale("en"):
        assert [name_of(name) for name in COLUMNS] == [str(words.COLUMNS[name]) for name in COLUMNS]


def test_the_data_of_every_plan_is_named_in_chinese(app: Flask) -> None:
    places = [row[0] for plan in PLANS for row in data_changes(None, plan)]
    with app.test_request_context(), force_locale("zh_Hans_CN"):
        said = [value_of("place", place) for place in places]
    assert len(said) > 50
    assert {word for text in said for word in re.findall(r"\b[a-z_]{3,}\b", text)} == set()


def test_what_is_no_code_stays_as_it_was_written(app: Flask) -> None:
    with app.test_request_context(), force_locale("zh_Hans_CN"):
        assert value_of("note", "penalty") == "penalty"
        assert value_of("reason", "penalty") != "penalty"
        assert value_of("reason", "as agreed on the phone") == "as agreed on the phone"
