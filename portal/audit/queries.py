"""What the log and the approvals answer: lists begin with what the actor may see."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, false, or_, select, true

from models import db
from models.audit import Approval, ApprovalState, AuditEntry
from models.identity import User
from portal.actors import Actor
from portal.audit.policy import decidable_kinds
from portal.permissions import Can
from portal.refusals import NotFound


def lines(actor: Actor) -> Select[*tuple[Any, ...]]:
    """The lines of the log. Raises NotAllowed without the right to read the log."""
    actor.need(Can.AUDIT_READ)
    return select(
        AuditEntry.seq,
        AuditEntry.at,
        AuditEntry.actor_label,
        AuditEntry.action,
        AuditEntry.subject_type,
        AuditEntry.subject_key,
        AuditEntry.reason,
        AuditEntry.request_id,
    )


def own_lines(actor: Actor, action: str, subject_type: str, limit: int) -> Sequence[AuditEntry]:
    """The newest lines of the log that the actor wrote himself by an action on a kind of thing (by which the log is looked up): his own
    doing, so he needs no right to read the log."""
    mine = select(AuditEntry).where(AuditEntry.subject_type == subject_type, AuditEntry.actor_id == actor.user_id, AuditEntry.action == action)
    return db.session.execute(mine.order_by(AuditEntry.seq.desc()).limit(limit)).scalars().all()


def by_person(text: str) -> ColumnElement[bool]:
    """The lines of the people whose mail address holds this."""
    return AuditEntry.actor_label.icontains(text, autoescape=True)


def by_action(text: str) -> ColumnElement[bool]:
    """The lines of an action, or of all that begin with it: `approval` finds `approval.prepared`."""
    return or_(AuditEntry.action == text, AuditEntry.action.startswith(text + ".", autoescape=True))


def by_subject(text: str) -> ColumnElement[bool]:
    """The lines about a kind of thing, about `kind:key`, or about a key of whatever kind."""
    kind, _, key = text.partition(":")
    one = and_(AuditEntry.subject_type == kind, AuditEntry.subject_key == key) if key else AuditEntry.subject_type == kind
    return or_(one, AuditEntry.subject_key == text)


def since(day: date, zone: ZoneInfo) -> ColumnElement[bool]:
    """The lines from a calendar day on, as the zone counts days."""
    return AuditEntry.at >= datetime.combine(day, time.min, zone)


def until(day: date, zone: ZoneInfo) -> ColumnElement[bool]:
    """The lines up to a calendar day, that day included."""
    return and_(AuditEntry.at < datetime.combine(day + timedelta(days=1), time.min, zone)) if day < date.max else true()


def prepared_since(day: date, zone: ZoneInfo) -> ColumnElement[bool]:
    """The approvals prepared from a calendar day on."""
    return Approval.prepared_at >= datetime.combine(day, time.min, zone)


def prepared_until(day: date, zone: ZoneInfo) -> ColumnElement[bool]:
    """The approvals prepared up to a calendar day, that day included."""
    return and_(Approval.prepared_at < datetime.combine(day + timedelta(days=1), time.min, zone)) if day < date.max else true()


def entry(actor: Actor, seq: int) -> tuple[AuditEntry, int | None, int | None]:
    """One line, and the numbers of the lines before and after it. Raises NotAllowed, NotFound."""
    actor.need(Can.AUDIT_READ)
    around = {row.seq: row for row in db.session.execute(select(AuditEntry).where(AuditEntry.seq.between(seq - 1, min(seq + 1, 2**63 - 1)))).scalars()}
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


def own_approval(actor: Actor, approval_id: int) -> Approval:
    """One approval that this person prepared himself. Raises NotFound for everything else."""
    own = select(Approval).where(Approval.id == approval_id, Approval.prepared_by_id == actor.user_id)
    found = db.session.execute(own).scalar_one_or_none()
    if found is None or actor.user_id is None:
        raise NotFound("there is no approval %(id)s", id=approval_id)
    return found


def label_of(user_id: int | None) -> str:
    """The mail address of who decided; empty where nobody has."""
    return "" if user_id is None else db.session.execute(select(User.email).where(User.id == user_id)).scalar_one()
