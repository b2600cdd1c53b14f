"""Who carries an event out of the house, as far as a rule needs to know: what is sent, and what may be answered. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

ANSWER_KEPT = 500
TOO_MANY, TIMED_OUT, SERVER_FAULT = 429, 408, 500


@dataclass(frozen=True)
class Answer:
    """What came of a try: the status and the first of the text; or, with status 0, a code of why nothing was answered (webhook_words)."""

    status: int
    text: str = ""
    failure: str = ""
    took_ms: int = 0

    @property
    def delivered(self) -> bool:
        """Whether the endpoint took it: any 2xx. A redirect is no answer: nobody is followed."""
        return 200 <= self.status < 300

    @property
    def is_about_the_endpoint(self) -> bool:
        """Whether the next event would fare no better, so that the endpoint is left alone for a while."""
        return not self.delivered and (self.status in {0, TIMED_OUT, TOO_MANY} or self.status >= SERVER_FAULT)


class Carrier(Protocol):
    """Who speaks to endpoints."""

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Hand something over; never raises for what the other side does."""
        ...
