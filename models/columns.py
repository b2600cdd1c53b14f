"""The column kinds of this house: moments, amounts, choices and JSON, each with one meaning everywhere."""

from __future__ import annotations

import enum
import json
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Date, DateTime, Dialect, Integer, LargeBinary, String, Text, TypeDecorator
from sqlalchemy.orm import MappedColumn, mapped_column

BIG_ID = BigInteger().with_variant(Integer(), "sqlite")
"""A surrogate key. SQLite only numbers rows by itself when the column is a plain INTEGER."""


class Moment(TypeDecorator[datetime]):
    """A moment in UTC. A naive datetime is refused: nobody could say which clock it came from."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a moment needs its time zone: {value!r}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class JsonText(TypeDecorator[Any]):
    """JSON kept as canonical text (sorted keys, no blanks), so that its digest is the same on every database."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


def identifier() -> MappedColumn[int]:
    """A surrogate primary key."""
    return mapped_column(BIG_ID, primary_key=True, autoincrement=True)


def amount(*, null: bool = False) -> MappedColumn[int]:
    """Integer fen of CNY, with its sign."""
    return mapped_column(BigInteger, nullable=null)


def moment(*, null: bool = False, index: bool = False) -> MappedColumn[Any]:
    """A moment in UTC."""
    return mapped_column(Moment, nullable=null, index=index)


def day(*, null: bool = False, index: bool = False) -> MappedColumn[Any]:
    """A calendar date as the files give it, never taken from a clock."""
    return mapped_column(Date, nullable=null, index=index)


def text(length: int | None = None, *, null: bool = False, unique: bool = False, index: bool = False) -> MappedColumn[Any]:
    """Text of at most `length` characters."""
    return mapped_column(String(length) if length else Text, nullable=null, unique=unique, index=index)


def choice(kind: type[enum.StrEnum], *, null: bool = False) -> MappedColumn[Any]:
    """One word of a vocabulary, kept as text; `one_of` writes the CHECK beside it."""
    return mapped_column(String(max(len(word.value) for word in kind) + 8), nullable=null)


def one_of(column: str, kind: type[enum.StrEnum]) -> CheckConstraint:
    """The CHECK that a column holds one of the words of `kind`."""
    words = ", ".join(f"'{word.value}'" for word in kind)
    return CheckConstraint(f"{column} IN ({words})", name=f"{column}_known")


def payload() -> MappedColumn[bytes]:
    """Immutable bytes, compressed by whoever writes them."""
    return mapped_column(LargeBinary, nullable=False)


FIRST_DAY = date(1, 1, 1)
"""valid_from of a span that has no beginning."""
OPEN_END = date(9999, 12, 31)
"""valid_to of a span that has no end."""
