"""The place in a long list to go on from: the last row's value and key, in one piece of the address."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

Place = tuple[Any, int]
LARGEST = 2**63 - 1


def write(value: Any, key: int) -> str:
    """The place as a piece of an address. Raises TypeError for a value that no list is sorted by."""
    kind = type(value).__name__
    if kind not in _KINDS:
        raise TypeError(f"a list by keyset cannot go on from a {kind}")
    plain = value.isoformat() if isinstance(value, date) else value
    return base64.urlsafe_b64encode(json.dumps([kind, plain, key]).encode()).decode()


def read(text: str) -> Place:
    """The place that a piece of an address names. Raises ValueError."""
    try:
        kind, value, key = json.loads(base64.urlsafe_b64decode(text.encode()))
        return _KINDS[kind](value), _whole(key)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError("this names no place in the list") from error


def _whole(value: Any) -> int:
    if type(value) is not int or abs(value) > LARGEST:
        raise ValueError(value)
    return value


def _words(value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError(value)
    return value


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(_words(value))
    if moment.tzinfo is None:
        raise ValueError(value)
    return moment


_KINDS: dict[str, Callable[[Any], Any]] = {
    "NoneType": lambda value: None,
    "int": _whole,
    "str": _words,
    "date": lambda value: date.fromisoformat(_words(value)),
    "datetime": _moment,
}
