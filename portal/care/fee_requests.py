"""Requests for lower fees (降低手续费): who asks for them, what he wants, and what the firm decided. A request is a fact and no reproach."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from models.questions import FeeAsker, FeeDecision, QuestionSubject
from portal.attribution.queries import spans
from portal.refusals import Refusal

LONGEST = 120


@dataclass(frozen=True)
class Wish:
    """Who asks that a client's fees be lowered, and what he wants in his own words: a rate, a markup over the exchange's fee, another firm's offer."""

    asker: FeeAsker = FeeAsker.CLIENT
    wanted: str = ""


def columns_of(subject: QuestionSubject, wish: Wish | None, account_id: int, day: date) -> dict[str, Any]:
    """What a question keeps of a wish for lower fees: nothing where it is about something else. Raises Refusal where a broker is said to ask for a
    client who is attributed to none on the day, and for words that are too long."""
    if subject is not QuestionSubject.FEES:
        return {}
    told = wish or Wish()
    wanted = told.wanted.strip()
    if len(wanted) > LONGEST:
        raise Refusal("this is too long: %(length)s characters, at most %(most)s", length=len(wanted), most=LONGEST)
    if told.asker is FeeAsker.BROKER and not any(one.share > 0 for one in spans(account_id, None, day)):
        raise Refusal("this client has no broker who could ask for him: write down the client's own request")
    return {"fee_asker": told.asker, "fee_wanted": wanted}


def decided(subject: str, decision: FeeDecision | None) -> FeeDecision | None:
    """What an answer keeps as decided. Raises Refusal where a request for lower fees is answered without it."""
    if subject != QuestionSubject.FEES:
        return None
    if decision is None:
        raise Refusal("say what was decided about the fees")
    return decision
