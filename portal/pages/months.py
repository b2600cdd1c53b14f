"""The month-end desk's own pages: looking at a preview, corrections, the close, publication."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from models.commission import CommissionRun
from models.values.calendar import Month
from portal.clock import now
from portal.commission import causes, look, publication, queries, runs
from portal.commission.close import preview_of
from portal.commission.look import Look
from portal.commission.statement import COLUMNS as AMOUNTS
from portal.pages import month_desk, month_lists, month_words, words
from portal.pages.commission_lists import month_of
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import lock_months, transaction
from portal.web.formats import yuan_text
from portal.web.guard import current_actor, requires
from portal.web.list_pages import show_list

bp = Blueprint("months", __name__, url_prefix="/commission/months")


def run_of(which: Month) -> CommissionRun:
    """The run that counts for a month. Raises NotFound."""
    return queries.run_of(str(which))


@bp.get("/<period>/look", endpoint="look")
@requires(Can.MONTH_SEE)
def look_page(period: str) -> ResponseReturnValue:
    """The preview beside the month before: totals, the bridge, and who is remarkable."""
    run = run_of(month_of(period))
    found = look.look(run)
    return show_list(
        month_lists.LOOK_LIST,
        "months/look.html",
        source=month_lists.looked(found),
        run=run,
        found=found,
        amounts=AMOUNTS,
        labels=words.COLUMNS,
        flags=month_words.FLAGS,
        why=month_words.why,
        **bridge(found),
        looked=publication.marks_of(run.period, [run.digest]).get("look"),
        closed=runs.closed_run(Month.parse(run.period)) is not None,
    )


def bridge(found: Look) -> dict[str, Any]:
    """From what was payable the month before to what is payable now, a step for each column that moved: a picture and its table."""
    moved = [(str(words.COLUMNS[name]), found.totals[name] - found.before[name], False) for name in AMOUNTS[: AMOUNTS.index("payable")]]
    steps = [(found.previous or _("Nothing before"), found.before["payable"], True), *(step for step in moved if step[1]), (found.period, found.totals["payable"], True)]
    return {
        "steps_for_chart": [{"name": name, "value": value, "total": total} for name, value, total in steps],
        "chart_rows": [(name, yuan_text(value)) for name, value, _t in steps],
    }


@bp.post("/<period>/mark")
@requires(Can.MONTH_PREPARE)
def mark(period: str) -> ResponseReturnValue:
    """Keep that one is through with a step."""
    run = run_of(month_of(period))
    if run.digest != request.form.get("digest", ""):
        raise Refusal("the preview changed since you looked at it: look again")
    note = request.form.get("note", "").strip()[:500]
    with transaction():
        publication.mark(run.period, request.form.get("step", ""), run.digest, note, current_actor(), now())
    flash(_("Kept: this step is done for this preview."), "success")
    return redirect(url_for("commission.month", period=run.period), 303)


@bp.get("/<period>/corrections")
@requires(Can.MONTH_SEE)
def corrections(period: str) -> ResponseReturnValue:
    """What the month corrects in earlier months, and what made each."""
    run = run_of(month_of(period))
    frame = causes.corrections(run)
    return show_list(month_lists.ORIGIN_LIST, "months/corrections.html", source=frame, run=run, origins=causes.origins(run, frame), causes=month_words.CAUSES)


@bp.get("/<period>/close")
@requires(Can.MONTH_PREPARE)
def confirm_close(period: str) -> ResponseReturnValue:
    """What a close would freeze, counted, before anybody prepares it."""
    here = month_desk.standing(month_of(period))
    return render_template(
        "months/close.html",
        here=here,
        run=here.run,
        preview=preview_of(here.run) if here.run else {},
        blocks=[(block, month_words.sentence_of(block)) for block in here.blocks],
        amounts=AMOUNTS,
        labels=words.COLUMNS,
        accepted=month_words.ACCEPTED,
    )


@bp.get("/<period>/publication", endpoint="published")
@requires(Can.MONTH_SEE)
def publication_page(period: str) -> ResponseReturnValue:
    """Every statement of a closed month: published, told, opened."""
    close = publication.closed(str(month_of(period)))
    return show_list(
        month_lists.PUBLISHED_LIST,
        "months/publication.html",
        close=close,
        progress=publication.progress_of(close.period),
        may=current_actor().may(Can.MONTH_PREPARE),
    )


@bp.post("/<period>/publish")
@requires(Can.MONTH_PREPARE)
def publish(period: str) -> ResponseReturnValue:
    """Make the statements of a closed month final for their brokers: all that are not yet."""
    which = str(month_of(period))
    with transaction():
        lock_months()
        count = publication.publish(which, request.form.get("digest", ""), current_actor(), now())
    flash(_("%(count)s statements are final for their brokers now.", count=count), "success")
    return redirect(url_for("months.published", period=which), 303)


@bp.post("/<period>/notify")
@requires(Can.MONTH_PREPARE)
def notify(period: str) -> ResponseReturnValue:
    """Tell the brokers whose statements were published: all that were not told yet."""
    which = str(month_of(period))
    with transaction():
        lock_months()
        brokers, users = publication.tell_brokers(which, current_actor(), now())
    flash(_("%(brokers)s brokers were told (%(users)s sign-ins).", brokers=brokers, users=users), "success")
    return redirect(url_for("months.published", period=which), 303)
