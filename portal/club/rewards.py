"""Redeeming points: a reward at its cost of the moment, while there are some left; and points that are set right by hand, by two people."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import func, select

from models import db
from models.audit import Approval
from models.club_points import PointHolder, PointRedemption, PointReward, PointWhat, RedemptionState
from portal.actors import Actor
from portal.audit import approvals, log
from portal.club import points
from portal.club.booking import person_of
from portal.club.points import Earning, Holder
from portal.fields import one_line
from portal.notices.kinds import N_
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal

CORRECTION = "club.points"
"""What waits for a second person."""
LONGEST_REASON = 200
MOST = 1_000_000


def holder_of(actor: Actor) -> Holder:
    """The person whose points a signed-in person has."""
    return Holder(person_of(actor), actor.client_no or "", actor.user_id)


def offered(moment: datetime) -> list[tuple[PointReward, int | None]]:
    """The rewards that can be redeemed at a moment, the cheapest first, with how many are left of each (None: as many as are wanted)."""
    used = select(PointRedemption.reward_id, func.count().label("used")).where(PointRedemption.state != RedemptionState.REFUNDED).group_by(PointRedemption.reward_id).subquery()
    query = select(PointReward, func.coalesce(used.c.used, 0).label("used")).outerjoin(used, used.c.reward_id == PointReward.id)
    query = query.where(PointReward.on_offer, (PointReward.ends_at.is_(None)) | (PointReward.ends_at > moment)).order_by(PointReward.cost, PointReward.id)
    return [(reward, None if reward.stock is None else max(0, reward.stock - count)) for reward, count in db.session.execute(query)]


def redeem(reward_id: int, expected_cost: int, *, actor: Actor, moment: datetime) -> PointRedemption:
    """Give points for a reward, inside the open transaction. `expected_cost`: what the person was shown.

    Raises NotAllowed, NotFound; Conflict where it is over, none is left, it costs more by now, or there are not so many points.
    """
    actor.need(Can.CLUB_BOOK)
    reward = db.session.execute(select(PointReward).where(PointReward.id == reward_id).with_for_update().execution_options(populate_existing=True)).scalar_one_or_none()
    if reward is None:
        raise NotFound("there is no such reward")
    if not reward.on_offer or (reward.ends_at is not None and reward.ends_at <= moment):
        raise Conflict("this reward is not offered any more")
    if reward.cost != expected_cost:
        raise Conflict("this reward costs %(cost)s points now: look again", cost=reward.cost)
    used = select(func.count()).where(PointRedemption.reward_id == reward.id, PointRedemption.state != RedemptionState.REFUNDED)
    if reward.stock is not None and db.session.execute(used).scalar_one() >= reward.stock:
        raise Conflict("none of this reward is left")
    holder = holder_of(actor)
    redemption = PointRedemption(
        public_id=secrets.token_urlsafe(12), reward_id=reward.id, person=holder.person, user_id=actor.user_id, cost=reward.cost, state=RedemptionState.ASKED, at=moment
    )
    db.session.add(redemption)
    db.session.flush()
    points.spend(holder, reward.cost, PointWhat.SPENT, actor=actor, moment=moment, reason=reward.title, redemption_id=redemption.id)
    log.write(actor, moment, "club.points_redeemed", "club_point_redemption", redemption.public_id, after={"reward": reward.id, "cost": reward.cost})
    return redemption


def hand_over(public_id: str, *, actor: Actor, moment: datetime) -> None:
    """Somebody got his reward. Raises NotAllowed, NotFound, Conflict where he has it, or his points, already."""
    redemption = _asked(public_id, actor)
    redemption.state, redemption.ended_at = RedemptionState.GIVEN, moment
    db.session.flush()
    log.write(actor, moment, "club.reward_given", "club_point_redemption", public_id)


def take_back(public_id: str, *, actor: Actor, moment: datetime) -> None:
    """A redemption comes to nothing: the points go back to the lots that they came from, which keep their expiry. Raises as `hand_over`."""
    redemption = _asked(public_id, actor)
    redemption.state, redemption.ended_at = RedemptionState.REFUNDED, moment
    db.session.flush()
    row = db.session.execute(select(PointHolder).where(PointHolder.person == redemption.person)).scalar_one()
    reward = db.session.get_one(PointReward, redemption.reward_id)
    points.give_back(Holder(row.person, row.client_no, row.user_id), redemption.id, actor=actor, moment=moment, reason=reward.title)
    log.write(actor, moment, "club.redemption_refunded", "club_point_redemption", public_id, after={"points": redemption.cost})


def _asked(public_id: str, actor: Actor) -> PointRedemption:
    actor.need(Can.CLUB_EDIT)
    query = select(PointRedemption).where(PointRedemption.public_id == public_id).with_for_update().execution_options(populate_existing=True)
    found = db.session.execute(query).scalar_one_or_none()
    if found is None:
        raise NotFound("there is no such redemption")
    if found.state != RedemptionState.ASKED:
        raise Conflict("this was handed over or given back already")
    return found


def offer(title: str, title_en: str, cost: int, stock: int | None, ends_at: datetime | None, *, actor: Actor, moment: datetime) -> PointReward:
    """Put a reward on offer. Raises NotAllowed, Refusal."""
    actor.need(Can.CLUB_EDIT)
    if not title.strip() or len(title) > 120 or len(title_en) > 120:
        raise Refusal("a reward has a title of at most 120 characters")
    if not 1 <= cost <= MOST or (stock is not None and not 0 <= stock <= MOST):
        raise Refusal("a reward costs from 1 to %(most)s points, and there are as many or none said", most=MOST)
    if ends_at is not None and ends_at <= moment:
        raise Refusal("a reward ends in the future, or never")
    reward = PointReward(title=title.strip(), title_en=title_en.strip(), cost=cost, stock=stock, ends_at=ends_at, on_offer=True, created_at=moment)
    db.session.add(reward)
    db.session.flush()
    log.write(actor, moment, "club.reward_offered", "club_point_reward", str(reward.id), after={"cost": cost, "stock": stock})
    return reward


class Offer(NamedTuple):
    """A reward on offer with how many are left (None: as many as are wanted), how many wait to be handed over and how many were."""

    reward: PointReward
    left: int | None
    waiting: int
    given: int


def offer_of(reward_id: int) -> Offer:
    """What stands behind a reward that is on offer. Raises NotFound where there is none."""
    reward = db.session.get(PointReward, reward_id)
    if reward is None or not reward.on_offer:
        raise NotFound("there is no such reward")
    counts = select(PointRedemption.state, func.count()).where(PointRedemption.reward_id == reward_id).group_by(PointRedemption.state)
    by_state: dict[str, int] = dict(db.session.execute(counts).all())
    waiting, given = by_state.get(RedemptionState.ASKED, 0), by_state.get(RedemptionState.GIVEN, 0)
    return Offer(reward, None if reward.stock is None else max(0, reward.stock - waiting - given), waiting, given)


def close(reward_id: int, *, actor: Actor, moment: datetime) -> None:
    """Take a reward off. Who redeemed it keeps it. Raises NotAllowed, NotFound."""
    actor.need(Can.CLUB_EDIT)
    reward = db.session.get(PointReward, reward_id, with_for_update=True, populate_existing=True)
    if reward is None:
        raise NotFound("there is no such reward")
    reward.on_offer = False
    log.write(actor, moment, "club.reward_closed", "club_point_reward", str(reward_id))


def propose_correction(person: str, count: int, reason: str, lasts_days: int, *, actor: Actor, moment: datetime) -> Approval:
    """Put points that somebody gets (or loses, below nought) by hand before a second person. Raises NotAllowed, NotFound, Refusal."""
    actor.need(Can.CLUB_EDIT)
    reason = one_line(reason)
    if not 2 <= len(reason) <= LONGEST_REASON:
        raise Refusal("say in a few words why")
    if count == 0 or abs(count) > MOST or not 1 <= lasts_days <= 3_660:
        raise Refusal("a correction is at least one point more or less, and lasts from 1 to 3660 days")
    row = db.session.execute(select(PointHolder).where(PointHolder.person == person)).scalar_one_or_none()
    if row is None:
        raise NotFound("nobody of this name has points")
    wanted = {"person": person, "points": count, "reason": reason, "lasts_days": lasts_days}
    return approvals.prepare(actor, moment, kind=CORRECTION, subject=person, payload=wanted, preview={**wanted, "balance": points.balance(person)})


def hold(approval: Approval) -> None:
    """Hold whose points an approval will change, before anything is written to the log: rows come before its end."""
    points.lock([approval.payload["person"]])


def correct(approval: Approval, approver: Actor, moment: datetime) -> None:
    """A second person let a correction through. Raises Conflict where there are not so many points to take."""
    wanted: dict[str, Any] = approval.payload
    row = db.session.execute(select(PointHolder).where(PointHolder.person == wanted["person"])).scalar_one()
    holder = Holder(row.person, row.client_no, row.user_id)
    if wanted["points"] > 0:
        expires_at = moment + timedelta(days=wanted["lasts_days"])
        points.earn([Earning(holder, f"corrected:{approval.id}", wanted["points"], wanted["reason"], moment, moment, expires_at)], actor=approver, moment=moment)
    else:
        points.spend(holder, -wanted["points"], PointWhat.CORRECTED, actor=approver, moment=moment, reason=wanted["reason"])


approvals.register(CORRECTION, Can.APPROVAL_DECIDE, correct, label=N_("Points set right by hand"), hold=hold)
