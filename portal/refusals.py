"""Errors are answers: what was found, what was expected, what to do.

`Refusal` is the one family of errors that a rule raises; every door shows it (form, JSON or terminal).
`Finding` is a refusal or warning about one place in a file: data, not an exception.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class Refusal(Exception):
    """A rule said no. `message` is an English sentence that is also the key of its translation; `values` fill it."""

    status = 422

    def __init__(self, message: str, **values: object) -> None:
        super().__init__(message % values if values else message)
        self.message = message
        self.values = values


class NotAllowed(Refusal):
    """The actor may not do this."""

    status = 403


class NotFound(Refusal):
    """There is no such thing, or none that the actor may see: the two are not told apart."""

    status = 404


class Conflict(Refusal):
    """Something changed since the actor looked, or was done already."""

    status = 409


class Severity(enum.StrEnum):
    """A refusal blocks, a warning does not."""

    REFUSAL = "refusal"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """One thing wrong at one place. `code` names the sentence that explains it (portal/settlement/wording.py)."""

    severity: Severity
    code: str
    file: str
    line: int | None = None
    field: str = ""
    found: str = ""
    expected: str = ""
    step: str = ""
    """The step of an import that it belongs to: a day, or a kind of file; empty where it belongs to neither."""


@dataclass
class Findings:
    """A growing list of findings that keeps at most `limit` of each severity and counts the rest."""

    limit: int = 10_000
    listed: list[Finding] = field(default_factory=list)
    counts: dict[Severity, int] = field(default_factory=lambda: {Severity.REFUSAL: 0, Severity.WARNING: 0})

    def add(self, finding: Finding) -> None:
        """Count a finding and list it while there is room."""
        self.counts[finding.severity] += 1
        if self.counts[finding.severity] <= self.limit:
            self.listed.append(finding)

    def refuse(self, code: str, file: str, line: int | None = None, *, field: str = "", found: object = "", expected: object = "") -> None:
        """Add a refusal."""
        self.add(Finding(Severity.REFUSAL, code, file, line, _short(field), _short(found), _short(expected)))

    def warn(self, code: str, file: str, line: int | None = None, *, field: str = "", found: object = "", expected: object = "") -> None:
        """Add a warning."""
        self.add(Finding(Severity.WARNING, code, file, line, _short(field), _short(found), _short(expected)))

    def extend(self, other: Findings) -> None:
        """Take over what another list found, its uncounted rest included."""
        for finding in other.listed:
            self.add(finding)
        for severity, count in other.counts.items():
            self.counts[severity] += max(0, count - other.limit)

    @property
    def refused(self) -> int:
        """How many refusals."""
        return self.counts[Severity.REFUSAL]

    @property
    def warned(self) -> int:
        """How many warnings."""
        return self.counts[Severity.WARNING]


def _short(value: object) -> str:
    text = str(value).replace("\0", "\\0")  # findings are kept, and PostgreSQL keeps no NUL
    return text if len(text) <= 300 else text[:297] + "…"
