"""Objects of the pages for the permission matrix: those of the firm in tests/rooms/pages/firm.py."""

from __future__ import annotations

import secrets

from models import db
from models.identity import User
from models.settlement import ImportRun, ImportState
from portal import clock
from portal.actors import TERMINAL
from portal.imports.job import RUN
from portal.jobs.verbs import enqueue
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
