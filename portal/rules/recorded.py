"""Changing the law as data: rules loaded from a file or given another span, and facts that no file brings. Each leaves its line in the log."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import select

from models import db
from models.clients import AccountVersion
from models.partners import Broker
from models.rules import FactKind, RuleFact, RuleVersion
from portal.actors import Actor
from portal.audit import log
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal
from portal.rules import book
from portal.rules.data import Rule, columns_of, of_row
from portal.rules.gather import recorded

OF_CLIENT = (FactKind.LEGAL_REPRESENTATIVE, FactKind.RISK_DISCLOSURE)
"""Kinds that name a client; the second names nobody else."""


def load(rules: Iterable[Rule], actor: Actor, moment: datetime) -> dict[str, int]:
    """Record those rules that are new or say something else than the table. Returns how many. Raises NotAllowed."""
    actor.need(Can.RULE_EDIT)
    given = list(rules)
    held = {(row.jurisdiction, row.code, row.valid_from): of_row(row) for row in db.session.scalars(book.newest())}
    counts = {"new": 0, "changed": 0, "same": 0}
    for rule in given:
        before = held.get((rule.jurisdiction, rule.code, rule.valid_from))
        what = "new" if before is None else "same" if before == rule else "changed"
        counts[what] += 1
        if what != "same":
            _record(rule, actor, moment)
    if counts["new"] or counts["changed"]:
        log.write(actor, moment, "rules.loaded", "rules", given[0].jurisdiction, after=counts)
    return counts


def end_rule(jurisdiction: str, code: str, valid_from: date, valid_to: date, reason: str, actor: Actor, moment: datetime) -> Rule:
    """Give a rule another end (exclusive). Raises NotAllowed; NotFound; Refusal without a reason or for an empty span; Conflict where the next span begins earlier."""
    actor.need(Can.RULE_EDIT)
    if len(reason.strip()) < 4:
        raise Refusal("say by which text of the law the rule ends: at least four characters")
    spans = book.of_code(jurisdiction, code)
    found = next((rule for rule in spans if rule.valid_from == valid_from), None)
    if found is None:
        raise NotFound("there is no rule %(code)s", code=code[:60])
    if valid_to <= valid_from:
        raise Refusal("the end must lie after the first day %(day)s", day=valid_from)
    if any(valid_from < other.valid_from < valid_to for other in spans):
        raise Conflict("the rule %(code)s stands twice on %(day)s", code=code, day=valid_to)
    if not book.loaded(jurisdiction):
        load(book.rules(jurisdiction), actor, moment)
    changed = replace(found, valid_to=valid_to)
    _record(changed, actor, moment)
    values = {"valid_from": str(valid_from), "valid_to": str(found.valid_to)}
    log.write(actor, moment, "rules.ended", "rule", code, before=values, after={**values, "valid_to": str(valid_to)}, reason=reason.strip())
    return changed


@dataclass(frozen=True)
class NewFact:
    """A fact as somebody enters it; numbers as people say them."""

    kind: str
    broker_no: str
    client_no: str
    says: str
    evidence: str
    valid_from: date
    valid_to: date


def record_fact(given: NewFact, actor: Actor, moment: datetime) -> RuleFact:
    """Record a fact about a broker, a client or both. Raises NotAllowed; NotFound for an unknown number; Refusal where something is missing."""
    actor.need(Can.RULE_EDIT)
    if given.kind not in set(FactKind):
        raise Refusal("“%(kind)s” is no kind of fact", kind=given.kind[:40])
    if given.valid_from >= given.valid_to:
        raise Refusal("the end must lie after the first day %(day)s", day=given.valid_from)
    if not given.evidence.strip():
        raise Refusal("name the paper that shows it: without evidence nothing is recorded")
    needs_client, needs_broker = given.kind in OF_CLIENT, given.kind != FactKind.RISK_DISCLOSURE
    if not needs_client and not given.says.strip():
        raise Refusal("say what it is: the other firm, the staff member, the conduct, the licence or the days")
    fact = RuleFact(
        fact_no=secrets.token_hex(8),
        kind=given.kind,
        broker_id=_broker_id(given.broker_no) if needs_broker else None,
        client_no=_known_client(given.client_no) if needs_client else "",
        says=given.says.strip()[:200],
        evidence=given.evidence.strip()[:200],
        valid_from=given.valid_from,
        valid_to=given.valid_to,
        withdrawn=False,
        recorded_at=moment,
        user_id=actor.user_id,
        actor_label=actor.label,
    )
    db.session.add(fact)
    db.session.flush()
    log.write(actor, moment, "rules.fact", "rule_fact", fact.fact_no, after=_plain(fact))
    return fact


def withdraw_fact(fact_no: str, reason: str, actor: Actor, moment: datetime) -> None:
    """Take a fact back, with a reason. Raises NotAllowed, NotFound, and Refusal without a reason."""
    actor.need(Can.RULE_EDIT)
    if len(reason.strip()) < 4:
        raise Refusal("say why it is taken back: at least four characters")
    found = next((fact for fact in recorded() if fact.fact_no == fact_no), None)
    if found is None:
        raise NotFound("there is no such fact, or it was taken back already")
    names = ("fact_no", "kind", "broker_id", "client_no", "says", "evidence", "valid_from", "valid_to")
    values = {name: getattr(found, name) for name in names}
    db.session.add(RuleFact(**values, withdrawn=True, recorded_at=moment, user_id=actor.user_id, actor_label=actor.label))
    log.write(actor, moment, "rules.fact_withdrawn", "rule_fact", fact_no, before=_plain(found), reason=reason.strip())


def _plain(fact: RuleFact) -> dict[str, str | int | None]:
    return {"kind": fact.kind, "broker_id": fact.broker_id, "client_no": fact.client_no, "valid_from": str(fact.valid_from), "valid_to": str(fact.valid_to)}


def _record(rule: Rule, actor: Actor, moment: datetime) -> None:
    db.session.add(RuleVersion(**columns_of(rule), withdrawn=False, recorded_at=moment, user_id=actor.user_id, actor_label=actor.label))
    db.session.flush()


def _broker_id(number: str) -> int:
    found = db.session.execute(select(Broker.id).where(Broker.broker_no == number.strip())).scalar()
    if found is None:
        raise NotFound("there is no broker %(number)s", number=number[:64])
    return found


def _known_client(number: str) -> str:
    found = db.session.execute(select(AccountVersion.client_no).where(AccountVersion.client_no == number.strip()).limit(1)).scalar()
    if found is None:
        raise NotFound("there is no client %(number)s", number=number[:64])
    return str(found)
