"""How those who subscribed hear of something new: in their inbox, and by the ways that they chose; what is not urgent waits for the morning."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select

from models import db
from models.identity import Role, User, UserRole
from models.research import ResearchItem, ResearchKind, ResearchSubscription, ResearchVersion
from portal.actors import Actor
from portal.clients.segments import AsOf
from portal.club.members import CLIENT
from portal.notices.kinds import N_, Group, register
from portal.notices.outbox import Letter
from portal.notices.verbs import tell
from portal.research.audiences import seeing

ZONE = ZoneInfo("Asia/Shanghai")
"""Days of the firm are those of this place."""
USER = "user:"
_REPORT, _COURSE = N_("A new report that you subscribed to: %(title)s."), N_("A new course that you subscribed to: %(title)s.")
KINDS = {
    ResearchKind.REPORT: register("research.report", _REPORT, Group.RESEARCH, label=N_("A report of a product chain that I subscribed to"), mail=_REPORT).kind,
    ResearchKind.COURSE: register("research.course", _COURSE, Group.RESEARCH, label=N_("A course of a product chain that I subscribed to"), mail=_COURSE).kind,
}


def tell_subscribers(item: ResearchItem, version: ResearchVersion, as_of: AsOf, *, actor: Actor, moment: datetime) -> int:
    """Tell those who subscribed to its chain and before whom it may be put. The same version tells nobody twice by mail. Returns how many people."""
    people = seeing(version, select(ResearchSubscription.person).where(ResearchSubscription.chain == version.chain), as_of)
    over = datetime.combine(version.valid_until + timedelta(days=1), time(), ZONE)
    letter = Letter(key=f"{item.public_id}:{version.number}", until=over)
    tell(users_of(people), KINDS[ResearchKind(item.kind)], f"/research/{item.public_id}", {"title": version.title}, actor=actor, moment=moment, letter=letter)
    return len(people)


def users_of(people: set[str]) -> list[int]:
    """The sign-ins of people with which a client reads."""
    numbers = [person.removeprefix(CLIENT) for person in people if person.startswith(CLIENT)]
    alone = [int(person.removeprefix(USER)) for person in people if person.startswith(USER)]
    query = select(User.id).join(UserRole, UserRole.user_id == User.id).where(UserRole.role == Role.CLIENT)
    return list(db.session.execute(query.where(or_(User.client_no.in_(numbers), User.id.in_(alone)))).scalars())
