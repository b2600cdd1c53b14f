"""What waits for somebody in the demonstration firm: a broker asked that his data be erased; finance has the final statements come every month."""

from __future__ import annotations

from datetime import datetime

from flask import Flask

from models import db
from models.personal import SubjectKind
from models.schedules import Rhythm
from portal import local_day
from portal.demo.signed_in import acting
from portal.lists import schedules
from portal.lists.schedules import Wish
from portal.personal import erasing
from portal.personal.gather import Subject
from portal.transaction import transaction

WHO, HIS_SIGN_IN, FINANCE = "B011", "broker@example.com", "finance@example.com"
STATEMENTS = Wish("/commission/statements?state=final", "xlsx", (), "zh_Hans_CN", Rhythm.MONTHLY)


def add_requests(app: Flask, moment: datetime) -> str:
    """Ask, as the broker would. Returns a sentence about it."""
    subject = Subject(SubjectKind.BROKER, WHO)
    if erasing.open_request(subject) is None:
        with transaction():
            erasing.ask(subject, actor=acting(HIS_SIGN_IN), moment=moment)
    finance = acting(FINANCE)
    if db.session.execute(schedules.of_owner(finance).limit(1)).first() is None:
        with transaction():
            schedules.place(app, STATEMENTS, local_day.day_of(moment), actor=finance, moment=moment)
    return "1 request to erase waits, 1 list is ordered"
