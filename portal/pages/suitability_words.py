"""Suitability in words: how a test was taken, what a grade means to its client, and the answers in a form."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.jobs.law import jurisdiction
from portal.suitability import sittings
from portal.suitability.grading import ALLOWED, needs_warning

WHERE = {
    "at_desk": _l("At the firm"),
    "by_phone": _l("By phone, recorded"),
    "on_paper": _l("On paper, signed"),
    "online": _l("By the person alone, online"),
}


def meaning_of(grade: str, *, closed: bool, day: date) -> str:
    """What a grade means to the client who has it."""
    if closed:
        closed_words: str = _(
            "By these answers futures do not suit you, or you are in the lowest class: nobody of the firm may recommend you anything above it, and events that ask for a grade "
            "are not open to you. Your account stays as it is; whoever looks after you will speak with you."
        )
        return closed_words
    risk = sittings.product_risk(jurisdiction(), day)
    most = f"R{ALLOWED[grade]}"
    if needs_warning(grade, risk):
        return str(
            _("It allows products up to %(most)s. Futures are %(risk)s, above it: you are warned in writing before anything new, and nobody may push it.", most=most, risk=risk)
        )
    return str(_("It allows products up to %(most)s; futures are %(risk)s.", most=most, risk=risk))


def answers_in(form: Mapping[str, str]) -> tuple[dict[str, str], int]:
    """The letters by question, and the version of the questions, as a form brings them; version 0 where it names none."""
    given = form.get("version", "")
    answers = {key.removeprefix("q-"): text for key, text in form.items() if key.startswith("q-")}
    return answers, int(given) if given.isascii() and given.isdigit() and len(given) < 6 else 0
