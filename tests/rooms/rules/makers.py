"""Rules, tests, calls and conversions for the permission matrix, on the firm in tests/rooms/pages/firm.py."""

from __future__ import annotations

import secrets
from datetime import timedelta

from sqlalchemy import func, select

from models import db
from models.attribution import Attribution, AttributionState
from models.clients import Account
from models.columns import OPEN_END
from models.confirmations import Conversion, ConversionState, ConvertedHow
from models.identity import User
from models.leads import Claim, ClaimState, IntroducerKind, Lead, LeadDoor, LeadState
from models.partners import Branch, Broker, PersonKind, Staff
from models.suitability import InvestorKind, SuitabilityTest, TakenWhere
from portal import clock
from portal.actors import TERMINAL
from portal.audit.recordings import open_recording
from portal.local_day import today
from portal.rules import recorded
from portal.rules.recorded import NewFact
from portal.transaction import transaction
from portal.versions import Difference, columns_of, current, write
from tests.matrix import Which, maker
from tests.rooms.pages.firm import ACCOUNTS, BROKERS

CLIENTS = {"own": "C10001", "foreign": "C10002", "missing": "C99999"}
MISSING = "987654321"


@maker("rule_code")
def rule_code(user: User | None, which: Which) -> str:
    """Everybody sees every rule."""
    return {"own": "ib-one-firm", "foreign": "ib-relatives", "missing": "ib-nothing"}[which]


@maker("fact_no")
def fact_no(user: User | None, which: Which) -> str:
    """A fact about a broker."""
    if which == "missing":
        return MISSING
    with transaction():
        given = NewFact("conduct", BROKERS[which], "", "posing as staff", "paper", clock.now().date(), OPEN_END)
        return recorded.record_fact(given, TERMINAL, clock.now()).fact_no


def a_lead(which: Which) -> Lead:
    """A lead of one's own branch, staff member and broker, or of another's."""
    branch = db.session.execute(select(Branch.id).where(Branch.branch_no == ("01" if which == "own" else "02"))).scalar_one()
    staff = db.session.execute(select(Staff.id).where(Staff.staff_no == "S001")).scalar_one()
    broker = db.session.execute(select(Broker.id).where(Broker.broker_no == BROKERS[which])).scalar_one()
    moment = clock.now()
    blank = dict.fromkeys(("phone_sealed", "phone_index", "id_no_sealed", "id_no_index", "email", "note", "state_reason", "risk_grade"), "")
    lead = Lead(
        public_id=secrets.token_urlsafe(8),
        name="x",
        kind=PersonKind.PERSON,
        **blank,
        state=LeadState.QUALIFIED,
        state_since=moment,
        registered_at=moment,
        door=LeadDoor.FORM,
        branch_id=branch,
        owner_staff_id=staff if which == "own" else None,
        last_activity_at=moment,
        suppressed=False,
        version=1,
    )
    db.session.add(lead)
    db.session.flush()
    claim = Claim(
        public_id=secrets.token_urlsafe(8),
        lead_id=lead.id,
        kind=IntroducerKind.BROKER,
        broker_id=broker,
        client_no="",
        door=LeadDoor.FORM,
        state=ClaimState.PROTECTED,
        registered_at=moment,
        protected_until=moment.date(),
        last_activity_on=moment.date(),
        ended_why="",
    )
    db.session.add(claim)
    db.session.flush()
    return lead


def lead_key(user: User | None, which: Which) -> str:
    """A lead."""
    if which == "missing":
        return MISSING
    with transaction():
        return a_lead(which).public_id


for endpoint in ("suitability.of_lead", "suitability.take_lead", "conversions.new", "conversions.name"):
    maker("lead_key", endpoint)(lead_key)


@maker("client_key")
def client_key(user: User | None, which: Which) -> str:
    """A client."""
    return CLIENTS[which]


@maker("test_key")
def test_key(user: User | None, which: Which) -> str:
    """A test of a client."""
    return _test_of(which, "C3")


@maker("test_key", "own_suitability.show")
def own_test_key(user: User | None, which: Which) -> str:
    """The same with the grade that the firm’s books name, so that what is open to him by his grade stays so."""
    return _test_of(which, "C4")


def _test_of(which: Which, grade: str) -> str:
    if which == "missing":
        return MISSING
    moment = clock.now()
    with transaction():
        test = SuitabilityTest(
            public_id=secrets.token_urlsafe(8),
            lead_id=None,
            client_no=CLIENTS[which],
            investor=InvestorKind.ORDINARY,
            criteria=[],
            questions_version=1,
            questions_digest="",
            locale="en",
            answers="",
            answers_digest="",
            score=50,
            grade=grade,
            unsuitable="",
            taken_on=today(),
            valid_until=today() + timedelta(days=30),
            taken_where=TakenWhere.AT_DESK,
            present="nobody",
            evidence="",
            recorded_at=moment,
            actor_label="x",
        )
        db.session.add(test)
        return test.public_id


@maker("attribution_id")
def attribution_id(user: User | None, which: Which) -> str:
    """An attribution that waits for its call; made pending anew where an earlier call decided it."""
    if which == "missing":
        return MISSING
    with transaction():
        account = db.session.execute(select(Account.id).where(Account.account_no == ACCOUNTS[which])).scalar_one()
        row = db.session.scalars(current(Attribution, None, Attribution.account_id == account)).first()
        assert row is not None
        if row.state != AttributionState.PENDING:
            values = {name: getattr(row, name) for name in columns_of(Attribution)} | {"state": AttributionState.PENDING, "confirmed_on": None}
            recording = open_recording(TERMINAL, clock.now(), "test", "")
            write(Difference(Attribution, changed=[values]), recording.id, ruled=True)
        return str(db.session.execute(select(func.max(Attribution.id)).where(Attribution.account_id == account)).scalar_one())


@maker("conversion_id")
def conversion_id(user: User | None, which: Which) -> str:
    """A conversion that people look at."""
    if which == "missing":
        return MISSING
    with transaction():
        lead = a_lead(which)
        lead.state = LeadState.ACCOUNT_OPENED
        claim = db.session.execute(select(Claim).where(Claim.lead_id == lead.id)).scalar_one()
        row = Conversion(
            lead_id=lead.id,
            claim_id=claim.id,
            account_no=ACCOUNTS[which],
            account_id=db.session.execute(select(Account.id).where(Account.account_no == ACCOUNTS[which])).scalar_one(),
            opened_on=None,
            how=ConvertedHow.BY_IMPORT,
            state=ConversionState.REVIEW,
            reasons=[],
            converted_at=clock.now(),
            actor_label="x",
            decided_label="",
        )
        db.session.add(row)
        db.session.flush()
        return str(row.id)
