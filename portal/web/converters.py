"""What may stand in an address: whole numbers that a database can hold, and text without control characters.

Anything else is a page that does not exist, not a fault.
"""

from __future__ import annotations

from typing import Any

from flask import Flask
from werkzeug.routing import IntegerConverter, Map, PathConverter, UnicodeConverter, ValidationError

LARGEST_ID = 2**63 - 1


class BoundedInteger(IntegerConverter):
    """`<int:…>`: 0 to the largest number that a BIGINT holds."""

    def __init__(self, map: Map, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max", LARGEST_ID)
        super().__init__(map, *args, **kwargs)


def _plain(value: str) -> str:
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise ValidationError
    return value


class PlainText(UnicodeConverter):
    """`<…>`: text without control characters (PostgreSQL refuses NUL)."""

    def to_python(self, value: str) -> str:
        """The text, where it is plain."""
        return str(_plain(super().to_python(value)))


class PlainPath(PathConverter):
    """`<path:…>`: the same, with slashes."""

    def to_python(self, value: str) -> str:
        """The path, where it is plain."""
        return str(_plain(super().to_python(value)))


def install(app: Flask) -> None:
    """Replace Werkzeug's converters. Rules made before this call keep the old ones, so it comes first."""
    app.url_map.converters.update({"int": BoundedInteger, "default": PlainText, "string": PlainText, "path": PlainPath})
