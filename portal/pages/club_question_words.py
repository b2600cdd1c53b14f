"""Questions of events and what was answered, in the reader's language; and answers as a form sends them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.club import Seat
from models.club_questions import AskedAs, ClubQuestion
from portal import clock
from portal.club import answers, questions
from portal.club.answers import LONGEST, Spoken
from portal.pages import words

KINDS = {AskedAs.WORDS.value: _l("A few words"), AskedAs.CHOICE.value: _l("One of several answers"), AskedAs.TICK.value: _l("A tick")}


def asked(one: ClubQuestion) -> str:
    """The question in the reader's language, where there is one."""
    return one.words if words.is_chinese() else one.words_en or one.words


def choices(one: ClubQuestion) -> list[tuple[str, str]]:
    """The answers of a choice: as it is kept, and as the reader reads it."""
    return [(name, name if words.is_chinese() else name_en or name) for name, name_en in one.choices]


def said(one: ClubQuestion, text: str | None) -> str:
    """An answer as the reader reads it; a dash where there is none."""
    if not text:
        return "–"
    if one.kind == AskedAs.TICK:
        return str(_("yes"))
    return dict(choices(one)).get(text, text) if one.kind == AskedAs.CHOICE else text


def told(rows: Iterable[tuple[ClubQuestion, str]]) -> str:
    """What the door reads of a seat: each question and its answer."""
    return " · ".join(f"{asked(one)}{_(': ')}{said(one, text)}" for one, text in rows)


def typed(form: Mapping[str, str], asked_of: Sequence[ClubQuestion], position: int) -> dict[int, str]:
    """What a form answers for a seat, by question."""
    return {one.id: form.get(f"q{one.id}_{position}", "")[: LONGEST + 1] for one in asked_of}


def as_typed(form: Mapping[str, str]) -> Callable[[int, int], str]:
    """What stands in a form that came back, by question and seat."""
    return lambda number, position: form.get(f"q{number}_{position}", "")


def as_kept(spoken: Sequence[Spoken], form: Mapping[str, str]) -> Callable[[int, int], str]:
    """What stands in the form of one seat: what was typed just now, else what is kept."""
    known = {one.question.id: one.said or "" for one in spoken}
    return lambda number, position: form.get(f"q{number}_{position}", "") if form else known.get(number, "")


def of_seat(seat: Seat, form: Mapping[str, str], *, own: bool) -> dict[str, Any]:
    """What the page of a seat shows of the event's questions: for who booked (`own`), or for the guest himself. `form`: what came back with a fault."""
    spoken, until = answers.of_seats(seat.event_id, [seat], own=own)[seat.id], questions.open_until(seat.event_id)
    shown = {"spoken": spoken, "asked": [row.question for row in spoken if not row.hidden], "stands": as_kept(spoken, form), "until": until}
    return {**shown, "answers_open": until is not None and until > clock.now()}
