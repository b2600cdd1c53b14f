"""Sums of settled days, so that overviews read a few hundred rows: derived from the facts, written with them, and rebuilt from them.

An account counts whole, under its branch, its channel and its first broker (the largest share; of equal ones who was
entered first). `flask overview verify` compares them with the facts, `flask overview rebuild` makes them anew.
"""

from __future__ import annotations

import enum
from datetime import date

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import amount, choice, day, one_of, payload, text


class Channel(enum.StrEnum):
    """How an account came: attributed to a broker that day, else won by staff, else by itself."""

    BROKER = "broker"
    STAFF = "staff"
    DIRECT = "direct"


class RollupDay(Base):
    """Which version of a settled day the sums stand for, and what was known when they were made."""

    __tablename__ = "rollup_day"

    trade_date: Mapped[date] = mapped_column(day().column.type, primary_key=True)
    known_recording_id: Mapped[int] = mapped_column(BigInteger)


class FirmDay(Base):
    """A settled day by branch and channel. `funded` accounts have equity above 0, `active` ones traded."""

    __tablename__ = "firm_day"
    __table_args__ = (one_of("channel", Channel),)

    trade_date: Mapped[date] = mapped_column(day().column.type, primary_key=True)
    branch_id: Mapped[int] = mapped_column(ForeignKey("branch.id"), primary_key=True)
    channel: Mapped[str] = mapped_column(choice(Channel).column.type, primary_key=True)
    accounts: Mapped[int] = mapped_column(BigInteger)
    funded: Mapped[int] = mapped_column(BigInteger)
    active: Mapped[int] = mapped_column(BigInteger)
    equity: Mapped[int] = amount()
    fee: Mapped[int] = amount()
    retained_fee: Mapped[int] = amount()
    deposit: Mapped[int] = amount()
    withdrawal: Mapped[int] = amount()
    lots: Mapped[int] = mapped_column(BigInteger)


class BrokerBook(Base):
    """A settled day of a broker's accounts, by branch. Derived and many, so its rows bear no foreign keys, as balances and trades do not."""

    __tablename__ = "broker_book"
    __table_args__ = ({"sqlite_with_rowid": False},)

    trade_date: Mapped[date] = mapped_column(day().column.type, primary_key=True)
    broker_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    branch_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    accounts: Mapped[int] = mapped_column(BigInteger)
    funded: Mapped[int] = mapped_column(BigInteger)
    active: Mapped[int] = mapped_column(BigInteger)
    equity: Mapped[int] = amount()
    retained_fee: Mapped[int] = amount()
    lots: Mapped[int] = mapped_column(BigInteger)


class ProductDay(Base):
    """A settled day of a product, by branch and channel. `active` counts the accounts that traded it."""

    __tablename__ = "product_day"
    __table_args__ = (one_of("channel", Channel),)

    trade_date: Mapped[date] = mapped_column(day().column.type, primary_key=True)
    branch_id: Mapped[int] = mapped_column(ForeignKey("branch.id"), primary_key=True)
    channel: Mapped[str] = mapped_column(choice(Channel).column.type, primary_key=True)
    exchange: Mapped[str] = mapped_column(text(16).column.type, primary_key=True)
    product: Mapped[str] = mapped_column(text(32).column.type, primary_key=True)
    active: Mapped[int] = mapped_column(BigInteger)
    lots: Mapped[int] = mapped_column(BigInteger)
    turnover: Mapped[int] = amount()
    fee: Mapped[int] = amount()
    retained_fee: Mapped[int] = amount()


class AccountWindow(Base):
    """What every account came to over the days up to a settled one, in columns (Parquet; see portal/settlement/windows.py), and what was
    known when it was made. Of the newest settled days alone."""

    __tablename__ = "account_window"

    trade_date: Mapped[date] = mapped_column(day().column.type, primary_key=True)
    known_recording_id: Mapped[int] = mapped_column(BigInteger)
    payload: Mapped[bytes] = payload()
