"""A rule as data: read from a file of a jurisdiction (cn.json, us.json), or from the table that such a file is loaded into."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from models.columns import FIRST_DAY, OPEN_END
from models.rules import Effect, RuleVersion
from models.values.calendar import NotADate, parse_day
from portal.refusals import Refusal
from portal.rules.checks import CHECKS

HERE = Path(__file__).parent
ASKED = ("attribution", "books", "conversion", "lead", "payout", "erasure")
"""When a rule is asked: where an attribution opens or changes, over all books, at a conversion, about a lead, before paying, before erasing."""
LANGUAGES = ("zh", "en")


@dataclass(frozen=True)
class Rule:
    """A rule over a span of days: its words in both languages, its source, what it does, and the name of its check (or none)."""

    jurisdiction: str
    code: str
    valid_from: date
    valid_to: date
    effect: Effect
    check: str
    asked: tuple[str, ...]
    parameters: Mapping[str, Any]
    titles: Mapping[str, str]
    texts: Mapping[str, str]
    source: str

    def holds_on(self, day: date) -> bool:
        """Whether it is in force on a day."""
        return self.valid_from <= day < self.valid_to


def jurisdictions() -> tuple[str, ...]:
    """Those that a file describes."""
    return tuple(sorted(path.stem.upper() for path in HERE.glob("*.json")))


@cache
def shipped(jurisdiction: str) -> tuple[Rule, ...]:
    """The rules of a jurisdiction as the portal brings them. Raises Refusal where it brings none."""
    if jurisdiction not in jurisdictions():
        raise Refusal("there is no rule set %(name)s; there are %(known)s", name=jurisdiction[:20], known=", ".join(jurisdictions()))
    return read((HERE / f"{jurisdiction.lower()}.json").read_text(encoding="utf-8"), jurisdiction)


def read(text: str, jurisdiction: str) -> tuple[Rule, ...]:
    """The rules of a file. Raises Refusal, naming the first that does not hold."""
    try:
        entries = json.loads(text)
    except ValueError as error:
        raise Refusal("this is no file of rules: %(error)s", error=error) from error
    if not isinstance(entries, list):
        raise Refusal("this is no file of rules: %(error)s", error="a list of rules is expected")
    rules = tuple(_rule(entry, jurisdiction) for entry in entries)
    _spans_apart(rules)
    return rules


def _rule(entry: Any, jurisdiction: str) -> Rule:
    try:
        rule = Rule(
            jurisdiction,
            str(entry["code"]),
            parse_day(entry["valid_from"]) if entry["valid_from"] else FIRST_DAY,
            parse_day(entry["valid_to"]) if entry["valid_to"] else OPEN_END,
            Effect(entry["effect"]),
            str(entry["check"]),
            tuple(entry["asked"]),
            dict(entry["parameters"]),
            {language: str(entry["title"][language]) for language in LANGUAGES},
            {language: str(entry["text"][language]) for language in LANGUAGES},
            str(entry["source"]),
        )
    except (KeyError, TypeError, ValueError, NotADate) as error:
        named = entry.get("code", "?") if isinstance(entry, dict) else "?"
        raise Refusal("the rule %(code)s is not complete: %(error)s", code=str(named)[:60], error=str(error)[:120]) from error
    if rule.check and rule.check not in CHECKS:
        raise Refusal("the rule %(code)s names a check that there is not: %(check)s", code=rule.code, check=rule.check[:60])
    if not rule.source or not set(rule.asked) <= set(ASKED) or rule.valid_from >= rule.valid_to:
        raise Refusal("the rule %(code)s is not complete: %(error)s", code=rule.code, error="source, asked or span")
    return rule


def _spans_apart(rules: Iterable[Rule]) -> None:
    last: dict[str, Rule] = {}
    for rule in sorted(rules, key=lambda rule: (rule.code, rule.valid_from)):
        before = last.get(rule.code)
        if before is not None and rule.valid_from < before.valid_to:
            raise Refusal("the rule %(code)s stands twice on %(day)s", code=rule.code, day=rule.valid_from)
        last[rule.code] = rule


def of_row(row: RuleVersion) -> Rule:
    """A row of the table as a rule."""
    parameters = dict(row.parameters)
    asked = tuple(parameters.pop("asked", ()))
    words = ({"zh": row.title_zh, "en": row.title_en}, {"zh": row.text_zh, "en": row.text_en})
    return Rule(row.jurisdiction, row.code, row.valid_from, row.valid_to, Effect(row.effect), row.check_name, asked, parameters, *words, row.source)


def columns_of(rule: Rule) -> dict[str, Any]:
    """A rule as the columns of a row."""
    return {
        "jurisdiction": rule.jurisdiction,
        "code": rule.code,
        "valid_from": rule.valid_from,
        "valid_to": rule.valid_to,
        "effect": rule.effect,
        "check_name": rule.check,
        "parameters": {**rule.parameters, "asked": list(rule.asked)},
        "title_zh": rule.titles["zh"],
        "title_en": rule.titles["en"],
        "text_zh": rule.texts["zh"],
        "text_en": rule.texts["en"],
        "source": rule.source,
    }
