"""What happens at personal links, and whether clients may be paid for the friends they bring."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import choice, identifier, moment, one_of, text


class FormOutcome(enum.StrEnum):
    """What became of a form that somebody sent at a link. The visitor is never told which."""

    REGISTERED = "registered"
    KNOWN = "known"
    UNREADABLE = "unreadable"
    AGAIN = "again"
    TRAPPED = "trapped"
    THROTTLED = "throttled"


class LeadPurpose(enum.StrEnum):
    """What somebody who is no client yet may allow, each for itself."""

    CONTACT = "contact"
    INTRODUCER = "introducer"
    MARKETING = "marketing"


class SentForm(Base):
    """A form sent at a link, counted in the database so that limits hold with several workers. Names nobody: the caller's address
    and the form's stamp are keyed digests. `stamp_digest` is there only where the stamp is used up by it."""

    __tablename__ = "sent_form"
    __table_args__ = (Index("ix_sent_form_address", "address_digest", "at"), Index("ix_sent_form_link", "link_id", "at"), one_of("outcome", FormOutcome))

    id: Mapped[int] = identifier()
    at: Mapped[datetime] = moment(index=True)
    link_id: Mapped[int] = mapped_column(ForeignKey("introduction_link.id"))
    address_digest: Mapped[str] = text(64)
    stamp_digest: Mapped[str | None] = text(64, null=True, unique=True)
    outcome: Mapped[str] = choice(FormOutcome)


class ConsentLink(Base):
    """A link with which a lead takes his consents back: signed, works once. Only a digest of it is kept.

    `lead_id` is empty where a form was thanked of whose person there is no lead. `proven`: whoever has the link is known to be the
    person himself; what comes by another is asked of him first.
    """

    __tablename__ = "consent_link"
    __table_args__ = (Index("ix_consent_link_lead", "lead_id"),)

    id: Mapped[int] = identifier()
    lead_id: Mapped[int | None] = mapped_column(ForeignKey("lead.id"))
    token_digest: Mapped[str] = text(64, unique=True)
    proven: Mapped[bool] = mapped_column()
    created_at: Mapped[datetime] = moment()
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    expires_at: Mapped[datetime] = moment()
    used_at: Mapped[datetime | None] = moment(null=True)


class ReferralPay(Base):
    """Whether clients may be paid for the friends they bring, under which rule set; the newest row counts, none means no."""

    __tablename__ = "referral_pay"

    id: Mapped[int] = identifier()
    jurisdiction: Mapped[str] = text(8)
    allowed: Mapped[bool] = mapped_column()
    reason: Mapped[str] = text(500)
    at: Mapped[datetime] = moment()
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
