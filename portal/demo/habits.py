"""Habits of two people of the demonstration firm, and where they end: what the signals of departures read beside clients and contacts.

The broker whose clients fade signed in every few days and brought somebody every other week, and does neither any more; the staff member who is about
to leave looks up many clients in the last week. Their days count back from the last settled day.
"""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from models import db
from models.clients import Account, Servicing, ServicingRole
from models.identity import Role, User
from models.leads import LeadDoor
from models.partners import Staff
from portal.actors import TERMINAL, actor_of
from portal.audit import log
from portal.audit.log import Line
from portal.demo import stories
from portal.demo.people import person_name
from portal.demo.signed_in import acting
from portal.identity import sessions, verbs
from portal.identity.queries import user_by_email
from portal.leads import introducers
from portal.leads.introducers import branch_of
from portal.leads.look_ups import Limits
from portal.leads.people import person
from portal.leads.register import Source, register
from portal.sealing import Keyring
from portal.versions import current

FADING, LEAVING = "b007@example.com", "s017@example.com"
SINCE, SIGNED_IN, BROUGHT = 300, range(296, 42, -4), range(290, 62, -15)
"""Days before the last settled day: from which both have a sign-in, on which the broker signed in, and on which he brought somebody."""
LOOKS = {7 * week + 2: 2 for week in range(1, 12)} | {5: 9, 3: 12, 1: 11}
"""How many clients the staff member looked up so many days before the last settled day."""
SEED = 20261017


def add_habits(last: date, zone: ZoneInfo, hashed: str, keyring: Keyring) -> int:
    """Tell of both inside the open transaction, where nobody has told it yet. Returns how many sign-ins and look-ups there are."""
    if user_by_email(FADING) is not None:
        return 0

    def at(back: int, hour: int = 9) -> datetime:
        return datetime.combine(last - timedelta(days=back), time(hour, 20), zone)

    broker = _user(FADING, "居间人七", Role.BROKER, hashed, at(SINCE), broker_no=stories.FADING_BROKER)
    for back in SIGNED_IN:
        row, _token = sessions.begin(user=broker, moment=at(back), user_agent="", address="", whole=True)
        row.ended_at, row.ended_why = at(back, 10), "signed_out"
    chance, introducer, admin = random.Random(SEED), introducers.broker(stories.FADING_BROKER), acting("admin@example.com")  # noqa: S311 - invented names
    source = Source(LeadDoor.FORM, branch_of(introducer, admin), None)
    for place, back in enumerate(BROUGHT):
        somebody = person(name=person_name(chance), phone=f"1994{place + 1:07d}")
        register(somebody, introducer, source, actor=admin, moment=at(back), today=last - timedelta(days=back), keyring=keyring, limits=Limits.NONE)
    leaver = actor_of(_user(LEAVING, "职员十七", Role.STAFF, hashed, at(SINCE), staff_no=stories.LEAVER))
    clients, told = _clients(last), 0
    for back, count in LOOKS.items():
        lines = [
            Line("clients.identity.reveal", "account", clients[(told + place) % len(clients)], after={"fields": ["phone", "id_no"]}, reason="回访核对电话")
            for place in range(count)
        ]
        told += log.write_many(leaver, at(back, 15), lines)
    return len(SIGNED_IN) + told


def _user(email: str, name: str, role: Role, hashed: str, moment: datetime, **bound: str) -> User:
    return verbs.add_user(email=email, name=name, roles=[role], demo_password_hash=hashed, actor=TERMINAL, moment=moment, **bound)


def _clients(day: date) -> list[str]:
    """Whom the staff member who leaves looks after."""
    row = current(Servicing).subquery()
    query = select(Account.account_no).join(row, row.c.account_id == Account.id).join(Staff, Staff.id == row.c.staff_id)
    his = query.where(Staff.staff_no == stories.LEAVER, row.c.role == ServicingRole.SERVICER.value, row.c.valid_from <= day, row.c.valid_to > day)
    return list(db.session.execute(his.distinct().order_by(Account.account_no)).scalars())
