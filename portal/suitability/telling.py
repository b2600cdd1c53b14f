"""Who of the staff hears that a client answered the questions by himself: who looks after his accounts on the day, where it matters to them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select

from models import db
from models.clients import AccountVersion, Servicing, ServicingRole
from models.identity import User, UserState
from models.partners import Staff
from models.suitability import SuitabilityTest
from portal.actors import Actor
from portal.notices.kinds import N_, Group, register
from portal.notices.verbs import tell
from portal.versions import current

LOWEST = register(
    "suitability.lowest",
    N_("Client %(client)s answered the suitability questions by himself and is of the lowest class: nothing above it may be recommended."),
    Group.CLIENTS,
    label=N_("A client of mine is of the lowest suitability class"),
    tone="warn",
).kind


def servers_of(client_no: str, day: date) -> list[int]:
    """The sign-ins of those who look after a client's accounts on a day."""
    version = current(AccountVersion).subquery()
    accounts = select(version.c.account_id).where(version.c.client_no == client_no)
    row = current(Servicing, None, Servicing.account_id.in_(accounts)).subquery()
    query = select(User.id).join(Staff, Staff.staff_no == User.staff_no).join(row, row.c.staff_id == Staff.id)
    serving = (row.c.role == ServicingRole.SERVICER, row.c.valid_from <= day, row.c.valid_to > day, User.state != UserState.DISABLED)
    return list(db.session.scalars(query.where(*serving).distinct().order_by(User.id)))


def of_the_lowest(test: SuitabilityTest, *, actor: Actor, moment: datetime) -> None:
    """Tell them, in the transaction of the test."""
    tell(servers_of(test.client_no, test.taken_on), LOWEST, f"/suitability/tests/{test.public_id}", {"client": test.client_no}, actor=actor, moment=moment)
