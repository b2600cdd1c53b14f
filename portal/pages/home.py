"""The first page: what the reader wants to know in the first five seconds, by role."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import func, select

from models import db
from models.audit import Approval, ApprovalState
from models.commission import CommissionRun, RunStatement
from models.partners import Broker
from models.settlement import ImportRun
from models.values.calendar import Month
from portal.actors import Actor
from portal.clients.queries import accounts, visible_to
from portal.commission import queries
from portal.commission.statement import COLUMNS
from portal.pages import words
from portal.permissions import Can
from portal.web.formats import yuan_text
from portal.web.guard import current_actor, requires

bp = Blueprint("home", __name__)
YEAR = timedelta(days=366)


@bp.get("/")
@requires(Can.OWN_SETTINGS)
def overview() -> ResponseReturnValue:
    """The reader's own overview."""
    actor = current_actor()
    day = queries.last_settled_day()
    if day is None:
        return render_template("home/empty.html", may_import=actor.may(Can.IMPORT_FILES))
    if actor.broker_no and actor.may(Can.COMMISSION_SEE):
        return render_template("home/broker.html", **_broker(actor, day))
    if actor.may(Can.MONTH_SEE):
        return render_template("home/firm.html", **_firm(day))
    return render_template("home/book.html", **_book(actor, day))


def _broker(actor: Actor, day: date) -> dict[str, Any]:
    broker = queries.broker_for(actor, actor.broker_no or "")
    days = queries.broker_days(broker.id, day - YEAR)
    months = db.session.execute(queries.statements(actor).order_by(CommissionRun.period.desc()).limit(6)).all()
    here = next((row for row in months if row.CommissionRun.period == str(Month.of(day))), None)
    unpaid = _unpaid(here.CommissionRun, broker) if here else []
    return {"as_of": day, "broker": broker, "days": days, "months": months, "here": here, "unpaid": unpaid, "figure_of": _equity_figure(days), "columns": words.COLUMNS}


def _unpaid(run: Any, broker: Broker) -> list[tuple[Any, int]]:
    """How many of the month's lines pay 0, by reason, the most frequent first."""
    counts = queries.broker_lines(run, broker).filter(reason_given()).group_by("reason").len().sort("len", descending=True)
    return [(words.REASONS[reason], count) for reason, count in counts.iter_rows()]


def reason_given() -> pl.Expr:
    """Lines that pay 0 for a reason."""
    return pl.col("reason") != ""


def _equity_figure(days: list[tuple[date, int, int, int, int]]) -> dict[str, Any]:
    values = [row[2] for row in days]
    if not values:
        return {}
    change = values[-1] - values[0]
    sentence = _("From %(first)s to %(last)s: from %(before)s to %(after)s.", first=days[0][0], last=days[-1][0], before=yuan_text(values[0]), after=yuan_text(values[-1]))
    data = {"unit": "fen", "x": [str(row[0]) for row in days], "series": [{"name": _("Attributed equity"), "values": values, "area": True}]}
    return {"sentence": sentence, "data": data, "rows": [(row[0], yuan_text(row[2]), row[1]) for row in reversed(days)], "change": change}


def _firm(day: date) -> dict[str, Any]:
    days = queries.firm_days(day - YEAR)
    values = [row[2] for row in days]
    sentence = _("From %(first)s to %(last)s: from %(before)s to %(after)s.", first=days[0][0], last=days[-1][0], before=yuan_text(values[0]), after=yuan_text(values[-1]))
    figure = {
        "sentence": sentence,
        "data": {"unit": "fen", "x": [str(row[0]) for row in days], "series": [{"name": _("Client equity"), "values": values, "area": True}]},
        "rows": [(row[0], yuan_text(row[2]), yuan_text(row[3]), row[1]) for row in reversed(days)],
    }
    waiting = db.session.execute(select(func.count()).select_from(Approval).where(Approval.state == ApprovalState.WAITING)).scalar_one()
    imports = db.session.execute(select(ImportRun).order_by(ImportRun.id.desc()).limit(5)).scalars().all()
    months = queries.months()[:6]
    return {"as_of": day, "last": days[-1], "figure_of": figure, "waiting": waiting, "imports": imports, "months": months, "totals": _month_totals([row.run_id for row in months])}


def _month_totals(run_ids: list[int | None]) -> dict[int, Any]:
    sums = [func.coalesce(func.sum(getattr(RunStatement, name)), 0).label(name) for name in COLUMNS]
    query = select(RunStatement.run_id, func.count().label("brokers"), *sums).where(RunStatement.run_id.in_([run_id for run_id in run_ids if run_id])).group_by(RunStatement.run_id)
    return {row.run_id: row for row in db.session.execute(query)}


def _book(actor: Actor, day: date) -> dict[str, Any]:
    mine = accounts().where(visible_to(actor, day))
    count = db.session.execute(select(func.count()).select_from(mine.subquery())).scalar_one()
    return {"as_of": day, "count": count}
