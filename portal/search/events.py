"""The club's events among what is found: by their titles in either language, their pinyin and initials."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache

from flask import url_for
from sqlalchemy import func, select

from models import db
from models.club import ClubEvent, ClubSession, EventState
from portal.actors import Actor
from portal.clock import now
from portal.pages import club_words
from portal.permissions import Can
from portal.search.find import MOST, Group, Hit
from portal.search.targets import may_open
from portal.search.words import plain, words_of

LOOKED_BACK = timedelta(days=400)
READ = 300
"""So many events are looked through, those that come last first: they are few, so they need no index."""


def events(actor: Actor, text: str) -> Group:
    """The events that the reader may see whose titles begin with what was typed, at some word or syllable."""
    start = plain(text).encode()
    if not start or actor.user_id is None:
        return Group("events")
    at_desk = actor.may(Can.CLUB_SEE)
    first = func.min(ClubSession.starts_at)
    query = select(ClubEvent, first).join(ClubSession, ClubSession.event_id == ClubEvent.id).group_by(ClubEvent.id).having(first > now() - LOOKED_BACK)
    query = query if at_desk else query.where(ClubEvent.state != EventState.DRAFT)
    rows = db.session.execute(query.order_by(first.desc(), ClubEvent.id).limit(READ)).all()
    found = [(event, starts) for event, starts in rows if any(word.startswith(start) for word in _words(event.title, event.title_en or ""))]
    to_desk = may_open(actor, "club_desk.show")
    hits = [_hit(event, starts, to_desk) for event, starts in found[:MOST]]
    return Group("events", hits, len(found) > MOST)


@lru_cache(maxsize=2 * READ)
def _words(title: str, title_en: str) -> frozenset[bytes]:
    """The words of a title in both languages, worked out once and not at each letter that is typed."""
    return frozenset(words_of(title) | words_of(title_en))


def _hit(event: ClubEvent, starts_at: object, to_desk: bool) -> Hit:
    where = url_for("club_desk.show", event_key=event.key) if to_desk else url_for("club_events.show", event_key=event.key)
    return Hit(club_words.title(event), club_words.moment_of(starts_at, event.zone), where)  # type: ignore[arg-type]  # a column of an aggregate
