"""The month-end desk: eight steps from the days that come in to the brokers who are told, each with its state, its person and what blocks it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select

from models import db
from models.audit import Approval, Recording
from models.commission import CommissionRun, MonthClose
from models.publication import MonthMark
from models.settlement import SettlementDay
from models.values.calendar import Month
from portal.audit.queries import label_of
from portal.commission import adjusting, blocks, publication, queries, runs
from portal.commission.blocks import Block
from portal.commission.close import CLOSE
from portal.commission.publication import Progress
from portal.pages.month_words import sentence_of, way_of
from portal.permissions import Can
from portal.refusals import NotFound
from portal.web.guard import current_actor
from portal.web.navigation import href

OF_STEP = {
    "collect": ("earlier_open", "missing_days", "refused_days", "broken_links", "differences"),
    "look": ("no_preview", "stale", "sums", "statements"),
    "adjust": ("approvals",),
}
"""Which blocks stand at which step."""


@dataclass
class Step:
    """A step as the desk shows it. `state` is done, now, waiting, blocked or later."""

    code: str
    label: str
    state: str
    text: str = ""
    who: str = ""
    when: datetime | None = None
    href: str = ""
    action: str = ""
    blocks: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Standing:
    """Everything that the steps of a month are read from, asked for once."""

    period: str
    row: queries.MonthRow
    run: CommissionRun | None
    close: MonthClose | None
    fresh: bool
    blocks: list[Block]
    marks: dict[str, MonthMark]
    waiting: Approval | None
    prepared: Approval | None
    adjustments: list[Approval]
    progress: Progress
    last_day: tuple[datetime, str] | None

    @property
    def ready(self) -> bool:
        """Whether a close may be prepared now, perhaps with things accepted by name."""
        return self.close is None and self.waiting is None and self.run is not None and not any(block.hard for block in self.blocks)


def standing(which: Month) -> Standing:
    """How a month stands. Raises NotFound for one without a settled day."""
    period = str(which)
    row = next((row for row in queries.months() if row.period == period), None)
    if row is None:
        raise NotFound("%(period)s has no settled day", period=period)
    run = db.session.get(CommissionRun, row.run_id) if row.run_id else None
    close = db.session.get(MonthClose, period)
    fresh = close is not None or runs.fresh_run(which) is not None
    prepared = db.session.scalars(
        select(Approval).where(Approval.kind == CLOSE, Approval.subject == period, Approval.state == "approved").order_by(Approval.id.desc()).limit(1)
    ).first()
    return Standing(
        period=period,
        row=row,
        run=run,
        close=close,
        fresh=fresh,
        blocks=[] if close else blocks.blocks_of(which, run, fresh=fresh),
        marks=publication.marks_of(period, [run.digest]) if run else {},
        waiting=blocks.waiting_close(period),
        prepared=prepared,
        adjustments=adjusting.waiting(period),
        progress=publication.progress_of(period),
        last_day=_last_day(which),
    )


def _last_day(which: Month) -> tuple[datetime, str] | None:
    """When the newest version of a day of the month came in, and by whom."""
    query = select(Recording.recorded_at, Recording.actor_label).join(SettlementDay, SettlementDay.recording_id == Recording.id)
    found = db.session.execute(query.where(SettlementDay.trade_date.between(which.first, which.last)).order_by(Recording.id.desc()).limit(1)).first()
    return (found.recorded_at, found.actor_label) if found else None


def show(which: Month) -> ResponseReturnValue:
    """The desk of a month."""
    here = standing(which)
    steps = steps_of(here)
    now = next((step for step in steps if step.state in {"now", "blocked", "waiting"}), None)
    return render_template(
        "months/desk.html",
        here=here,
        row=here.row,
        run=here.run,
        close=here.close,
        steps=steps,
        now=now,
        done=sum(step.state == "done" for step in steps),
        may=current_actor().may(Can.MONTH_PREPARE),
        totals=blocks_totals(here),
    )


def blocks_totals(here: Standing) -> dict[str, Any]:
    """What the month comes to, from its newest run: the second person's preview of it."""
    return queries.totals_of(here.run) if here.run else {}


def steps_of(here: Standing) -> list[Step]:
    """The eight steps in their order; the first that is not done is the one to do now."""
    steps = [_collect(here), _look(here), _adjust(here), _prepare(here), _approve(here), _close(here), _publish(here), _notify(here)]
    for step in steps:
        step.blocks = [{"text": sentence_of(block), "hard": block.hard, "ways": way_of(block, here.period)} for block in here.blocks if block.code in OF_STEP.get(step.code, ())]
        if any(block["hard"] for block in step.blocks):
            step.state = "blocked"
    first = next((step for step in steps if step.state == "later"), None)
    if first is not None and not any(step.state in {"waiting", "blocked"} for step in steps):
        first.state = "now"
    return steps


def _collect(here: Standing) -> Step:
    open_things = any(block.code in OF_STEP["collect"] for block in here.blocks)
    when, who = here.last_day or (None, "")
    text = ngettext("%(num)s settled day", "%(num)s settled days", here.row.settled_days)
    return Step("collect", _("Collect the days"), "open" if open_things else "done", text, who, when, url_for("import_desk.calendar", month=here.period), _("See the days"))


def _look(here: Standing) -> Step:
    mark = here.marks.get("look")
    ready = here.run is not None and here.fresh
    state = "done" if mark or here.close else "later"
    text = (mark.note or _("Looked over")) if mark else _("Compare with the month before, look at who stands out, and at corrections.")
    return Step("look", _("Look at the preview"), state, text, *_by(mark), url_for("months.look", period=here.period) if ready else "", _("Look over"))


def _adjust(here: Standing) -> Step:
    mark = here.marks.get("adjust")
    count = len(here.adjustments)
    state = "waiting" if count and not here.close else "done" if mark or here.close else "later"
    text = (
        ngettext("%(num)s adjustment waits for a second person", "%(num)s adjustments wait for a second person", count)
        if count
        else _("Amounts by hand, each with a coded reason.")
    )
    return Step("adjust", _("Adjust"), state, text, *_by(mark), url_for("months.adjustments", period=here.period), _("Adjustments"))


def _prepare(here: Standing) -> Step:
    found = here.waiting or (here.prepared if here.close else None)
    state = "done" if here.close or here.waiting else "later"
    who, when = (found.prepared_label, found.prepared_at) if found else ("", None)
    target = url_for("months.confirm_close", period=here.period) if here.ready else ""
    return Step("prepare", _("Prepare the close"), state, _("One person freezes the preview by its digest."), who, when, target, _("Prepare the close"))


def _approve(here: Standing) -> Step:
    state = "done" if here.close else "waiting" if here.waiting else "later"
    target = href("audit.approval", approval_id=here.waiting.id) if here.waiting else ""
    who = label_of(here.close.approved_by_id) or "" if here.close else ""
    when = here.close.closed_at if here.close else None
    return Step("approve", _("A second person approves"), state, _("Exactly the preview that was prepared, and nobody his own."), who, when, target, _("To the approval"))


def _close(here: Standing) -> Step:
    text = _("Digest of the books") + " " + here.close.digest[:12] if here.close else _("The books freeze with the approval; what is learnt later is corrected in the open month.")
    return Step("close", _("Close the books"), "done" if here.close else "later", text, "", here.close.closed_at if here.close else None)


def _publish(here: Standing) -> Step:
    state = "done" if here.close and here.progress.published == here.progress.statements else "later"
    target = url_for("months.published", period=here.period) if here.close else ""
    text = (
        _("%(done)s of %(all)s statements are final for their brokers", done=here.progress.published, all=here.progress.statements)
        if here.close
        else _("From then on each statement is final for its broker.")
    )
    return Step("publish", _("Publish the statements"), state, text, here.progress.published_by, here.progress.published_at, target, _("Publication"))


def _notify(here: Standing) -> Step:
    state = "done" if here.close and here.progress.published and here.progress.told == here.progress.published else "later"
    target = url_for("months.published", period=here.period) if here.progress.published else ""
    text = (
        _("%(told)s brokers told, %(seen)s have opened their statement", told=here.progress.told, seen=here.progress.seen)
        if here.close
        else _("Each broker gets one notice with the way to his statement.")
    )
    return Step("notify", _("Tell the brokers"), state, text, here.progress.told_by, here.progress.told_at, target, _("Tell the brokers"))


def _by(mark: MonthMark | None) -> tuple[str, datetime | None]:
    return (mark.marked_label, mark.marked_at) if mark else ("", None)
