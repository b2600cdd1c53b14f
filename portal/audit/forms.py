"""The lists of this room, each declared once: the log, and what was decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l

from models.audit import Approval, ApprovalState, AuditEntry
from portal import local_day
from portal.audit import policy, queries
from portal.web.list_pages import Field, ListPage, declare
from portal.web.listing import Label
from portal.web.paging import Column, Filter, Listing, columns, day_filter

LOG_COLUMNS = columns(
    Column("seq", _l("Line"), sort=True),
    Column("at", _l("When")),
    Column("person", _l("Who")),
    Column("action", _l("Action")),
    Column("subject", _l("About")),
    Column("reason", _l("Reason")),
)
_SEQ = AuditEntry.__table__.c.seq
LOG = Listing(
    tiebreak=_SEQ,
    sorts={"seq": _SEQ},
    default="-seq",
    filters=(
        Filter("person", _l("Person"), queries.by_person, personal=True),
        Filter("action", _l("Action"), queries.by_action),
        Filter("subject", _l("About"), queries.by_subject),
        day_filter("from", _l("From"), lambda day: queries.since(day, local_day.zone())),
        day_filter("to", _l("To"), lambda day: queries.until(day, local_day.zone())),
    ),
    per_page=50,
    keyset=True,
)
STATES = {
    ApprovalState.WAITING.value: (_l("Waiting"), "info"),
    ApprovalState.APPROVED.value: (_l("Approved"), "good"),
    ApprovalState.REFUSED.value: (_l("Refused"), "bad"),
    ApprovalState.WITHDRAWN.value: (_l("Withdrawn"), "neutral"),
}
KINDS = {
    "Month close": _l("Month close"),
    "Adjustment": _l("Adjustment"),
    "Adjustments": _l("Adjustments"),
    "Explanation of differences": _l("Explanation of differences"),
    "Replacement of a dated file": _l("Replacement of a dated file"),
    "Removal of a second factor": _l("Removal of a second factor"),
    "Invitation with rights over money or people": _l("Invitation with rights over money or people"),
    "Rights over money or people": _l("Rights over money or people"),
    "New password link": _l("New password link"),
    "Plan activation": _l("Plan activation"),
    "Attribution from a lead": _l("Attribution from a lead"),
    "Release from suspense": _l("Release from suspense"),
    "Application of a broker": _l("Application of a broker"),
    "Transfer of attribution": _l("Transfer of attribution"),
    "Adjustment from a dispute": _l("Adjustment from a dispute"),
    "Money to clients for friends": _l("Money to clients for friends"),
}


def kind_label(kind: str) -> Label:
    """What a kind of approval is called."""
    label = (policy.APPROVABLE[kind].label if kind in policy.APPROVABLE else "") or kind
    return KINDS.get(label) or _l(label)  # rooms to the right mark their own labels for translation


class _Kinds(Sequence[tuple[str, Label]]):
    """The kinds of approvals to choose from: those that rooms have registered by the time somebody asks."""

    def __getitem__(self, place: Any) -> Any:
        return [(kind, kind_label(kind)) for kind in sorted(policy.APPROVABLE)][place]

    def __len__(self) -> int:
        return len(policy.APPROVABLE)


LOG_LIST = declare(
    ListPage(
        "audit.log",
        _l("Audit log"),
        LOG,
        LOG_COLUMNS,
        source=lambda asked: queries.lines(asked.actor),
        fields=(
            Field("seq", _l("Line"), lambda row: row.seq, "seq"),
            Field("at", _l("When"), lambda row: row.at.astimezone(local_day.zone()), "at"),
            Field("person", _l("Who"), lambda row: row.actor_label, "person"),
            Field("action", _l("Action"), lambda row: row.action, "action"),
            Field("subject_type", _l("About"), lambda row: row.subject_type, "subject_type"),
            Field("subject_key", _l("Key"), lambda row: row.subject_key, "subject_key"),
            Field("reason", _l("Reason"), lambda row: row.reason, "reason"),
            Field("request_id", _l("Request"), lambda row: row.request_id, "request_id"),
        ),
        file_name="audit-log",
    )
)

DECIDED_COLUMNS = columns(
    Column("number", _l("Number"), sort=True, number=True),
    Column("kind", _l("What")),
    Column("prepared", _l("Prepared"), sort=True),
    Column("state", _l("State")),
    Column("decided", _l("Decided"), sort=True),
    Column("note", _l("Note")),
)
_ID = Approval.__table__.c.id
DECIDED = Listing(
    tiebreak=_ID,
    sorts={"number": _ID, "prepared": Approval.prepared_at, "decided": Approval.decided_at},
    default="-number",
    filters=(
        Filter("kind", _l("What"), lambda text: Approval.kind == text, choices=_Kinds()),
        Filter(
            "state",
            _l("State"),
            lambda text: Approval.state == text,
            choices=tuple((name, label) for name, (label, _tone) in STATES.items() if name != ApprovalState.WAITING.value),
        ),
        Filter("prepared_by", _l("Prepared by"), lambda text: Approval.prepared_label.icontains(text, autoescape=True), personal=True),
        day_filter("from", _l("From"), lambda day: queries.prepared_since(day, local_day.zone())),
        day_filter("to", _l("To"), lambda day: queries.prepared_until(day, local_day.zone())),
    ),
    per_page=50,
)
DECIDED_LIST = declare(
    ListPage(
        "audit.approvals",
        _l("Decided approvals"),
        DECIDED,
        DECIDED_COLUMNS,
        source=lambda asked: queries.visible_to(asked.actor).where(Approval.state != ApprovalState.WAITING).order_by(None),
        fields=(
            Field("number", _l("Number"), lambda row: row.id),
            Field("kind", _l("What"), lambda row: str(kind_label(row.kind))),
            Field("subject", _l("About"), lambda row: row.subject),
            Field("prepared_by", _l("Prepared by"), lambda row: row.prepared_label),
            Field("prepared_at", _l("Prepared"), lambda row: row.prepared_at),
            Field("state", _l("State"), lambda row: str(STATES[row.state][0])),
            Field("decided_at", _l("Decided"), lambda row: row.decided_at),
            Field("note", _l("Note"), lambda row: row.decision_note),
            Field("digest", _l("Digest"), lambda row: row.digest),
        ),
        scalars=True,
        file_name="approvals",
    )
)
