"""Clients about to leave: how likely within 90 days, what would be lost, why, and what speaking with them would change."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, case, func, select
from werkzeug.datastructures import MultiDict

from models import db
from models.clients import Account, AccountVersion
from models.risk import RiskMethod, RiskModel, RiskRun, RiskScore
from portal.care.book import next_due
from portal.clients.queries import accounts, newest_version, visible_to
from portal.commission.queries import last_settled_day
from portal.local_day import today
from portal.pages.risk_words import CAUSES, chance_text, why
from portal.pages.taken_out import taken_out
from portal.permissions import Can, Scope
from portal.risk.queries import CAUSE
from portal.web.downloads import wants_file
from portal.web.exports import Cell, amount
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("risk", __name__, url_prefix="/risk")

STEPS = ((0, 20_000), (20_000, 50_000), (50_000, 100_000), (100_000, 200_000), (200_000, 1_000_001))
"""Classes of probability in parts per million: from, to."""
SIZES = ((0, 10_000_000), (10_000_000, 100_000_000), (100_000_000, 500_000_000), (500_000_000, None))
"""Classes of equity in fen: from, to."""

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
        "equity": func.coalesce(RiskScore.equity, 0),
        "probability": RiskScore.probability,
        "contacted": func.coalesce(RiskScore.contacted, -1),
        "expected": RiskScore.expected_loss,
        "cause": CAUSE,
    },
    default="-expected",
    filters=(
        Filter("q", _l("Name or account"), lambda text: AccountVersion.name.contains(text, autoescape=True) | Account.account_no.contains(text, autoescape=True), personal=True),
        Filter("cause", _l("Cause"), lambda text: text == CAUSE, choices=tuple(CAUSES.items())),
    ),
)


def newest() -> RiskRun | None:
    """The newest scoring."""
    return db.session.execute(select(RiskRun).order_by(RiskRun.on_day.desc(), RiskRun.id.desc()).limit(1)).scalar()


def _scored(asked: Asked) -> Select[Any]:
    return (
        accounts()
        .join(RiskScore, RiskScore.account_id == Account.id)
        .add_columns(RiskScore, CAUSE.label("why_left"), next_due().label("next_due"))
        .where(_of_newest(), visible_to(asked.actor, last_settled_day() or today()))
    )


def _of_newest() -> ColumnElement[bool]:
    return RiskScore.run_id == select(RiskRun.id).order_by(RiskRun.on_day.desc(), RiskRun.id.desc()).limit(1).scalar_subquery()


LIST = declare(
    ListPage(
        "risk.index",
        _l("Clients at risk"),
        LISTING,
        COLUMNS,
        source=_scored,
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
    cells = _matrix(Asked(current_actor(), {}, MultiDict()))
    if wants_file() and request.args.get("part") == "matrix":
        return taken_out(wants_file(), f"at-risk-matrix-{run.on_day}", *_matrix_cells(cells))
    said: dict[str, Any] = {"run": run, "model": model, "priors": model.method == RiskMethod.PRIORS, "cells": cells}
    return show_list(LIST, "risk/index.html", causes=CAUSES, why=why, chance_text=chance_text, steps=STEPS, sizes=SIZES, **said)


def _matrix(asked: Asked) -> list[list[tuple[int, int]]]:
    """How many clients and how much equity (fen) by class of equity and of probability."""
    scored = select(RiskScore.equity, RiskScore.probability).where(_of_newest())
    if asked.actor.scope(Can.ACCOUNT_SEE) is not Scope.ALL:
        seen = select(Account.id).join(AccountVersion, AccountVersion.account_id == Account.id)
        scored = scored.where(RiskScore.account_id.in_(seen.where(newest_version(), visible_to(asked.actor, last_settled_day() or today()))))
    rows = scored.subquery()
    size = case(*((rows.c.equity < to, place) for place, (_from, to) in enumerate(SIZES) if to), else_=len(SIZES) - 1)
    step = case(*((rows.c.probability < to, place) for place, (_from, to) in enumerate(STEPS[:-1])), else_=len(STEPS) - 1)
    query = select(size, step, func.count(), func.coalesce(func.sum(rows.c.equity), 0)).group_by(size, step)
    found = {(row[0], row[1]): (int(row[2]), int(row[3])) for row in db.session.execute(query).all()}
    return [[found.get((one, other), (0, 0)) for other in range(len(STEPS))] for one in range(len(SIZES))]


def _matrix_cells(cells: list[list[tuple[int, int]]]) -> tuple[list[str], list[list[Cell]]]:
    """The matrix as a file: classes of equity (yuan) and of the chance (per cent), each from … to under, with accounts and equity."""
    headers = [_("Equity from"), _("Equity below"), _("Chance from (%)"), _("Chance below (%)"), _("Accounts"), _("Equity")]
    rows: list[list[Cell]] = []
    for (low, high), line in zip(SIZES, cells, strict=True):
        for (least, most), (count, equity) in zip(STEPS, line, strict=True):
            rows.append([amount(low), amount(high), amount(least // 100), amount(most // 100) if most <= 1_000_000 else None, count, amount(equity)])
    return headers, rows
