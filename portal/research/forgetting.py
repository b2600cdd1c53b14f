"""Who read what is forgotten when its time is over, or when the reader says so: how often it was opened stays (个人信息保护法 Art. 15, 19, 47)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, or_, select, update

from models import db
from models.club_membership import ClubMember
from models.leads import Lead
from models.research import LessonPassed, ResearchChoice, ResearchItem, ResearchOpen, ResearchSubscription
from portal.actors import Actor
from portal.audit import log

KEPT = timedelta(days=366)
"""So long after somebody opened something last it is known who it was."""


def fold(which: ColumnElement[bool]) -> int:
    """Take the names out of opens: they become counts of their report, in four statements whatever their number. Returns how many."""
    sums = select(ResearchOpen.item_id, func.sum(ResearchOpen.times).label("opens"), func.count(ResearchOpen.finished_at).label("finished"))
    held = sums.where(which).group_by(ResearchOpen.item_id).subquery()
    mine = held.c.item_id == ResearchItem.id
    opens, ends = (select(column).where(mine).scalar_subquery() for column in (held.c.opens, held.c.finished))
    added = update(ResearchItem).where(ResearchItem.id.in_(select(held.c.item_id)))
    added = added.values(opens_unnamed=ResearchItem.opens_unnamed + opens, finished_unnamed=ResearchItem.finished_unnamed + ends)
    db.session.execute(added, execution_options={"synchronize_session": False})
    gone = db.session.execute(delete(ResearchOpen).where(which), execution_options={"synchronize_session": False})
    return int(gone.rowcount)  # type: ignore[attr-defined]


def gone_people() -> Sequence[str]:
    """People who were erased as leads and still have something here."""
    kept = [select(table.person) for table in (ResearchOpen, ResearchSubscription, ResearchChoice, LessonPassed)]
    here = or_(*(ClubMember.person.in_(people) for people in kept))
    query = select(ClubMember.person).join(Lead, Lead.id == ClubMember.lead_id).where(Lead.erased_at.is_not(None), here)
    return db.session.execute(query.where(ClubMember.client_no == "")).scalars().all()


def forget(actor: Actor, moment: datetime) -> int:
    """Forget who opened what so long ago, and everything of people who were erased. Once more is the same as once. Returns how many entries. Verb."""
    people = gone_people()
    done = fold(or_(ResearchOpen.last_at <= moment - KEPT, ResearchOpen.person.in_(people)))
    for table in (ResearchSubscription, ResearchChoice, LessonPassed):
        db.session.execute(delete(table).where(table.person.in_(people)), execution_options={"synchronize_session": False})
    if done or people:
        log.write(actor, moment, "research.readers_forgotten", "research", "", after={"opens": done, "people": len(people)})
    return done
