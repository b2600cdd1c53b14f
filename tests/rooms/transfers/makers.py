"""Transfers and cases for the permission matrix, on the firm in tests/rooms/pages/firm.py: prepared by one's own branch, or by another."""

from __future__ import annotations

import secrets
from datetime import date

from sqlalchemy import select

from models import db
from models.identity import User
from models.leads import Claim, ClaimState, IntroducerKind, Lead, LeadDoor, LeadState
from models.partners import Branch, Broker, PersonKind
from models.transfers import CaseState, ClaimCase, Transfer, TransferKind, TransferReason, TransferState
from portal import clock
from portal.transaction import transaction
from tests.matrix import Which, maker
from tests.rooms.pages.firm import ACCOUNTS, BROKERS


def transfer(user: User | None, which: Which) -> str:
    """A withdrawn transfer, so that nothing more can be done with it."""
    if which == "missing":
        return "no-such-transfer"
    asked = {"kind": "accounts", "from_broker": BROKERS[which], "to_broker": "", "day": "2026-04-01", "reason": "agreement", "evidence": "x", "note": ""}
    with transaction():
        made = Transfer(
            public_id=secrets.token_urlsafe(12),
            kind=TransferKind.ACCOUNTS,
            state=TransferState.WITHDRAWN,
            effective_on=date(2026, 4, 1),
            reason=TransferReason.AGREEMENT,
            evidence="x",
            note="",
            asked={**asked, "accounts": [ACCOUNTS[which]], "confirmed_on": "", "servicer": "", "downline": False},
            rows={"accounts": [{"account": ACCOUNTS[which], "before": [], "after": []}], "servicing": [], "downline": []},
            prepared_at=clock.now(),
            prepared_label="x",
            branch_id=db.session.execute(select(Branch.id).where(Branch.branch_no == {"own": "01", "foreign": "02"}[which])).scalar_one(),
        )
        db.session.add(made)
        db.session.flush()
        return made.public_id


for endpoint in ("show", "preview", "ask", "withdraw"):
    maker("public_id", f"transfers.{endpoint}")(transfer)


def case(user: User | None, which: Which) -> str:
    """A closed case between a broker's claim and a client's, so that nothing more can be done with it; its letter is there."""
    if which == "missing":
        return "no-such-case"
    moment = clock.now()
    with transaction():
        branch = db.session.execute(select(Branch.id).where(Branch.branch_no == {"own": "01", "foreign": "02"}[which])).scalar_one()
        broker = db.session.execute(select(Broker.id).where(Broker.broker_no == BROKERS[which])).scalar_one()
        lead = Lead(public_id=secrets.token_urlsafe(12), name="x", kind=PersonKind.PERSON, state=LeadState.WITHDRAWN, state_since=moment, registered_at=moment, door=LeadDoor.FORM)
        for name in ("phone_sealed", "phone_index", "id_no_sealed", "id_no_index", "email", "note", "state_reason", "risk_grade"):
            setattr(lead, name, "")
        lead.branch_id, lead.last_activity_at = branch, moment
        db.session.add(lead)
        db.session.flush()
        held = Claim(kind=IntroducerKind.BROKER, broker_id=broker, client_no="")
        contesting = Claim(kind=IntroducerKind.CLIENT, client_no="C77777")
        for claim in (held, contesting):
            claim.public_id, claim.lead_id, claim.door, claim.state, claim.registered_at = secrets.token_urlsafe(12), lead.id, LeadDoor.FORM, ClaimState.LAPSED, moment
            claim.protected_until = claim.last_activity_on = moment.date()
            claim.ended_why = "case"
            db.session.add(claim)
        db.session.flush()
        made = ClaimCase(public_id=secrets.token_urlsafe(12), lead_id=lead.id, held_claim_id=held.id, contesting_claim_id=contesting.id, state=CaseState.CLOSED, opened_at=moment)
        made.due_on = made.appeal_until = moment.date()
        made.decided_at = moment
        db.session.add(made)
        db.session.flush()
        return made.public_id


for endpoint in ("show", "party_step", "desk_step", "suspense", "release", "letter", "letter_pdf"):
    maker("public_id", f"cases.{endpoint}")(case)


@maker("name", "cases.party_step")
def party_step(user: User | None, which: Which) -> str:
    """A step of a party's."""
    return "show"


@maker("name", "cases.desk_step")
def desk_step(user: User | None, which: Which) -> str:
    """A step of the firm's."""
    return "decide"
