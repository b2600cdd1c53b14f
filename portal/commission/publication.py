"""Publishing: from here on a closed month's statements are final for their brokers. Set-based, and again only for what is left."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal, select
from sqlalchemy import insert as insert_into

from models import db
from models.columns import Moment
from models.commission import CommissionRun, MonthClose, RunStatement
from models.identity import Role, User, UserRole, UserState
from models.partners import Broker
from models.publication import DeskStep, MonthMark, StatementPublication, StatementSeen, StatementTold
from portal.actors import Actor
from portal.audit import log
from portal.bulk import insert_rows
from portal.notices.verbs import tell_each
from portal.permissions import Can
from portal.refusals import Conflict, Refusal
from portal.versions import table_of
from portal.webhooks.recording import Happened, record

PUBLISHED = "statement.published"
"""The kind of the notice that a broker's users get."""


@dataclass(frozen=True)
class Progress:
    """How far a closed month is with its brokers: statements, published, told (with how many users), opened."""

    statements: int = 0
    published: int = 0
    told: int = 0
    users: int = 0
    seen: int = 0
    published_at: datetime | None = None
    published_by: str = ""
    told_at: datetime | None = None
    told_by: str = ""


def is_final() -> ColumnElement[bool]:
    """The condition, on a statement joined to its publication, that its broker may take it as final."""
    return StatementPublication.published_at.is_not(None)


def of_statement() -> ColumnElement[bool]:
    """How a publication is joined to RunStatement and CommissionRun."""
    return and_(StatementPublication.broker_id == RunStatement.broker_id, StatementPublication.run_id == RunStatement.run_id)


def publish(period: str, digest: str, actor: Actor, moment: datetime) -> int:
    """Publish every statement of a closed month that is not published yet. Returns how many. Whoever calls holds `lock_months`.

    Raises NotAllowed; Refusal for an open month; Conflict where the digest is not that of its frozen books, or all are published.
    """
    actor.need(Can.MONTH_PREPARE)
    close = closed(period)
    if close.digest != digest:
        raise Conflict("these are not the books that you looked at: open %(period)s again", period=period)
    done = select(StatementPublication.broker_id).where(StatementPublication.period == period)
    values = (literal(close.run_id), literal(close.digest), literal(moment, Moment()), literal(actor.user_id), literal(actor.label[:200]))
    rest = select(literal(period), RunStatement.broker_id, *values).where(RunStatement.run_id == close.run_id, RunStatement.broker_id.not_in(done))
    columns = ["period", "broker_id", "run_id", "digest", "published_at", "published_by_id", "published_label"]
    count = db.session.execute(select(func.count()).select_from(rest.subquery())).scalar_one()
    if not count:
        raise Conflict("every statement of %(period)s is published already", period=period)
    numbers = db.session.execute(select(Broker.broker_no).where(Broker.id.in_(select(rest.subquery().c.broker_id))).order_by(Broker.broker_no)).scalars().all()
    db.session.execute(insert_into(StatementPublication).from_select(columns, rest))
    log.write(actor, moment, "month.published", "month", period, after={"statements": count, "run": close.run_id, "digest": close.digest})
    record(PUBLISHED, [Happened(f"{period} {number}", f"/commission/statements/{period}/{number}", {"month": period, "broker_no": number}) for number in numbers], moment)
    return count


def tell_brokers(period: str, actor: Actor, moment: datetime) -> tuple[int, int]:
    """Tell the users of every broker whose published statement nobody was told of. Returns how many brokers, and how many users.

    Raises NotAllowed, and Conflict where there is nobody left to tell.
    """
    actor.need(Can.MONTH_PREPARE)
    done = select(StatementTold.broker_id).where(StatementTold.period == period)
    published = (
        select(StatementPublication.broker_id, Broker.broker_no, RunStatement.net)
        .join(Broker, Broker.id == StatementPublication.broker_id)
        .join(RunStatement, of_statement())
        .where(StatementPublication.period == period, StatementPublication.broker_id.not_in(done))
    )
    brokers = db.session.execute(published.order_by(StatementPublication.broker_id)).all()
    if not brokers:
        raise Conflict("every broker of %(period)s was told already", period=period)
    users = users_of_brokers()
    rows = [(user, f"/commission/statements/{period}/{row.broker_no}", {"month": period, "net_fen": row.net}) for row in brokers for user in users.get(row.broker_no, ())]
    tell_each(rows, PUBLISHED, actor=actor, moment=moment)
    told = ((period, row.broker_id, len(users.get(row.broker_no, ())), moment, actor.user_id, actor.label[:200]) for row in brokers)
    insert_rows(table_of(StatementTold), ("period", "broker_id", "users", "told_at", "told_by_id", "told_label"), told)
    log.write(actor, moment, "month.told", "month", period, after={"brokers": len(brokers), "users": len(rows)})
    return len(brokers), len(rows)


def users_of_brokers(numbers: Collection[str] | None = None) -> dict[str, list[int]]:
    """The sign-ins that are open, by broker number; of some brokers only if named."""
    query = select(User.broker_no, User.id).join(UserRole, UserRole.user_id == User.id)
    query = query.where(User.broker_no.is_not(None) if numbers is None else User.broker_no.in_(numbers))
    found: dict[str, list[int]] = {}
    for number, user_id in db.session.execute(query.where(UserRole.role == Role.BROKER, User.state != UserState.DISABLED).order_by(User.id)):
        found.setdefault(str(number), []).append(user_id)
    return found


def seen(period: str, broker: Broker, actor: Actor, moment: datetime) -> bool:
    """Keep that a broker's own user opened his published statement; once. Returns whether this was the first time."""
    if actor.user_id is None or actor.broker_no != broker.broker_no:
        return False
    published = select(StatementPublication).where(StatementPublication.period == period, StatementPublication.broker_id == broker.id)
    if db.session.execute(published.with_for_update()).scalar_one_or_none() is None:  # of two who open it at once, the second waits
        return False
    if db.session.get(StatementSeen, (period, broker.id, actor.user_id)) is not None:
        return False
    db.session.add(StatementSeen(period=period, broker_id=broker.id, user_id=actor.user_id, seen_at=moment))
    log.write(actor, moment, "statement.seen", "statement", f"{period} {broker.broker_no}")
    db.session.flush()
    return True


def progress_of(period: str) -> Progress:
    """How far a month is with its brokers; all 0 where it is open."""
    close = db.session.get(MonthClose, period)
    if close is None:
        return Progress()
    statements = db.session.execute(select(func.count()).where(RunStatement.run_id == close.run_id)).scalar_one()
    out = select(func.count(), func.max(StatementPublication.published_at), func.max(StatementPublication.published_label))
    published, published_at, published_by = db.session.execute(out.where(StatementPublication.period == period)).one()
    told = select(func.count(), func.coalesce(func.sum(StatementTold.users), 0), func.max(StatementTold.told_at), func.max(StatementTold.told_label))
    count, users, told_at, told_by = db.session.execute(told.where(StatementTold.period == period)).one()
    opened = db.session.execute(select(func.count(func.distinct(StatementSeen.broker_id))).where(StatementSeen.period == period)).scalar_one()
    return Progress(statements, published, count, int(users), opened, published_at, published_by or "", told_at, told_by or "")


def listed(period: str) -> Select[*tuple[Any, ...]]:
    """Every statement of a closed month with when it was published, told of and first opened."""
    opened = select(StatementSeen.broker_id, func.min(StatementSeen.seen_at).label("seen_at")).where(StatementSeen.period == period).group_by(StatementSeen.broker_id).subquery()
    return (
        select(Broker, RunStatement, StatementPublication.published_at, StatementTold.told_at, StatementTold.users, opened.c.seen_at)
        .join(RunStatement, RunStatement.broker_id == Broker.id)
        .join(MonthClose, MonthClose.run_id == RunStatement.run_id)
        .join(CommissionRun, CommissionRun.id == RunStatement.run_id)
        .outerjoin(StatementPublication, of_statement())
        .outerjoin(StatementTold, and_(StatementTold.period == period, StatementTold.broker_id == Broker.id))
        .outerjoin(opened, opened.c.broker_id == Broker.id)
        .where(MonthClose.period == period)
    )


def closed(period: str) -> MonthClose:
    """The close of a month. Raises Refusal for one that is open."""
    close = db.session.get(MonthClose, period)
    if close is None:
        raise Refusal("%(period)s is open: statements are published once it is closed", period=period)
    return close


def mark(period: str, step: str, digest: str, note: str, actor: Actor, moment: datetime) -> MonthMark:
    """Keep that somebody was through with a step, for the preview with this digest. Raises NotAllowed, Refusal for another step."""
    actor.need(Can.MONTH_PREPARE)
    if step not in set(DeskStep):
        raise Refusal("%(step)s is no step that is marked by hand", step=step)
    row = MonthMark(period=period, step=step, digest=digest, note=note, marked_at=moment, marked_by_id=actor.user_id, marked_label=actor.label[:200])
    db.session.add(row)
    log.write(actor, moment, f"month.{step}", "month", period, after={"digest": digest}, reason=note)
    db.session.flush()
    return row


def marks_of(period: str, digests: Collection[str]) -> dict[str, MonthMark]:
    """The newest mark of each step for these previews."""
    rows = db.session.scalars(select(MonthMark).where(MonthMark.period == period, MonthMark.digest.in_(list(digests))).order_by(MonthMark.id))
    return {row.step: row for row in rows}
