"""Keeping what a re-check found: new breaches appear, mended ones are gone, and the desk is told of what is new."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import func, insert, select, update

from models import db
from models.identity import Role, UserRole
from models.rules import RuleBreach, RuleCheck, RuleFact
from models.suitability import SuitabilityTest
from portal.actors import Actor
from portal.audit import log
from portal.audit.recordings import hold_clock, last_recording_id
from portal.notices.kinds import N_, register
from portal.notices.verbs import tell
from portal.permissions import PERMISSIONS, Can
from portal.rules import book
from portal.rules.breaches import Breach, breaches
from portal.sealing import Keyring

FOUND = "rules.found"
register(FOUND, N_("A re-check of the books found %(count)s new breaches of rules."), "brokers", label=N_("The books do not comply with a rule"), tone="warn")
CHUNK = 1_000


def state_now() -> dict[str, int]:
    """What a re-check depends on: knowledge of the books, rules, entered facts, tests."""
    tests = select(func.coalesce(func.max(SuitabilityTest.id), 0))
    facts = select(func.coalesce(func.max(RuleFact.id), 0))
    return {
        "known_recording_id": last_recording_id(),
        "rule_id": book.newest_id(),
        "fact_id": int(db.session.execute(facts).scalar_one()),
        "test_id": int(db.session.execute(tests).scalar_one()),
    }


def newest() -> RuleCheck | None:
    """The last re-check."""
    return db.session.scalars(select(RuleCheck).order_by(RuleCheck.id.desc()).limit(1)).first()


def is_due(day: date, jurisdiction: str) -> bool:
    """Whether books, rules, facts or the day changed since the last re-check."""
    last = newest()
    if last is None or (last.on_day, last.jurisdiction) != (day, jurisdiction):
        return True
    return any(getattr(last, name) != value for name, value in state_now().items())


class Found(NamedTuple):
    """What all books came to against the rules of a day, and what it depended on."""

    day: date
    jurisdiction: str
    state: dict[str, int]
    listed: list[Breach]


def look(day: date, jurisdiction: str, keyring: Keyring | None = None) -> Found:
    """Hold all books against the rules of a day. Reads only, so that nobody waits for it; what changes meanwhile makes another look due."""
    state = state_now()
    return Found(day, jurisdiction, state, breaches(day, jurisdiction, keyring))


def keep(seen: Found, actor: Actor, moment: datetime) -> RuleCheck:
    """Keep what was found. Doing it twice changes nothing more."""
    hold_clock()  # of two who keep at once, the second finds what the first kept
    day, jurisdiction, state = seen.day, seen.jurisdiction, seen.state
    found = {breach.key: breach for breach in seen.listed}
    standing = {(row.code, row.broker_id, row.account_id): row for row in db.session.scalars(select(RuleBreach).where(RuleBreach.gone_at.is_(None)))}
    gone = [row.id for key, row in standing.items() if key not in found or row.jurisdiction != jurisdiction]
    for start in range(0, len(gone), CHUNK):
        db.session.execute(update(RuleBreach).where(RuleBreach.id.in_(gone[start : start + CHUNK])).values(gone_at=moment))
    left = set(gone)
    new = [breach for key, breach in found.items() if key not in standing or standing[key].id in left]
    for start in range(0, len(new), CHUNK):
        db.session.execute(insert(RuleBreach), [_row(breach, jurisdiction, moment) for breach in new[start : start + CHUNK]])
    check = RuleCheck(at=moment, jurisdiction=jurisdiction, on_day=day, **state, standing=len(found), appeared=len(new), gone=len(gone))
    db.session.add(check)
    db.session.flush()
    if new or gone:
        log.write(actor, moment, "rules.rechecked", "rules", jurisdiction, after={"day": str(day), "standing": len(found), "appeared": len(new), "gone": len(gone)})
    if new:
        tell(desk(), FOUND, "/rules/breaches", {"count": len(new)}, actor=actor, moment=moment)
    return check


def desk() -> list[int]:
    """The ids of the users who keep the rules."""
    roles = [role for role in Role if Can.RULE_EDIT in PERMISSIONS[role]]
    return sorted(db.session.execute(select(UserRole.user_id).where(UserRole.role.in_(roles)).distinct()).scalars())


def _row(breach: Breach, jurisdiction: str, moment: datetime) -> dict[str, Any]:
    code, broker_id, account_id = breach.key
    return {
        "jurisdiction": jurisdiction,
        "code": code,
        "effect": breach.clause.rule.effect,
        "broker_id": broker_id,
        "account_id": account_id,
        "since": breach.clause.since,
        "reason": breach.clause.reason,
        "details": dict(breach.clause.values),
        "found_at": moment,
        "gone_at": None,
    }
