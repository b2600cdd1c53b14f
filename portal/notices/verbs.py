"""Telling people, and what they do with what they were told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, delete, insert, literal, select, update

from models import db
from models.columns import JsonText, Moment
from models.identity import User, UserState
from models.notices import Notice, NoticeChoice, NoticeWay
from portal.actors import Actor
from portal.audit import log
from portal.notices import outbox
from portal.notices.kinds import KINDS
from portal.notices.outbox import PLAIN, Letter
from portal.refusals import NotFound, Refusal

CHUNK = 5_000
"""Recipients of one statement: a database takes only so many values at once."""


def tell(user_ids: Iterable[int], kind: str, link: str, values: Mapping[str, str | int], *, actor: Actor, moment: datetime, letter: Letter = PLAIN) -> None:
    """Tell people something, inside the open transaction; who has no open sign-in is left out, nobody is told twice. Where the
    kind has a mail, it is written for who wants it; `letter` is what goes with it.

    `link` is a path of this portal; `values` fill the sentence of the kind when it is read (amounts in fen under names that
    end in `_fen`; no phone or ID numbers). Whoever wants a kind quietly finds it in his inbox, read already.
    Raises Refusal for a kind that nobody registered.
    """
    if kind not in KINDS:
        raise Refusal("nobody can be told anything of the kind %(kind)s", kind=kind)
    people = sorted(set(user_ids))
    for start in range(0, len(people), CHUNK):
        rows = _rows(kind, link, dict(values), actor, moment).where(User.id.in_(people[start : start + CHUNK]), User.state != UserState.DISABLED)
        db.session.execute(insert(Notice).from_select(["user_id", "kind", "link", "values", "at", "actor_label", "read_at"], rows))
    outbox.write(((user_id, link, values) for user_id in people), KINDS[kind], letter, moment)


def tell_each(rows: Iterable[tuple[int, str, Mapping[str, str | int]]], kind: str, *, actor: Actor, moment: datetime, letter: Letter = PLAIN) -> None:
    """Tell many people each his own thing (user, link, values), in a few statements. What `tell` says holds for each; that the
    users may still sign in is for the caller to see to. Raises Refusal for a kind that nobody registered."""
    if kind not in KINDS:
        raise Refusal("nobody can be told anything of the kind %(kind)s", kind=kind)
    each = list(rows)
    quiet = set(db.session.execute(select(NoticeChoice.user_id).where(NoticeChoice.kind == kind, NoticeChoice.way == NoticeWay.QUIET)).scalars())
    told = [
        {
            "user_id": user_id,
            "kind": kind,
            "link": link[:400],
            "values": dict(values),
            "at": moment,
            "actor_label": actor.label[:200],
            "read_at": moment if user_id in quiet else None,
        }
        for user_id, link, values in each
    ]
    for start in range(0, len(told), CHUNK):
        db.session.execute(insert(Notice), told[start : start + CHUNK])
    outbox.write(each, KINDS[kind], letter, moment)


def _rows(kind: str, link: str, values: dict[str, str | int], actor: Actor, moment: datetime) -> Select[*tuple[Any, ...]]:
    """A notice for each user; read already where he wants this kind quietly."""
    quiet = select(NoticeChoice.user_id).where(NoticeChoice.kind == kind, NoticeChoice.way == NoticeWay.QUIET)
    at, never = literal(moment, Moment()), literal(None, Moment())
    return select(User.id, literal(kind), literal(link[:400]), literal(values, JsonText()), at, literal(actor.label[:200]), case((User.id.in_(quiet), at), else_=never))


def mark_read(notice_id: int, actor: Actor, moment: datetime) -> Notice:
    """Mark one of one's own notices as read and return it. Raises NotFound for another's and for a missing one."""
    found = db.session.execute(select(Notice).where(Notice.id == notice_id, Notice.user_id == actor.user_id)).scalar_one_or_none()
    if found is None:
        raise NotFound("there is no notice %(number)s", number=notice_id)
    found.read_at = found.read_at or moment
    return found


def mark_all_read(actor: Actor, moment: datetime) -> int:
    """Mark all of one's own notices as read. Returns how many were not."""
    unread = update(Notice).where(Notice.user_id == actor.user_id, Notice.read_at.is_(None))
    return int(db.session.execute(unread.values(read_at=moment)).rowcount)  # type: ignore[attr-defined]


def settle(kind: str, link: str, moment: datetime) -> None:
    """What these notices asked for is done, by whomever: nobody needs to look any more."""
    db.session.execute(update(Notice).where(Notice.link == link, Notice.kind == kind, Notice.read_at.is_(None)).values(read_at=moment))


def choose(quiet: Iterable[str], actor: Actor, moment: datetime, *, request_id: str = "") -> None:
    """Keep which kinds one wants quietly; all others are counted at the bell. Raises Refusal for a kind that there is not."""
    wanted = sorted(set(quiet))
    if unknown := [kind for kind in wanted if kind not in KINDS]:
        raise Refusal("nobody can be told anything of the kind %(kind)s", kind=unknown[0])
    before = sorted(db.session.execute(select(NoticeChoice.kind).where(NoticeChoice.user_id == actor.user_id)).scalars())
    db.session.execute(delete(NoticeChoice).where(NoticeChoice.user_id == actor.user_id))
    if wanted:
        db.session.execute(insert(NoticeChoice), [{"user_id": actor.user_id, "kind": kind, "way": NoticeWay.QUIET} for kind in wanted])
    log.write(actor, moment, "notices.chosen", "user", str(actor.user_id), before={"quiet": before}, after={"quiet": wanted}, request_id=request_id)
