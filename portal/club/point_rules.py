"""What earns points: rules as dated data, each let through by a second person. A rule may read what stands in a closed list, and nothing else.

A rule that reads how much somebody trades, or what he pays for it, would push him to trade more. It is refused unless the firm's
rule set opens it, and then two more people have to let it through after who wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select

from models import db
from models.audit import Approval
from models.club_points import PointFact, PointRule
from models.values.calendar import parse_day
from portal.actors import Actor
from portal.audit import approvals, log
from portal.permissions import Can
from portal.refusals import NotAllowed, Refusal

KIND, AGAIN = "club.point_rule", "club.point_rule_trading"
"""What waits for a second person, and what waits for a third."""
READS_TRADING = (PointFact.LOTS, PointFact.COMMISSION)
CODE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
MOST = 1_000_000
LONGEST_DAYS = 3_660


@dataclass(frozen=True)
class Draft:
    """A rule as it is proposed; `per`: for each so many lots or fen where it reads trading, else 1."""

    code: str
    valid_from: date
    valid_to: date
    fact: PointFact
    points: int
    most_a_month: int
    wait_days: int
    lasts_days: int
    title: str
    title_en: str
    per: int = 1
    withdrawn: bool = False


def propose(draft: Draft, *, actor: Actor, moment: datetime, trading_allowed: bool) -> Approval:
    """Put a rule before a second person. Raises NotAllowed, also where it reads trading and the rule set keeps that closed; Refusal."""
    actor.need(Can.CLUB_EDIT)
    _check(draft)
    need_open(draft.fact, trading_allowed=trading_allowed)
    plain = _plain(draft)
    return approvals.prepare(actor, moment, kind=KIND, subject=draft.code, payload=plain, preview=plain)


def need_open(fact: str, *, trading_allowed: bool) -> None:
    """Pure: raises NotAllowed where a rule reads trading and the rule set does not allow it."""
    if fact in READS_TRADING and not trading_allowed:
        raise NotAllowed("points are not earned by trading: a rule that reads volume or commission needs a rule set that allows it (PORTAL_ALLOW_TRADING_POINTS)")


def let_through(approval: Approval, approver: Actor, moment: datetime, *, trading_allowed: bool) -> None:
    """A second person let a rule through: it counts, or, where it reads trading, waits for a third. Raises NotAllowed where the rule
    set was closed meanwhile, or the third is one of the first two."""
    payload: Mapping[str, Any] = approval.payload
    need_open(payload["fact"], trading_allowed=trading_allowed)
    said = [*payload.get("said", []), [approval.prepared_by_id, approval.prepared_label]]
    if payload["fact"] in READS_TRADING and approval.kind == KIND:
        wanted = {**payload, "said": said}
        approvals.prepare(approver, moment, kind=AGAIN, subject=approval.subject, payload=wanted, preview=payload)
        return
    if approver.user_id in [number for number, _label in said]:
        raise NotAllowed("%(who)s has spoken for this rule already: a third person must decide it", who=approver.label)
    _write(payload, [label for _number, label in said] + [approver.label], approver, moment)


def _write(payload: Mapping[str, Any], approved_by: list[str], actor: Actor, moment: datetime) -> None:
    values = {name: value for name, value in payload.items() if name != "said"}
    days = {name: parse_day(values.pop(name)) for name in ("valid_from", "valid_to")}
    db.session.add(PointRule(**values, **days, recorded_at=moment, approved_by=approved_by))
    db.session.flush()
    log.write(actor, moment, "club.point_rule_recorded", "club_point_rule", payload["code"], after=dict(values))


def rules() -> list[PointRule]:
    """The rules that count, whenever: the newest row of each code and first day, in order."""
    last = select(func.max(PointRule.id)).group_by(PointRule.code, PointRule.valid_from)
    query = select(PointRule).where(PointRule.id.in_(last), ~PointRule.withdrawn)
    return list(db.session.execute(query.order_by(PointRule.code, PointRule.valid_from)).scalars())


def on(held: list[PointRule], fact: PointFact, day: date) -> list[PointRule]:
    """Pure: those that read a fact on a day; of a code the one that began last."""
    found = {rule.code: rule for rule in held if rule.fact == fact and rule.valid_from <= day < rule.valid_to}
    return list(found.values())


def _plain(draft: Draft) -> dict[str, Any]:
    return {**asdict(draft), "fact": draft.fact.value, "valid_from": draft.valid_from.isoformat(), "valid_to": draft.valid_to.isoformat()}


def _check(draft: Draft) -> None:
    if not CODE.fullmatch(draft.code) or len(draft.code) > 40:
        raise Refusal("a code is small letters, digits and single hyphens")
    if not draft.title.strip() or len(draft.title) > 120 or len(draft.title_en) > 120:
        raise Refusal("a rule has a title of at most 120 characters")
    if draft.valid_from >= draft.valid_to:
        raise Refusal("a rule ends after it begins")
    if not (1 <= draft.points <= draft.most_a_month <= MOST and 1 <= draft.per <= MOST * 100):
        raise Refusal("a rule gives at least one point, and not more at once than in a month")
    if not (0 <= draft.wait_days <= LONGEST_DAYS and 1 <= draft.lasts_days <= LONGEST_DAYS):
        raise Refusal("points wait from 0 to %(most)s days, and last from 1 to %(most)s days", most=LONGEST_DAYS)
