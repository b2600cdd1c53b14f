"""How it was: asked of who was let in, once for each booking, and added up for who prepares events. It earns points."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select

from models import db
from models.club import Booking, ClubEvent, Seat
from models.club_evenings import ClubFeedback
from models.club_points import PointFact
from portal.actors import Actor
from portal.audit import log
from portal.club import point_awards
from portal.club.booking import first_start, held_booking
from portal.club.evenings import inside_seats
from portal.club.point_awards import Deed
from portal.club.rewards import holder_of
from portal.refusals import Conflict, Refusal

LONGEST = 2_000
BEST, FAIR = 9, 7
"""From here on somebody would bring a friend; from here on he would not keep one away."""


@dataclass(frozen=True)
class Results:
    """What those who came thought: how many gave each score from 0 to 10."""

    counts: tuple[int, ...]

    @property
    def answers(self) -> int:
        """How many answered."""
        return sum(self.counts)

    @property
    def promoters(self) -> int:
        """Who would bring a friend (9 and 10)."""
        return sum(self.counts[BEST:])

    @property
    def detractors(self) -> int:
        """Who would rather keep one away (0 to 6)."""
        return sum(self.counts[:FAIR])

    @property
    def score(self) -> int | None:
        """The net promoter score: promoters less detractors in percent of the answers, rounded half away from nought; None without an answer."""
        if not self.answers:
            return None
        net = self.promoters - self.detractors
        part = (abs(net) * 200 + self.answers) // (2 * self.answers)
        return part if net >= 0 else -part


def may_answer(booking: Booking, moment: datetime) -> bool:
    """Whether somebody of a booking was let in, its event has begun, and nobody has answered for it."""
    if moment < first_start(booking.event_id) or given(booking.id) is not None:
        return False
    came = select(Seat.id).where(Seat.booking_id == booking.id, Seat.position == 0, Seat.id.in_(inside_seats()))
    return db.session.execute(came).first() is not None


def given(booking_id: int) -> ClubFeedback | None:
    """What was answered for a booking; None where nothing was."""
    return db.session.execute(select(ClubFeedback).where(ClubFeedback.booking_id == booking_id)).scalar_one_or_none()


def give(public_id: str, score: int, words: str, *, actor: Actor, moment: datetime) -> int:
    """Answer for one's own booking, inside the open transaction. Returns how many earnings of points are new.

    Raises NotFound; Refusal for a score that is none; Conflict where nobody was let in, it has not begun, or it is answered.
    """
    event, booking = held_booking(public_id, actor)
    words = words.replace("\0", "").strip()
    if not 0 <= score <= 10 or len(words) > LONGEST:
        raise Refusal("a score is a whole number from 0 to 10, with at most %(most)s characters of words", most=LONGEST)
    if given(booking.id) is not None:
        raise Conflict("you have answered already: thank you")
    if not may_answer(booking, moment):
        raise Conflict("only who was let in at the door is asked how it was")
    db.session.execute(insert(ClubFeedback), [{"event_id": event.id, "booking_id": booking.id, "score": score, "words": words, "at": moment}])
    deed = Deed(holder_of(actor), f"event:{event.id}", moment, event.title)
    earned = point_awards.award(PointFact.FEEDBACK, [deed], actor=actor, moment=moment)
    log.write(actor, moment, "club.feedback_given", "booking", public_id, after={"score": score})
    return earned


def results(event: ClubEvent) -> Results:
    """The answers of an event, added up."""
    query = select(ClubFeedback.score, func.count()).where(ClubFeedback.event_id == event.id).group_by(ClubFeedback.score)
    found = {score: int(count) for score, count in db.session.execute(query)}
    return Results(tuple(found.get(score, 0) for score in range(11)))
