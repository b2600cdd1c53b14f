"""Leads for the permission matrix, on the firm in tests/rooms/pages/firm.py."""

from __future__ import annotations

import secrets
from datetime import date

from sqlalchemy import select

from models import db
from models.identity import User
from models.leads import Campaign, CampaignKind, Claim, ClaimState, IntroducerKind, Lead, LeadDoor, LeadState, LeadTask
from models.partners import Branch, Broker, PersonKind, Staff
from portal import clock
from portal.actors import TERMINAL, actor_of
from portal.imports import parcels
from portal.imports.leads_upload import UPLOAD
from portal.jobs.verbs import enqueue
from portal.transaction import transaction
from tests.matrix import Which, maker
from tests.rooms.pages.firm import BROKERS

CLIENTS = {"own": "C10001", "foreign": "C10002"}


def _branch(which: Which) -> int:
    return db.session.execute(select(Branch.id).where(Branch.branch_no == ("01" if which == "own" else "02"))).scalar_one()


@maker("lead_public_id")
def lead_public_id(user: User | None, which: Which) -> str:
    """A lead of one's own as broker, staff, client or branch; another's; or none."""
    if which == "missing":
        return "nobody"
    moment = clock.now()
    with transaction():
        broker = db.session.execute(select(Broker.id).where(Broker.broker_no == BROKERS[which])).scalar_one()
        staff = db.session.execute(select(Staff.id).where(Staff.staff_no == "S001")).scalar_one()
        lead = Lead(
            public_id=secrets.token_urlsafe(12),
            name="Somebody",
            kind=PersonKind.PERSON,
            phone_sealed="",
            phone_index=secrets.token_hex(16),
            id_no_sealed="",
            id_no_index="",
            email="",
            note="",
            state=LeadState.REGISTERED,
            state_since=moment,
            state_reason="",
            registered_at=moment,
            door=LeadDoor.FORM,
            branch_id=_branch(which),
            owner_staff_id=staff if which == "own" else None,
            last_activity_at=moment,
            risk_grade="",
        )
        db.session.add(lead)
        db.session.flush()
        shared = {"lead_id": lead.id, "door": LeadDoor.FORM, "registered_at": moment, "protected_until": date(2026, 1, 31), "last_activity_on": date(2026, 1, 1), "ended_why": ""}
        db.session.add(Claim(public_id=secrets.token_urlsafe(12), kind=IntroducerKind.BROKER, broker_id=broker, client_no="", state=ClaimState.PROTECTED, **shared))
        db.session.add(Claim(public_id=secrets.token_urlsafe(12), kind=IntroducerKind.CLIENT, client_no=CLIENTS[which], state=ClaimState.DECIDED, **shared))
        return lead.public_id


@maker("task_id", "leads_work.finish_task")
def task_id(user: User | None, which: Which) -> str:
    """A task of the lead just made; a foreign lead hides its tasks."""
    lead = db.session.execute(select(Lead.id).order_by(Lead.id.desc()).limit(1)).scalar()
    if which == "missing" or lead is None:
        return "987654321"
    with transaction():
        task = LeadTask(lead_id=lead, what="Call", due_on=date(2026, 1, 1), created_at=clock.now(), outcome="")
        db.session.add(task)
        db.session.flush()
        return str(task.id)


@maker("name", "leads_work.step")
def step(user: User | None, which: Which) -> str:
    """A step that the table has."""
    return "lapse"


@maker("campaign_code")
def campaign_code(user: User | None, which: Which) -> str:
    """A campaign of one's branch, of another, or none."""
    if which == "missing":
        return "NONE"
    code = secrets.token_hex(6)
    with transaction():
        dates = {"starts_on": date(2026, 1, 1), "ends_on": date(2026, 2, 1), "created_at": clock.now()}
        db.session.add(Campaign(code=code, name="Campaign", kind=CampaignKind.EVENT, cost=0, branch_id=_branch(which), **dates))
    return code


@maker("upload_no")
def upload_no(user: User | None, which: Which) -> str:
    """A list that one handed in oneself, that another did, or none."""
    if which == "missing":
        return secrets.token_urlsafe(16)
    actor = actor_of(user) if user is not None and which == "own" else TERMINAL
    with transaction():
        parcel = parcels.begin(actor, clock.now(), ["leads.csv"])
        parcels.add(parcel.id, "leads.csv", parcels.pack(b"name,phone\nx,13812345678\n"))
        return enqueue(actor, clock.now(), UPLOAD, {"parcel": parcel.public_id, "dry_run": True, "name": "leads.csv"}).public_id
