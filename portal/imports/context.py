"""What every step of one import is given, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from portal.actors import Actor
from portal.imports.received import Received
from portal.refusals import Findings, Refusal
from portal.sealing import Keyring
from portal.settlement.decoding import Undecodable, decoded


@dataclass(frozen=True)
class Context:
    """Who imports, when, and what he may do. `approver` is the second person who stands by, if one does."""

    actor: Actor
    moment: datetime
    keyring: Keyring
    overrides_allowed: bool = False
    replace: bool = False
    approver: Actor | None = None


@dataclass
class Result:
    """What one file or one day came to.

    `state` is posted, corrected (a day), unchanged, same_bytes, waiting (for a second person) or refused.
    """

    kind: str
    name: str
    state: str = "refused"
    files: int = 1
    rows: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    detail: dict[str, Any] = field(default_factory=dict)
    step: str = ""
    """What it is about in every import: the day, or the kind of file."""


def text_of(file: Received, findings: Findings) -> tuple[bytes, str] | None:
    """The bytes and the text of a file, or None with the reason among the findings."""
    data = bytes_of(file, findings)
    if data is None:
        return None
    try:
        return data, decoded(data)
    except Undecodable as error:
        findings.refuse(error.code, file.name, data.count(b"\n", 0, error.offset) + 1, found=f"byte {error.offset}", expected="UTF-8 or GB18030")
        return None


def bytes_of(file: Received, findings: Findings) -> bytes | None:
    """The bytes of a file, or None with the reason among the findings."""
    try:
        return file.read()
    except Refusal as error:
        findings.refuse(error.message, file.name, expected="an archive that can be unpacked")
    except OSError as error:
        findings.refuse("unreadable_file", file.name, found=error.strerror, expected="a file that can be read")
    return None
