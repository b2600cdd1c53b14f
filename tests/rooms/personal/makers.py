"""Requests to erase for the permission matrix: the firm's, whoever looks."""

from __future__ import annotations

from models.identity import User
from models.personal import SubjectKind
from portal import clock
from portal.actors import TERMINAL
from portal.personal import erasing
from portal.personal.gather import Subject
from portal.transaction import transaction
from tests.matrix import Which, maker


@maker("erase_id")
def erase_id(user: User | None, which: Which) -> str:
    """A request that waits for an answer; or none."""
    if which == "missing":
        return "nothing"
    subject = Subject(SubjectKind.CLIENT, "C10002")
    with transaction():
        row = erasing.open_request(subject) or erasing.ask(subject, actor=TERMINAL, moment=clock.now())
        return row.public_id
