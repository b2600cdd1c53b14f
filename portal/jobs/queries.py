"""How far are the jobs? Lists begin with what the actor may see."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, select

from models import db
from models.jobs import Job
from portal.actors import Actor
from portal.permissions import Can
from portal.refusals import NotFound


def visible_to(actor: Actor) -> Select[Job]:
    """A person's own jobs; all of them for who may see the imports."""
    query = select(Job).order_by(Job.id.desc())
    return query if actor.may(Can.IMPORT_SEE) else query.where(Job.asked_by_id == actor.user_id)


def latest(actor: Actor, limit: int = 50) -> Sequence[Job]:
    """The newest jobs that the actor may see."""
    return db.session.execute(visible_to(actor).limit(limit)).scalars().all()


def job(actor: Actor, public_id: str) -> Job:
    """One job that the actor may see. Raises NotFound where there is none, or none for him."""
    found = db.session.execute(visible_to(actor).where(Job.public_id == public_id)).scalar_one_or_none()
    if found is None:
        raise NotFound("there is no such job")
    return found
