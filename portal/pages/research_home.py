"""What fits somebody's first page: read in a few statements, chosen by what he trades and subscribed to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from models import db
from models.research import ResearchOpen
from models.settlement import Balance, Trade
from portal.actors import Actor
from portal.pages import research_words as words
from portal.pages.segment_words import as_of
from portal.permissions import Can
from portal.research import reading
from portal.research.fitting import LOOKED_BACK, Reading, fitting
from portal.settlement.bills import settled_days


def fits_of(actor: Actor, account_ids: Sequence[int], settled: date | None) -> dict[str, Any] | None:
    """What stands on the first page of somebody who reads research; None for everybody else."""
    if not actor.may(Can.RESEARCH_READ):
        return None
    now = as_of()
    reader = reading.reader_of(actor, now)
    rows = reading.visible(reader, now, asked=False)
    if not rows:
        return {"fits": [], "words": words, "reader": reader}
    finished = set(db.session.execute(select(ResearchOpen.item_id).where(ResearchOpen.person == reader.person, ResearchOpen.finished_at.is_not(None))).scalars())
    products = traded(account_ids, settled) if account_ids and settled is not None else []
    return {"fits": fitting(rows, Reading(products, reader.chains, finished)), "words": words, "reader": reader}


def traded(account_ids: Sequence[int], settled: date) -> list[str]:
    """The products that accounts traded up to a settled day and so far back, those with the most lots first."""
    days = settled_days(settled - LOOKED_BACK, settled)
    newer = aliased(Balance)
    newest = select(func.max(newer.version)).where(newer.trade_date == Trade.trade_date, newer.account_id == Trade.account_id).scalar_subquery()
    lots = func.sum(Trade.lots)
    # The key begins with the day, so the days are named: each is one look-up instead of a walk through all trades.
    query = select(Trade.product).where(Trade.trade_date.in_(days), Trade.account_id.in_(account_ids), Trade.version == newest)
    return list(db.session.execute(query.group_by(Trade.product).order_by(lots.desc(), Trade.product)).scalars())
