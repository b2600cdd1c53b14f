"""Answers that one request asks for several times, asked of the database once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

from flask import has_request_context, request

Answer = TypeVar("Answer")


def once(key: Hashable, make: Callable[[], Answer]) -> Answer:
    """The answer that this request got for the key before, or a new one, so that all of a page speaks of the same. Outside of a request
    (a job, a command) nothing is kept: what is asked there may change meanwhile."""
    if not has_request_context():
        return make()
    kept: dict[Hashable, Answer] = request.environ.setdefault("portal.once", {})
    if key not in kept:
        kept[key] = make()
    return kept[key]
