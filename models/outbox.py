"""What goes out to people: mails and text messages, each written in the transaction of what it tells of, and sent after it."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, false
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import JsonText, choice, identifier, moment, one_of, text


class MessageWay(enum.StrEnum):
    """By what a message goes out."""

    MAIL = "mail"
    SMS = "sms"


class MessageState(enum.StrEnum):
    """How far a message is. Failed: it is tried again; kept: nothing is set up to send it; given up: nobody tries any more."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    GIVEN_UP = "given_up"
    KEPT = "kept"


class OutboxMessage(Base):
    """One message to one person. Its text is made when it is sent, from the kind and its values, in the reader's language.

    `business_key` says what it tells of, so that the same is never written twice. A guest without a sign-in has an `address`
    of his own; a user's is read when it is sent. `about` names what hangs on it ({"calendar": event, "gone": bool}). What only the
    receiver may know (a one-time link) is sealed, and blanked once the message is over. Nothing is sent after `until`. A `digest` one waits to
    be gathered into the one mail of its day.
    """

    __tablename__ = "outbox_message"
    __table_args__ = (
        Index("ix_outbox_message_due", "state", "send_at"),
        Index("ix_outbox_message_user", "user_id", "id"),
        Index("ix_outbox_message_kind", "kind"),
        one_of("way", MessageWay),
        one_of("state", MessageState),
    )

    id: Mapped[int] = identifier()
    business_key: Mapped[str] = text(400, unique=True)
    way: Mapped[str] = choice(MessageWay)
    kind: Mapped[str] = text(60)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    address: Mapped[str] = text(254)
    locale: Mapped[str] = text(16)
    link: Mapped[str] = text(400)
    values: Mapped[Any] = mapped_column(JsonText)
    about: Mapped[Any] = mapped_column(JsonText)
    secret_sealed: Mapped[str | None] = text(2000, null=True)
    urgent: Mapped[bool] = mapped_column()
    digest: Mapped[bool] = mapped_column(default=False, server_default=false())
    state: Mapped[str] = choice(MessageState)
    created_at: Mapped[datetime] = moment()
    send_at: Mapped[datetime] = moment()
    until: Mapped[datetime | None] = moment(null=True)
    attempts: Mapped[int] = mapped_column(default=0)
    claimed_at: Mapped[datetime | None] = moment(null=True)
    ended_at: Mapped[datetime | None] = moment(null=True)
    failure: Mapped[str] = text(400)


class MessageChoice(Base):
    """Whether a person wants a group of kinds by mail or by text message, and its mails gathered in one a day (`digest`); without a row: by mail
    yes and at once, by text message no."""

    __tablename__ = "message_choice"
    __table_args__ = (one_of("way", MessageWay),)

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    topic: Mapped[str] = mapped_column(text(30).column.type, primary_key=True)
    way: Mapped[str] = mapped_column(choice(MessageWay).column.type, primary_key=True)
    wanted: Mapped[bool] = mapped_column()
    digest: Mapped[bool] = mapped_column(default=False, server_default=false())


class MessageContact(Base):
    """Where a person wants text messages, whether he wants messages also in quiet hours, and at which hour (Shanghai) the mail of a day."""

    __tablename__ = "message_contact"

    id: Mapped[int] = identifier()
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), unique=True)
    phone_sealed: Mapped[str | None] = text(400, null=True)
    any_time: Mapped[bool] = mapped_column(default=False)
    digest_hour: Mapped[int] = mapped_column(default=18, server_default="18")


class MessageStop(Base):
    """An address without a sign-in that wants nothing more; only its digest is kept."""

    __tablename__ = "message_stop"

    id: Mapped[int] = identifier()
    address_digest: Mapped[str] = text(64, unique=True)
    at: Mapped[datetime] = moment()
