"""Erasing what nothing obliges the firm to keep (个人信息保护法 Art. 47): a person asks, one prepares, a second approves the counts that he is shown.

What goes and what stays stand as data. Facts of trading, attribution and commission and the client's file stay for as long as the rules of
the day say (keep-20y, suit-20y); the audit log never held personal data beyond who did what, so its chain stays as it is.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, delete, func, or_, select, update

from models import Base, db
from models.audit import Approval, ApprovalState
from models.club import Booking, Seat
from models.identity import User, UserRole, UserState
from models.lists import ExportFile, SavedView
from models.personal import EraseRequest, EraseState, SubjectKind
from portal.actors import Actor
from portal.audit import approvals, log
from portal.audit.policy import watch
from portal.fields import one_line
from portal.jobs.retention import scrub
from portal.notices.kinds import N_, register
from portal.notices.verbs import tell
from portal.permissions import Can
from portal.personal.gather import Person, Subject, about, person_of
from portal.refusals import Conflict, NotFound, Refusal
from portal.transaction import afterwards

ERASE = "personal.erase"
"""What waits for a second person."""
REFUSED = "personal.refused"
register(
    REFUSED,
    N_("Your request to erase your data is answered: %(why)s"),
    "account",
    label=N_("A request to erase my data is answered"),
    mail=N_("Your request to erase your data is answered."),
)
SHORTEST, LONGEST = 4, 400


@dataclass(frozen=True)
class Part:
    """Rows of a table about a person that go: deleted, or with `blank` columns set. `through`: a table whose rows about him they hang on."""

    code: str
    table: str
    blank: Mapping[str, Any] = field(default_factory=dict)
    through: str = ""
    only: str = ""


PARTS = (
    Part("readings", "research_open"),
    Part("readings", "research_lesson"),
    Part("readings", "research_subscription"),
    Part("readings", "research_choice"),
    Part("club_words", "club_feedback", {"words": ""}, through="booking"),
    Part("club_words", "club_no_show", {"words": ""}),
    Part("club_words", "club_said", {"said": ""}, through="club_seat"),
    Part("messages", "notice"),
    Part("messages", "notice_choice"),
    Part("messages", "message_choice"),
    Part("messages", "message_contact"),
    Part("messages", "outbox_message"),
    Part("views", "default_view"),
    Part("views", "saved_view"),
    Part("views", "export_part", through="export_file"),
    Part("views", "export_file"),
    Part("old_accounts", "payee", {"holder": "", "account_no_sealed": "", "account_index": "", "account_tail": ""}, only="replaced"),
    Part("sign_in", "recovery_code"),
    Part("sign_in", "one_time_link"),
    Part("sign_in", "user_session", {"user_agent": "", "address": ""}),
)
"""What goes, in the order in which it may go; the sign-in itself is the last."""
KEPT = (
    ("file", "keep-20y", ("account_version", "balance", "trade")),
    ("suitability", "suit-20y", ("suitability_test", "consent", "confirmation_call")),
    ("commission", "keep-20y", ("attribution", "run_statement", "payout", "adjustment")),
    ("agreement", "keep-20y", ("broker_version", "agreement", "licence", "relative")),
)
"""What stays: its name, the rule that says so, and the tables."""


def ask(subject: Subject, *, actor: Actor, moment: datetime) -> EraseRequest:
    """A person asks that his data be erased. Raises NotFound; Conflict where he asked already and nobody has answered."""
    person_of(subject)
    if open_request(subject) is not None:
        raise Conflict("you asked for this already: it is being looked at")
    row = EraseRequest(public_id=secrets.token_urlsafe(12), subject_kind=subject.kind, subject_no=subject.number, state=EraseState.ASKED, decided_label="", why="", counts={})
    row.asked_at, row.asked_by_id = moment, actor.user_id
    db.session.add(row)
    db.session.flush()
    log.write(actor, moment, "personal.erase_asked", subject.kind, subject.number, after={"request": row.public_id})
    return row


def open_request(subject: Subject) -> EraseRequest | None:
    """The request of a person that waits for an answer."""
    query = select(EraseRequest).where(EraseRequest.subject_kind == subject.kind, EraseRequest.subject_no == subject.number)
    return db.session.execute(query.where(EraseRequest.state.in_((EraseState.ASKED, EraseState.PREPARED)))).scalar_one_or_none()


def by_public_id(public_id: str, *, held: bool = False) -> EraseRequest:
    """A request; `held` until the transaction ends. Raises NotFound."""
    query = select(EraseRequest).where(EraseRequest.public_id == public_id)
    found = db.session.execute(query.with_for_update().execution_options(populate_existing=True) if held else query).scalar_one_or_none()
    if found is None:
        raise NotFound("there is no such request")
    return found


def subject_of(row: EraseRequest) -> Subject:
    """Whom a request is about."""
    return Subject(SubjectKind(row.subject_kind), row.subject_no)


def counted(person: Person) -> tuple[dict[str, int], dict[str, int]]:
    """How many rows go, and how many stay, by name; what there is none of is left out."""
    goes: dict[str, int] = {"sign_in": len(_users(person))}
    for part in PARTS:
        condition = _condition(part, person)
        if condition is not None:
            goes[part.code] = goes.get(part.code, 0) + _count(part.table, condition)
    stays = {name: sum(_count(table, condition) for table in tables if (condition := about(_table(table), person)) is not None) for name, _rule, tables in KEPT}
    return {name: count for name, count in goes.items() if count}, {name: count for name, count in stays.items() if count}


def prepare(public_id: str, *, actor: Actor, moment: datetime) -> Approval:
    """Put a request before a second person, with what goes and what stays. Raises NotAllowed, NotFound; Conflict where it was answered."""
    actor.need(Can.PERSONAL_ERASE)
    row = by_public_id(public_id, held=True)
    if row.state != EraseState.ASKED:
        raise Conflict("this request was answered, or waits for a second person already")
    goes, stays = counted(person_of(subject_of(row)))
    preview = {"kind": row.subject_kind, "number": row.subject_no, "erased": _told(goes), "kept": _told(stays)}
    payload = {"request": row.public_id, "see": f"/compliance/erase-requests/{row.public_id}"}
    approval = approvals.prepare(actor, moment, kind=ERASE, subject=f"{row.subject_kind} {row.subject_no}", payload=payload, preview=preview)
    row.state, row.approval_id = EraseState.PREPARED, approval.id
    db.session.flush()
    return approval


def _told(counts: Mapping[str, int]) -> list[dict[str, Any]]:
    return [{"what": name, "count": count} for name, count in counts.items()] or [{"what": "–", "count": 0}]


def refuse(public_id: str, why: str, *, actor: Actor, moment: datetime) -> None:
    """Answer that nothing is erased, and why; the person is told. Raises NotAllowed, NotFound, Conflict; Refusal without a reason."""
    actor.need(Can.PERSONAL_ERASE)
    row = by_public_id(public_id, held=True)
    said = one_line(why)
    if not SHORTEST <= len(said) <= LONGEST:
        raise Refusal("say in %(shortest)s to %(longest)s characters why: the person is told", shortest=SHORTEST, longest=LONGEST)
    if row.state != EraseState.ASKED:
        raise Conflict("this request was answered, or waits for a second person already")
    row.state, row.decided_at, row.decided_label, row.why = EraseState.REFUSED, moment, actor.label, said
    log.write(actor, moment, "personal.erase_refused", row.subject_kind, row.subject_no, after={"request": row.public_id}, reason=said)
    if row.asked_by_id is not None:
        tell([row.asked_by_id], REFUSED, "/me/data", {"why": said}, actor=actor, moment=moment)
    db.session.flush()


def _erase(approval: Approval, approver: Actor, moment: datetime) -> None:
    """A second person let it through: everything that goes is gone, in this transaction."""
    row = by_public_id(approval.payload["request"], held=True)
    if row.state != EraseState.PREPARED:
        raise Conflict("this request was answered already: look at it again")
    person = person_of(subject_of(row))
    goes, _stays = counted(person)
    users = _users(person)
    for part in PARTS:
        condition = _condition(part, person)
        if condition is not None:
            _let_go(_table(part.table), condition, part.blank)
    for user in db.session.scalars(select(User).where(User.id.in_(users))):
        user.name, user.email, user.password_hash, user.totp_secret, user.state = "", f"erased-{user.public_id}@erased.invalid", None, None, UserState.DISABLED
    _end_sessions(users, moment)
    row.state, row.decided_at, row.decided_label, row.counts = EraseState.DONE, moment, approver.label, goes
    afterwards(scrub)
    log.write(approver, moment, "personal.erased", row.subject_kind, row.subject_no, after={"request": row.public_id, "counts": goes})
    db.session.flush()


def _end_sessions(users: Iterable[int], moment: datetime) -> None:
    table = _table("user_session")
    ended = update(table).where(table.c.user_id.in_(list(users)), table.c.ended_at.is_(None)).values(ended_at=moment, ended_why="disabled")
    db.session.execute(ended, execution_options={"synchronize_session": False})


def _let_go(table: Table, condition: ColumnElement[bool], blank: Mapping[str, Any]) -> None:
    statement = update(table).where(condition).values(**blank) if blank else delete(table).where(condition)
    db.session.execute(statement, execution_options={"synchronize_session": False})


def _users(person: Person) -> list[int]:
    """The sign-ins that are this person's alone: who holds another role too keeps his, for that role."""
    roles = select(UserRole.user_id).where(UserRole.user_id.in_(sorted(person.ids["user"]))).group_by(UserRole.user_id).having(func.count() == 1)
    return list(db.session.execute(select(User.id).where(User.id.in_(roles), ~User.email.endswith("@erased.invalid"))).scalars())


def _condition(part: Part, person: Person) -> ColumnElement[bool] | None:
    """Which rows of a part's table are the person's; None where none can be."""
    table = _table(part.table)
    if part.through in ("booking", "club_seat"):
        keys = sorted(person.numbers.get("person", set()))
        mine = or_(Booking.person.in_(keys), Booking.client_no.in_(sorted(person.numbers.get("client_no", set()))))
        bookings = select(Booking.id).where(mine)
        if part.through == "booking":
            return and_(table.c.booking_id.in_(bookings), table.c.words != "")
        return and_(table.c.seat_id.in_(select(Seat.id).where(Seat.booking_id.in_(bookings), Seat.position == 0)), table.c.said != "")
    owner = {"export_part": table.c.get("export_id"), "export_file": table.c.get("id"), "saved_view": table.c.get("id")}.get(part.table)
    if owner is not None:
        model = SavedView if part.table == "saved_view" else ExportFile
        return owner.in_(select(model.id).where(model.owner_id.in_(_users(person))))
    found = about(table, person)
    if found is None:
        return None
    clauses = [found]
    if part.only:
        clauses.append(table.c.state == part.only)
    if part.blank:
        clauses.append(or_(*(table.c[name] != value for name, value in part.blank.items())))
    return and_(*clauses)


def _table(name: str) -> Table:
    return Base.metadata.tables[name]


def _count(table: str, condition: ColumnElement[bool]) -> int:
    return int(db.session.execute(select(func.count()).select_from(_table(table)).where(condition)).scalar_one())


@watch
def _dropped(approval: Approval, actor: Actor, moment: datetime) -> None:
    """What a second person refused, or the first took back, waits for another answer."""
    if approval.kind == ERASE and approval.state in {ApprovalState.REFUSED, ApprovalState.WITHDRAWN}:
        row = by_public_id(approval.payload["request"], held=True)
        row.state, row.approval_id = EraseState.ASKED, None
        db.session.flush()


approvals.register(ERASE, Can.PERSONAL_ERASE, _erase, label=N_("Erasing a person’s data"))
