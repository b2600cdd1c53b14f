"""A person's word on why a client leaves, in place of what was proposed: it counts in every later scoring for half a year. Verb."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from models import db
from models.clients import Account
from models.risk import CauseCorrection, ChurnCause, RiskRun, RiskScore
from portal.actors import Actor
from portal.audit import log
from portal.refusals import Refusal
from portal.risk.facts import WORD_COUNTS

LONGEST = 400


def latest(account_id: int) -> tuple[RiskScore, RiskRun] | None:
    """An account's newest score and the scoring that it stands in."""
    newest = select(RiskRun).order_by(RiskRun.on_day.desc(), RiskRun.id.desc()).limit(1)
    run = db.session.execute(newest).scalar()
    score = run and db.session.get(RiskScore, (run.id, account_id))
    return (score, run) if run and score else None


def correct(account: Account, cause: ChurnCause, note: str, *, actor: Actor, moment: datetime) -> CauseCorrection:
    """Say why the client would leave. Saying the same as what was proposed is a word too: it was looked at and is right.

    Raises Refusal where there is no score, or no word on where it is known from.
    """
    words = note.strip()
    if not words:
        raise Refusal("say where it is known from: what the client said, or what was seen")
    if len(words) > LONGEST:
        raise Refusal("the note has %(count)s characters, at most %(most)s are kept", count=len(words), most=LONGEST)
    found = latest(account.id)
    if found is None:
        raise Refusal("account %(number)s has no score: there is no proposed cause to correct", number=account.account_no)
    score, run = found
    earlier = next((one for one in said_of(account.id) if one.at > moment - WORD_COUNTS), None)
    proposed = earlier.proposed if earlier else score.cause  # a score after a word repeats the word: what the model proposed stands beside it
    told = CauseCorrection(account_id=account.id, run_id=run.id, proposed=proposed, cause=cause.value, note=words, at=moment, user_id=actor.user_id)
    db.session.add(told)
    log.write(actor, moment, "risk.cause_said", "account", account.account_no, before={"cause": score.cause}, after={"cause": cause.value}, reason=words)
    return told


def said_of(account_id: int) -> list[CauseCorrection]:
    """What people said of an account, newest first."""
    return list(db.session.execute(select(CauseCorrection).where(CauseCorrection.account_id == account_id).order_by(CauseCorrection.id.desc())).scalars())
