"""Campaigns and events that bring leads: what they cost, over which days, for which branch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select, true

from models import db
from models.leads import Campaign, CampaignKind
from models.partners import Branch
from portal.actors import Actor
from portal.audit import log
from portal.fields import Expected, number, words
from portal.leads.people import BadField, unfit
from portal.permissions import Can, Scope
from portal.refusals import Conflict, NotFound

CODE = number
NAME = words(120)
OF_CLUB = "CLUB-"
"""How the codes of the club's events begin."""
LASTS = timedelta(days=366)
"""How long leads may come from an event of the club."""
MOST_COST = 10**13
"""Fen: what no campaign costs."""


@dataclass(frozen=True)
class Plan:
    """A campaign as somebody wants it; `cost` in fen, both days included."""

    code: str
    name: str
    kind: str
    starts_on: date
    ends_on: date
    cost: int


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """The condition, on Campaign, that an actor may change it: his branch's, or all."""
    if actor.need(Can.CAMPAIGN_EDIT) is Scope.ALL:
        return true()
    return Campaign.branch_id.in_(select(Branch.id).where(Branch.branch_no == (actor.branch_no or "")))


def campaigns(actor: Actor) -> Select[*tuple[Any, ...]]:
    """Every campaign that an actor may change."""
    return select(Campaign).where(visible_to(actor))


def running(actor: Actor, today: date) -> list[Campaign]:
    """Those from which leads may come today, for who registers them: the firm's and those of his branch."""
    mine = select(Branch.id).where(Branch.branch_no == (actor.branch_no or ""))
    here = or_(Campaign.branch_id.is_(None), Campaign.branch_id.in_(mine))
    return list(db.session.execute(select(Campaign).where(Campaign.starts_on <= today, Campaign.ends_on >= today, here).order_by(Campaign.code)).scalars())


def campaign_for(actor: Actor, code: str, *, lock: bool = False) -> Campaign:
    """A campaign that an actor may change. Raises NotFound."""
    query = campaigns(actor).where(Campaign.code == code)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found: Campaign | None = db.session.execute(query).scalar_one_or_none()
    if found is None:
        raise NotFound("there is no campaign %(code)s that you may change", code=code[:40])
    return found


def begin(plan: Plan, actor: Actor, moment: datetime) -> Campaign:
    """A new campaign, of the actor's branch where he works for one. Raises NotAllowed, BadField, Conflict where the code is taken."""
    scope = actor.need(Can.CAMPAIGN_EDIT)
    _check(plan)
    if db.session.execute(select(Campaign.id).where(Campaign.code == plan.code)).first():
        raise Conflict("there is a campaign %(code)s already", code=plan.code)
    branch = None if scope is Scope.ALL else db.session.execute(select(Branch.id).where(Branch.branch_no == (actor.branch_no or ""))).scalar_one()
    made = Campaign(branch_id=branch, created_at=moment, created_by_id=actor.user_id, version=1, **_columns(plan))
    db.session.add(made)
    db.session.flush()
    log.write(actor, moment, "campaign.begun", "campaign", plan.code, after=_said(plan))
    return made


def of_event(code: str, name: str, branch_id: int | None, *, actor: Actor, moment: datetime, today: date) -> Campaign:
    """The campaign of an event of the club, begun with its first invitation; what it cost is entered later."""
    held = db.session.execute(select(Campaign).where(Campaign.code == code)).scalar_one_or_none()
    if held is None:
        lasts = Plan(code, name[:120], CampaignKind.EVENT, today, today + LASTS, 0)
        held = Campaign(branch_id=branch_id, created_at=moment, created_by_id=actor.user_id, version=1, **_columns(lasts))
        db.session.add(held)
        db.session.flush()
        log.write(actor, moment, "campaign.begun", "campaign", code, after=_said(lasts))
    return held


def change(code: str, plan: Plan, version: int, actor: Actor, moment: datetime) -> Campaign:
    """Change a campaign; its code stays. Raises NotFound, BadField, Conflict where somebody changed it meanwhile."""
    held = campaign_for(actor, code, lock=True)
    if held.version != version:
        raise Conflict("%(number)s was changed by somebody meanwhile: look again, nothing of yours was written", number=code)
    _check(plan)
    before = _said(Plan(held.code, held.name, held.kind, held.starts_on, held.ends_on, held.cost))
    for name, value in _columns(plan).items():
        if name != "code":
            setattr(held, name, value)
    held.version += 1
    log.write(actor, moment, "campaign.changed", "campaign", code, before=before, after=_said(plan))
    return held


def _check(plan: Plan) -> None:
    for field, read, value in (("code", CODE, plan.code), ("name", NAME, plan.name)):
        try:
            read(value)
        except Expected as error:
            raise unfit(field, error) from error
    if len(plan.code) > 40:
        raise BadField("code", "this is too long: %(length)s characters, at most %(most)s", length=len(plan.code), most=40)
    if plan.kind not in set(CampaignKind):
        raise BadField("kind", "choose what kind of effort it is")
    if plan.ends_on < plan.starts_on:
        raise BadField("ends_on", "it ends on the day on which it begins, or later")
    if not 0 <= plan.cost <= MOST_COST:
        raise BadField("cost", "the cost is an amount in yuan, 0 or more")


def _columns(plan: Plan) -> dict[str, Any]:
    return {"code": plan.code, "name": plan.name.strip(), "kind": CampaignKind(plan.kind), "starts_on": plan.starts_on, "ends_on": plan.ends_on, "cost": plan.cost}


def _said(plan: Plan) -> dict[str, Any]:
    return {"kind": plan.kind, "starts_on": str(plan.starts_on), "ends_on": str(plan.ends_on), "cost": plan.cost}
