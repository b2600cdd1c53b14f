"""Who carries messages out of the house, as far as a rule needs to know: what a mail is, and how carrying it may fail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol


class Undelivered(Exception):
    """It did not go out, or nobody knows: it is tried again. `args[0]` says what was answered."""


class Rejected(Exception):
    """A definite no: the same would be refused again. `args[0]` says what was answered."""


@dataclass(frozen=True)
class File:
    """Something that hangs on a mail: its name, its media type with parameters, its text."""

    name: str
    subtype: str
    text: str
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Mail:
    """A mail, worded. `message_id` stays the same however often it is sent; `unsubscribe` is the address that ends such mails."""

    message_id: str
    to: str
    name: str
    subject: str
    text: str
    html: str
    files: tuple[File, ...] = ()
    unsubscribe: str = ""


class Post(Protocol):
    """An open way to the mail server."""

    def send(self, mail: Mail) -> None:
        """Hand a mail over. Raises Undelivered, Rejected."""
        ...


class Mailer(Protocol):
    """Who carries mails."""

    @contextmanager
    def post(self) -> Iterator[Post]:
        """A way that stays open for several mails."""
        ...


class Texter(Protocol):
    """Who carries text messages."""

    def send(self, phone: str, text: str, key: str) -> None:
        """Hand a text message over, under a key by which a repetition is known. Raises Undelivered, Rejected."""
        ...
