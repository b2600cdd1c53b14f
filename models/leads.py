"""Leads (线索): people who are not clients yet, who claims to have introduced them, and everything that was done about them."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import JsonText, amount, choice, day, identifier, moment, one_of, text
from models.partners import PersonKind


class LeadState(enum.StrEnum):
    """How far a lead is; portal/leads/states.py says which step leads where."""

    REGISTERED = "registered"
    CONTACTED = "contacted"
    QUALIFIED = "qualified"
    SUITABILITY_PASSED = "suitability_passed"
    ACCOUNT_OPENED = "account_opened"
    ACTIVE = "active"
    LAPSED = "lapsed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"


class ClaimState(enum.StrEnum):
    """What a claim (报备) to have introduced somebody is worth. A protected one also lapses by the clock alone."""

    PROTECTED = "protected"
    DISPUTED = "disputed"
    CONVERTED = "converted"
    DECIDED = "decided"
    LAPSED = "lapsed"


class IntroducerKind(enum.StrEnum):
    """Who introduced: a broker, one of the staff, a client who refers friends, or nobody but the firm itself."""

    BROKER = "broker"
    STAFF = "staff"
    CLIENT = "client"
    FIRM = "firm"


class LeadDoor(enum.StrEnum):
    """Through which door a lead came in."""

    FORM = "form"
    UPLOAD = "upload"
    LINK = "link"
    STAFF_FORM = "staff_form"
    API = "api"
    EVENT = "event"
    CAMPAIGN = "campaign"
    FILE = "file"


class CampaignKind(enum.StrEnum):
    """What kind of effort a campaign is: by it the channel of its leads is told."""

    CAMPAIGN = "campaign"
    EVENT = "event"
    RESEARCH = "research"


HAS_PHONE = sql("phone_index <> '' AND state <> 'merged'")
HAS_ID_NO = sql("id_no_index <> '' AND state <> 'merged'")
ONE_PROTECTED = sql("state = 'protected'")
INTRODUCED_BY_ONE = (
    "(kind = 'broker' AND broker_id IS NOT NULL AND staff_id IS NULL AND client_no = '') OR "
    "(kind = 'staff' AND staff_id IS NOT NULL AND broker_id IS NULL AND client_no = '') OR "
    "(kind = 'client' AND client_no <> '' AND broker_id IS NULL AND staff_id IS NULL) OR "
    "(kind = 'firm' AND client_no = '' AND broker_id IS NULL AND staff_id IS NULL)"
)


class Campaign(Base):
    """A campaign or event that brings leads, with what it cost (fen) over its days."""

    __tablename__ = "campaign"
    __table_args__ = (one_of("kind", CampaignKind), CheckConstraint("cost >= 0", name="cost"))

    id: Mapped[int] = identifier()
    code: Mapped[str] = text(40, unique=True)
    name: Mapped[str] = text(120)
    kind: Mapped[str] = choice(CampaignKind)
    starts_on: Mapped[date] = day()
    ends_on: Mapped[date] = day()
    cost: Mapped[int] = amount()
    branch_id: Mapped[int | None] = mapped_column(ForeignKey("branch.id"))
    created_at: Mapped[datetime] = moment()
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    version: Mapped[int] = mapped_column(default=1)


class Lead(Base):
    """A person or institution that is no client yet. Phone and ID number are sealed; one person is one lead at a time.

    `erased_at` says when the personal data was deleted because its time was over: the row stays and is counted. `suppressed`: nobody may approach the person.
    """

    __tablename__ = "lead"
    __table_args__ = (
        Index("uq_lead_phone", "phone_index", unique=True, sqlite_where=HAS_PHONE, postgresql_where=HAS_PHONE),
        Index("uq_lead_id_no", "id_no_index", unique=True, sqlite_where=HAS_ID_NO, postgresql_where=HAS_ID_NO),
        Index("ix_lead_state", "state", "state_since"),
        Index("ix_lead_owner", "owner_staff_id", "state"),
        Index("ix_lead_branch", "branch_id", "state"),
        one_of("state", LeadState),
        one_of("kind", PersonKind),
        one_of("door", LeadDoor),
    )

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(32, unique=True)
    name: Mapped[str] = text(120)
    kind: Mapped[str] = choice(PersonKind)
    phone_sealed: Mapped[str] = text()
    phone_index: Mapped[str] = text(64)
    id_no_sealed: Mapped[str] = text()
    id_no_index: Mapped[str] = text(64)
    email: Mapped[str] = text(254)
    note: Mapped[str] = text(2000)
    state: Mapped[str] = choice(LeadState)
    state_since: Mapped[datetime] = moment()
    state_reason: Mapped[str] = text(60)
    registered_at: Mapped[datetime] = moment(index=True)
    door: Mapped[str] = choice(LeadDoor)
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"), index=True)
    branch_id: Mapped[int] = mapped_column(ForeignKey("branch.id"))
    owner_staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    owned_since: Mapped[datetime | None] = moment(null=True)
    pool_since: Mapped[datetime | None] = moment(null=True, index=True)
    contact_due_on: Mapped[date | None] = day(null=True, index=True)
    contacted_at: Mapped[datetime | None] = moment(null=True)
    last_activity_at: Mapped[datetime] = moment(index=True)
    risk_grade: Mapped[str] = text(8)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("lead.id"))
    suppressed: Mapped[bool] = mapped_column(default=False)
    erased_at: Mapped[datetime | None] = moment(null=True)
    version: Mapped[int] = mapped_column(default=1)

    @property
    def number(self) -> str:
        """How people call it: L2026-00012."""
        return number_of(self.registered_at, self.id)


def number_of(registered_at: datetime, lead_id: int) -> str:
    """How people call a lead that was registered at a moment, in UTC."""
    return f"L{registered_at:%Y}-{lead_id:05d}"


class Claim(Base):
    """Somebody's claim to have introduced a lead. At most one of a lead is protected; earlier ones stay in the history.

    `protected_until` is the last day of the protection. `receipt` is the signed statement of time and content.
    """

    __tablename__ = "claim"
    __table_args__ = (
        Index("uq_claim_protected", "lead_id", unique=True, sqlite_where=ONE_PROTECTED, postgresql_where=ONE_PROTECTED),
        Index("ix_claim_broker", "broker_id", "state"),
        Index("ix_claim_staff", "staff_id", "state"),
        Index("ix_claim_client", "client_no", "state"),
        Index("ix_claim_protected_until", "protected_until", "state"),
        one_of("state", ClaimState),
        one_of("kind", IntroducerKind),
        one_of("door", LeadDoor),
        CheckConstraint(INTRODUCED_BY_ONE, name="introducer"),
    )

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(32, unique=True)
    lead_id: Mapped[int] = mapped_column(ForeignKey("lead.id"), index=True)
    kind: Mapped[str] = choice(IntroducerKind)
    broker_id: Mapped[int | None] = mapped_column(ForeignKey("broker.id"))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    client_no: Mapped[str] = text(64)
    door: Mapped[str] = choice(LeadDoor)
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"))
    link_id: Mapped[int | None] = mapped_column(ForeignKey("introduction_link.id"))
    state: Mapped[str] = choice(ClaimState)
    registered_at: Mapped[datetime] = moment(index=True)
    protected_until: Mapped[date] = day()
    extended_on: Mapped[date | None] = day(null=True)
    last_activity_on: Mapped[date] = day()
    ended_at: Mapped[datetime | None] = moment(null=True)
    ended_why: Mapped[str] = text(60)
    receipt: Mapped[Any] = mapped_column(JsonText, nullable=True)


class LeadEntry(Base):
    """One thing said or done about a lead; append-only. `action` is a step of portal/leads/states.py, or `registered`, `contact`,
    `note`, `claimed`, `assigned`, `picked`, `pooled`, `extended` … `details` holds codes, numbers and ids, `text` the words."""

    __tablename__ = "lead_entry"
    __table_args__ = (Index("ix_lead_entry_lead", "lead_id", "id"),)

    id: Mapped[int] = identifier()
    lead_id: Mapped[int] = mapped_column(ForeignKey("lead.id"))
    claim_id: Mapped[int | None] = mapped_column(ForeignKey("claim.id"))
    at: Mapped[datetime] = moment()
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    actor_label: Mapped[str] = text(200)
    action: Mapped[str] = text(30)
    text: Mapped[str] = text()
    details: Mapped[Any] = mapped_column(JsonText)


class LeadTask(Base):
    """Something to be done about a lead by one of the staff until a day."""

    __tablename__ = "lead_task"
    __table_args__ = (Index("ix_lead_task_owner", "owner_staff_id", "done_at", "due_on"), Index("ix_lead_task_lead", "lead_id"))

    id: Mapped[int] = identifier()
    lead_id: Mapped[int] = mapped_column(ForeignKey("lead.id"))
    what: Mapped[str] = text(200)
    due_on: Mapped[date] = day()
    owner_staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime] = moment()
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    done_at: Mapped[datetime | None] = moment(null=True)
    done_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    outcome: Mapped[str] = text(400)


class IntroductionLink(Base):
    """A personal link (and QR) whose visitors count as introduced by its owner; `/r/CODE`. The code is random, not a secret:
    it only says who introduces."""

    __tablename__ = "introduction_link"
    __table_args__ = (
        one_of("kind", IntroducerKind),
        CheckConstraint(INTRODUCED_BY_ONE, name="introducer"),
        Index("ix_introduction_link_owner", "kind", "broker_id", "staff_id", "client_no"),
    )

    id: Mapped[int] = identifier()
    code: Mapped[str] = text(24, unique=True)
    kind: Mapped[str] = choice(IntroducerKind)
    broker_id: Mapped[int | None] = mapped_column(ForeignKey("broker.id"))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    client_no: Mapped[str] = text(64)
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"))
    created_at: Mapped[datetime] = moment()
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    expires_on: Mapped[date | None] = day(null=True)
    revoked_at: Mapped[datetime | None] = moment(null=True)
    visits: Mapped[int] = mapped_column(default=0)


class LeadLookUp(Base):
    """One question whether a person is known, with its answer: counted against probing. `introducer` is its key, such as `broker:B001`."""

    __tablename__ = "lead_look_up"
    __table_args__ = (Index("ix_lead_look_up_introducer", "introducer", "at"),)

    id: Mapped[int] = identifier()
    introducer: Mapped[str] = text(80)
    at: Mapped[datetime] = moment(index=True)
    answer: Mapped[str] = text(16)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))


class LeadConsent(Base):
    """What a lead allowed, each purpose for itself, with the version and digest of the text that was read; a withdrawal is a row too."""

    __tablename__ = "lead_consent"
    __table_args__ = (Index("ix_lead_consent_lead", "lead_id", "purpose", "id"),)

    id: Mapped[int] = identifier()
    lead_id: Mapped[int] = mapped_column(ForeignKey("lead.id"))
    purpose: Mapped[str] = text(40)
    given: Mapped[bool] = mapped_column()
    text_version: Mapped[int] = mapped_column()
    text_digest: Mapped[str] = text(64)
    locale: Mapped[str] = text(16)
    at: Mapped[datetime] = moment()
    door: Mapped[str] = choice(LeadDoor)


class LeadTerms(Base):
    """The firm's terms of protection, pool and retention (portal/leads/terms.py); the newest row counts."""

    __tablename__ = "lead_terms"

    id: Mapped[int] = identifier()
    values: Mapped[Any] = mapped_column(JsonText)
    at: Mapped[datetime] = moment()
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
