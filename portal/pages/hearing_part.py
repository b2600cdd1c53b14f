"""The part of a departure's page that speaks of the hearing: what was said, and the forms of what can be said next."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, RadioField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length

from models.departures import Departure, DepartureState
from portal.actors import Actor
from portal.departures import hearing
from portal.departures.hearing import SHORTEST, Hearing
from portal.departures.register import LONG
from portal.permissions import Can, Scope

ACTIONS = {
    "told": _l("The person was told"),
    "answered": _l("The person answered"),
    "heard": _l("The broker was heard"),
    "upheld": _l("The answer was upheld"),
    "rejected": _l("The suspicion stands"),
}
FAR = {
    "untold": (_l("Not told yet"), "neutral"),
    "told": (_l("Told, may answer"), "info"),
    "answered": (_l("Waits to be judged"), "warn"),
    "upheld": (_l("Upheld"), "good"),
    "rejected": (_l("Judged: it stands"), "neutral"),
}
"""How far a hearing is, with its tone."""
_words = [InputRequired(_l("Say it in a few words.")), Length(min=SHORTEST, max=LONG)]


class TellForm(FlaskForm):  # type: ignore[misc]
    """What the person is told."""

    words = TextAreaField(_l("The evidence in neutral words"), validators=_words, id="tell-words")


class HeardForm(FlaskForm):  # type: ignore[misc]
    """What a broker answered by word of mouth."""

    heard_on = DateField(_l("Heard on"), validators=[InputRequired(_l("Give the day on which he was heard."))])
    heard_by = StringField(_l("Heard by"), validators=[InputRequired(_l("Say who heard him.")), Length(max=120)])
    words = TextAreaField(_l("What he said"), validators=_words, id="heard-words")


class JudgeForm(FlaskForm):  # type: ignore[misc]
    """What a second person judges."""

    upheld = RadioField(
        _l("Judgement"),
        choices=[SelectChoice("yes", _l("Upheld: the suspicion is withdrawn, and the signals rest for 180 days")), SelectChoice("no", _l("Not upheld: the suspicion stands"))],
        validators=[InputRequired(_l("Choose one."))],
    )
    words = TextAreaField(_l("Reason"), validators=_words, id="judge-words")


def part(actor: Actor, departure: Departure) -> dict[str, Any] | None:
    """The hearing of a departure as the reader sees it; None where there is none and none can begin."""
    entries = hearing.entries_of(departure.id)
    far, suspected = hearing.how_far(entries), departure.state == DepartureState.SUSPECTED
    if not entries and not suspected:
        return None
    desk = actor.scope(Can.DEPARTURE_RECORD) is Scope.ALL
    tell = TellForm(formdata=None, words=departure.evidence)
    return {
        "entries": entries,
        "far": FAR[far],
        "actions": ACTIONS,
        "tell": tell if suspected and far is Hearing.UNTOLD and actor.may(Can.DEPARTURE_RECORD) else None,
        "heard": HeardForm(formdata=None) if suspected and far in (Hearing.TOLD, Hearing.ANSWERED) and desk and departure.broker_id else None,
        "judge": JudgeForm(formdata=None) if suspected and far is Hearing.ANSWERED and desk and actor.user_id != departure.recorded_by_id else None,
        "second": suspected and far is Hearing.ANSWERED and actor.user_id == departure.recorded_by_id,
    }
