"""Clients about to leave: how likely within 90 days, what would be lost, why, and what speaking with them would change."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, func

from models import db
from models.clients import Account, AccountVersion
from models.risk import RiskMethod, RiskModel, RiskScore
from portal.care.book import next_due
from portal.clients.queries import accounts, visible_to
from portal.local_day import today
from portal.pages.risk_quick import SCORED, matrix, newest, quick
from portal.pages.risk_words import CAUSES, chance_text, why
from portal.pages.settled import last_day
from portal.pages.taken_out import taken_out
from portal.permissions import Can
from portal.risk.classes import SIZES, STEPS, Sums
from portal.risk.queries import CAUSE
from portal.web.downloads import wants_file
from portal.web.exports import Cell, amount
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("risk", __name__, url_prefix="/risk")

COLUMNS = columns(
    Column("account_no", _l("Account"), sort=True),
    Column("client", _l("Client"), sort=True),
    Column("equity", _l("Equity"), sort=True, number=True, money=True),
    Column("probability", _l("Likely to leave in 90 days"), sort=True, number=True),
    Column("contacted", _l("If spoken with"), sort=True, number=True),
    Column("expected", _l("Expected loss"), sort=True, number=True, money=True),
    Column("cause", _l("Cause"), sort=True),
    Column("why", _l("What raises it")),
    Column("next_due", _l("Next step")),
)
LISTING = Listing(
    tiebreak=Account.id,
    sorts={
        "account_no": Account.account_no,
        "client": AccountVersion.name,
        "cause": CAUSE,
        **SCORED,
        # Not the bare column: of a page's rows, whose keys are known, an index in this order would be walked from its beginning.
        "expected": func.coalesce(RiskScore.expected_loss, 0),
    },
    default="-expected",
    keyset=True,
    filters=(
        Filter("q", _l("Name or account"), lambda text: AccountVersion.name.contains(text, autoescape=True) | Account.account_no.contains(text, autoescape=True), personal=True),
        Filter("cause", _l("Cause"), lambda text: text == CAUSE, choices=tuple(CAUSES.items())),
    ),
)


def scored(asked: Asked) -> Select[Any]:
    """The accounts that somebody sees with their score of the newest scoring."""
    run = newest()
    query = accounts().join(RiskScore, RiskScore.account_id == Account.id).add_columns(RiskScore)
    return query.where(RiskScore.run_id == (run.id if run else None), visible_to(asked.actor, last_day() or today()))


def with_words(query: Select[Any]) -> Select[Any]:
    """The same with the cause as people know it, and when the next step is due."""
    return query.add_columns(CAUSE.label("why_left"), next_due().label("next_due"))


LIST = declare(
    ListPage(
        "risk.index",
        _l("Clients at risk"),
        LISTING,
        COLUMNS,
        source=scored,
        fields=(
            Field("account_no", _l("Account"), lambda row: row[0].account_no),
            Field("client", _l("Client"), lambda row: row[1].name),
            Field("equity", _l("Equity"), lambda row: amount(row[2].equity)),
            Field("probability", _l("Likely to leave in 90 days (%)"), lambda row: amount(row[2].probability // 100)),
            Field("contacted", _l("If spoken with (%)"), lambda row: None if row[2].contacted is None else amount(row[2].contacted // 100)),
            Field("follow", _l("Chance to go along (%)"), lambda row: amount(row[2].follow // 100)),
            Field("expected", _l("Expected loss"), lambda row: amount(row[2].expected_loss)),
            Field("cause", _l("Cause"), lambda row: str(CAUSES[row.why_left])),
            Field("proposed", _l("Proposed cause"), lambda row: str(CAUSES[row[2].cause])),
            Field("why", _l("What raises it"), lambda row: why(row[2].drivers)),
            Field("next_due", _l("Next step"), lambda row: row.next_due),
        ),
        sums={"equity": RiskScore.equity, "expected": RiskScore.expected_loss},
        file_name="clients-at-risk",
        beside=with_words,
        quick=quick,
    )
)


@bp.get("")
@requires(Can.RISK_SEE)
def index() -> ResponseReturnValue:
    """Those whom the reader looks after, or the firm's; most to lose first."""
    run = newest()
    if run is None:
        return render_template("risk/empty.html")
    model = db.session.get_one(RiskModel, run.model_id)
    cells = matrix(current_actor(), run.id)
    if wants_file() and request.args.get("part") == "matrix":
        return taken_out(wants_file(), f"at-risk-matrix-{run.on_day}", *_matrix_cells(cells))
    said: dict[str, Any] = {"run": run, "model": model, "priors": model.method == RiskMethod.PRIORS, "cells": cells, "settled": last_day()}
    return show_list(LIST, "risk/index.html", causes=CAUSES, why=why, chance_text=chance_text, steps=STEPS, sizes=SIZES, **said)


def _matrix_cells(cells: list[list[Sums]]) -> tuple[list[str], list[list[Cell]]]:
    """The matrix as a file: classes of equity (yuan) and of the chance (per cent), each from … to under, with accounts and equity."""
    headers = [_("Equity from"), _("Equity below"), _("Chance from (%)"), _("Chance below (%)"), _("Accounts"), _("Equity")]
    rows: list[list[Cell]] = []
    for (low, high), line in zip(SIZES, cells, strict=True):
        for (least, most), (count, equity, _expected) in zip(STEPS, line, strict=True):
            rows.append([amount(low), amount(high), amount(least // 100), amount(most // 100) if most <= 1_000_000 else None, count, amount(equity)])
    return headers, rows
