"""Whom a version reaches and from whom it is kept, counted before it is released: people are grouped in the database by what the rule reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, cast, exists, func, literal, or_, select, true

from models import db
from models.clients import Account, AccountVersion
from models.club_membership import ClubMember, ClubTier
from models.identity import Role, User, UserRole, UserState
from models.research import Audience, ResearchChoice, ResearchVersion
from models.suitability import InvestorKind, SuitabilityTest
from portal.clients.queries import newest_version
from portal.clients.segments import AsOf, Conditions, meets
from portal.club.members import CLIENT, standing_on
from portal.research.verdicts import Facts, Verdict, verdict


@dataclass
class Reach:
    """How many people there are of each verdict; `signed_in`: those who see it and have a sign-in to read it with."""

    counts: dict[Verdict, int] = field(default_factory=lambda: dict.fromkeys(Verdict, 0))
    signed_in: int = 0

    @property
    def sees(self) -> int:
        """How many will see it."""
        return self.counts[Verdict.SEES]

    @property
    def meant(self) -> int:
        """For how many it is meant at all."""
        return sum(self.counts.values()) - self.counts[Verdict.NOT_MEANT]

    @property
    def kept_from(self) -> int:
        """From how many for whom it is meant it is kept."""
        return self.meant - self.sees


def reach(version: ResearchVersion, as_of: AsOf) -> Reach:
    """Everybody with an open account, and everybody else with a client's sign-in, by what becomes of a version for him."""
    found = Reach()
    for facts, signed, count in _groups(version, as_of):
        said = verdict(facts, version.risk, as_of.day)
        found.counts[said] += count
        if said is Verdict.SEES and signed:
            found.signed_in += count
    return found


def seeing(version: ResearchVersion, among: Select[Any], as_of: AsOf) -> set[str]:
    """Of some people (their keys) those before whom a version is put."""
    found = set()
    for people in [_clients(version, as_of)] if version.audience == Audience.SEGMENT else [_clients(version, as_of), _others(version, as_of)]:
        row = people.subquery()
        query = select(row.c.person, row.c.grade, row.c.over, row.c.professional, row.c.meant, row.c.wanted).where(row.c.person.in_(among))
        for person, grade, over, professional, meant, wanted in db.session.execute(query):
            facts = Facts(grade or "", date.min if over else None, bool(professional), bool(meant), bool(wanted))
            if verdict(facts, version.risk, as_of.day) is Verdict.SEES:
                found.add(person)
    return found


def meant_accounts(version: ResearchVersion, as_of: AsOf) -> ColumnElement[bool]:
    """The condition, on Account and AccountVersion, that a client belongs to the audience of a version."""
    if version.audience == Audience.SEGMENT:
        return meets(Conditions.read(version.conditions), as_of)
    if version.audience == Audience.TIER:
        return AccountVersion.client_no.in_(of_tier(version.audience_ref, as_of.day).with_only_columns(ClubMember.client_no))
    return true()


def of_tier(key: str, day: date) -> Select[Any]:
    """The members who have a tier, or one above it, on a day."""
    standing = standing_on(day).subquery()
    least = select(ClubTier.rank).where(ClubTier.key == key).scalar_subquery()
    query = select(ClubMember.person).join(standing, standing.c.member_id == ClubMember.id).join(ClubTier, ClubTier.id == standing.c.tier_id)
    return query.where(ClubTier.rank >= least)


def newest_tests(of: Any = SuitabilityTest.client_no) -> Any:
    """The newest test of each client, or (by `lead_id`) of each lead."""
    last = select(func.max(SuitabilityTest.id)).where(of != "" if of is SuitabilityTest.client_no else of.is_not(None)).group_by(of)
    return select(SuitabilityTest).where(SuitabilityTest.id.in_(last)).subquery()


def _groups(version: ResearchVersion, as_of: AsOf) -> Iterator[tuple[Facts, bool, int]]:
    yield from _counted(_clients(version, as_of), as_of.day)
    if version.audience != Audience.SEGMENT:
        yield from _counted(_others(version, as_of), as_of.day)


def _counted(people: Any, day: date) -> Iterator[tuple[Facts, bool, int]]:
    """The groups of people who look alike to the rule, each with its size."""
    row = people.subquery()
    keys = [row.c.grade, row.c.over, row.c.professional, row.c.meant, row.c.wanted, row.c.signed]
    query: Any = select(*keys, func.count()).group_by(*keys)
    for grade, over, professional, meant, wanted, signed, count in db.session.execute(query):
        yield Facts(grade or "", date.min if over else None, bool(professional), bool(meant), bool(wanted)), bool(signed), int(count)


def grade_columns(test: Any, master: Any, day: date) -> list[Any]:
    """Grade, whether it ran out, and whether the investor is professional: by the newest test, or by the masters where there is none."""
    grade = case((test.c.id.is_(None), master), (test.c.unsuitable != "", "C1"), else_=test.c.grade)
    over = case((and_(test.c.id.is_not(None), test.c.valid_until < day), 1), else_=0)
    return [grade.label("grade"), over.label("over"), case((test.c.investor == InvestorKind.PROFESSIONAL, 1), else_=0).label("professional")]


def _clients(version: ResearchVersion, as_of: AsOf) -> Any:
    """Each client with an open account. Where his accounts name several grades in the masters, the lowest counts."""
    is_open = or_(AccountVersion.closed_on.is_(None), AccountVersion.closed_on > as_of.day)
    master = func.min(func.nullif(AccountVersion.risk_grade, "")).label("master")
    meant = func.max(case((meant_accounts(version, as_of), 1), else_=0)).label("meant")
    accounts = select(AccountVersion.client_no, master, meant).select_from(Account).join(AccountVersion, AccountVersion.account_id == Account.id)
    client = accounts.where(newest_version(), is_open, AccountVersion.client_no != "").group_by(AccountVersion.client_no).subquery()
    test = newest_tests()
    signed = exists().where(User.client_no == client.c.client_no, User.state != UserState.DISABLED)
    person = literal(CLIENT) + client.c.client_no
    query = select(person.label("person"), *grade_columns(test, client.c.master, as_of.day), client.c.meant, _wanted(person), case((signed, 1), else_=0).label("signed"))
    return query.select_from(client).outerjoin(test, test.c.client_no == client.c.client_no)


def _others(version: ResearchVersion, as_of: AsOf) -> Any:
    """Members with a sign-in who are no clients (yet); a grade they have where they were asked as a lead."""
    test = newest_tests(SuitabilityTest.lead_id)
    person = literal("user:") + cast(User.id, ClubMember.person.type)
    meant = literal(1) if version.audience == Audience.EVERYBODY else case((person.in_(of_tier(version.audience_ref, as_of.day)), 1), else_=0)
    query = select(person.label("person"), *grade_columns(test, literal(""), as_of.day), meant.label("meant"), _wanted(person), literal(1).label("signed"))
    query = query.select_from(User).outerjoin(ClubMember, and_(ClubMember.user_id == User.id, ClubMember.lead_id.is_not(None)))
    query = query.outerjoin(test, test.c.lead_id == ClubMember.lead_id)
    is_client = User.id.in_(select(UserRole.user_id).where(UserRole.role == Role.CLIENT))
    return query.where(is_client, or_(User.client_no.is_(None), User.client_no == ""), User.state != UserState.DISABLED)


def _wanted(person: Any) -> Any:
    """Whether a person lets research be put before him."""
    no = exists().where(ResearchChoice.person == person, ~ResearchChoice.wanted)
    return case((no, 0), else_=1).label("wanted")
