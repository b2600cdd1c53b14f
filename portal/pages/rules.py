"""The rules that hold: their text, source and span, what they stop, and the change of a span when the law changes."""

from __future__ import annotations

from typing import Any

import polars as pl
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.columns import FIRST_DAY, OPEN_END
from portal.clock import now
from portal.jobs.law import jurisdiction
from portal.local_day import day_of
from portal.pages.rules_words import EFFECTS, STOPS, end_of, start_of
from portal.permissions import Can
from portal.refusals import Refusal
from portal.rules import book, recorded
from portal.rules.data import Rule
from portal.transaction import transaction
from portal.web.formats import language
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns, day_filter, read_day
from portal.web.templating import give

bp = Blueprint("rules", __name__, url_prefix="/rules")

COLUMNS = columns(
    Column("code", _l("Rule"), sort=True),
    Column("title", _l("What it says"), sort=True),
    Column("effect", _l("What it does"), sort=True),
    Column("valid_from", _l("From"), sort=True),
    Column("valid_to", _l("Until (exclusive)"), sort=True),
    Column("source", _l("Legal source")),
)
LISTING = Listing(
    tiebreak="row",
    sorts={name: name for name in ("row", "code", "title", "effect", "valid_from", "valid_to")},
    default="row",
    per_page=50,
    filters=(
        Filter("q", _l("Words"), lambda text: pl.col("code").str.contains(text, literal=True) | pl.col("words").str.contains(text, literal=True)),
        Filter("effect", _l("What it does"), lambda text: pl.col("effect") == text, choices=tuple((name, label) for name, (label, _tone) in EFFECTS.items())),
        Filter("asked", _l("Stops"), pl.col("asked").list.contains, choices=tuple(STOPS.items())),
        day_filter("day", _l("In force on"), lambda day: (pl.col("valid_from") <= day) & (pl.col("valid_to") > day)),
    ),
)
SCHEMA: dict[str, Any] = {
    "row": pl.Int64,
    "code": pl.String,
    "title": pl.String,
    "effect": pl.String,
    "valid_from": pl.Date,
    "valid_to": pl.Date,
    "source": pl.String,
    "words": pl.String,
    "asked": pl.List(pl.String),
    "check": pl.String,
}


def _frame(asked: Asked) -> pl.DataFrame:
    """The rules of the rule set as a frame, in the reader's language."""
    of = language()
    rows = [_row(place, rule, of) for place, rule in enumerate(book.rules(jurisdiction()))]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _row(place: int, rule: Rule, of: str) -> tuple[Any, ...]:
    words = f"{rule.titles[of]} {rule.texts[of]} {rule.source}"
    return place, rule.code, rule.titles[of], rule.effect.value, rule.valid_from, rule.valid_to, rule.source, words, list(rule.asked), rule.check


LIST = declare(
    ListPage(
        "rules.index",
        _l("Rules"),
        LISTING,
        COLUMNS,
        source=_frame,
        fields=(
            Field("code", _l("Rule"), lambda row: row["code"]),
            Field("title", _l("What it says"), lambda row: row["title"]),
            Field("effect", _l("What it does"), lambda row: str(EFFECTS[row["effect"]][0])),
            Field("valid_from", _l("From"), lambda row: start_of(row["valid_from"])),
            Field("valid_to", _l("Until (exclusive)"), lambda row: end_of(row["valid_to"])),
            Field("source", _l("Legal source"), lambda row: row["source"]),
        ),
    )
)


@bp.get("")
@requires(Can.RULE_SEE)
def index() -> ResponseReturnValue:
    """Every rule of the rule set, in force or not."""
    return show_list(LIST, "rules/index.html", jurisdiction=jurisdiction(), today=day_of(now()), effects=EFFECTS)


@bp.get("/<rule_code>")
@requires(Can.RULE_SEE)
def show(rule_code: str) -> ResponseReturnValue:
    """One rule over all its spans: text, source, what it stops, its numbers."""
    spans = book.of_code(jurisdiction(), rule_code)
    return render_template(
        "rules/show.html",
        code=rule_code,
        spans=spans,
        today=day_of(now()),
        effects=EFFECTS,
        stops=STOPS,
        language=language(),
        may_edit=current_actor().may(Can.RULE_EDIT),
        jurisdiction=jurisdiction(),
        first_day=FIRST_DAY,
    )


@bp.post("/<rule_code>/end")
@requires(Can.RULE_EDIT)
def end(rule_code: str) -> ResponseReturnValue:
    """Give a span of a rule another end; the earlier state stays readable in the table."""
    book.of_code(jurisdiction(), rule_code)
    valid_from, valid_to = _day("valid_from", FIRST_DAY), _day("valid_to", OPEN_END)
    with transaction():
        recorded.end_rule(jurisdiction(), rule_code, valid_from, valid_to, request.form.get("reason", ""), current_actor(), now())
    flash(_("The rule %(code)s has another end now. The books are held against it at the next re-check.", code=rule_code), "success")
    return redirect(url_for("rules.show", rule_code=rule_code), 303)


def _day(name: str, empty: Any) -> Any:
    """A day of the form. Raises Refusal."""
    text = request.form.get(name, "").strip()
    try:
        return read_day(text) if text else empty
    except ValueError as error:
        raise Refusal("“%(given)s” is no day, such as 2026-03-31", given=text[:20]) from error


give(bp, rule_start=start_of, rule_end=end_of)
