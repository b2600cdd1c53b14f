"""Reading tests: every list begins with those that the reader may see."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, false, func, or_, select, true

from models import db
from models.clients import AccountVersion, Servicing, ServicingRole
from models.leads import Claim, ClaimState, Lead
from models.partners import Branch, Staff
from models.suitability import RiskWarning, SuitabilityTest
from portal.actors import Actor
from portal.permissions import Can, Scope
from portal.refusals import NotFound
from portal.versions import current

LIVE = (ClaimState.PROTECTED, ClaimState.DISPUTED, ClaimState.CONVERTED, ClaimState.DECIDED)


def visible_to(actor: Actor, can: Can, day: date) -> ColumnElement[bool]:
    """The condition, on SuitabilityTest, that an actor may see it: of the leads and clients he looks after, of his branch, or all."""
    scope = actor.scope(can)
    if scope is None:
        return false()
    if scope is Scope.ALL:
        return true()
    return or_(SuitabilityTest.lead_id.in_(_leads(actor, scope)), SuitabilityTest.client_no.in_(_clients(actor, scope, day)))


def client_seen(actor: Actor, can: Can, client_no: str, day: date) -> str:
    """The name of a client over whom the actor holds a right. Raises NotFound, the same for foreign and for missing ones."""
    version = current(AccountVersion).subquery()
    query = select(version.c.name).where(version.c.client_no == client_no)
    scope = actor.need(can)
    if scope is not Scope.ALL:
        query = query.where(version.c.client_no.in_(_clients(actor, scope, day)))
    name = db.session.execute(query.limit(1)).scalar()
    if name is None:
        raise NotFound("there is no client %(number)s that you may see", number=client_no[:64])
    return str(name)


def tests(actor: Actor, day: date) -> Select[*tuple[Any, ...]]:
    """Every test that somebody may see, with its lead where it has one."""
    return select(SuitabilityTest, Lead).outerjoin(Lead, Lead.id == SuitabilityTest.lead_id).where(visible_to(actor, Can.SUITABILITY_SEE, day))


def seen_test(actor: Actor, public_id: str, day: date, can: Can = Can.SUITABILITY_SEE) -> SuitabilityTest:
    """One test over which the actor holds a right. Raises NotFound."""
    found = db.session.execute(select(SuitabilityTest).where(SuitabilityTest.public_id == public_id, visible_to(actor, can, day))).scalar_one_or_none()
    if found is None:
        raise NotFound("there is no suitability test that you may see under this address")
    return found


def newest() -> ColumnElement[bool]:
    """The condition that a test is the last of its person."""
    last = select(func.max(SuitabilityTest.id)).group_by(SuitabilityTest.lead_id, SuitabilityTest.client_no)
    return SuitabilityTest.id.in_(last)


def is_lowest() -> ColumnElement[bool]:
    """The condition that a test leaves its person alone: the lowest class, or an answer that forbids futures (sittings.is_closed)."""
    return or_(SuitabilityTest.grade == "C1", SuitabilityTest.unsuitable != "")


def history(test: SuitabilityTest) -> list[SuitabilityTest]:
    """Every test of the same person, the newest first."""
    same = SuitabilityTest.lead_id == test.lead_id if test.lead_id is not None else SuitabilityTest.client_no == test.client_no
    return list(db.session.scalars(select(SuitabilityTest).where(same).order_by(SuitabilityTest.id.desc())))


def warnings(test: SuitabilityTest) -> list[RiskWarning]:
    """The warnings that were read after a test."""
    return list(db.session.scalars(select(RiskWarning).where(RiskWarning.test_id == test.id).order_by(RiskWarning.id)))


def _leads(actor: Actor, scope: Scope) -> Select[int]:
    if scope is Scope.BRANCH:
        return select(Lead.id).where(Lead.branch_id.in_(_branch(actor)))
    me = select(Staff.id).where(Staff.staff_no == (actor.staff_no or ""))
    return select(Lead.id).where(Lead.owner_staff_id.in_(me) | Lead.id.in_(select(Claim.lead_id).where(Claim.staff_id.in_(me), Claim.state.in_(LIVE))))


def _clients(actor: Actor, scope: Scope, day: date) -> Select[str]:
    version = current(AccountVersion).subquery()
    if scope is Scope.BRANCH:
        return select(version.c.client_no).where(version.c.branch_id.in_(_branch(actor)))
    me = select(Staff.id).where(Staff.staff_no == (actor.staff_no or ""))
    row = current(Servicing, None, Servicing.staff_id.in_(me)).subquery()
    mine = select(row.c.account_id).where(row.c.role == ServicingRole.SERVICER, row.c.valid_from <= day, row.c.valid_to > day)
    return select(version.c.client_no).where(version.c.account_id.in_(mine))


def _branch(actor: Actor) -> Select[int]:
    return select(Branch.id).where(Branch.branch_no == (actor.branch_no or ""))
