"""The desk's pages, and what they all share: which accounts the reader may see, and the firm on a day as known at a recording."""

from __future__ import annotations

from datetime import date
from functools import partial

from flask import Blueprint
from sqlalchemy import select

from models import db
from models.clients import Account
from portal.actors import Actor
from portal.clients.queries import accounts, visible_to
from portal.commission.holdings import Firm, Holdings, firm, holdings
from portal.pages.attribution.when import When
from portal.permissions import Can, Scope
from portal.refusals import NotFound
from portal.web.remembered import remembered_whole

bp = Blueprint("attribution", __name__, url_prefix="/attribution")


def visible_ids(actor: Actor) -> list[int] | None:
    """The accounts that the reader may see here; None where he may see all of them."""
    if actor.need(Can.ATTRIBUTION_AUDIT) is Scope.ALL:
        return None
    return list(db.session.execute(accounts().with_only_columns(Account.id).where(visible_to(actor, date.min))).scalars())


def account_for(actor: Actor, account_no: str) -> int:
    """The id of an account that the reader may see. Raises NotFound, the same for a foreign and a missing one."""
    ids = visible_ids(actor)
    found = db.session.execute(select(Account.id).where(Account.account_no == account_no)).scalar()
    if found is None or (ids is not None and found not in ids):
        raise NotFound("there is no account %(number)s that you may see", number=account_no)
    return found


def firm_at(actor: Actor, when: When) -> Holdings | None:
    """What the reader may see of the firm; None before the first settled day."""
    return None if when.day is None else firm_on(actor, when.known, when.day)[0]


def firm_on(actor: Actor, known: int, *days: date) -> list[Holdings]:
    """What the reader may see of the firm on some days, as known at a recording. The same for ever, so it is worked out once."""
    ids = visible_ids(actor)
    found = [remembered_whole(("firm", known, day), partial(_held, day, known), _length) for day in days]
    return found if ids is None else [held.only(ids) for held in found]


def _held(day: date, known: int) -> Holdings:
    return holdings(day, remembered_whole(("firm", known), partial(firm, known), _length))


def _length(made: Firm | Holdings) -> int:
    return made.accounts.height
