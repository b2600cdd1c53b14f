"""What the portal asks about scores."""

from __future__ import annotations

from sqlalchemy import case, select, tuple_

from models import db
from models.clients import Account
from models.risk import CauseCorrection, RiskScore

SAID = select(CauseCorrection.cause).where(CauseCorrection.account_id == RiskScore.account_id, CauseCorrection.run_id == RiskScore.run_id)
WORD = SAID.order_by(CauseCorrection.id.desc()).limit(1).correlate(RiskScore).scalar_subquery()
SPOKEN_OF = tuple_(RiskScore.run_id, RiskScore.account_id).in_(select(CauseCorrection.run_id, CauseCorrection.account_id))
CAUSE = case((SPOKEN_OF, WORD), else_=RiskScore.cause)
"""Why a client would leave: a person's word where there is one, else what was proposed. Few have one, so a word is looked up for these alone."""


def account_numbers() -> dict[int, str]:
    """Every account's number by its id."""
    return {row.id: row.account_no for row in db.session.execute(select(Account.id, Account.account_no))}
