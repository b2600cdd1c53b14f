"""From answers to a grade. Pure: the same answers to the same version always give the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from models.clients import RiskGrade
from models.suitability import InvestorKind
from portal.refusals import Refusal
from portal.suitability.questionnaires import Questionnaire

PROOFS = ("financial_assets", "income", "experience", "institution")
"""What proves a professional investor (Art. 8, 11): assets or income, together with experience; or the institution's kind."""
ALLOWED = {"C1": 1, "C2": 2, "C3": 3, "C4": 4, "C5": 5}


class Graded(NamedTuple):
    """Points, grade, and why futures do not suit at all (empty where they may)."""

    score: int
    grade: RiskGrade
    unsuitable: str

    @property
    def closed(self) -> bool:
        """Whether the person is left alone: risk-averse, or unsuitable by an answer."""
        return self.grade is RiskGrade.C1 or bool(self.unsuitable)


def graded(questions: Questionnaire, answers: Mapping[str, str]) -> Graded:
    """Add up the answers. Raises Refusal, naming the question, where one is missing or is none of the answers."""
    score, unsuitable = 0, ""
    for place, question in enumerate(questions.questions, start=1):
        option = question.option(answers.get(question.key, ""))
        if option is None:
            raise Refusal("question %(number)s is not answered", number=place)
        score += option.score
        unsuitable = unsuitable or option.unsuitable
    averse = all(answers[key] == letter for key, letter in questions.averse.items())
    grade = RiskGrade.C1 if averse else [name for name, least in questions.grades if least <= score][-1]
    return Graded(score, grade, unsuitable)


def investor_kind(proofs: Mapping[str, bool]) -> InvestorKind:
    """Professional where experience and assets or income are proved, or the institution is of such a kind; ordinary otherwise."""
    means = proofs.get("financial_assets") or proofs.get("income")
    professional = bool(proofs.get("institution")) or bool(means and proofs.get("experience"))
    return InvestorKind.PROFESSIONAL if professional else InvestorKind.ORDINARY


def needs_warning(grade: str, product_risk: str) -> bool:
    """Whether a product's risk (R1 to R5) is above what the grade (C1 to C5) allows."""
    return int(product_risk[1:]) > ALLOWED[grade]
