"""A broker's month, his agreement and plan, and what more trading would bring. He sees his own, the firm those it looks after."""

from __future__ import annotations

import itertools
from typing import Any

import polars as pl
from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from models import db
from models.commission import CommissionRun, MonthClose, RunStatement
from models.partners import Broker
from models.values.calendar import Month
from portal.commission import book, queries
from portal.commission.bridge import Bridge, bridge
from portal.commission.bridge_facts import side_of
from portal.pages import broker_home, words
from portal.pages.broker_words import EFFECTS, MEANINGS, bridge_text, outlook_text, signed
from portal.pages.commission_lists import month_of
from portal.pages.kept_lines import broker_lines
from portal.pages.taken_out import taken_out
from portal.permissions import Can
from portal.refusals import NotFound
from portal.web.downloads import wants_file
from portal.web.exports import amount
from portal.web.formats import yuan_text
from portal.web.guard import current_actor, requires

bp = Blueprint("broker_desk", __name__)


@bp.get("/month")
@requires(Can.COMMISSION_SEE)
def this_month() -> ResponseReturnValue:
    """A broker's newest month; who is no broker is led to the statements."""
    actor, day = current_actor(), queries.last_settled_day()
    if not actor.broker_no or day is None:
        return redirect(url_for("commission.statements"), 303)
    return redirect(url_for("broker_desk.month", broker_no=actor.broker_no, period=str(Month.of(day))), 303)


@bp.get("/brokers/<broker_no>/days")
@requires(Can.COMMISSION_SEE)
def days(broker_no: str) -> ResponseReturnValue:
    """A broker's settled days of the last year as a file."""
    broker = queries.broker_for(current_actor(), broker_no)
    last = queries.last_settled_day()
    rows = queries.broker_days(broker.id, last - broker_home.YEAR) if last else []
    headers = [_("Trade date"), _("Accounts"), _("Attributed equity"), _("Retained fee"), _("Earned")]
    return taken_out(
        wants_file() or "csv", f"days-{broker.broker_no}", headers, ((day, count, amount(equity), amount(fee), amount(earned)) for day, count, equity, fee, earned in rows)
    )


@bp.get("/brokers/<broker_no>/months/<period>")
@requires(Can.COMMISSION_SEE)
def month(broker_no: str, period: str) -> ResponseReturnValue:
    """A month: what it earned day by day and by client, what it will come to, and the bridge from the month before."""
    broker = queries.broker_for(current_actor(), broker_no)
    which = month_of(period)
    run = queries.run_of(str(which))
    found = _bridge(run, broker)
    form = wants_file()
    if form and found:
        return taken_out(
            form, f"bridge-{broker.broker_no}-{run.period}", [_("Effect"), _("Amount (yuan)")], ((name, amount(fen)) for name, fen, _total in _steps(found, run.period))
        )
    row = db.session.get(RunStatement, (run.id, broker.id))
    settled = queries.broker_days(broker.id, which.plus(-12).first)
    last, months = queries.last_settled_day(), {one.period: one for one in queries.months()}
    estimate = broker_home.expected(settled, row.earned, last) if row and last and Month.of(last) == which else None
    return render_template(
        "broker/month.html",
        broker=broker,
        run=run,
        row=row,
        close=db.session.get(MonthClose, run.period),
        outlook=estimate,
        outlook_said=outlook_text(estimate) if estimate else "",
        bridge=found,
        bridge_of=_bridge_figure(found, run.period) if found else {},
        compared=_compared(which, months),
        meanings=[(EFFECTS[name], MEANINGS[name]) for name in EFFECTS],
        days_of=_days_figure([one for one in settled if which.first <= one[0] <= which.last]),
        pace=_pace_figure(settled, which),
        clients=_clients(run, broker),
        labels=words.COLUMNS,
        last=last,
        ways=_ways(which, months),
    )


def _ways(which: Month, months: dict[str, queries.MonthRow]) -> dict[str, str]:
    """The months before and after that were computed."""
    computed = {period for period, one in months.items() if one.run_id}
    return {name: str(month) if str(month) in computed else "" for name, month in (("previous", which.plus(-1)), ("next", which.plus(1)))}


def _compared(which: Month, months: dict[str, queries.MonthRow]) -> str:
    """How many settled days the two months of a bridge have."""
    now, then = (months[str(one)].settled_days if str(one) in months else 0 for one in (which, which.plus(-1)))
    return str(_("%(now)s settled days, %(then)s the month before.", now=now, then=then))


def _bridge(run: CommissionRun, broker: Broker) -> Bridge | None:
    """The bridge from the month before; None where that was never computed."""
    try:
        before = queries.run_of(str(Month.parse(run.period).plus(-1)))
    except NotFound:
        return None
    return bridge(side_of(before, broker), side_of(run, broker))


def _steps(found: Bridge, period: str) -> list[tuple[str, int, bool]]:
    """(name, fen, whether a total) from the month before to this one; effects of 0 are left out."""
    effects = [(str(EFFECTS[name]), fen, False) for name, fen in found.effects.items() if fen]
    return [(str(Month.parse(period).plus(-1)), found.before, True), *effects, (period, found.after, True)]


def _bridge_figure(found: Bridge, period: str) -> dict[str, Any]:
    steps = _steps(found, period)
    return {
        "sentence": bridge_text(found, steps[0][0], period),
        "data": {"unit": "fen", "steps": [{"name": name, "value": fen, "total": total} for name, fen, total in steps]},
        "rows": [(name, yuan_text(fen) if total else signed(fen)) for name, fen, total in steps],
    }


def _days_figure(settled: list[tuple[Any, int, int, int, int]]) -> dict[str, Any]:
    """What each settled day earned."""
    if not settled:
        return {}
    best = max(settled, key=lambda row: row[4])
    sentence = _("%(days)s settled days; the best was %(day)s with %(amount)s.", days=len(settled), day=best[0], amount=yuan_text(best[4]))
    data = {"unit": "fen", "x": [str(row[0]) for row in settled], "series": [{"name": _("Earned"), "values": [row[4] for row in settled]}]}
    return {"sentence": sentence, "data": data, "rows": [(row[0], yuan_text(row[4]), yuan_text(row[3])) for row in settled]}


def _pace_figure(settled: list[tuple[Any, int, int, int, int]], which: Month) -> dict[str, Any]:
    """What was earned up to the nth settled day: this month, the month before, the same month of the year before."""
    sums = {month: list(itertools.accumulate(row[4] for row in settled if Month.of(row[0]) == month)) for month in (which, which.plus(-1), which.plus(-12))}
    held = {month: values for month, values in sums.items() if values}
    if which not in held or len(held) < 2:
        return {}
    now, (other, then) = held[which], next((month, values) for month, values in held.items() if month != which)
    at = min(len(now), len(then))
    sentence = _("On settled day %(day)s: %(now)s in %(month)s, %(then)s in %(other)s.", day=at, now=yuan_text(now[at - 1]), month=which, then=yuan_text(then[at - 1]), other=other)
    longest = max(len(values) for values in held.values())
    padded = {month: [*values, *[None] * (longest - len(values))] for month, values in held.items()}
    data = {"unit": "fen", "from_zero": True, "x": [str(day + 1) for day in range(longest)], "series": [{"name": str(month), "values": values} for month, values in padded.items()]}
    rows = [(day + 1, *(yuan_text(values[day]) if day < len(values) else "–" for values in held.values())) for day in range(longest)]
    return {"sentence": sentence, "data": data, "rows": rows, "headers": [_("Settled day"), *map(str, padded)]}


def _clients(run: CommissionRun, broker: Broker) -> list[dict[str, Any]]:
    """What each client's lines earned, the most first: account, name, parts, amount, lines and those of them that pay 0 for a reason."""
    lines = broker_lines(run, broker).filter((pl.col("origin") == "") & (pl.col("account_no") != ""))
    part = pl.col("part_fen").replace("", None).cast(pl.Int64)
    summed = lines.group_by("account_no").agg(
        part=pl.when(pl.col("kind") == "retained_fee").then(part).sum(), amount=pl.col("amount_fen").sum(), lines=pl.len(), unpaid=(pl.col("reason") != "").sum()
    )
    names = book.named(book.touched_by(broker.id)).select("account_no", "name")
    return summed.join(names, on="account_no", how="left").sort("amount", "account_no", descending=[True, False]).to_dicts()
