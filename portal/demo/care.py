"""Care of the demonstration firm: a year of contacts as its branches would hand them in (contacts.csv), plays that are on, and promises
of whoever looks after clients. The same firm gets the same contacts."""

from __future__ import annotations

import csv
import random
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import select

from models import db
from models.care import CareTask, ContactChannel, ContactOutcome
from models.clients import Account, AccountVersion, Servicing, ServicingRole
from models.partners import Staff
from portal.actors import TERMINAL
from portal.care import contacts, playing, return_visits
from portal.care.contacts import Promise, Said
from portal.care.policy import served_by
from portal.care.response_times import Now
from portal.demo.care_fees import add_fee_requests
from portal.demo.care_plans import add_plans
from portal.demo.care_questions import add_questions
from portal.demo.care_segments import add_segments
from portal.demo.signed_in import acting
from portal.demo.stories import AWAY, AWAY_FROM, AWAY_UNTIL, LEAVER
from portal.handover.writing import FIRST_CALL
from portal.jobs.care import call_due_by
from portal.settlement.calendar import trading_days
from portal.versions import current

COLUMNS = ("account_no", "staff_no", "at", "channel", "outcome", "note")
NOTES = ("询问螺纹钢走势，已发研报", "核对保证金和风险度", "了解交割流程", "邀请参加沙龙", "回访账户使用情况", "询问手续费标准", "")
OUTCOMES = (ContactOutcome.REACHED,) * 7 + (ContactOutcome.NO_ANSWER, ContactOutcome.NO_ANSWER, ContactOutcome.CALL_BACK)
CHANNELS = (ContactChannel.CALL,) * 6 + (ContactChannel.MESSAGE, ContactChannel.MESSAGE, ContactChannel.VISIT, ContactChannel.EMAIL)
EVERY_FEW_DAYS = (21, 45, 45, 70, 110)
"""So many days go by between two contacts with a client, as the client is."""
PLAYS_ON = ("birthday", "margin_call", "key_client", "broker_left")
YEAR, SILENT = timedelta(days=365), timedelta(days=40)
"""For so long whoever is about to leave has spoken with nobody."""
PROMISED = ("发送本周螺纹钢研报", "回复交割仓库名单", "核对上月手续费")


def contacts_file(folder: Path, last: date, part: tuple[date, date]) -> Path:
    """Write contacts.csv: of each span of servicing a contact every few weeks until the account is closed, on trading days of the year up to `last`; those of a part of it."""
    days, span = trading_days(last - YEAR, last), current(Servicing).subquery()
    columns = (Account.id, Account.account_no, Staff.staff_no, span.c.valid_from, span.c.valid_to)
    query = select(*columns).join(Account, Account.id == span.c.account_id).join(Staff, Staff.id == span.c.staff_id)
    spans = db.session.execute(query.where(span.c.role == ServicingRole.SERVICER).order_by(Account.account_no, Staff.staff_no)).all()
    version = current(AccountVersion).subquery()
    closed = {row.account_id: row.closed_on for row in db.session.execute(select(version.c.account_id, version.c.closed_on).where(version.c.closed_on.is_not(None)))}
    path = folder / "contacts.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for account_id, account_no, staff_no, since, to in spans:
            until = min(to, closed.get(account_id, to))
            chance = random.Random(f"contacts {account_no} {staff_no}")  # noqa: S311 - a story, no secret
            step = chance.choice(EVERY_FEW_DAYS)
            for day in days[chance.randrange(step) :: step]:
                if part[0] <= day <= part[1] and since <= day < until and not _silent(staff_no, day, last):
                    at = datetime.combine(day, time(9 + chance.randrange(7), chance.randrange(60)))
                    writer.writerow([account_no, staff_no, f"{at:%Y-%m-%d %H:%M}", chance.choice(CHANNELS), chance.choice(OUTCOMES), chance.choice(NOTES)])
    return path


def _silent(staff_no: str, day: date, last: date) -> bool:
    """Whether somebody spoke with nobody: who is about to leave, and who was at a training."""
    return (staff_no == LEAVER and day > last - SILENT) or (staff_no == AWAY and AWAY_FROM <= day <= AWAY_UNTIL)


def add_care(settled: date, zone: ZoneInfo, moment: datetime, jurisdiction: str) -> int:
    """Switch plays on, let them set their tasks, and let the staff user promise something, inside the open transaction. Returns how many tasks there are."""
    today = moment.astimezone(zone).date()
    if db.session.execute(select(CareTask.id).where(CareTask.kind != FIRST_CALL).limit(1)).first() is not None:
        return 0  # the first calls of a handover were there before
    for name in PLAYS_ON:
        playing.switch(name, True, TERMINAL, moment, today)
    told = playing.run(today, settled, TERMINAL, moment)
    who = acting("staff@example.com")
    staff_id = db.session.execute(select(Staff.id).where(Staff.staff_no == who.staff_no)).scalar_one()
    mine = select(Account).where(Account.id.in_(served_by(who.staff_no or "", today))).order_by(Account.account_no).limit(len(PROMISED))
    for place, (account, words) in enumerate(zip(db.session.execute(mine).scalars().all(), PROMISED, strict=False)):
        said = Said(moment - timedelta(days=place, hours=2), ContactChannel.CALL, ContactOutcome.REACHED, NOTES[place])
        made = contacts.record(account, staff_id, said, who, moment)
        contacts.promise(made, account, Promise(words, today + timedelta(days=place)), who, moment, today)
    add_questions(Now(moment, today, settled, zone))
    add_fee_requests(Now(moment, today, settled, zone))
    add_segments(moment)
    return_visits.run(today, call_due_by(), TERMINAL, moment)
    add_plans(Now(moment, today, settled, zone), jurisdiction)
    return sum(number for name, number in told.items() if name != "uncovered") + len(PROMISED)
