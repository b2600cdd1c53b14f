"""The questions by version, in both languages, and the words that are read to people: data beside this file, each with its digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from models.clients import RiskGrade
from portal.refusals import NotFound

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Option:
    """An answer: its letter, its words, its points; `unsuitable` names why it forbids futures altogether, empty where it does not."""

    key: str
    texts: Mapping[str, str]
    score: int
    unsuitable: str


@dataclass(frozen=True)
class Question:
    """A question with its answers."""

    key: str
    texts: Mapping[str, str]
    options: tuple[Option, ...]

    def option(self, letter: str) -> Option | None:
        """The answer of a letter."""
        return next((one for one in self.options if one.key == letter), None)


@dataclass(frozen=True)
class Questionnaire:
    """A version. `grades` are the least scores, rising; `averse` the answers that together mean that no risk is wanted at all."""

    version: int
    valid_from: date
    titles: Mapping[str, str]
    questions: tuple[Question, ...]
    grades: tuple[tuple[RiskGrade, int], ...]
    averse: Mapping[str, str]
    digest: str


@dataclass(frozen=True)
class Wording:
    """A version of a text that is read to people."""

    version: int
    valid_from: date
    texts: Mapping[str, str]
    digest: str


@cache
def versions() -> tuple[Questionnaire, ...]:
    """Every version, the oldest first."""
    return tuple(_questionnaire(entry) for entry in json.loads((HERE / "questions.json").read_text(encoding="utf-8")))


def version(number: int) -> Questionnaire:
    """A version by its number. Raises NotFound."""
    found = next((one for one in versions() if one.version == number), None)
    if found is None:
        raise NotFound("there is no version %(number)s of the questions", number=number)
    return found


def asked_on(day: date) -> Questionnaire:
    """The version that is asked on a day. Raises NotFound before the first."""
    found = [one for one in versions() if one.valid_from <= day]
    if not found:
        raise NotFound("there is no version of the questions for %(day)s", day=day)
    return found[-1]


@cache
def _wordings() -> dict[str, tuple[Wording, ...]]:
    kept = json.loads((HERE / "words.json").read_text(encoding="utf-8"))
    return {
        name: tuple(Wording(one["version"], date.fromisoformat(one["valid_from"]), {"zh": one["zh"], "en": one["en"]}, digest_of(one)) for one in many)
        for name, many in kept.items()
    }


def wording(name: str, day: date) -> Wording:
    """The text of a name (`warning`, `goodbye`) that is read on a day. Raises NotFound."""
    found = [one for one in _wordings()[name] if one.valid_from <= day]
    if not found:
        raise NotFound("there is no text for %(day)s", day=day)
    return found[-1]


def digest_of(entry: Any) -> str:
    """The SHA-256 of the canonical JSON of something."""
    return hashlib.sha256(json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _questionnaire(entry: Any) -> Questionnaire:
    questions = tuple(
        Question(
            one["key"],
            {"zh": one["zh"], "en": one["en"]},
            tuple(Option(option["key"], {"zh": option["zh"], "en": option["en"]}, option["score"], option.get("unsuitable", "")) for option in one["options"]),
        )
        for one in entry["questions"]
    )
    grades = tuple((RiskGrade(name), least) for name, least in entry["grades"])
    return Questionnaire(entry["version"], date.fromisoformat(entry["valid_from"]), entry["title"], questions, grades, entry["averse"], digest_of(entry))
