"""On how few the firm's client equity stands, day by day; the limits set for it, when they were broken and healed; and what was sent to the association.

The sums and figures are derived from facts and made by a job after every settled day; limits, their events and what was sent are
facts of their own and stay as they were written.
"""

from __future__ import annotations

import enum
from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import amount, choice, day, identifier, moment, one_of, payload, text

WHOLE_FIRM = 0
"""Stands as the branch where the figures are those of the whole firm; no branch has this key."""


class Holder(enum.StrEnum):
    """By whom the equity is divided: the first broker, who of the staff looks after it, the branch, the way the account came."""

    BROKER = "broker"
    STAFF = "staff"
    BRANCH = "branch"
    CHANNEL = "channel"


class Measure(enum.StrEnum):
    """What is divided: the equity at the day's end, or the retained fee of the month up to the day."""

    EQUITY = "equity"
    RETAINED_FEE = "retained_fee"


class StaffBook(Base):
    """A settled day of what one of the staff looks after, by branch of the accounts: those with equity above 0, each whole for everybody who
    looks after it; `alone` are those whom nobody else looks after. Derived, so its rows bear no foreign keys."""

    __tablename__ = "staff_book"
    __table_args__ = ({"sqlite_with_rowid": False},)

    trade_date: Mapped[date] = mapped_column(day().column.type, primary_key=True)
    staff_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    branch_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    accounts: Mapped[int] = mapped_column(BigInteger)
    equity: Mapped[int] = amount()
    alone: Mapped[int] = mapped_column(BigInteger)
    alone_equity: Mapped[int] = amount()
    retained_fee: Mapped[int] = amount()


class ConcentrationDay(Base):
    """A settled day of a branch or of the whole firm. `equity` is that of accounts above 0, which two or more of the staff look after, one,
    or nobody; `under_brokers` of `all_equity` stands under brokers (whatever its sign); of `brokers` with accounts so many are natural persons."""

    __tablename__ = "concentration_day"
    __table_args__ = ({"sqlite_with_rowid": False},)

    trade_date: Mapped[date] = mapped_column(day().column.type, primary_key=True)
    branch_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    known_recording_id: Mapped[int] = mapped_column(BigInteger)
    equity: Mapped[int] = amount()
    several: Mapped[int] = amount()
    one: Mapped[int] = amount()
    nobody: Mapped[int] = amount()
    all_equity: Mapped[int] = amount()
    under_brokers: Mapped[int] = amount()
    brokers: Mapped[int] = mapped_column(BigInteger)
    persons: Mapped[int] = mapped_column(BigInteger)


class ConcentrationFigure(Base):
    """How unevenly a measure is spread on a settled day: what the 1, 5 and 10 largest hold of the total (fen), and the Herfindahl index (to 10,000)."""

    __tablename__ = "concentration_figure"
    __table_args__ = (one_of("holder", Holder), one_of("measure", Measure), {"sqlite_with_rowid": False})

    trade_date: Mapped[date] = mapped_column(day().column.type, primary_key=True)
    branch_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    holder: Mapped[str] = mapped_column(choice(Holder).column.type, primary_key=True)
    measure: Mapped[str] = mapped_column(choice(Measure).column.type, primary_key=True)
    holders: Mapped[int] = mapped_column(BigInteger)
    total: Mapped[int] = amount()
    top_1: Mapped[int] = amount()
    top_5: Mapped[int] = amount()
    top_10: Mapped[int] = amount()
    hhi: Mapped[int] = mapped_column(Integer)


class LimitName(enum.StrEnum):
    """What a limit may be set for; all of it is of client equity and of the whole firm."""

    BROKER_TOP_1 = "broker_top_1"
    BROKER_TOP_5 = "broker_top_5"
    BROKER_TOP_10 = "broker_top_10"
    BROKER_INDEX = "broker_index"
    STAFF_TOP_1 = "staff_top_1"
    STAFF_TOP_5 = "staff_top_5"
    STAFF_INDEX = "staff_index"
    BRANCH_TOP_1 = "branch_top_1"
    UNDER_BROKERS = "under_brokers"
    SINGLE_CONTACT = "single_contact"
    NO_CONTACT = "no_contact"


class ConcentrationLimit(Base):
    """A limit from a day on; append-only: of those that count on a day, the newest row does. `value`: hundredths of a per cent, of an index
    its points; none: there is no limit from that day on."""

    __tablename__ = "concentration_limit"
    __table_args__ = (one_of("name", LimitName), CheckConstraint("value IS NULL OR value BETWEEN 0 AND 10000", name="value"))

    id: Mapped[int] = identifier()
    name: Mapped[str] = choice(LimitName)
    counts_from: Mapped[date] = day()
    value: Mapped[int | None] = mapped_column(Integer)
    reason: Mapped[str] = text(400)
    set_at: Mapped[datetime] = moment()
    set_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    set_by_label: Mapped[str] = text(200)


class LimitTurn(enum.StrEnum):
    """What happened to a limit."""

    BROKEN = "broken"
    HEALED = "healed"


class LimitEvent(Base):
    """A limit was broken or healed on a settled day; append-only, and by turns: the 1st event of a limit breaks it, the 2nd heals it, and so on."""

    __tablename__ = "limit_event"
    __table_args__ = (UniqueConstraint("name", "place"), one_of("name", LimitName), one_of("turn", LimitTurn))

    id: Mapped[int] = identifier()
    name: Mapped[str] = choice(LimitName)
    place: Mapped[int] = mapped_column(Integer)
    turn: Mapped[str] = choice(LimitTurn)
    trade_date: Mapped[date] = day()
    value: Mapped[int | None] = mapped_column(Integer)
    allowed: Mapped[int | None] = mapped_column(Integer)
    at: Mapped[datetime] = moment()


class AssociationSending(Base):
    """A month's report as it was sent to the association; append-only. `place` 1 is the report, what follows are its corrections; `content` is
    the very file and `digest` its SHA-256."""

    __tablename__ = "association_sending"
    __table_args__ = (UniqueConstraint("period", "place"),)

    id: Mapped[int] = identifier()
    period: Mapped[str] = text(7)
    place: Mapped[int] = mapped_column(Integer)
    settled: Mapped[date] = day()
    due_on: Mapped[date] = day()
    sent_on: Mapped[date] = day()
    through: Mapped[str] = text(120)
    receipt_no: Mapped[str] = text(120)
    note: Mapped[str] = text(400)
    brokers: Mapped[int] = mapped_column(Integer)
    digest: Mapped[str] = text(64)
    content: Mapped[bytes] = payload()
    recorded_at: Mapped[datetime] = moment()
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    recorded_label: Mapped[str] = text(200)


class AssociationReminder(Base):
    """That people were reminded of a month's report: once soon before it is due, once when it is overdue. Append-only."""

    __tablename__ = "association_reminder"

    period: Mapped[str] = mapped_column(text(7).column.type, primary_key=True)
    what: Mapped[str] = mapped_column(text(10).column.type, primary_key=True)
    at: Mapped[datetime] = moment()
