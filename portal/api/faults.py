"""What a program is told where a request cannot be taken: the status, a sentence, and each field that does not hold."""

from __future__ import annotations

from portal.notices.kinds import N_
from portal.refusals import Refusal


class Malformed(Refusal):
    """The request itself cannot be read."""

    status = 400


class NotJson(Refusal):
    """The body is of another kind than JSON."""

    status = 415


class BadFields(Refusal):
    """Fields that do not hold, each with what is wrong with it."""

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        super().__init__(N_("some fields do not hold: each is named"))
        self.fields = fields


class Later(Refusal):
    """The introducer has asked as often as he may; `seconds` says when he is heard again."""

    status = 429
