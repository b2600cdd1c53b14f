"""What seats answered to an event's questions: what may be asked of whom, what holds as an answer, who reads it.

Who signs up answers for himself and, but for what is private, for his guests; a guest answers on his own page, and what is private of it is read by the firm alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update

from models import db
from models.club import Booking, Seat
from models.club_questions import AskedAs, ClubQuestion, ClubSaid
from portal.club import questions
from portal.club.wishes import Wish
from portal.fields import one_line
from portal.refusals import Refusal

LONGEST = 200
YES = "yes"


@dataclass(frozen=True)
class Spoken:
    """A question and what a seat answered to it: None where it did not, or where the reader may not know. `hidden`: it is the guest's own matter."""

    question: ClubQuestion
    said: str | None
    hidden: bool = False


def asked_of(asked: Sequence[ClubQuestion], position: int, *, by_guest: bool = False) -> list[ClubQuestion]:
    """Which questions who speaks for a seat is asked: of a guest what is private only himself."""
    return [one for one in asked if position == 0 or by_guest or not one.private]


def checked(asked: Iterable[ClubQuestion], typed: Mapping[int, str], *, english: bool = False) -> dict[int, str]:
    """Answers as they are kept, by question. Raises Refusal for the first that is missing or none that can be given, in the words that were read."""
    found: dict[int, str] = {}
    for one in asked:
        text, words = one_line(typed.get(one.id, "")), (one.words_en or one.words) if english else one.words
        if not text and one.required:
            raise Refusal("“%(question)s” asks for an answer", question=words)
        if len(text) > LONGEST:
            raise Refusal("an answer has at most %(most)s characters", most=LONGEST)
        if text and one.kind == AskedAs.CHOICE and text not in {choice[0] for choice in one.choices}:
            raise Refusal("choose one of the answers to “%(question)s”", question=words)
        if text and one.kind == AskedAs.TICK:
            text = YES
        found[one.id] = text
    return found


def checked_wish(event_id: int, wish: Wish) -> list[dict[int, str]]:
    """The answers of a wish, by seat. Raises Refusal where one is missing. A wish that only tries whether there are seats answers nothing."""
    if wish.answers is None:
        return []
    asked = questions.of_event(event_id)
    if not asked:
        return []
    given = [wish.answers[place] if place < len(wish.answers) else {} for place in range(wish.seats)]
    return [checked(asked_of(asked, place), one, english=wish.english) for place, one in enumerate(given)]


def write(booking: Booking, said: Sequence[Mapping[int, str]], *, english: bool, moment: datetime) -> None:
    """Keep the answers of a new booking's seats, with the words that were shown."""
    if not any(said):
        return
    asked = questions.of_event(booking.event_id)
    seats = db.session.execute(select(Seat.id).where(Seat.booking_id == booking.id).order_by(Seat.position)).scalars().all()
    for seat_id, answers in zip(seats, said, strict=False):
        keep(booking.event_id, seat_id, asked, answers, english=english, by_guest=False, moment=moment)


def keep(event_id: int, seat_id: int, asked: Iterable[ClubQuestion], said: Mapping[int, str], *, english: bool, by_guest: bool, moment: datetime) -> None:
    """Keep what a seat answers now; what is left empty is none, and goes. What was answered in the same words stays as it was."""
    known = {row.question_id: row for row in db.session.execute(select(ClubSaid).where(ClubSaid.seat_id == seat_id)).scalars()}
    for one in asked:
        text, row = said.get(one.id), known.get(one.id)
        if text is None or (row is not None and row.said == text):
            continue
        if not text:
            if row is not None:
                db.session.delete(row)
            continue
        if row is None:
            row = ClubSaid(event_id=event_id, seat_id=seat_id, question_id=one.id)
            db.session.add(row)
        row.asked, row.said, row.by_guest, row.at = (one.words_en or one.words) if english else one.words, text, by_guest, moment
    db.session.flush()


def of_seats(event_id: int, seats: Sequence[Seat], *, own: bool) -> dict[int, list[Spoken]]:
    """What the seats of one event answered, by seat, in the order of the questions. `own`: for who booked, who does not read what is private of his guests."""
    asked = questions.of_event(event_id)
    query = select(ClubSaid).where(ClubSaid.seat_id.in_([seat.id for seat in seats]))
    said = {(row.seat_id, row.question_id): row.said for row in db.session.execute(query).scalars()} if asked else {}
    return {seat.id: [_spoken(one, said.get((seat.id, one.id)), hidden=own and one.private and seat.position > 0) for one in asked] for seat in seats}


def _spoken(one: ClubQuestion, said: str | None, *, hidden: bool) -> Spoken:
    return Spoken(one, None if hidden else said, hidden)


def missing(spoken: Iterable[Spoken]) -> bool:
    """Whether an answer that is asked for is not there."""
    return any(one.question.required and not one.said and not one.hidden for one in spoken)


def at_door(seat_ids: Iterable[int]) -> dict[int, list[tuple[ClubQuestion, str]]]:
    """What the door is to read of seats, by seat: the questions in their order, each with its answer."""
    query = select(ClubSaid, ClubQuestion).join(ClubQuestion, ClubQuestion.id == ClubSaid.question_id)
    rows = db.session.execute(query.where(ClubSaid.seat_id.in_(list(seat_ids)), ClubQuestion.at_door, ClubSaid.said != "").order_by(ClubQuestion.position))
    found: dict[int, list[tuple[ClubQuestion, str]]] = {}
    for said, question in rows:
        found.setdefault(said.seat_id, []).append((question, said.said))
    return found


def drop(seat_id: int) -> None:
    """Another person comes on a seat: what the one before said does not count for him."""
    db.session.execute(delete(ClubSaid).where(ClubSaid.seat_id == seat_id), execution_options={"synchronize_session": False})


def forget(event_ids: Sequence[int]) -> None:
    """Empty the answers of events; that somebody answered stays."""
    emptied = update(ClubSaid).where(ClubSaid.event_id.in_(event_ids), ClubSaid.said != "").values(said="")
    db.session.execute(emptied, execution_options={"synchronize_session": False})
