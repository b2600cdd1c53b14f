"""How one field of a master file is read: each reader takes the text and returns its value, or raises `Expected`."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Any

import phonenumbers

from models.columns import FIRST_DAY, OPEN_END
from models.values.calendar import NotADate, parse_day
from models.values.rates import NotARate, parse_rate, parse_share

Reader = Callable[[str], Any]

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_MOBILE = re.compile(r"1[0-9]{10}")


class Expected(ValueError):
    """The text is not what the field holds; `code` names the sentence, the message says what was expected."""

    def __init__(self, code: str, expected: str) -> None:
        super().__init__(expected)
        self.code = code


def number(value: str) -> str:
    """The number of a branch, broker, account …: text as it stands, leading zeros count, no blank around it."""
    if not value:
        raise Expected("missing_value", "a value")
    if value != value.strip():
        raise Expected("blank_padded", "a value without blanks around it")
    short = words(64)
    return str(short(value))


def optional_number(value: str) -> str:
    """Such a number, or nothing."""
    return number(value) if value else ""


@lru_cache
def words(length: int, *, required: bool = True) -> Reader:
    """Text of at most `length` characters on one line."""

    def read(value: str) -> str:
        if required and not value.strip():
            raise Expected("missing_value", "a value")
        if len(value) > length:
            raise Expected("too_long", f"at most {length} characters")
        if _CONTROL.search(value):
            raise Expected("control_character", "text without control characters")
        return value

    return read


def one_line(text: str) -> str:
    """What somebody typed as one line: without the character that no database keeps, and with single blanks.

    >>> one_line("  paid\n twice\0 ")
    'paid twice'
    """
    return " ".join(text.replace("\0", "").split())


def prose(value: str) -> str:
    """A note: free text of at most 2,000 characters, line ends allowed."""
    if len(value) > 2000:
        raise Expected("too_long", "at most 2000 characters")
    if _CONTROL.search(value.replace("\n", "").replace("\r", "").replace("\t", "")):
        raise Expected("control_character", "text without control characters")
    return value


@lru_cache
def word_of(kind: type[enum.StrEnum], *, required: bool = True) -> Reader:
    """One word of a vocabulary."""
    known = {word.value for word in kind}
    expected = " / ".join(word.value for word in kind)

    def read(value: str) -> str:
        if value in known or (not value and not required):
            return value
        raise Expected("unknown_word", expected)

    return read


@lru_cache(maxsize=65_536)
def day(value: str) -> date:
    """A date."""
    try:
        return parse_day(value)
    except NotADate as error:
        raise Expected("bad_date", str(error)) from error


def optional_day(value: str) -> date | None:
    """A date, or nothing."""
    return day(value) if value else None


def span_start(value: str) -> date:
    """valid_from: a date."""
    if not value:
        raise Expected("missing_value", "a date such as 2026-03-31")
    return day(value)


def open_start(value: str) -> date:
    """valid_from of a span that may have no beginning."""
    return day(value) if value else FIRST_DAY


def span_end(value: str) -> date:
    """valid_to: a date, or nothing for a span without end."""
    return day(value) if value else OPEN_END


def share(value: str) -> int:
    """A share in percent, as parts per million."""
    try:
        return parse_share(value)
    except NotARate as error:
        raise Expected("bad_number", str(error)) from error


def rate(value: str) -> int:
    """A rate, as hundred-millionths."""
    try:
        return parse_rate(value)
    except NotARate as error:
        raise Expected("bad_number", str(error)) from error


def span_text(start: date, end: date) -> str:
    """A span as the files write it.

    >>> span_text(date(2026, 1, 5), OPEN_END)
    '2026-01-05 – '
    """
    return f"{'' if start == FIRST_DAY else start} – {'' if end == OPEN_END else end}"


@lru_cache(maxsize=4096)
def normal_phone(value: str) -> str:
    """A phone number as it is looked up: E.164 where it reads as one (of China where no country is said), else without blanks.

    >>> normal_phone("138 0000 8000"), normal_phone("ext. x")
    ('+8613800008000', 'ext.x')
    """
    if _MOBILE.fullmatch(value):
        return "+86" + value  # what the library makes of it, without its cost on every row
    try:
        return phonenumbers.format_number(phonenumbers.parse(value, "CN"), phonenumbers.PhoneNumberFormat.E164)
    except phonenumbers.NumberParseException:
        return "".join(value.split())
