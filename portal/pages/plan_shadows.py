"""Shadow runs on screen: how far one is, what it would cost, who wins and who loses, and why."""

from __future__ import annotations

from typing import Any

import polars as pl
from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.jobs import Job, JobState
from models.plan_drafts import ShadowRun
from portal.commission import drafts
from portal.commission.clauses import clauses
from portal.jobs import queries as jobs
from portal.jobs.shadow import SHADOW
from portal.pages import words
from portal.permissions import Can
from portal.refusals import NotFound
from portal.web.exports import amount
from portal.web.formats import yuan_text
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("plan_shadows", __name__, url_prefix="/plans/shadows")
SHOWN = 12
"""Brokers in the figure: the largest changes."""
COLUMNS = columns(
    Column("broker_no", _l("Broker"), sort=True),
    Column("before", _l("Before"), sort=True, number=True, money=True),
    Column("after", _l("After"), sort=True, number=True, money=True),
    Column("change", _l("Change"), sort=True, number=True, money=True),
    Column("share_before", _l("Of the retained fee before"), number=True),
    Column("share_after", _l("Of the retained fee after"), number=True),
    Column("reason", _l("Mostly by")),
)
LISTING = Listing(
    tiebreak="broker_no",
    sorts={"broker_no": "broker_no", "before": "before", "after": "after", "change": "change", "size": "size"},
    default="-size",
    filters=(
        Filter("broker", _l("Broker"), lambda text: pl.col("broker_no").str.contains(text, literal=True)),
        Filter(
            "side",
            _l("Winners or losers"),
            lambda text: {"wins": pl.col("change") > 0, "loses": pl.col("change") < 0, "same": pl.col("change") == 0}[text],
            choices=(("wins", _l("Winners")), ("loses", _l("Losers")), ("same", _l("Unchanged"))),
        ),
    ),
)
ROWS = {"broker_no": pl.String, "before": pl.Int64, "after": pl.Int64, "change": pl.Int64, "size": pl.Int64, "retained": pl.Int64, "kind": pl.String, "place": pl.Int64}


def _brokers(asked: Asked) -> pl.DataFrame:
    """What a shadow run changes for each broker. Raises NotFound where it has not ended."""
    run = drafts.shadow_for(asked.actor, str(asked.values["public_id"]))
    if run is None:
        raise NotFound("there is no such shadow run, or it still runs")
    return _frame(run)


LIST = declare(
    ListPage(
        "plan_shadows.show",
        _l("Winners and losers of a shadow run"),
        LISTING,
        COLUMNS,
        source=_brokers,
        fields=(
            Field("broker_no", _l("Broker"), lambda row: row["broker_no"]),
            Field("before", _l("Before"), lambda row: amount(row["before"])),
            Field("after", _l("After"), lambda row: amount(row["after"])),
            Field("change", _l("Change"), lambda row: amount(row["change"])),
            Field("share_before", _l("Of the retained fee before"), lambda row: _shares(row)[0]),
            Field("share_after", _l("Of the retained fee after"), lambda row: _shares(row)[1]),
            Field("reason", _l("Mostly by"), lambda row: str(_kind(row["kind"]))),
        ),
        sums={name: pl.col(name) for name in ("before", "after", "change")},
        file_name="shadow",
    )
)


@bp.get("/<public_id>")
@requires(Can.PLAN_DRAFT_SEE)
def show(public_id: str) -> ResponseReturnValue:
    """A shadow run: its progress while it runs, then what it came to."""
    run = drafts.shadow_for(current_actor(), public_id)
    if run is None:
        return _work(public_id)
    if request.headers.get("HX-Request"):
        return "", 204, {"HX-Redirect": request.path}
    frame = _frame(run)
    months = run.result["months"]
    changes = frame.sort("size", "broker_no", descending=[True, False]).head(SHOWN).filter(pl.col("change") != 0).rows(named=True)
    return show_list(
        LIST,
        "plans/shadow.html",
        source=frame,
        run=run,
        months=months,
        before=sum(row["before"] for row in months),
        after=sum(row["after"] for row in months),
        wins=frame.filter(pl.col("change") > 0).height,
        loses=frame.filter(pl.col("change") < 0).height,
        largest=changes,
        figure_data={"unit": "fen", "x": [row["broker_no"] for row in changes], "series": [{"name": _("Change"), "values": [row["change"] for row in changes]}]},
        figure_rows=[(row["broker_no"], yuan_text(row["before"]), yuan_text(row["after"]), yuan_text(row["change"])) for row in changes],
        shares=_shares,
        kind_words=_kind,
        details={row["broker_no"]: row for row in run.result["brokers"]},
        readings=[(version, clauses(version)) for version in run.plan["versions"]],
    )


def _frame(run: ShadowRun) -> pl.DataFrame:
    rows = []
    for place, row in enumerate(run.result["brokers"]):
        change = row["after"] - row["before"]
        kind = max(row["kinds"].items(), key=lambda one: abs(one[1][1] - one[1][0]), default=("", [0, 0]))[0] if change else ""
        rows.append((row["broker_no"], row["before"], row["after"], change, abs(change), row["retained"], kind, place))
    return pl.DataFrame(rows, schema=ROWS, orient="row")


def _shares(row: dict[str, Any]) -> tuple[str, str]:
    """What part of his retained fee a broker is paid on each side, in per cent with two decimals; a dash where there is no fee."""
    if row["retained"] <= 0:
        return "–", "–"
    shares = [(2 * row[side] * 10_000 + row["retained"]) // (2 * row["retained"]) for side in ("before", "after")]
    return tuple(f"{'-' if share < 0 else ''}{abs(share) // 100}.{abs(share) % 100:02d} %" for share in shares)  # type: ignore[return-value]


def _kind(kind: str) -> Any:
    return words.KINDS.get(kind) or words.COLUMNS.get(kind) or "–"


def _work(public_id: str) -> ResponseReturnValue:
    """How far the job is; it may have failed or been cancelled."""
    job = jobs.job(current_actor(), public_id)
    if job.kind != SHADOW:
        raise NotFound("there is no such job")
    fragment = bool(request.headers.get("HX-Request"))
    running = job.state in {JobState.WAITING, JobState.RUNNING}
    back = url_for("plan_drafts.draft", draft_id=job.arguments["draft"]) if job.arguments["draft"] else url_for("plans.plan", plan_code=job.arguments["plan"]["code"])
    if job.state == JobState.DONE and fragment:
        return "", 204, {"HX-Redirect": request.path}
    if job.state == JobState.DONE:
        return redirect(back, 303)
    return render_template("plans/_shadow_progress.html" if fragment else "plans/shadow_work.html", job=job, running=running, back=back, **_said(job, running))


def _said(job: Job, running: bool) -> dict[str, Any]:
    result = job.result if isinstance(job.result, dict) else {}
    title = _("Shadow run of %(plan)s", plan=job.arguments["plan"]["code"])
    if "refused" in result:
        return {"title": title, "sentence": _(result["refused"], **result.get("values", {})), "tone": "bad"}
    if job.state == JobState.WAITING:
        return {"title": title, "sentence": _("Waiting for the worker"), "tone": "info"}
    if job.cancel_asked or job.state == JobState.CANCELLED:
        return {"title": title, "sentence": _("Stopping at the next step") if running else _("Cancelled"), "tone": "warn"}
    return {"title": title, "sentence": _("Computing %(month)s", month=job.step) if job.step else _("Reading the facts"), "tone": "info"}
