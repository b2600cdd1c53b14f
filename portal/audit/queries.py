"""What the log and the approvals answer: lists begin with what the actor may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Select, false, or_, select

from models import db
from models.audit import Approval, ApprovalState, AuditEntry
from portal.actors import Actor
from portal.audit.policy import decidable_kinds
from portal.permissions import Can
from portal.refusals import NotFound


@dataclass(frozen=True)
class LogFilter:
    """Which lines are wanted; empty means any. Days are calendar days of `zone`, both included."""

    person: str = ""
    action: str = ""
    subject: str = ""
    first_day: date | None = None
    last_day: date | None = None
    zone: str = "Asia/Shanghai"


def lines(actor: Actor, wanted: LogFilter) -> Select[AuditEntry]:
    """The lines of the log that are wanted, newest first. Raises NotAllowed without the right to read the log."""
    actor.need(Can.AUDIT_READ)
    query = select(AuditEntry).order_by(AuditEntry.seq.desc())
    if wanted.person:
        query = query.where(AuditEntry.actor_label.icontains(wanted.person, autoescape=True))
    if wanted.action:
        query = query.where(or_(AuditEntry.action == wanted.action, AuditEntry.action.startswith(wanted.action + ".", autoescape=True)))
    if wanted.subject:
        kind, _, key = wanted.subject.partition(":")
        exact = (AuditEntry.subject_type == kind) & (AuditEntry.subject_key == key) if key else AuditEntry.subject_type == kind
        query = query.where(or_(exact, AuditEntry.subject_key == wanted.subject))
    if wanted.first_day:
        query = query.where(AuditEntry.at >= _beginning(wanted.first_day, wanted.zone))
    if wanted.last_day:
        query = query.where(AuditEntry.at < _beginning(wanted.last_day + timedelta(days=1), wanted.zone))
    return query


def page(query: Select[AuditEntry], *, before: int | None, size: int) -> tuple[Sequence[AuditEntry], int | None]:
    """One page of lines older than number `before`, and the number from which the next page goes on (None: the last)."""
    if before is not None:
        query = query.where(AuditEntry.seq < before)
    found = db.session.execute(query.limit(size + 1)).scalars().all()
    return found[:size], found[size - 1].seq if len(found) > size else None


def entry(actor: Actor, seq: int) -> tuple[AuditEntry, int | None, int | None]:
    """One line, and the numbers of the lines before and after it. Raises NotAllowed, NotFound."""
    actor.need(Can.AUDIT_READ)
    around = {row.seq: row for row in db.session.execute(select(AuditEntry).where(AuditEntry.seq.between(seq - 1, seq + 1))).scalars()}
    if seq not in around:
        raise NotFound("the log has no line %(seq)s", seq=seq)
    return around[seq], seq - 1 if seq - 1 in around else None, seq + 1 if seq + 1 in around else None


def visible_to(actor: Actor) -> Select[Approval]:
    """The approvals that a person may see: what he prepared or decided, what he may decide, and all for who reads the log."""
    query = select(Approval).order_by(Approval.id.desc())
    if actor.may(Can.AUDIT_READ):
        return query
    own = or_(Approval.prepared_by_id == actor.user_id, Approval.decided_by_id == actor.user_id) if actor.user_id is not None else false()
    return query.where(or_(own, Approval.kind.in_(decidable_kinds(actor))))


def waiting_for(actor: Actor, limit: int = 200) -> Sequence[Approval]:
    """What waits for this person's decision, the oldest first."""
    others = or_(Approval.prepared_by_id.is_(None), Approval.prepared_by_id != actor.user_id)
    query = select(Approval).where(Approval.state == ApprovalState.WAITING, Approval.kind.in_(decidable_kinds(actor)), others)
    return db.session.execute(query.order_by(Approval.id).limit(limit)).scalars().all()


def prepared_by(actor: Actor, limit: int = 200) -> Sequence[Approval]:
    """What this person prepared and nobody has decided yet, the newest first."""
    query = select(Approval).where(Approval.state == ApprovalState.WAITING, Approval.prepared_by_id == actor.user_id)
    return db.session.execute(query.order_by(Approval.id.desc()).limit(limit)).scalars().all()


def waiting(actor: Actor, limit: int = 200) -> Sequence[Approval]:
    """Everything undecided that the actor may see."""
    return db.session.execute(visible_to(actor).where(Approval.state == ApprovalState.WAITING).limit(limit)).scalars().all()


def decided(actor: Actor, *, before: int | None = None, size: int = 50) -> tuple[Sequence[Approval], int | None]:
    """One page of what was decided or withdrawn, newest first, and where the next page goes on (None: the last)."""
    query = visible_to(actor).where(Approval.state != ApprovalState.WAITING)
    if before is not None:
        query = query.where(Approval.id < before)
    found = db.session.execute(query.limit(size + 1)).scalars().all()
    return found[:size], found[size - 1].id if len(found) > size else None


def approval(actor: Actor, approval_id: int) -> Approval:
    """One approval that the actor may see. Raises NotFound where there is none, or none for him."""
    found = db.session.execute(visible_to(actor).where(Approval.id == approval_id)).scalar_one_or_none()
    if found is None:
        raise NotFound("there is no approval %(id)s", id=approval_id)
    return found


def _beginning(day: date, zone: str) -> datetime:
    return datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)
