"""Reading cases: a party sees its own side, the firm's desk and its readers both; every list begins with those one may see."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, false, func, literal, or_, select, true
from sqlalchemy import case as sql_case
from sqlalchemy.orm import aliased

from models import db
from models.identity import Role, User, UserRole
from models.leads import Claim, IntroducerKind, Lead
from models.partners import Branch, Broker, Staff
from models.transfers import CaseEntry, CaseState, ClaimCase
from portal.actors import Actor
from portal.permissions import PERMISSIONS, Can, Scope
from portal.refusals import NotFound
from portal.transfers.case_states import Side

LIVE = ClaimCase.state.in_([CaseState.OPEN, CaseState.DECIDED, CaseState.APPEALED])
"""The condition that a case is not over."""
Held, Contesting = aliased(Claim), aliased(Claim)


def claimed_by(actor: Actor) -> ColumnElement[bool]:
    """The condition, on Claim, that it is the actor's own."""
    mine: list[ColumnElement[bool]] = []
    if actor.broker_no:
        mine.append(Claim.broker_id.in_(select(Broker.id).where(Broker.broker_no == actor.broker_no)))
    if actor.staff_no:
        mine.append(Claim.staff_id.in_(select(Staff.id).where(Staff.staff_no == actor.staff_no)))
    if actor.client_no:
        mine.append(Claim.client_no == actor.client_no)
    return or_(*mine) if mine else false()


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """The condition, on ClaimCase, that an actor may see it."""
    scope = actor.scope(Can.CASE_SEE)
    if scope is None:
        return false()
    if scope is Scope.ALL:
        return true()
    claims = select(Claim.id).where(claimed_by(actor))
    own = ClaimCase.held_claim_id.in_(claims) | ClaimCase.contesting_claim_id.in_(claims)
    if scope is Scope.BRANCH:
        of_branch = select(Lead.id).join(Branch, Branch.id == Lead.branch_id).where(Branch.branch_no == (actor.branch_no or ""))
        return own | ClaimCase.lead_id.in_(of_branch)
    return own


def cases(actor: Actor) -> Select[*tuple[Any, ...]]:
    """Every case that an actor may see, with its lead and the numbers of both introducers: empty for who is a party or sees less
    than the whole firm."""
    query = select(ClaimCase, Lead, _number(actor, Held).label("held_by"), _number(actor, Contesting).label("contested_by")).join(Lead, Lead.id == ClaimCase.lead_id)
    query = query.outerjoin(Held, Held.id == ClaimCase.held_claim_id).join(Contesting, Contesting.id == ClaimCase.contesting_claim_id)
    return query.where(visible_to(actor))


def _number(actor: Actor, claim: Any) -> ColumnElement[str]:
    if actor.scope(Can.CASE_SEE) is not Scope.ALL:
        return literal("")
    own = select(Claim.id).where(claimed_by(actor))
    broker = select(Broker.broker_no).where(Broker.id == claim.broker_id).scalar_subquery()
    staff = select(Staff.staff_no).where(Staff.id == claim.staff_id).scalar_subquery()
    party = ClaimCase.held_claim_id.in_(own) | ClaimCase.contesting_claim_id.in_(own)
    return sql_case((party, ""), else_=func.coalesce(broker, staff, claim.client_no, ""))


def case_for(actor: Actor, public_id: str, *, lock: bool = False) -> ClaimCase:
    """A case that the actor may see. Raises NotFound, the same for foreign and for missing ones."""
    query = select(ClaimCase).where(ClaimCase.public_id == public_id, visible_to(actor))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = db.session.execute(query).scalar_one_or_none()
    if found is None:
        raise NotFound("there is no case that you may see under this address")
    return found


def appeal_over(today: date) -> list[str]:
    """The addresses of the cases that were decided and whose time to appeal has passed before a day, the first decided first."""
    over = select(ClaimCase.public_id).where(ClaimCase.state == CaseState.DECIDED, ClaimCase.appeal_until < today)
    return list(db.session.execute(over.order_by(ClaimCase.appeal_until, ClaimCase.id)).scalars())


def claims_of_case(case: ClaimCase) -> dict[Side, Claim | None]:
    """Both claims by their side."""
    found = {claim.id: claim for claim in db.session.execute(select(Claim).where(Claim.id.in_([case.held_claim_id or 0, case.contesting_claim_id]))).scalars()}
    return {Side.HELD: found.get(case.held_claim_id or 0), Side.CONTESTING: found[case.contesting_claim_id]}


def side_of(actor: Actor, case: ClaimCase) -> Side | None:
    """On which side of a case an actor is a party; None where he is none, whatever rights he holds."""
    own = set(db.session.execute(select(Claim.id).where(Claim.id.in_([case.held_claim_id or 0, case.contesting_claim_id]), claimed_by(actor))).scalars())
    if case.contesting_claim_id in own:
        return Side.CONTESTING
    return Side.HELD if case.held_claim_id in own else None


def verdict_of(case: ClaimCase) -> Side | None:
    """For whom a case was decided; firm: for neither; None: not yet."""
    if case.decided_at is None:
        return None
    return {case.held_claim_id or 0: Side.HELD, case.contesting_claim_id: Side.CONTESTING}.get(case.winner_claim_id or -1, Side.FIRM)


def entries(case: ClaimCase, side: Side | None) -> list[CaseEntry]:
    """What was said and done, in its order: for a party what is of its own side or the firm's decision, for the firm everything."""
    query = select(CaseEntry).where(CaseEntry.case_id == case.id).order_by(CaseEntry.id)
    if side is not None:
        query = query.where((CaseEntry.side == side) | CaseEntry.action.in_(("decide", "judge", "close")))
    return list(db.session.execute(query).scalars())


def appellant_of(case: ClaimCase) -> Side | None:
    """Which side appealed, where one did."""
    found = db.session.execute(select(CaseEntry.side).where(CaseEntry.case_id == case.id, CaseEntry.action == "appeal")).scalar()
    return Side(found) if found else None


def desk() -> list[int]:
    """The ids of the users who may decide cases."""
    roles = [role for role in Role if Can.CASE_DECIDE in PERMISSIONS[role]]
    return sorted(db.session.execute(select(UserRole.user_id).where(UserRole.role.in_(roles)).distinct()).scalars())


def users_of_claim(claim: Claim | None) -> list[int]:
    """The ids of the users who are the introducer of a claim."""
    if claim is None or claim.kind == IntroducerKind.FIRM:
        return []
    condition: ColumnElement[bool]
    if claim.broker_id is not None:
        condition = User.broker_no.in_(select(Broker.broker_no).where(Broker.id == claim.broker_id))
    elif claim.staff_id is not None:
        condition = User.staff_no.in_(select(Staff.staff_no).where(Staff.id == claim.staff_id))
    else:
        condition = User.client_no == claim.client_no
    return sorted(db.session.execute(select(User.id).where(condition)).scalars())
