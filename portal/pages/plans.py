"""Plans on screen: which there are, what each says in words, its versions, who is on it."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import polars as pl
from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from models.columns import OPEN_END
from portal.actors import Actor
from portal.commission import plan_queries
from portal.commission.clauses import clauses
from portal.commission.drafts import open_drafts, state_of
from portal.commission.plan_diff import clause_changes, data_changes, span_words
from portal.commission.plan_reading import plans_text
from portal.fields import span_end, span_start
from portal.imports.plan_activation import ACTIVATION
from portal.local_day import today
from portal.pages import plan_words
from portal.permissions import Can, Scope
from portal.web.exports import amount
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns
from portal.web.templating import give

bp = Blueprint("plans", __name__, url_prefix="/plans")
KIND = ACTIVATION
"""Imported with the pages, so that approvals of this kind can be decided wherever pages are served."""

COLUMNS = columns(
    Column("code", _l("Plan"), sort=True),
    Column("name", _l("Plan name"), sort=True),
    Column("versions", _l("Number of versions"), sort=True, number=True),
    Column("since", _l("Valid from"), sort=True),
    Column("until", _l("Valid until"), sort=True),
    Column("brokers", _l("Brokers on it"), sort=True, number=True),
    Column("equity", _l("Attributed equity"), sort=True, number=True),
    Column("paid", _l("Pay of the month"), sort=True, number=True),
)
PRIVATE = ("brokers", "equity", "paid")
"""What only those see who see every plan."""
LISTING = Listing(
    tiebreak="row",
    sorts={key: key for key in COLUMNS},
    default="code",
    filters=(
        Filter("code", _l("Plan"), lambda text: pl.col("code").str.to_lowercase().str.contains(text.lower(), literal=True)),
        Filter("used", _l("In use"), lambda text: (pl.col("brokers") > 0) == (text == "yes"), choices=(("yes", _l("With brokers on it")), ("no", _l("Without brokers")))),
    ),
)
ROWS = {
    "code": pl.String,
    "name": pl.String,
    "versions": pl.Int64,
    "since": pl.Date,
    "until": pl.Date,
    "brokers": pl.Int64,
    "equity": pl.Int64,
    "paid": pl.Int64,
}
ON_PLAN_COLUMNS = columns(
    Column("broker_no", _l("Broker"), sort=True),
    Column("name", _l("Name"), sort=True),
    Column("valid_from", _l("On it from"), sort=True),
    Column("valid_to", _l("Until"), sort=True),
    Column("equity", _l("Attributed equity"), sort=True, number=True, money=True),
)
ON_PLAN = Listing(
    tiebreak="row",
    sorts={key: key for key in ON_PLAN_COLUMNS},
    default="broker_no",
    filters=(Filter("broker", _l("Broker"), lambda text: pl.col("broker_no").str.contains(text, literal=True) | pl.col("name").str.contains(text, literal=True)),),
)
ON_PLAN_ROWS = {"broker_no": pl.String, "name": pl.String, "valid_from": pl.Date, "valid_to": pl.Date, "equity": pl.Int64}


def _plans(asked: Asked) -> pl.DataFrame:
    """Every plan that somebody may see."""
    periods = plan_queries.computed_periods()
    found = plan_queries.plan_rows(asked.actor, today(), periods[0] if periods else None)
    return pl.DataFrame([asdict(row) for row in found], schema=ROWS)


def _field(column: Column) -> Field:
    return Field(column.key, column.label, lambda row: _cell(column.key, row[column.key]))


def _cell(key: str, value: Any) -> Any:
    if key in {"equity", "paid"}:
        return amount(value)
    return None if value == OPEN_END else value


def _without_private(actor: Actor) -> ListPage | None:
    return OWN_PLAN_LIST if actor.scope(Can.PLAN_SEE) is not Scope.ALL else None


PLAN_LIST = declare(ListPage("plans.index", _l("Plans"), LISTING, COLUMNS, source=_plans, fields=tuple(map(_field, COLUMNS.values())), file_name="plans", instead=_without_private))
PUBLIC_COLUMNS = {key: column for key, column in COLUMNS.items() if key not in PRIVATE}
OWN_PLAN_LIST = replace(PLAN_LIST, columns=PUBLIC_COLUMNS, fields=tuple(map(_field, PUBLIC_COLUMNS.values())), instead=lambda actor: None)
"""The same list for those who see only plans of their own."""


def _on_plan(asked: Asked) -> pl.DataFrame:
    """Who is on a plan, as far as somebody may see."""
    found = plan_queries.plan_for(asked.actor, str(asked.values["plan_code"]))
    return pl.DataFrame([asdict(row) for row in plan_queries.on_plan(found.id, asked.actor)], schema=ON_PLAN_ROWS)


ON_PLAN_LIST = declare(
    ListPage(
        "plans.plan",
        _l("Brokers on a plan"),
        ON_PLAN,
        ON_PLAN_COLUMNS,
        source=_on_plan,
        fields=tuple(map(_field, ON_PLAN_COLUMNS.values())),
        keep=("version",),
        sums={"equity": pl.col("equity")},
        file_name="brokers-on-plan",
    )
)


@bp.get("")
@requires(Can.PLAN_SEE)
def index() -> ResponseReturnValue:
    """Every plan that the reader may see, and the drafts that are being written."""
    actor = current_actor()
    periods = plan_queries.computed_periods()
    return show_list(
        PLAN_LIST.for_actor(actor),
        "plans/index.html",
        drafts=[(draft, state_of(draft)) for draft in open_drafts(actor)],
        period=periods[0] if periods else "",
        as_of=plan_queries.equity_day(),
        whole=actor.scope(Can.PLAN_SEE) is Scope.ALL,
        may_edit=actor.may(Can.PLAN_EDIT),
    )


@bp.get("/<plan_code>")
@requires(Can.PLAN_SEE)
def plan(plan_code: str) -> ResponseReturnValue:
    """One plan: a version in words, all versions, what changed between them, who is on it, its history."""
    actor = current_actor()
    found = plan_queries.plan_for(actor, plan_code)
    entry = plan_queries.entries()[plan_code]
    place = _chosen(entry, request.args.get("version", ""))
    version, before = entry["versions"][place], entry["versions"][place - 1] if place else None
    whole = actor.scope(Can.PLAN_SEE) is Scope.ALL
    return show_list(
        ON_PLAN_LIST,
        "plans/plan.html",
        entry=entry,
        place=place,
        version=version,
        spans=[span_words(one) for one in entry["versions"]],
        in_force=_in_force(entry),
        clauses=clauses(version),
        changed=clause_changes(before, version) if before else [],
        changed_data=data_changes({**entry, "versions": [before]}, {**entry, "versions": [version | {"valid_from": before["valid_from"]}]}) if before else [],
        json_text=plans_text([entry]),
        history=plan_queries.history(found.id) if whole else [],
        whole=whole,
        sees_brokers=actor.scope(Can.PLAN_SEE) is not Scope.OWN,
        as_of=plan_queries.equity_day(),
        periods=plan_queries.computed_periods(),
        may_edit=actor.may(Can.PLAN_EDIT),
        drafts=[(draft, state_of(draft)) for draft in open_drafts(actor) if draft.plan_code == plan_code],
    )


def _in_force(entry: dict[str, Any]) -> int | None:
    """The place of the version that counts today."""
    day = today()
    return next((place for place, one in enumerate(entry["versions"]) if span_start(one["valid_from"]) <= day < span_end(one["valid_to"])), None)


def _chosen(entry: dict[str, Any], asked: str) -> int:
    """The place of the version that the address names, else of the one in force, else of the last."""
    named = next((place for place, one in enumerate(entry["versions"]) if one["valid_from"] == asked), None)
    if named is not None:
        return named
    in_force = _in_force(entry)
    return len(entry["versions"]) - 1 if in_force is None else in_force


give(
    bp,
    draft_states=plan_words.DRAFT_STATES,
    check_levels=plan_words.LEVELS,
    open_end=OPEN_END,
    trial_words=plan_words.trial_words,
    reason_words=plan_words.reason_words,
)
