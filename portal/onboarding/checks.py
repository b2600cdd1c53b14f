"""What keeps somebody from becoming a broker. Pure: facts come in, reasons go out, each with the rule that it follows from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from models.onboarding import Item
from models.partners import PersonKind
from portal.onboarding.texts import DECLARATION_VERSION, PASS_PERCENT, STATEMENTS, TEST_VERSION
from portal.refusals import Refusal
from portal.rules.data import Rule
from portal.rules.facts import BrokerFacts, on
from portal.rules.stopping import Clause, broker_clauses

PAPERS = ("lapsed", "registered")
"""Checks that look at licence and agreement: they say nothing of what was not shown yet."""


@dataclass(frozen=True)
class Facts:
    """What is known of an applicant. `items` are the details of what was shown, by item.

    `himself` is the broker whom the books would hold; `least_hours` is the firm's setting; `broker` is the number of a broker with
    the same ID number, `number_taken` that the broker number is another's.
    """

    himself: BrokerFacts
    items: Mapping[str, Mapping[str, Any]]
    least_hours: int
    broker: str = ""
    number_taken: bool = False


@dataclass(frozen=True)
class Reason:
    """A reason against: the item or field it stands at, the rule, and a sentence (a msgid with its values)."""

    at: str
    rule: str
    refusal: Refusal


def reasons(facts: Facts, today: date, rules: Iterable[Rule]) -> list[Reason]:
    """Everything that keeps the applicant from becoming a broker on a day, by the rules about brokers among it; empty where nothing does."""
    return [*_ruled(facts, today, rules), *_person(facts), *_missing(facts), *_shown(facts)]


def _ruled(facts: Facts, today: date, rules: Iterable[Rule]) -> Iterator[Reason]:
    """What the rules say on the day from which he would be a broker, the same as whenever a broker gains a client."""
    agreement = facts.items.get(Item.AGREEMENT)
    day = max(today, date.fromisoformat(agreement["valid_from"])) if agreement else today
    incomplete = not {Item.AGREEMENT.value, Item.LICENCE.value} <= set(facts.items)
    for clause in broker_clauses(rules, facts.himself, day):
        if not (incomplete and clause.rule.check in PAPERS):
            yield Reason(_place(clause, facts.himself, day), clause.code, Refusal(clause.reason, **clause.values))


def _place(clause: Clause, himself: BrokerFacts, day: date) -> str:
    """The item or field at which a clause stands."""
    if clause.rule.check in PAPERS:
        return Item.AGREEMENT.value if on(himself.licences, day) else Item.LICENCE.value
    if clause.rule.check == "person_or_licensed":
        return "id_no" if himself.kind == PersonKind.PERSON else "kind"
    return "phone" if clause.rule.check == "not_staff" else Item.DECLARATION.value


def _person(facts: Facts) -> Iterator[Reason]:
    if facts.himself.kind == PersonKind.PERSON and facts.himself.born_on is None:
        yield Reason("id_no", "ib-natural-person", Refusal("the ID number tells no birthday: give the number of the identity card"))
    if facts.broker:
        yield Reason("id_no", "", Refusal("the person is known as broker %(broker)s already", broker=facts.broker))
    if facts.number_taken:
        yield Reason("broker_no", "", Refusal("the broker number is taken: choose another"))


def _missing(facts: Facts) -> Iterator[Reason]:
    for item in Item:
        if item.value not in facts.items:
            yield Reason(item.value, "ib-natural-person", Refusal("this was not shown yet"))


def _shown(facts: Facts) -> Iterator[Reason]:
    items = facts.items
    agreement, licence = items.get(Item.AGREEMENT), items.get(Item.LICENCE)
    if agreement and licence and not licence["valid_from"] <= agreement["valid_from"] < licence["valid_to"]:
        yield Reason(Item.LICENCE, "ib-natural-person", Refusal("the licence does not hold on the first day of the agreement"))
    if Item.TRAINING in items and items[Item.TRAINING]["hours"] < facts.least_hours:
        yield Reason(Item.TRAINING, "ib-natural-person", Refusal("at least %(hours)s hours of training are asked for", hours=facts.least_hours))
    if Item.DECLARATION in items:
        yield from _declared(items[Item.DECLARATION])
    if Item.TEST in items and (items[Item.TEST]["version"] != TEST_VERSION or items[Item.TEST]["percent"] < PASS_PERCENT):
        yield Reason(Item.TEST, "ib-natural-person", Refusal("the knowledge test is passed with %(percent)s %% right answers", percent=PASS_PERCENT))


def _declared(details: Mapping[str, Any]) -> Iterator[Reason]:
    if details["version"] != DECLARATION_VERSION:
        yield Reason(Item.DECLARATION, "", Refusal("the declaration has a newer text: have it declared again"))
    for statement in STATEMENTS:
        if statement.key not in details["declared"]:
            yield Reason(Item.DECLARATION, statement.rule, Refusal("not everything is declared: without it there is no agreement"))
            return
