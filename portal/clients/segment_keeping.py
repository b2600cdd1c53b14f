"""Keeping client segments: saved under a name, shared with the branch or the firm, counted before they are used, each change in the log."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Select, and_, cast, func, or_, select, true

from models import db
from models.clients import Account, AccountVersion
from models.segments import ClientSegment, Shared
from models.settlement import Balance
from portal.actors import Actor
from portal.audit import log
from portal.clients.balances import is_newest
from portal.clients.queries import accounts
from portal.clients.segments import AsOf, Conditions, meets
from portal.permissions import Can, Scope
from portal.refusals import NotAllowed, NotFound, Refusal

LONGEST = 60


class Counted(NamedTuple):
    """How many open accounts are in a segment, and their equity in fen on the last settled day."""

    accounts: int
    equity: int


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """The condition that an actor may use a segment: his own, one shared with his branch or the firm; who sees all clients sees all of them."""
    if actor.need(Can.SEGMENT_USE) is Scope.ALL:
        return true()
    ways = [ClientSegment.made_by_id == (actor.user_id or 0), ClientSegment.shared == Shared.FIRM]
    if actor.branch_no:
        ways.append(and_(ClientSegment.shared == Shared.BRANCH, ClientSegment.branch_no == actor.branch_no))
    return or_(*ways)


def segments(actor: Actor) -> Select[ClientSegment]:
    """Every segment that an actor may use."""
    return select(ClientSegment).where(visible_to(actor))


def segment_for(actor: Actor, public_id: str) -> ClientSegment:
    """A segment that an actor may use. Raises NotFound, the same for foreign and for missing ones."""
    found = db.session.execute(segments(actor).where(ClientSegment.public_id == public_id)).scalar_one_or_none()
    if found is None:
        raise NotFound("there is no client segment that you may see under this address")
    return found


def may_change(actor: Actor, segment: ClientSegment) -> bool:
    """Whether it is one's own, or one keeps those of everybody."""
    return segment.made_by_id == actor.user_id or actor.may(Can.CARE_EDIT)


def keep(name: str, wanted: Conditions, shared: Shared, actor: Actor, moment: datetime) -> ClientSegment:
    """Save a segment. Raises NotAllowed, Refusal."""
    actor.need(Can.SEGMENT_USE)
    if actor.user_id is None:
        raise NotAllowed("a segment is somebody's: sign in")
    segment = ClientSegment(public_id=secrets.token_urlsafe(12), made_by_id=actor.user_id, made_label=actor.label, made_at=moment)
    _fill(segment, name, wanted, shared, actor, moment)
    db.session.add(segment)
    db.session.flush()
    _log(segment, "segment_kept", actor, moment)
    return segment


def change(segment: ClientSegment, name: str, wanted: Conditions, shared: Shared, actor: Actor, moment: datetime) -> None:
    """Change a segment: whoever uses it uses the new conditions from now on. Raises Refusal, also where it is somebody else's."""
    _need_own(segment, actor)
    _fill(segment, name, wanted, shared, actor, moment)
    _log(segment, "segment_changed", actor, moment)


def remove(segment: ClientSegment, actor: Actor, moment: datetime) -> None:
    """Remove a segment; nobody is in it any more, no client changes. Raises Refusal where it is somebody else's."""
    _need_own(segment, actor)
    _log(segment, "segment_removed", actor, moment)
    db.session.delete(segment)
    db.session.flush()


def members(wanted: Conditions, seen: ColumnElement[bool], as_of: AsOf) -> Select[*tuple[Any, ...]]:
    """Account, what is known of it, and equity of every open account that is `seen` and meets the conditions."""
    held = and_(Balance.trade_date == as_of.settled, Balance.account_id == Account.id, ~Balance.gone, is_newest())
    query = accounts().outerjoin(Balance, held).add_columns(Balance.equity)
    is_open = or_(AccountVersion.closed_on.is_(None), AccountVersion.closed_on > as_of.day)
    return query.where(is_open, seen, meets(wanted, as_of))


def counted(wanted: Conditions, seen: ColumnElement[bool], as_of: AsOf) -> Counted:
    """How many they are and what they have, counted once in the database."""
    rows = members(wanted, seen, as_of).subquery()
    return Counted(*db.session.execute(select(func.count(), cast(func.coalesce(func.sum(rows.c.equity), 0), BigInteger)).select_from(rows)).one())


def _fill(segment: ClientSegment, name: str, wanted: Conditions, shared: Shared, actor: Actor, moment: datetime) -> None:
    words = name.strip()
    if not 1 <= len(words) <= LONGEST:
        raise Refusal("a segment has a name of at most %(most)s characters", most=LONGEST)
    if shared is Shared.BRANCH and not actor.branch_no:
        raise Refusal("you belong to no branch: share it with the firm, or with nobody")
    segment.name, segment.conditions, segment.shared, segment.changed_at = words, wanted.checked().kept(), shared, moment
    segment.branch_no = actor.branch_no or "" if shared is Shared.BRANCH else ""


def _need_own(segment: ClientSegment, actor: Actor) -> None:
    if not may_change(actor, segment):
        raise Refusal("only %(who)s changes this segment: save one of your own", who=segment.made_label)


def _log(segment: ClientSegment, action: str, actor: Actor, moment: datetime) -> None:
    log.write(actor, moment, f"clients.{action}", "segment", segment.public_id, after={"conditions": segment.conditions, "shared": segment.shared})
