"""The script of the confirmation call by version, in both languages: open questions first, and the sentence about the broker's pay."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from portal.refusals import NotFound, Refusal
from portal.suitability.questionnaires import Option, Question, digest_of

FILE = Path(__file__).with_name("confirmation_script.json")


@dataclass(frozen=True)
class Script:
    """A version. `needed` are the answers without which nothing is confirmed."""

    version: int
    valid_from: date
    opening: Mapping[str, str]
    questions: tuple[Question, ...]
    needed: Mapping[str, tuple[str, ...]]
    digest: str

    def answered(self, answers: Mapping[str, str]) -> dict[str, str]:
        """The answers to its questions. Raises Refusal where one is missing or is none of the answers."""
        for place, question in enumerate(self.questions, start=1):
            if question.option(answers.get(question.key, "")) is None:
                raise Refusal("question %(number)s is not answered", number=place)
        return {question.key: answers[question.key] for question in self.questions}

    def against(self, answers: Mapping[str, str]) -> list[Question]:
        """The questions whose answers do not let the call confirm anything."""
        return [question for question in self.questions if answers.get(question.key) not in self.needed.get(question.key, (answers.get(question.key),))]


@cache
def versions() -> tuple[Script, ...]:
    """Every version, the oldest first."""
    return tuple(_script(entry) for entry in json.loads(FILE.read_text(encoding="utf-8")))


def spoken_on(day: date) -> Script:
    """The script of a day. Raises NotFound before the first."""
    found = [script for script in versions() if script.valid_from <= day]
    if not found:
        raise NotFound("there is no text for %(day)s", day=day)
    return found[-1]


def _script(entry: Any) -> Script:
    questions = tuple(
        Question(
            one["key"],
            {"zh": one["zh"], "en": one["en"]},
            tuple(Option(option["key"], {"zh": option["zh"], "en": option["en"]}, 0, "") for option in one["options"]),
        )
        for one in entry["questions"]
    )
    needed = {key: tuple(letters) for key, letters in entry["needed"].items()}
    return Script(entry["version"], date.fromisoformat(entry["valid_from"]), entry["opening"], questions, needed, digest_of(entry))
