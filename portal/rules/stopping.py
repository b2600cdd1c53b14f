"""May this broker have this account from this day on? The question every change of attribution asks first.

found = stopped_by(broker_id, account_id, day, jurisdiction)
if found: raise refusal_of(found)
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from models.rules import Effect
from portal.refusals import Refusal
from portal.rules import book
from portal.rules.checks import CHECKS, applied
from portal.rules.data import Rule
from portal.rules.facts import BrokerFacts, ClientFacts, Facts
from portal.rules.gather import broker_facts, client_facts, tied, ties_of
from portal.sealing import Keyring


@dataclass(frozen=True)
class Clause:
    """A rule that stops somebody, with the reason in a sentence and its values, and from which day on."""

    rule: Rule
    reason: str
    values: Mapping[str, Any]
    since: date

    @property
    def code(self) -> str:
        """The rule's code."""
        return self.rule.code

    @property
    def plain(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return {"code": self.rule.code, "reason": self.reason, "details": dict(self.values)}


def stopped_by(broker_id: int, account_id: int, day: date, jurisdiction: str, keyring: Keyring | None = None) -> list[Clause]:
    """The clauses that forbid attributing an account to a broker from a day on; empty where nothing does.

    An account of which nothing is known yet (its number alone) is judged by the broker. Reads what is believed now.
    """
    return [clause for clause in clauses(broker_id, account_id, day, jurisdiction, keyring) if clause.rule.effect is Effect.BLOCK]


def clauses(broker_id: int, account_id: int, day: date, jurisdiction: str, keyring: Keyring | None = None) -> list[Clause]:
    """All clauses that speak of such an attribution, those that only warn among them."""
    return many_clauses({(broker_id, account_id): day}, jurisdiction, keyring)[broker_id, account_id]


def many_clauses(
    pairs: Mapping[tuple[int, int], date], jurisdiction: str, keyring: Keyring | None = None, held: Collection[tuple[int, int]] = ()
) -> dict[tuple[int, int], list[Clause]]:
    """The same for many pairs of broker and account, each from its own day on, in a few queries. Of the pairs in `held` the broker
    has his share already: what only begins no more (older institutions) goes on."""
    brokers = broker_facts(sorted({broker for broker, _ in pairs}), keyring)
    clients = client_facts(sorted({account for _, account in pairs}))
    ties = ties_of(sorted({broker for broker, _ in pairs}))
    rules = [rule for rule in book.rules(jurisdiction) if "attribution" in rule.asked]
    found = {}
    for (broker_id, account_id), day in pairs.items():
        facts = Facts(brokers.get(broker_id), clients.get(account_id), since=day, opening=(broker_id, account_id) not in held)
        if facts.broker is not None and facts.client is not None:
            facts = replace(facts, ties=tied(ties, facts.broker, facts.client))
        found[broker_id, account_id] = judged([rule for rule in rules if rule.holds_on(day)], facts, day)
    return found


def about_brokers(jurisdiction: str) -> list[Rule]:
    """The rules, over all their spans, that are asked about a broker alone before he gains anything."""
    return of_brokers(book.rules(jurisdiction))


def of_brokers(rules: Iterable[Rule]) -> list[Rule]:
    """Those of some rules that are asked about a broker alone. Pure."""
    return [rule for rule in rules if rule.check and "attribution" in rule.asked and CHECKS[rule.check].about == "broker"]


def broker_clauses(rules: Iterable[Rule], broker: BrokerFacts, day: date) -> list[Clause]:
    """The clauses among some rules by which somebody may not be an introducing broker from a day on, whoever his clients are. Pure."""
    facts = Facts(broker, since=day, opening=True)
    return [clause for clause in judged([rule for rule in rules if rule.holds_on(day)], facts, day) if clause.rule.effect is Effect.BLOCK]


def judged(rules: Iterable[Rule], facts: Facts, day: date) -> list[Clause]:
    """The clauses among some rules that the facts offend. Pure."""
    found = []
    for rule in rules:
        reason = applied(rule.check, facts, day, rule.parameters) if rule.check else None
        if reason is not None:
            found.append(Clause(rule, reason.message, reason.values, max(reason.since, rule.valid_from)))
    return found


def file_kept(client: ClientFacts, day: date, jurisdiction: str) -> list[Clause]:
    """The clauses by which a client's file may not be erased on a day: it may be restricted to storage. Pure but for the rules."""
    return judged(book.in_force(jurisdiction, day, "erasure"), Facts(client=client), day)


class Stopped(Refusal):
    """An attribution that a clause forbids; `clauses` are all that do."""

    def __init__(self, found: list[Clause]) -> None:
        first = found[0]
        super().__init__(
            "%(codes)s forbids this: %(reason)s (%(source)s)", codes=", ".join(one.code for one in found), reason=first.reason % dict(first.values), source=first.rule.source
        )
        self.clauses = found


def refusal_of(found: list[Clause]) -> Stopped:
    """The refusal that names the clauses."""
    return Stopped(found)
