"""What a person was told. Every question begins with whose inbox it is."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, bindparam, func, select

from models import db
from models.identity import User
from models.notices import Notice, NoticeChoice
from portal.actors import Actor
from portal.notices.kinds import KINDS

MOST = 100
"""Unread notices are counted up to here: the bell says 99+ beyond."""


def inbox(actor: Actor) -> Select[*tuple[Any, ...]]:
    """All that a person was told; nobody reads another's inbox."""
    return select(Notice).where(Notice.user_id == actor.user_id)


def of_group(group: str) -> ColumnElement[bool]:
    """The notices of a group of kinds."""
    return Notice.kind.in_([kind.kind for kind in KINDS.values() if kind.group == group])


_NOTICE = Notice.__table__.c


def unread_of(user_id: ColumnElement[int]) -> ScalarSelect[int]:
    """How many notices a person has not read, at most 100: asked on every page, so it reads an index and stops early."""
    few = select(_NOTICE.id).where(_NOTICE.user_id == user_id, _NOTICE.read_at.is_(None)).correlate(User.__table__).limit(MOST).subquery()
    return select(func.count()).select_from(few).scalar_subquery()


_UNREAD = select(unread_of(bindparam("user_id")))


def unread(actor: Actor) -> int:
    """How many notices a person has not read, at most 100."""
    return int(db.session.execute(_UNREAD, {"user_id": actor.user_id}).scalar_one())


def quiet_kinds(actor: Actor) -> set[str]:
    """The kinds that a person wants quietly."""
    return set(db.session.execute(select(NoticeChoice.kind).where(NoticeChoice.user_id == actor.user_id)).scalars())
