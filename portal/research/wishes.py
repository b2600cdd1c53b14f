"""What a person says about research: of which chains he wants to be told, whether it is put before him, and whether what he opens is kept under his name."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, func, insert, select

from models import db
from models.research import LessonPassed, ResearchChoice, ResearchItem, ResearchOpen, ResearchSubscription, ResearchVersion
from models.service_plans import Interest
from portal.actors import Actor
from portal.audit import log
from portal.club.booking import person_of
from portal.permissions import Can
from portal.research.forgetting import fold


def subscribe(chains: Collection[Interest], actor: Actor, moment: datetime) -> None:
    """Be told of these chains and of no others from now on. Raises NotAllowed."""
    actor.need(Can.RESEARCH_READ)
    person = person_of(actor)
    before = set(db.session.execute(select(ResearchSubscription.chain).where(ResearchSubscription.person == person)).scalars())
    after = {chain.value for chain in chains}
    if before == after:
        return
    db.session.execute(delete(ResearchSubscription).where(ResearchSubscription.person == person, ResearchSubscription.chain.not_in(after)))
    rows = [{"person": person, "chain": chain, "since": moment} for chain in sorted(after - before)]
    if rows:
        db.session.execute(insert(ResearchSubscription), rows)
    log.write(actor, moment, "research.subscribed", "user", str(actor.user_id), before={"chains": sorted(before)}, after={"chains": sorted(after)})


def choose(*, wanted: bool, recorded: bool, actor: Actor, moment: datetime) -> int:
    """Keep whether research is put before one, and whether what one opens is kept under one's name. Whoever says no to the latter is taken
    out at once: counts alone stay. Returns how many entries were. Raises NotAllowed."""
    actor.need(Can.RESEARCH_READ)
    person = person_of(actor)
    choice = db.session.get(ResearchChoice, person, with_for_update=True)
    if choice is None:
        choice = ResearchChoice(person=person)
        db.session.add(choice)
    choice.wanted, choice.recorded, choice.changed_at = wanted, recorded, moment
    db.session.flush()
    gone = 0 if recorded else fold(ResearchOpen.person == person)
    log.write(actor, moment, "research.chosen", "user", str(actor.user_id), after={"wanted": wanted, "recorded": recorded, "taken_out": gone})
    return gone


def choice_of(person: str) -> tuple[bool, bool]:
    """Whether research is put before a person, and whether what he opens is kept under his name."""
    found = db.session.get(ResearchChoice, person)
    return (True, True) if found is None else (found.wanted, found.recorded)


def subscribed(person: str) -> set[str]:
    """The chains of which a person is told."""
    return set(db.session.execute(select(ResearchSubscription.chain).where(ResearchSubscription.person == person)).scalars())


def kept_of(person: str) -> list[tuple[ResearchOpen, str]]:
    """Everything that is kept of what a person opened, the latest first, with the titles."""
    newest = select(ResearchVersion.item_id, func.max(ResearchVersion.number).label("number")).group_by(ResearchVersion.item_id).subquery()
    query = select(ResearchOpen, ResearchVersion.title).join(ResearchItem, ResearchItem.id == ResearchOpen.item_id).join(newest, newest.c.item_id == ResearchItem.id)
    query = query.join(ResearchVersion, (ResearchVersion.item_id == ResearchItem.id) & (ResearchVersion.number == newest.c.number))
    return [(row, title) for row, title in db.session.execute(query.where(ResearchOpen.person == person).order_by(ResearchOpen.last_at.desc()).limit(200))]


def lessons_of(person: str, item_id: int) -> set[int]:
    """The lessons of a course that a person passed."""
    return set(db.session.execute(select(LessonPassed.lesson).where(LessonPassed.person == person, LessonPassed.item_id == item_id)).scalars())
