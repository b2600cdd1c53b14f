"""Names and numbers as they are searched for: made from what the firm knows, and made anew whenever that is behind."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import text


class SearchWord(Base):
    """One beginning under which one thing is found, as bytes: they compare the same on every database.

    `kind` says what `ref` is the key of: account, broker, staff, branch, plan, file, lead.
    """

    __tablename__ = "search_word"
    __table_args__ = (Index("ix_search_word_ref", "kind", "ref"), {"sqlite_with_rowid": False})

    kind: Mapped[str] = mapped_column(text(16).column.type, primary_key=True)
    word: Mapped[bytes] = mapped_column(LargeBinary(120), primary_key=True)
    ref: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class SearchMark(Base):
    """How far the words of a kind reach: the newest row of the firm's knowledge that they were made from."""

    __tablename__ = "search_mark"

    kind: Mapped[str] = mapped_column(text(16).column.type, primary_key=True)
    upto: Mapped[int] = mapped_column(BigInteger)
