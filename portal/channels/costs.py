"""What a channel cost: entered by month, never edited; what was wrong is set off by another row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import null, select, union_all

from models import db
from models.channels import ChannelCost, LeadChannel
from models.leads import Campaign
from models.partners import Branch
from models.values.calendar import Month
from portal.actors import Actor
from portal.audit import log
from portal.channels.claims import channel_of
from portal.channels.economics import spread
from portal.permissions import Can
from portal.refusals import NotFound, Refusal

MOST = 10**13
"""The largest amount of one row (fen)."""


def enter(channel: LeadChannel, period: Month, amount: int, note: str, branch_no: str, *, actor: Actor, moment: datetime) -> ChannelCost:
    """Enter what a channel cost in a month, for a branch or (empty) the firm. Raises NotAllowed, NotFound, Refusal."""
    actor.need(Can.CHANNEL_EDIT)
    if not amount or abs(amount) > MOST:
        raise Refusal("an amount is not zero and at most a hundred thousand million yuan")
    if not note.strip():
        raise Refusal("say what it was paid for")
    branch_id = None
    if branch_no:
        branch_id = db.session.execute(select(Branch.id).where(Branch.branch_no == branch_no)).scalar()
        if branch_id is None:
            raise NotFound("there is no branch %(number)s that you may see", number=branch_no[:64])
    row = ChannelCost(channel=channel.value, period=str(period), branch_id=branch_id, amount=amount, note=note.strip(), at=moment, actor_id=actor.user_id, actor_label=actor.label)
    db.session.add(row)
    db.session.flush()
    after = {"channel": channel.value, "period": str(period), "branch_no": branch_no, "amount": amount}
    log.write(actor, moment, "channel.cost", "channel_cost", str(row.id), after=after, reason=row.note)
    return row


def costs_of(first: Month, last: Month, branch_id: int | None) -> dict[LeadChannel, int]:
    """What each channel cost from a month to a month (fen): rows entered, and campaigns over their days. Of a branch only what is its own."""
    found: dict[LeadChannel, int] = defaultdict(int)
    entered = select(ChannelCost.channel, ChannelCost.amount, null(), null()).where(ChannelCost.period.between(str(first), str(last)))
    campaigns = select(Campaign.kind, Campaign.cost, Campaign.starts_on, Campaign.ends_on).where(Campaign.starts_on <= last.last, Campaign.ends_on >= first.first)
    if branch_id is not None:
        entered, campaigns = entered.where(ChannelCost.branch_id == branch_id), campaigns.where(Campaign.branch_id == branch_id)
    rows: Iterable[tuple[str, int, date | None, date | None]] = db.session.execute(union_all(campaigns, entered))
    for what, amount, starts, ends in rows:
        if starts is None or ends is None:
            found[LeadChannel(what)] += amount
        else:
            found[channel_of("firm", what)] += spread(amount, starts, ends, first.first, last.last)
    return dict(found)
