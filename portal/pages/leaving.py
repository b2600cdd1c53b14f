"""What a person leaves in the rooms when his sign-in is disabled: clients, leads and tasks, questions, cases, approvals. Numbers only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from flask import Flask
from sqlalchemy import Select, func, select

from models import db
from models.api import ApiKey
from models.audit import Approval, ApprovalState
from models.disputes import Dispute, DisputeState
from models.identity import Role, User, UserRole, UserState
from models.leads import Lead, LeadTask
from models.partners import BrokerVersion, Staff
from models.transfers import CASE_LIVE, ClaimCase
from portal.audit.policy import APPROVABLE
from portal.departures.leaving import served
from portal.identity import leaving
from portal.identity.leaving import Left
from portal.leads.states import OPEN
from portal.notices.kinds import N_
from portal.permissions import PERMISSIONS, Scope
from portal.settings import Settings
from portal.versions import current

STAYS_OPEN = (DisputeState.OPEN, DisputeState.IN_REVIEW, DisputeState.ANSWERED, DisputeState.ESCALATED)


def _count(statement: Select[Any]) -> int:
    return int(db.session.execute(select(func.count()).select_from(statement.subquery())).scalar_one())


def of_staff(user: User, moment: datetime, today: date) -> Iterable[Left]:
    """Clients and brokers that one of the staff looks after, his open leads and tasks."""
    staff_id = db.session.execute(select(Staff.id).where(Staff.staff_no == user.staff_no)).scalar() if user.staff_no else None
    if staff_id is None:
        return
    clients, shared = served(staff_id, today)
    yield Left(N_("Clients whom he looks after together with others"), shared, N_("The others go on looking after them."))
    yield Left(N_("Clients whom nobody else looks after"), clients - shared, N_("They are left without anyone: hand them over first."), alarming=True)
    managed = current(BrokerVersion).subquery()
    yield Left(
        N_("Introducing brokers whom he manages"),
        _count(select(managed.c.id).where(managed.c.manager_staff_id == staff_id)),
        N_("They have no manager who can sign in."),
        alarming=True,
    )
    leads = select(Lead.id).where(Lead.owner_staff_id == staff_id, Lead.state.in_(OPEN))
    yield Left(N_("Open leads"), _count(leads), N_("Nobody works on them until they are given to somebody, or go to the pool."), alarming=True)
    tasks = select(LeadTask.id).where(LeadTask.owner_staff_id == staff_id, LeadTask.done_at.is_(None))
    yield Left(N_("Open tasks"), _count(tasks), N_("They stay with him and nobody is reminded."), alarming=True)


def of_outside(user: User, moment: datetime, today: date) -> Iterable[Left]:
    """A broker or client for whom nobody else signs in, and the keys by which programs act for the person."""
    for name, what in (("broker_no", N_("The only sign-in of this introducing broker")), ("client_no", N_("The only sign-in of this client"))):
        number = getattr(user, name)
        others = select(User.id).where(getattr(User, name) == number, User.id != user.id, User.state == UserState.ACTIVE)
        if number and not _count(others):
            yield Left(what, 1, N_("Statements, bills and notices are made as before; nobody can open them."), alarming=True)
    keys = select(ApiKey.id).where(ApiKey.user_id == user.id, ApiKey.revoked_at.is_(None), ApiKey.expires_at > moment)
    yield Left(N_("API keys"), _count(keys), N_("Programs that use them are refused."))


def of_desk(user: User, moment: datetime, today: date) -> Iterable[Left]:
    """Questions and cases that he began or took up."""
    asked = select(Dispute.id).where(Dispute.opened_by_id == user.id, Dispute.state.in_(STAYS_OPEN))
    yield Left(N_("Questions to lines that he put and that are not settled"), _count(asked), N_("They stay; nobody can accept or escalate the answer for him."), alarming=True)
    taken = select(Dispute.id).where(Dispute.taken_by_id == user.id, Dispute.state == DisputeState.IN_REVIEW)
    yield Left(N_("Questions to lines that he took up"), _count(taken), N_("The deadline goes on; somebody else has to answer."), alarming=True)
    cases = select(ClaimCase.id).where(ClaimCase.opened_by_id == user.id, CASE_LIVE)
    yield Left(N_("Cases that he opened"), _count(cases), N_("They go on; the deadlines stay."))


def of_approvals(user: User, moment: datetime, today: date) -> Iterable[Left]:
    """What waits for a second person: his own preparations, and what nobody could decide without him."""
    waiting = db.session.execute(select(Approval.kind, Approval.prepared_by_id).where(Approval.state == ApprovalState.WAITING)).all()
    yield Left(N_("Approvals that he prepared"), sum(row.prepared_by_id == user.id for row in waiting), N_("They stay and can be decided; only he could have taken them back."))
    deciders = _deciders()
    stuck = sum(_stuck(deciders.get(row.kind, set()), row.prepared_by_id, user.id) for row in waiting)
    yield Left(N_("Approvals that nobody else can decide"), stuck, N_("They wait until somebody else holds the right."), alarming=True)


def _stuck(deciders: set[int], preparer: int | None, leaver: int) -> bool:
    """Whether only who leaves could decide something."""
    return leaver in deciders and not deciders - {leaver, preparer}


def _deciders() -> dict[str, set[int]]:
    """Who can decide approvals of each kind, by user id."""
    rows = db.session.execute(select(UserRole.role, UserRole.user_id).join(User, User.id == UserRole.user_id).where(User.state == UserState.ACTIVE)).all()
    holders: dict[str, set[int]] = {}
    for role, user_id in rows:
        holders.setdefault(role, set()).add(user_id)
    return {kind: set().union(*(holders.get(role.value, set()) for role in Role if PERMISSIONS[role].get(one.right) is Scope.ALL)) for kind, one in APPROVABLE.items()}


def install(app: Flask, settings: Settings) -> None:
    """Let all of it be counted."""
    for counter in (of_staff, of_outside, of_desk, of_approvals):
        leaving.register(counter)
