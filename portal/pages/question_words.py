"""Questions in words: subjects, states and steps, each with the tone of its badge; and when it is now for care."""

from __future__ import annotations

from datetime import date

from flask import request
from flask_babel import lazy_gettext as _l

from models.questions import AnswerState, AskedVia, FeeAsker, FeeDecision, QuestionState, QuestionSubject
from portal import clock
from portal.care.fee_requests import Wish
from portal.care.question_states import is_overdue
from portal.care.response_times import Now
from portal.commission.queries import last_settled_day
from portal.local_day import today, zone
from portal.pages.care_words import midnight
from portal.refusals import Refusal

SUBJECTS = {
    QuestionSubject.ACCOUNTS: _l("Account matters"),
    QuestionSubject.MARGIN: _l("Margin and risk"),
    QuestionSubject.DELIVERY: _l("Delivery"),
    QuestionSubject.STATEMENTS: _l("Settlement statements"),
    QuestionSubject.MARKET: _l("Market and products"),
    QuestionSubject.FEES: _l("Request for lower fees"),
}
FEE_ASKERS = {FeeAsker.CLIENT: _l("the client"), FeeAsker.BROKER: _l("his broker")}
FEE_DECISIONS = {
    FeeDecision.LOWERED: (_l("Fees lowered as asked"), "good"),
    FeeDecision.PARTLY: (_l("Fees lowered in part"), "info"),
    FeeDecision.KEPT: (_l("Fees stay as they are"), "neutral"),
}
STATES = {
    QuestionState.OPEN: (_l("Waits for the answer"), "warn"),
    QuestionState.ANSWERED: (_l("Answer given"), "good"),
    QuestionState.CLOSED: (_l("Question closed"), "neutral"),
}
VIA = {AskedVia.PORTAL: _l("By the client himself"), AskedVia.PHONE: _l("Told to the staff")}
STEPS = {
    "asked": _l("Question asked"),
    "answer": _l("Firm's answer"),
    "withdraw": _l("Not needed any more"),
    "close": _l("Question settled"),
    "reopen": _l("Asked again"),
    "moved": _l("Given to somebody else"),
    "dated": _l("Response time changed"),
}
ANSWER_STATES = {
    AnswerState.WAITING: (_l("Before a second person"), "warn"),
    AnswerState.APPROVED: (_l("May be used"), "good"),
    AnswerState.REFUSED: (_l("Not approved"), "bad"),
    AnswerState.RETIRED: (_l("No longer used"), "neutral"),
}
__all__ = ["midnight"]
overdue = is_overdue
"""For templates."""


def now() -> Now:
    """The present of a request, as care reckons with it."""
    return Now(clock.now(), today(), last_settled_day() or date.min, zone())


def typed_subject() -> QuestionSubject:
    """A subject from the form. Raises Refusal."""
    text = request.form.get("subject", "")
    if text not in set(QuestionSubject):
        raise Refusal("say what the question is about")
    return QuestionSubject(text)


def typed_wish() -> Wish:
    """Who asks for lower fees and what he wants, from the form. Raises Refusal."""
    text = request.form.get("fee_asker", FeeAsker.CLIENT.value)
    if text not in set(FeeAsker):
        raise Refusal("say who asks for lower fees")
    return Wish(FeeAsker(text), request.form.get("fee_wanted", ""))


def typed_decision() -> FeeDecision | None:
    """What was decided about the fees, from the form; None where nothing was chosen. Raises Refusal."""
    text = request.form.get("fee_decision", "")
    if text and text not in set(FeeDecision):
        raise Refusal("say what was decided about the fees")
    return FeeDecision(text) if text else None
