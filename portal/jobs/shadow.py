"""A shadow run as a job: months computed with a plan in place of what was, in memory; only the comparison is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from models import db
from models.commission import Plan
from models.jobs import Job
from models.partners import Broker
from models.plan_drafts import ShadowRun
from models.values.calendar import Month, NotADate
from portal import clock
from portal.actors import Actor
from portal.audit import log
from portal.audit.recordings import last_recording_id
from portal.commission.instead import NEW_PLAN, WhatIf
from portal.commission.plan_reading import plan_digest
from portal.commission.shadow import shadow
from portal.jobs.handlers import Work, handler
from portal.jobs.verbs import enqueue
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.transaction import transaction

SHADOW = "plans.shadow"
"""The kind of the job. Arguments: `plan` (an entry of plans.json, checked), `periods`, `brokers` (numbers), `draft` (its id or None),
`as_if` (the version that counts in all months, or empty) and `base` (the digest of the plan before that)."""
MOST_MONTHS = 24


def ask_for_shadow(plan: Mapping[str, Any], periods: Sequence[str], brokers: Sequence[str], actor: Actor, moment: datetime, *, draft_id: int | None = None, as_if: str = "") -> Job:
    """Ask for a shadow run; with `as_if`, the first day of one of its versions, as if that version had counted in all the months.

    Raises NotAllowed, and Refusal for no month, too many, or a broker who is not known."""
    actor.need(Can.PLAN_EDIT)
    if not periods:
        raise Refusal("choose at least one month")
    if len(periods) > MOST_MONTHS:
        raise Refusal("choose at most %(count)s months", count=MOST_MONTHS)
    for period in periods:
        _month(period)
    _ids(brokers)
    arguments = {"plan": dict(plan), "periods": sorted(set(periods)), "brokers": sorted(set(brokers)), "draft": draft_id, "as_if": as_if}
    if as_if:
        version = next((version for version in plan["versions"] if version["valid_from"] == as_if), None)
        if version is None:
            raise Refusal("the plan has no version from %(day)s on", day=as_if)
        arguments["plan"] = {**plan, "versions": [{**version, "valid_from": f"{min(periods)}-01", "valid_to": ""}]}
    arguments["base"] = plan_digest(dict(plan))
    return enqueue(actor, moment, SHADOW, arguments)


@handler(SHADOW)
def run_shadow(work: Work) -> dict[str, Any]:
    """Compute, compare, keep. Once more is the same as once: a result that is there stays."""
    work.actor.need(Can.PLAN_EDIT)
    held = db.session.execute(select(ShadowRun.id).where(ShadowRun.job_public_id == work.public_id)).scalar_one_or_none()
    if held is not None:
        return {"shadow": held}
    plan, known = work.arguments["plan"], last_recording_id()
    plan_id = db.session.execute(select(Plan.id).where(Plan.plan_code == plan["code"])).scalar_one_or_none()
    what_if = WhatIf(plan_id if plan_id is not None else NEW_PLAN, plan, frozenset(_ids(work.arguments["brokers"])))
    result = shadow([Month.parse(period) for period in work.arguments["periods"]], known, what_if, work.progress)
    with transaction():
        moment = clock.now()
        run = ShadowRun(
            job_public_id=work.public_id,
            draft_id=work.arguments["draft"],
            plan_code=plan["code"],
            digest=plan_digest(plan),
            plan=plan,
            periods=work.arguments["periods"],
            brokers=work.arguments["brokers"],
            known_recording_id=known,
            computed_at=moment,
            asked_label=work.actor.label,
            result={**result, "as_if": work.arguments["as_if"], "base": work.arguments["base"]},
        )
        db.session.add(run)
        db.session.flush()
        log.write(work.actor, moment, "plan.shadow", "plan", run.plan_code, after={"shadow": run.id, "digest": run.digest, "periods": run.periods, "known": known})
        return {"shadow": run.id}


def _month(text: str) -> Month:
    """A month. Raises Refusal for what is none."""
    try:
        return Month.parse(text)
    except NotADate as error:
        raise Refusal("%(text)s is no month", text=text) from error


def _ids(brokers: Sequence[str]) -> list[int]:
    """The ids of brokers by number. Raises NotFound for one who is not known."""
    found = dict(db.session.execute(select(Broker.broker_no, Broker.id).where(Broker.broker_no.in_(list(brokers)))).all())
    missing = [number for number in brokers if number not in found]
    if missing:
        raise NotFound("there is no broker %(number)s that you may see", number=missing[0])
    return list(found.values())
