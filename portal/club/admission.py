"""The rule of who may come to an event: what kind of person, of which tier, with which grade of suitability. Pure; each no has a reason and a next step."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from models.club import Admitted
from models.club_membership import ClubTier, TierKind
from portal.club.membership import Span, expected_on, last_of
from portal.notices.kinds import N_

OPEN = {
    TierKind.FREE: N_("on %(day)s this evening is for %(tiers)s members: ask for it under Membership"),
    TierKind.PAID: N_("on %(day)s this evening is for %(tiers)s members: join under Membership, or renew until then"),
    TierKind.EQUITY: N_("on %(day)s this evening is for %(tiers)s members: the tier follows the equity at the end of a month; ask your adviser"),
}
"""The reason with the next step, by how one comes to the lowest tier that would do."""
ENDS = N_("on %(day)s this evening is for %(tiers)s members, and your membership ends before: renew it under Membership")
JOIN = N_("this event is for members of the club: ask for a membership first")
CLIENTS = N_("this event is for clients of the firm: look at the events that are open to you, or ask your contact at the firm")
TRADE = N_("this event is for introducing brokers and staff of the firm: look at the events that are open to you")
OTHERS = N_("this event is for other guests: look at the events that are open to you")
UNTESTED = N_("this event asks for a suitability grade of %(grade)s or more, and you have none yet: answer the questions under My suitability")
UNTESTED_PROSPECT = N_("this event asks for a suitability grade of %(grade)s or more, and you have none yet: ask the firm to take the test with you")
TEST_ENDS = N_("this event asks for a suitability grade of %(grade)s or more, and your test is not valid any more on %(day)s: answer the questions anew under My suitability")
TEST_ENDS_PROSPECT = N_("this event asks for a suitability grade of %(grade)s or more, and your test is not valid any more on %(day)s: ask the firm to take it anew")
TOO_LOW = N_("this event asks for a suitability grade of %(grade)s or more, and yours is %(own)s: look at the events that suit you")
UNSUITED = N_("by your suitability test this event does not suit you: look at the events that do")
ALONE = N_("this event asks for a suitability grade of each who comes: sign up without guests; they sign up themselves")
PLAIN = frozenset({Admitted.CLIENT, Admitted.PROSPECT, Admitted.MEMBER})
"""Who may come where an event says nothing."""
PROFESSION = frozenset({Admitted.BROKER, Admitted.STAFF})
"""Who comes by his work: no grade is asked of them."""


class Step(enum.StrEnum):
    """What somebody does next who may not come."""

    NONE = ""
    MEMBERSHIP = "membership"
    TEST = "test"
    EVENTS = "events"


@dataclass(frozen=True)
class Test:
    """The newest suitability test of somebody: its grade (C1 to C5), its last day, and whether an answer forbids futures altogether."""

    grade: str
    valid_until: date
    unsuitable: bool = False


@dataclass(frozen=True)
class Facts:
    """What is known of who asks: what he is to the firm (a member is told by his spans), his memberships, his newest test."""

    kinds: frozenset[Admitted]
    spans: tuple[Span, ...] = ()
    test: Test | None = None


@dataclass(frozen=True)
class Terms:
    """What an event asks for: the kinds of persons (none: clients, prospects and members), its tiers from the lowest on (none: no tier), and
    the least grade (empty: none)."""

    admitted: frozenset[Admitted] = frozenset()
    tiers: tuple[ClubTier, ...] = ()
    grade: str = ""


@dataclass(frozen=True)
class Answer:
    """Whether somebody may book, and if not why (a sentence with its values) and what he does next."""

    may: bool
    message: str = ""
    step: Step = Step.NONE
    values: Mapping[str, str] = field(default_factory=dict)
    tiers: tuple[ClubTier, ...] = ()


def decide(terms: Terms, facts: Facts, day: date, today: date, seats: int = 1) -> Answer:
    """Hold a person against what an event asks for, on the event's own day. What he is comes first, then the tier, then the grade: who can
    never come is not sent to a test. `seats`: his own and those of his guests."""
    admitted = terms.admitted or PLAIN
    member = expected_on(facts.spans, day, today)
    kinds = facts.kinds | ({Admitted.MEMBER} if member is not None else set())
    by_work = kinds & PROFESSION & admitted
    if not kinds & admitted:
        return _not_of_kind(admitted)
    if terms.tiers and not by_work and (member is None or member.tier_id not in {tier.id for tier in terms.tiers}):
        message = _tier_missing(facts.spans, terms.tiers, day)
        return Answer(False, message, Step.MEMBERSHIP, {"day": day.isoformat()}, terms.tiers)
    if terms.grade and not by_work:
        found = _graded(terms.grade, facts.test, day, alone=Admitted.CLIENT in facts.kinds)
        if not found.may:
            return found
    if terms.grade and seats > 1:
        return Answer(False, ALONE, Step.NONE, {"grade": terms.grade}, terms.tiers)
    return Answer(True, tiers=terms.tiers)


def _not_of_kind(admitted: frozenset[Admitted]) -> Answer:
    if Admitted.MEMBER in admitted and Admitted.CLIENT not in admitted:
        return Answer(False, JOIN, Step.MEMBERSHIP)
    if Admitted.CLIENT in admitted:
        return Answer(False, CLIENTS, Step.EVENTS)
    return Answer(False, TRADE if admitted & PROFESSION else OTHERS, Step.EVENTS)


def _tier_missing(spans: Sequence[Span], wanted: tuple[ClubTier, ...], day: date) -> str:
    last = last_of(spans, day)
    if last is not None and last.tier_id in {tier.id for tier in wanted}:
        return ENDS
    return OPEN[TierKind(wanted[0].kind)]


def _graded(least: str, test: Test | None, day: date, *, alone: bool) -> Answer:
    """`alone`: he may answer the questions by himself, as clients do."""
    if test is None:
        return Answer(False, UNTESTED if alone else UNTESTED_PROSPECT, Step.TEST, {"grade": least})
    if test.valid_until < day:
        return Answer(False, TEST_ENDS if alone else TEST_ENDS_PROSPECT, Step.TEST, {"grade": least, "day": day.isoformat()})
    if test.unsuitable:
        return Answer(False, UNSUITED, Step.EVENTS, {"grade": least})
    if test.grade < least:
        return Answer(False, TOO_LOW, Step.EVENTS, {"grade": least, "own": test.grade})
    return Answer(True)
