"""Objects of the pages for the permission matrix: those of the firm in tests/rooms/pages/firm.py."""

from __future__ import annotations

import secrets
from datetime import date

from models import db
from models.columns import OPEN_END
from models.commission import Plan, PlanVersion
from models.identity import User
from models.settlement import ImportRun, ImportState
from portal import clock
from portal.actors import TERMINAL
from portal.audit.recordings import open_recording
from portal.commission import drafts
from portal.commission.plan_sheet import blank
from portal.imports.comparing import COMPARE, nothing
from portal.imports.job import RUN
from portal.jobs.shadow import SHADOW
from portal.jobs.verbs import enqueue
from portal.settlement import comparisons
from portal.settlement.comparisons import Paper
from portal.transaction import transaction
from tests.matrix import QUERY, Which, maker
from tests.rooms.pages.firm import ACCOUNTS, BROKERS, DAY, PERIOD


@maker("account_no")
def account_no(user: User | None, which: Which) -> str:
    """An account of one's own, another's, or none."""
    return ACCOUNTS[which]


@maker("broker_no")
def broker_no(user: User | None, which: Which) -> str:
    """The broker that one is (or that is of one's branch), another, or none."""
    return BROKERS[which]


@maker("period")
def period(user: User | None, which: Which) -> str:
    """A month belongs to nobody; a missing one is no month at all."""
    return "2026-00" if which == "missing" else PERIOD


@maker(QUERY, "commission.lines")
def lines(user: User | None, which: Which) -> str:
    """Whose lines are asked for."""
    return f"period={PERIOD}&broker={BROKERS[which]}"


@maker(QUERY, "commission.why")
def why(user: User | None, which: Which) -> str:
    """Which line is to be explained."""
    return f"period={PERIOD}&broker={BROKERS[which]}&account={ACCOUNTS[which]}&date={DAY}&exchange=SHFE&product=rb"


@maker("import_id")
def import_id(user: User | None, which: Which) -> str:
    """An import belongs to the firm: nobody who may see imports meets a foreign one."""
    if which == "missing":
        return "987654321"
    moment = clock.now()
    with transaction():
        run = ImportRun(started_at=moment, finished_at=moment, actor_label="test", state=ImportState.DONE, dry_run=True, step="", summary={})
        db.session.add(run)
        db.session.flush()
        return str(run.id)


@maker("year")
def year(user: User | None, which: Which) -> str:
    """A year of the trading calendar; a missing one is no year that it could ever have."""
    return "10000" if which == "missing" else "2026"


@maker("public_id", "imports.work")
def work(user: User | None, which: Which) -> str:
    """A job that imports; to who sees the imports none is foreign."""
    if which == "missing":
        return secrets.token_urlsafe(16)
    with transaction():
        return enqueue(TERMINAL, clock.now(), RUN, {"parcel": "", "dry_run": True, "replace": False}).public_id


@maker("topic")
def topic(user: User | None, which: Which) -> str:
    """A page of the help is everybody's own; nothing else is a page of it."""
    return "attribution" if which == "own" else "no-such-topic"


@maker("plan_code")
def plan_code(user: User | None, which: Which) -> str:
    """The plan of everybody's agreements, one that nobody is on, or none."""
    if which == "foreign" and db.session.query(Plan).filter_by(plan_code="UNUSED").first() is None:
        with transaction():
            plan = Plan(plan_code="UNUSED")
            db.session.add(plan)
            db.session.flush()
            known = open_recording(TERMINAL, clock.now(), "test").id
            db.session.add(PlanVersion(plan_id=plan.id, name="", valid_from=date(2025, 1, 1), valid_to=OPEN_END, terms={"components": []}, recording_id=known))
    return {"own": "HALF", "foreign": "UNUSED", "missing": "NONE"}[which]


@maker("draft_id")
def draft_id(user: User | None, which: Which) -> str:
    """A draft is the firm's; a missing one was never begun."""
    if which == "missing":
        return "987654321"
    with transaction():
        return str(drafts.begin(blank(), "", TERMINAL, clock.now()).id)


@maker("public_id", "plan_shadows.show")
def shadow(user: User | None, which: Which) -> str:
    """A shadow run that waits; to who sees drafts none is foreign."""
    if which == "missing":
        return secrets.token_urlsafe(16)
    with transaction():
        return enqueue(TERMINAL, clock.now(), SHADOW, {"plan": {"code": "HALF", "versions": []}, "periods": [PERIOD], "brokers": [], "draft": None}).public_id


@maker("day")
def day(user: User | None, which: Which) -> str:
    """A settled day belongs to nobody; a missing one is no day at all."""
    return "2026-00-00" if which == "missing" else DAY


@maker("comparison_id")
def comparison_id(user: User | None, which: Which) -> str:
    """A comparison belongs to the firm."""
    if which == "missing":
        return "987654321"
    with transaction():
        return str(comparisons.keep(Paper("ctp", "x.txt", "0" * 64), nothing(), TERMINAL, clock.now(), "").id)


@maker("public_id", "comparisons.work")
def comparing(user: User | None, which: Which) -> str:
    """A job that compares; to who sees the imports none is foreign."""
    if which == "missing":
        return secrets.token_urlsafe(16)
    with transaction():
        return enqueue(TERMINAL, clock.now(), COMPARE, {"files": 0}).public_id
