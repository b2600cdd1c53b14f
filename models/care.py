"""Care (客户关怀): every contact with a client, and what is to be done for him by whom until when."""

from __future__ import annotations

import enum
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import choice, day, identifier, moment, one_of, text


class ContactChannel(enum.StrEnum):
    """How a client was contacted."""

    CALL = "call"
    VISIT = "visit"
    MESSAGE = "message"
    EMAIL = "email"
    EVENT = "event"


class ContactOutcome(enum.StrEnum):
    """What came of a contact. Only `reached` counts as having spoken with the client."""

    REACHED = "reached"
    NO_ANSWER = "no_answer"
    CALL_BACK = "call_back"
    DECLINED = "declined"


class Contact(Base):
    """One contact with a client about an account; append-only, corrected by a later row that `replaces_id` it.

    `at` is when it took place, `recorded_at` from when the portal knew of it: a score for day D uses none recorded after D.
    `staff_id` is who made the contact, `recorded_by_id` who wrote it down (none: a file or the terminal).
    """

    __tablename__ = "contact"
    __table_args__ = (
        Index("ix_contact_account", "account_id", "at"),
        Index("ix_contact_staff", "staff_id", "at"),
        one_of("channel", ContactChannel),
        one_of("outcome", ContactOutcome),
    )

    id: Mapped[int] = identifier()
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime] = moment()
    channel: Mapped[str] = choice(ContactChannel)
    outcome: Mapped[str] = choice(ContactOutcome)
    note: Mapped[str] = text()
    recorded_at: Mapped[datetime] = moment()
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"), unique=True)


class TaskState(enum.StrEnum):
    """How far a task is."""

    OPEN = "open"
    DONE = "done"
    CANCELLED = "cancelled"


class TaskOutcome(enum.StrEnum):
    """What a task that is done came to; `kept` to `left` speak of the client of a departure."""

    DONE = "done"
    NOT_REACHED = "not_reached"
    NOT_WANTED = "not_wanted"
    KEPT = "kept"
    PARTLY_KEPT = "partly_kept"
    LEFT = "left"


class CareTask(Base):
    """Something to do for a client: by `owner_id` (staff), due on a trade date. `kind` is the play or the reason that set it (`promise`,
    `handover.first_call`, `new_client`…); `business_key` names what it is about, so that no play sets the same task twice.

    `moved_from_id`: the staff member who had it before it moved to `owner_id`; what he noted stays.
    """

    __tablename__ = "care_task"
    __table_args__ = (
        Index("ix_care_task_owner", "owner_id", "state", "due_on"),
        Index("ix_care_task_account", "account_id", "state"),
        one_of("state", TaskState),
        CheckConstraint("(state = 'open') = (finished_at IS NULL)", name="finished"),
    )

    id: Mapped[int] = identifier()
    business_key: Mapped[str] = text(160, unique=True)
    kind: Mapped[str] = text(40)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    owner_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    moved_from_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    note: Mapped[str] = text()
    due_on: Mapped[date] = day()
    state: Mapped[str] = choice(TaskState)
    outcome: Mapped[str] = text(16)
    outcome_note: Mapped[str] = text()
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))
    created_at: Mapped[datetime] = moment()
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    finished_at: Mapped[datetime | None] = moment(null=True)
    finished_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
