"""A broker's month as one machine-readable file: facts, attribution, plans, lines and totals, so that all of it can be computed
again offline by whoever holds the file. Reads only.

Of others it holds no more than the sums need: a co-broker of an account stands as *1, *2, … with his share, and facts of a
day on which the broker had no row of the account are left out.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date
from typing import Any

from sqlalchemy import select

from models import db
from models.columns import OPEN_END
from models.commission import Adjustment, Agreement, CommissionRun, MonthClose, PlanVersion, RunLevel, RunStatement, RunTier
from models.partners import Broker, BrokerStatus, BrokerVersion, Licence, PersonKind
from models.values.calendar import Month
from portal.commission import store
from portal.commission.carried import closes, first_open
from portal.commission.pack_months import Names, PackMonth, pack_month
from portal.commission.statement import COLUMNS
from portal.commission.withholding import TABLES
from portal.refusals import NotFound
from portal.versions import current

SCHEMA = "juyuan.commission-statement/1"
"""Changes with every change of meaning; a reader refuses what it does not know."""


def canonical(content: Any) -> bytes:
    """JSON with sorted keys and no blanks, in UTF-8: the same content gives the same bytes everywhere."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def digest_of(content: Any) -> str:
    """The SHA-256 of the canonical bytes."""
    return hashlib.sha256(canonical(content)).hexdigest()


def statement_no(run: CommissionRun, broker: Broker) -> str:
    """The number of a statement: month, broker, and the run that it belongs to."""
    return f"{run.period}-{broker.broker_no}-{run.id}"


def statement_pack(run: CommissionRun, broker: Broker) -> dict[str, Any]:
    """Everything behind a broker's statement of a run; amounts in fen, dates as text. `digest` covers all the rest.

    Raises NotFound where the broker has no statement in the run.
    """
    row = db.session.get(RunStatement, (run.id, broker.id))
    if row is None:
        raise NotFound("%(broker)s has no statement for %(period)s", broker=broker.broker_no, period=run.period)
    names = Names()
    lines = store.read_lines(run.id, brokers={broker.broker_no: broker.id})
    levels = _levels(run, broker)
    origins = sorted({origin for origin in lines["origin"].unique() if origin} | {origin for origin, _ in levels})
    months = [pack_month(Month.parse(period), run, broker, lines, names) for period in (run.period, *origins)]
    agreements = _spans(Agreement, run, broker, "plan_id")
    content = {
        "schema": SCHEMA,
        "statement": _head(run, broker),
        "broker": {
            "broker_no": broker.broker_no,
            "person": _is_person(run, broker),
            "statuses": _spans(BrokerStatus, run, broker, "status"),
            "licences": _spans(Licence, run, broker, "licence_no"),
            "agreements": [[names.plan(plan_id), *span] for plan_id, *span in agreements],
        },
        "plans": _plans({plan_id for plan_id, *_ in agreements}, run, months, names),
        "withholding": _withholding(run),
        "months": [month.content for month in months],
        "lines": names.lines(lines),
        "tiers": _tiers(run, broker, names),
        "levels": [[origin, amount] for origin, amount in levels],
        "adjustments": _adjustments(run, broker),
        "release": _release(run, broker, row),
        "carry_over": row.carry_over,
        "totals": {name: getattr(row, name) for name in COLUMNS} | {"reserve_release_period": row.reserve_release_period, "lines": row.lines},
    }
    return content | {"digest": digest_of(content)}


def _head(run: CommissionRun, broker: Broker) -> dict[str, Any]:
    close = db.session.get(MonthClose, run.period)
    closed = close is not None and close.run_id == run.id
    return {
        "no": statement_no(run, broker),
        "period": run.period,
        "state": "closed" if closed else "preview",
        "computed_at": run.computed_at.isoformat(),
        "closed_at": close.closed_at.isoformat() if close is not None and closed else "",
        "known_recording": run.known_recording_id,
        "books_digest": run.digest,
        "assumed_open": list(run.assumed_open or []),
    }


def _is_person(run: CommissionRun, broker: Broker) -> bool:
    version = db.session.execute(current(BrokerVersion, run.known_recording_id, BrokerVersion.broker_id == broker.id)).scalar_one()
    return bool(version.kind == PersonKind.PERSON)


def _spans(model: Any, run: CommissionRun, broker: Broker, what: str) -> list[list[Any]]:
    rows = db.session.execute(current(model, run.known_recording_id, model.broker_id == broker.id)).scalars()
    found = [[getattr(row, what), str(row.valid_from), end_text(row.valid_to)] for row in rows]
    return sorted(found, key=lambda item: (item[1], str(item[0])))


def end_text(day: date) -> str:
    """The exclusive end of a span, empty where it is open."""
    return "" if day == OPEN_END else str(day)


def _plans(plan_ids: set[int], run: CommissionRun, months: list[PackMonth], names: Names) -> list[dict[str, Any]]:
    """The versions that could count in one of the months."""
    first, last = min(month.month.first for month in months), max(month.month.last for month in months)
    rows = db.session.execute(current(PlanVersion, run.known_recording_id, PlanVersion.plan_id.in_(plan_ids))).scalars()
    held = [row for row in rows if row.valid_from <= last and row.valid_to > first]
    found = [{"plan": names.plan(row.plan_id), "name": row.name, "valid_from": str(row.valid_from), "valid_to": end_text(row.valid_to), "terms": row.terms} for row in held]
    return sorted(found, key=lambda item: (item["plan"], item["valid_from"]))


def _withholding(run: CommissionRun) -> dict[str, Any]:
    last = Month.parse(run.period).last
    table = next((table for table in reversed(TABLES) if table.valid_from <= last), TABLES[0])
    return {
        "valid_from": str(table.valid_from),
        "free": table.free,
        "flat_up_to": table.flat_up_to,
        "flat_allowance": table.flat_allowance,
        "kept_percent": table.kept_percent,
        "brackets": [list(bracket) for bracket in table.brackets],
    }


def _levels(run: CommissionRun, broker: Broker) -> list[tuple[str, int]]:
    query = select(RunLevel.origin, RunLevel.amount).where(RunLevel.run_id == run.id, RunLevel.broker_id == broker.id)
    return sorted((row.origin, row.amount) for row in db.session.execute(query))


def _tiers(run: CommissionRun, broker: Broker, names: Names) -> list[list[Any]]:
    """(month, plan, version, sum behind the measure, settled days, T in fen) of every tiered version that was measured."""
    query = select(RunTier.period, PlanVersion.plan_id, PlanVersion.valid_from, RunTier.summed, RunTier.days, RunTier.total)
    query = query.join(PlanVersion, PlanVersion.id == RunTier.plan_version_id).where(RunTier.run_id == run.id, RunTier.broker_id == broker.id)
    found: list[list[Any]] = [[period, names.plan(plan_id), str(valid_from), *rest] for period, plan_id, valid_from, *rest in db.session.execute(query)]
    return sorted(found)


def _adjustments(run: CommissionRun, broker: Broker) -> list[list[Any]]:
    query = select(Adjustment.amount, Adjustment.reason, Adjustment.note)
    query = query.where(Adjustment.period == run.period, Adjustment.broker_id == broker.id, Adjustment.recording_id <= run.known_recording_id)
    return [list(row) for row in db.session.execute(query.order_by(Adjustment.id))]


def _release(run: CommissionRun, broker: Broker, row: RunStatement) -> list[list[Any]]:
    """(month in which it was held back, amount) of the reserve that comes back; what open months before are assumed to give is one line."""
    fixed, closed = RunStatement.reserve_release_period, closes()
    held = select(MonthClose.period, fixed, RunStatement.reserve).join(RunStatement, RunStatement.run_id == MonthClose.run_id)
    held = held.where(RunStatement.broker_id == broker.id, fixed <= run.period, MonthClose.period < run.period).order_by(MonthClose.period)
    found: list[list[Any]] = []
    for period, release, reserve in db.session.execute(held):
        if str(first_open(Month.parse(str(release)), closed, closed[period])) == run.period:
            found.append([period, -reserve])
    rest = row.release - sum(amount for _, amount in found)
    return [*found, ["", rest]] if rest else found
