"""A client answers the questions by himself: how he stands, what his answers would give, and handing them in. Nobody of the firm is present,
so he proves nothing by papers here: who is a professional investor, and institutions, are asked by the firm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import func, select

from models import db
from models.clients import Account, AccountVersion
from models.partners import PersonKind
from models.suitability import InvestorKind, SuitabilityTest, TakenWhere
from portal.actors import Actor
from portal.audit import log
from portal.notices.kinds import N_
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal
from portal.rules import book
from portal.suitability import sittings, telling
from portal.suitability.grading import Graded
from portal.suitability.questionnaires import asked_on
from portal.suitability.repeating import Again, Earlier, Repeat, Why, again
from portal.suitability.sittings import Subject, Taken
from portal.versions import current

RULE = "suit-own-repeat"
USUAL = Repeat(rest_days=7, most=3, months=12)
"""How soon one may repeat it, where no rule says otherwise."""
NO_ACCOUNT = N_("the firm’s books have no open account of yours: ask your contact at the firm")
INSTITUTION = N_("these questions are for persons: for an institution the firm takes the test with whoever may sign for it")
PROFESSIONAL = N_("you are a professional investor by papers that you have shown: the firm takes the test with you, so that they are seen anew")
REFUSED = {
    Why.NEVER: N_("the firm takes this test with you: ask your contact for it"),
    Why.REST: N_("your last test was handed in less than %(days)s days ago: you may answer again from %(on)s on"),
    Why.MOST: N_("you have answered %(most)s times within %(months)s months: you may answer again from %(on)s on"),
}
"""What a client is told who may not, by what stands against it."""


@dataclass(frozen=True)
class Standing:
    """How a client stands: his newest test (None: there is none), what stands against answering today (empty: nothing) with its values, and
    from when on he may (None: not by himself)."""

    test: SuitabilityTest | None
    message: str
    values: Mapping[str, object]
    on: date | None


class Answers(NamedTuple):
    """What he answered: letters by question, to which version of the questions, in which language he read them."""

    letters: Mapping[str, str]
    version: int
    locale: str


def repeat_rule(jurisdiction: str, today: date) -> Repeat:
    """The firm's rule of a day."""
    numbers = {name: int(book.parameter(jurisdiction, RULE, name, today, usual)) for name, usual in vars(USUAL).items()}
    return Repeat(**numbers)


def standing(actor: Actor, today: date, jurisdiction: str) -> Standing:
    """How the client that the actor is stands today. Raises NotAllowed."""
    client_no = _client(actor)
    tests = tests_of(client_no)
    newest = tests[0] if tests else None
    kinds = _kinds(client_no)
    if not kinds:
        return Standing(newest, NO_ACCOUNT, {}, None)
    if kinds != {PersonKind.PERSON}:
        return Standing(newest, INSTITUTION, {}, None)
    if newest is not None and newest.investor == InvestorKind.PROFESSIONAL and today <= newest.valid_until:
        return Standing(newest, PROFESSIONAL, {}, None)
    rule = repeat_rule(jurisdiction, today)
    return _told(newest, again(_earlier(tests), rule, today), rule)


def _told(newest: SuitabilityTest | None, found: Again, rule: Repeat) -> Standing:
    if found.why is Why.NOTHING:
        return Standing(newest, "", {}, found.on)
    values = {"days": rule.rest_days, "most": rule.most, "months": rule.months, "on": found.on.isoformat()}
    return Standing(newest, REFUSED[found.why], values, None if found.why is Why.NEVER else found.on)


def look(answers: Answers, actor: Actor, moment: datetime, today: date, jurisdiction: str) -> tuple[Graded, date]:
    """What answers would give, and through which day, before they are handed in. That he looked, and what he was shown, is in the log: who tries
    answers until a grade pleases him is seen. Raises as `hand_in` does."""
    client_no = _need_free(actor, today, jurisdiction)
    result = sittings.result_of(_taken(answers), asked_on(today))
    log.write(actor, moment, "suitability.looked", "client", client_no, after={"grade": result.grade, "unsuitable": result.unsuitable, "questions": answers.version})
    return result, sittings.valid_until(today, jurisdiction)


def hand_in(answers: Answers, actor: Actor, moment: datetime, today: date, jurisdiction: str) -> SuitabilityTest:
    """Keep the answers that a client gives by himself, with their grade; of the lowest class, who looks after him is told.

    Raises NotAllowed; Conflict where the firm's rule says that it is too soon, or the firm takes the test with him; BadSitting for a
    missing answer or an older version of the questions.
    """
    client_no = _need_free(actor, today, jurisdiction, hold=True)
    taken = _taken(answers)
    result = sittings.result_of(taken, asked_on(today))
    test = sittings.keep(Subject(None, client_no, client_no), taken, InvestorKind.ORDINARY, result, actor, moment, today, jurisdiction)
    if result.closed:
        telling.of_the_lowest(test, actor=actor, moment=moment)
    return test


def _need_free(actor: Actor, today: date, jurisdiction: str, *, hold: bool = False) -> str:
    client_no = _client(actor)
    if hold:  # two tabs hand in one after the other, and the second is told so
        accounts = select(Account.id).where(Account.id.in_(select(AccountVersion.account_id).where(AccountVersion.client_no == client_no)))
        db.session.execute(accounts.order_by(Account.id).with_for_update(key_share=True)).all()
    found = standing(actor, today, jurisdiction)
    if found.message:
        raise Conflict(found.message, **found.values)
    return client_no


def _client(actor: Actor) -> str:
    actor.need(Can.SUITABILITY_OWN)
    if not actor.client_no:
        raise Refusal(NO_ACCOUNT)
    return actor.client_no


def _taken(answers: Answers) -> Taken:
    return Taken(answers.letters, answers.version, TakenWhere.BY_ONESELF, "", "", answers.locale, {})


def _kinds(client_no: str) -> set[str]:
    """What a client is by his open accounts: a person, an institution."""
    version = current(AccountVersion).subquery()
    return set(db.session.scalars(select(version.c.kind).where(version.c.client_no == client_no, version.c.closed_on.is_(None))))


def tests_of(client_no: str) -> list[SuitabilityTest]:
    """All tests of a client, the newest first."""
    return list(db.session.scalars(select(SuitabilityTest).where(SuitabilityTest.client_no == client_no).order_by(SuitabilityTest.id.desc())))


def earlier_of(actor: Actor) -> list[Earlier]:
    """The tests of the client that the actor is, as the rule of repeating reads them. Raises NotAllowed."""
    return _earlier(tests_of(_client(actor)))


def _earlier(tests: Sequence[SuitabilityTest]) -> list[Earlier]:
    return [Earlier(test.taken_on, test.taken_where == TakenWhere.BY_ONESELF) for test in tests]


def grade_by_masters(actor: Actor) -> str:
    """The grade that the firm's books name for the client that the actor is, the lowest of his open accounts; empty where they name none."""
    version = current(AccountVersion).subquery()
    lowest = select(func.min(func.nullif(version.c.risk_grade, ""))).where(version.c.client_no == _client(actor), version.c.closed_on.is_(None))
    return db.session.execute(lowest).scalar() or ""


def own_test(actor: Actor, public_id: str) -> SuitabilityTest:
    """One test of the client that the actor is. Raises NotAllowed, NotFound."""
    client_no = _client(actor)
    query = select(SuitabilityTest).where(SuitabilityTest.public_id == public_id, SuitabilityTest.client_no == client_no)
    found = db.session.scalars(query).one_or_none()
    if found is None:
        raise NotFound("there is no suitability test that you may see under this address")
    return found
