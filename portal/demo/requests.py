"""A broker of the demonstration firm has asked that his data be erased; nobody has answered yet."""

from __future__ import annotations

from datetime import datetime

from models.personal import SubjectKind
from portal.demo.signed_in import acting
from portal.personal import erasing
from portal.personal.gather import Subject
from portal.transaction import transaction

WHO, HIS_SIGN_IN = "B011", "broker@example.com"


def add_requests(moment: datetime) -> str:
    """Ask, as the broker would. Returns a sentence about it."""
    subject = Subject(SubjectKind.BROKER, WHO)
    if erasing.open_request(subject) is None:
        with transaction():
            erasing.ask(subject, actor=acting(HIS_SIGN_IN), moment=moment)
    return "1 request to erase waits"
