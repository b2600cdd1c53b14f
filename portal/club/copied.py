"""What a copy of an event takes along beside what is said of it: its questions, how seats are given away, the seats kept in pools, the draw by lot.

Who may draw on a pool stays behind: that was said for one evening, and nobody is let in to another by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from models import db
from models.club import ClubEvent
from models.club_reserve import SeatPool
from models.club_waitlist import SeatLot, SeatRule
from portal.actors import Actor
from portal.club import lot, pools, questions, waitlist_desk


def take_along(source: ClubEvent, keys: Sequence[str], *, actor: Actor, moment: datetime) -> None:
    """Give the rules of an event to its copies. Raises what `set_rule`, `create` and `set_up` raise, such as Refusal where the end of the
    entries to a draw would be over."""
    copies = db.session.execute(select(ClubEvent).where(ClubEvent.key.in_(keys)).order_by(ClubEvent.id)).scalars().all()
    rule = db.session.execute(select(SeatRule).where(SeatRule.event_id == source.id)).scalar()
    kept = db.session.execute(select(SeatPool).where(SeatPool.event_id == source.id, SeatPool.seats > 0).order_by(SeatPool.id)).scalars().all()
    drawn = db.session.execute(select(SeatLot).where(SeatLot.event_id == source.id)).scalar()
    questions.take_along(source, copies, actor=actor, moment=moment)
    for one in copies:
        if rule is not None:
            waitlist_desk.set_rule(one.id, rule.parties, rule.offer_minutes, actor=actor, moment=moment)
        for pool in kept:
            pools.create(one.id, pool.seats, pool.release_hours, pool.reason, actor=actor, moment=moment)
        if drawn is not None:
            lot.set_up(one.id, one.sales_end_at - (source.sales_end_at - drawn.entries_until), actor=actor, moment=moment)
