"""Who forgot his password asks here; how he is answered is known further right, and registers itself when the portal is built."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

Answer = Callable[[str, datetime], None]
ANSWERS: list[Answer] = []


def register(answer: Answer) -> None:
    """Let an answer be given: it gets the address that was typed, whoever's it is, and the moment, inside the open transaction."""
    if answer not in ANSWERS:
        ANSWERS.append(answer)


def ask(email: str, moment: datetime) -> None:
    """Ask for a new password for an address."""
    for answer in ANSWERS:
        answer(email, moment)
