"""Taking a test, and the written warning. Staff may sit by, never prompt: who was present is kept."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select, update

from models import db
from models.suitability import InvestorKind, RiskWarning, SuitabilityTest, TakenWhere
from models.values.months import months_later
from portal.actors import Actor
from portal.audit import log
from portal.permissions import Can
from portal.refusals import Refusal
from portal.rules import book
from portal.suitability.grading import PROOFS, Graded, graded, investor_kind, needs_warning
from portal.suitability.questionnaires import Questionnaire, asked_on, digest_of, wording

MONTHS, PRODUCT_RISK = 24, "R4"
"""How long a grade holds, and the risk of trading futures, where no rule says otherwise."""
BEFORE_STAFF = frozenset(TakenWhere) - {TakenWhere.BY_ONESELF}
"""Where answers are given that staff write down; what a client hands in by himself is in portal/suitability/own.py."""


class BadSitting(Refusal):
    """What was written down of a sitting does not hold as it stands: it can be corrected and handed in again."""


@dataclass(frozen=True)
class Subject:
    """Whose test it is: a lead's or a client's; `number` is how the log names it."""

    lead_id: int | None
    client_no: str
    number: str


@dataclass(frozen=True)
class Taken:
    """What is written down of a sitting. `version` is the version that the person read; `proofs` what was proved (grading.PROOFS)."""

    answers: Mapping[str, str]
    version: int
    where: str
    present: str
    evidence: str
    locale: str
    proofs: Mapping[str, bool]


def take(subject: Subject, taken: Taken, actor: Actor, moment: datetime, today: date, jurisdiction: str) -> SuitabilityTest:
    """Keep a test that was taken today, with its grade. The caller sees to whose test the actor may take.

    Raises NotAllowed; Refusal for a missing answer, an older version, or a sitting of which nobody says where it was and who was present.
    """
    actor.need(Can.SUITABILITY_TAKE)
    questions = asked_on(today)
    kind = _checked(taken)
    return keep(subject, taken, kind, result_of(taken, questions), actor, moment, today, jurisdiction)


def result_of(taken: Taken, questions: Questionnaire) -> Graded:
    """What answers come to. Raises BadSitting for a missing one, or an older version of the questions."""
    if taken.version != questions.version:
        raise BadSitting("the questions are another version by now: ask them again")
    try:
        return graded(questions, taken.answers)
    except Refusal as refusal:
        raise BadSitting(refusal.message, **refusal.values) from refusal


def valid_until(today: date, jurisdiction: str) -> date:
    """The last day of a grade that is found today."""
    return months_later(today, int(book.parameter(jurisdiction, "suit-retest", "months", today, MONTHS)))


def keep(subject: Subject, taken: Taken, kind: InvestorKind, result: Graded, actor: Actor, moment: datetime, today: date, jurisdiction: str) -> SuitabilityTest:
    """Write a test down as it was taken today. The caller has seen that it holds (`result_of`), and that the actor may."""
    questions = asked_on(today)
    answers = {question.key: taken.answers[question.key] for question in questions.questions}
    test = SuitabilityTest(
        public_id=secrets.token_urlsafe(12),
        lead_id=subject.lead_id,
        client_no=subject.client_no,
        investor=kind,
        criteria=[name for name in PROOFS if taken.proofs.get(name)],
        questions_version=questions.version,
        questions_digest=questions.digest,
        locale=taken.locale,
        answers=json.dumps(answers, sort_keys=True),
        answers_digest=digest_of({"of": subject.number, "answers": answers, "questions": questions.digest, "on": str(today)}),
        **{"score": result.score, "grade": result.grade, "unsuitable": result.unsuitable},
        **{"taken_on": today, "valid_until": valid_until(today, jurisdiction), "taken_where": taken.where},
        **{"present": taken.present.strip()[:400], "evidence": taken.evidence.strip()[:200]},
        **{"recorded_at": moment, "user_id": actor.user_id, "actor_label": actor.label},
    )
    db.session.add(test)
    db.session.flush()
    _logged(test, subject, actor, moment)
    return test


def _checked(taken: Taken) -> InvestorKind:
    """Which kind of investor a sitting shows. Raises Refusal where the sitting does not hold."""
    if taken.where not in BEFORE_STAFF:
        raise BadSitting("say where the answers were given")
    if not taken.present.strip():
        raise BadSitting("say who was present; “nobody” is an answer too")
    kind = investor_kind(taken.proofs)
    if kind is InvestorKind.PROFESSIONAL and not taken.evidence.strip():
        raise BadSitting("a professional investor proves it: name the papers")
    return kind


def _logged(test: SuitabilityTest, subject: Subject, actor: Actor, moment: datetime) -> None:
    after = {"grade": test.grade, "investor": test.investor, "questions": test.questions_version, "digest": test.answers_digest, "unsuitable": test.unsuitable}
    log.write(actor, moment, "suitability.taken", "lead" if subject.lead_id else "client", subject.number, after={**after, "valid_until": str(test.valid_until)})


def product_risk(jurisdiction: str, today: date) -> str:
    """The risk class of what the firm offers."""
    return str(book.parameter(jurisdiction, "suit-warning", "product_risk", today, PRODUCT_RISK))


def warn(test: SuitabilityTest, *, accepted: bool, evidence: str, locale: str, actor: Actor, moment: datetime, today: date, jurisdiction: str) -> RiskWarning:
    """Keep that the written warning was read, and whether the person goes on by his own wish. Raises NotAllowed, and Refusal where no
    warning is due, or the person may not go on at all."""
    actor.need(Can.SUITABILITY_TAKE)
    risk = product_risk(jurisdiction, today)
    if not needs_warning(test.grade, risk):
        raise Refusal("no warning is due: the grade %(grade)s allows %(risk)s", grade=test.grade, risk=risk)
    if accepted and is_closed(test):
        raise Refusal("a person of the lowest class, or for whom futures do not suit, may not go on")
    if accepted and not evidence.strip():
        raise Refusal("name the recording or the signed paper of the warning")
    text = wording("warning", today)
    kept = RiskWarning(
        test_id=test.id,
        product_risk=risk,
        text_version=text.version,
        text_digest=text.digest,
        locale=locale,
        accepted=accepted,
        evidence=evidence.strip()[:200],
        at=moment,
        user_id=actor.user_id,
        actor_label=actor.label,
    )
    db.session.add(kept)
    after = {"test": test.public_id, "risk": risk, "accepted": accepted, "text": text.version, "digest": text.digest}
    log.write(actor, moment, "suitability.warned", "suitability_test", test.public_id, after=after)
    return kept


def is_closed(test: SuitabilityTest) -> bool:
    """Whether the test says that the person is left alone."""
    return test.grade == "C1" or bool(test.unsuitable)


def forget_answers(lead_ids: list[int]) -> int:
    """Blank what leads said, who sat by, and where papers of theirs lie; grade, version and digest stay and are counted. Returns how many tests."""
    of_leads = select(SuitabilityTest.id).where(SuitabilityTest.lead_id.in_(lead_ids))
    warnings = update(RiskWarning).where(RiskWarning.test_id.in_(of_leads), RiskWarning.evidence != "").values(evidence="")
    db.session.execute(warnings, execution_options={"synchronize_session": False})
    blanked = update(SuitabilityTest).where(SuitabilityTest.lead_id.in_(lead_ids), SuitabilityTest.answers != "")
    return len(db.session.execute(blanked.values(answers="", present="", evidence="").returning(SuitabilityTest.id)).all())


def newest_of(*, lead_id: int | None = None, client_no: str = "") -> SuitabilityTest | None:
    """The last test of a lead or a client."""
    of = SuitabilityTest.lead_id == lead_id if lead_id is not None else SuitabilityTest.client_no == client_no
    return db.session.scalars(select(SuitabilityTest).where(of).order_by(SuitabilityTest.id.desc()).limit(1)).first()


def warned(test: SuitabilityTest) -> RiskWarning | None:
    """The last warning that was read after a test."""
    return db.session.scalars(select(RiskWarning).where(RiskWarning.test_id == test.id).order_by(RiskWarning.id.desc()).limit(1)).first()


def stands(test: SuitabilityTest | None, today: date, jurisdiction: str) -> str:
    """Why a test does not let its person go on, as a word: missing, expired, closed, unwarned; empty where it does."""
    if test is None:
        return "missing"
    if today > test.valid_until:
        return "expired"
    if is_closed(test):
        return "closed"
    last = warned(test) if needs_warning(test.grade, product_risk(jurisdiction, today)) else None
    if needs_warning(test.grade, product_risk(jurisdiction, today)) and (last is None or not last.accepted):
        return "unwarned"
    return ""
