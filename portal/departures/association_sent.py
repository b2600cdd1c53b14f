"""What was sent to the association of a month's report: who recorded it, when and through what it went, under which receipt, the very file with its
digest; until when it is due, what changed in the books since, and the reminders. Nothing that was recorded is edited: a correction is another sending.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from models import db
from models.concentration import AssociationReminder, AssociationSending
from models.identity import Role, User, UserRole, UserState
from models.settlement import CalendarDay, CalendarYear
from models.values.calendar import Month
from models.values.money import yuan
from portal.actors import Actor
from portal.audit import log
from portal.departures.association import WORKING_DAYS, Report, months, report
from portal.disputes.states import due_after
from portal.notices.kinds import N_, register
from portal.notices.verbs import tell_each
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal

COLUMNS = ("broker_no", "name", "kind", "licence_no", "branch_no", "clients", "equity_yuan")
"""The columns of the file that is sent, whatever the language of who makes it: its digest has to be the same for everybody."""
SHORT, LONGEST = 120, 400
SOON = timedelta(days=5)
"""So many days before it is due people are reminded."""
FORGIVEN = timedelta(days=45)
"""Reports whose due date lies further back are listed as overdue, but nobody is reminded of them."""
DUE = "association.due"
"""The kind of the reminder before the due date; OVERDUE of the one after it."""
OVERDUE = "association.overdue"
register(
    DUE, N_("The report of %(month)s to the association is due on %(day)s and is not recorded as sent."), "brokers",
    label=N_("The report to the association is due soon"), tone="warn", mail=N_("The monthly report to the association is due soon."),
)  # fmt: skip
register(
    OVERDUE, N_("The report of %(month)s to the association was due on %(day)s and is not recorded as sent."), "brokers",
    label=N_("The report to the association is overdue"), tone="bad", mail=N_("The monthly report to the association is overdue."), urgent=True,
)  # fmt: skip


@dataclass(frozen=True)
class Changed:
    """A broker whose line of the report is another now than in the file that was sent last: `was` and `now` by column, none where there was, or is, no line."""

    broker_no: str
    was: dict[str, str] | None
    now: dict[str, str] | None

    @property
    def columns(self) -> list[str]:
        """The columns that differ, of a line that stands in both."""
        return [name for name in COLUMNS if self.was is not None and self.now is not None and self.was[name] != self.now[name]]


@dataclass(frozen=True)
class Standing:
    """A month and its report: until when it is due, the report as it went first (none: not yet), and how many corrections followed."""

    month: Month
    due_on: date
    first: AssociationSending | None
    corrections: int

    def state(self, today: date) -> str:
        """`sent`, `late` (sent after the due date), `overdue`, `due`, or `running` while the month is not over."""
        if self.first is not None:
            return "late" if self.first.sent_on > self.due_on else "sent"
        if today <= self.month.last:
            return "running"
        return "overdue" if today > self.due_on else "due"


def file_of(found: Report) -> bytes:
    """The report as the file that is sent: the same bytes for the same report."""
    target = io.StringIO(newline="")
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in found.rows.sort("broker_no").to_dicts():
        writer.writerow([row["broker_no"], row["name"] or "", row["kind"] or "", row["licence"] or "", row["branch"] or "", row["clients"], yuan(row["equity"])])
    return target.getvalue().encode()


def digest_of(content: bytes) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def sendings(month: Month) -> list[AssociationSending]:
    """What was sent of a month, in its order."""
    return list(db.session.execute(select(AssociationSending).where(AssociationSending.period == str(month)).order_by(AssociationSending.place)).scalars())


def sending(sending_id: int) -> AssociationSending:
    """One of them. Raises NotFound."""
    found = db.session.get(AssociationSending, sending_id)
    if found is None:
        raise NotFound("there is no such sending")
    return found


def differences(sent: bytes, now: bytes) -> list[Changed]:
    """Where a report differs from the file that was sent, by broker."""
    was, is_now = _lines(sent), _lines(now)
    return [Changed(number, was.get(number), is_now.get(number)) for number in sorted({*was, *is_now}) if was.get(number) != is_now.get(number)]


def _lines(content: bytes) -> dict[str, dict[str, str]]:
    return {row["broker_no"]: row for row in csv.DictReader(io.StringIO(content.decode()))}


def record(month: Month, digest: str, sent_on: date, through: str, receipt_no: str, note: str, *, actor: Actor, moment: datetime, today: date) -> AssociationSending:
    """Record that the report of a month was sent, or a correction of it. `digest` is that of the file that was looked at.

    Raises NotAllowed; NotFound without a settled day; Refusal for a month that is not over, a day that cannot be, or what is missing; Conflict where
    the report is another by now, or is the same as the one that was sent last."""
    actor.need(Can.ASSOCIATION_SEND)
    found = report(month)
    if found is None:
        raise NotFound("there is no settled day in %(month)s", month=str(month))
    checked(month, sent_on, through, receipt_no, note, today)
    content, before = file_of(found), sendings(month)
    if digest_of(content) != digest:
        raise Conflict("the report of %(month)s changed since you looked at it: look again, and send what stands there now", month=str(month))
    if before and before[-1].digest == digest:
        raise Conflict("the report of %(month)s was recorded as sent with exactly this content: nothing is to be corrected", month=str(month))
    row = AssociationSending(
        period=str(month), place=len(before) + 1, settled=found.settled, due_on=found.due_on, sent_on=sent_on, through=through.strip(), receipt_no=receipt_no.strip(),
        note=note.strip(), brokers=found.rows.height, digest=digest, content=content, recorded_at=moment, recorded_by_id=actor.user_id, recorded_label=actor.label,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    after = {"place": row.place, "sent_on": str(sent_on), "through": row.through, "receipt_no": row.receipt_no, "digest": digest, "brokers": row.brokers}
    log.write(actor, moment, "association.sent", "association", row.period, after=after)
    return row


def checked(month: Month, sent_on: date, through: str, receipt_no: str, note: str, today: date) -> None:
    """Raises Refusal where what was typed cannot be so."""
    if today <= month.last:
        raise Refusal("%(month)s is not over yet: its report is made after its last day", month=str(month))
    if not month.last < sent_on <= today:
        raise Refusal("the report was sent after %(first)s and up to today: %(day)s cannot be", first=month.last, day=sent_on)
    for text in (through, receipt_no):
        if not 1 <= len(text.strip()) <= SHORT:
            raise Refusal("say through what it was sent and under which receipt number: up to %(most)s characters each", most=SHORT)
    if len(note.strip()) > LONGEST:
        raise Refusal("this is too long: %(length)s characters, at most %(most)s", length=len(note.strip()), most=LONGEST)


def standings() -> list[Standing]:
    """Every month that has settled days with its report's state, the newest first. Four queries however many months."""
    held = months()
    if not held:
        return []
    sent: dict[str, list[AssociationSending]] = {}
    for row in db.session.execute(select(AssociationSending).order_by(AssociationSending.period, AssociationSending.place)).scalars():
        sent.setdefault(row.period, []).append(row)
    last_year = db.session.execute(select(func.max(CalendarYear.year))).scalar()
    until = date(last_year, 12, 31) if last_year else held[-1].last
    span = CalendarDay.day.between(held[-1].last, held[0].last + timedelta(days=60))
    trading = list(db.session.execute(select(CalendarDay.day).where(CalendarDay.trading, span).order_by(CalendarDay.day)).scalars())
    each = []
    for month in held:
        ahead = [day for day in trading if month.last < day <= month.last + timedelta(days=40)]
        rows = sent.get(str(month), [])
        each.append(Standing(month, due_after(month.last, ahead, until, WORKING_DAYS), rows[0] if rows else None, max(len(rows) - 1, 0)))
    return each


def remind(today: date, actor: Actor, moment: datetime) -> int:
    """Remind who may send of the reports that are due within SOON or overdue, of each once before and once after. Returns of how many. Verb."""
    told = {tuple(row) for row in db.session.execute(select(AssociationReminder.period, AssociationReminder.what))}
    fresh = []
    for one in standings():
        what = {"due": "due" if one.due_on - today <= SOON else "", "overdue": "overdue" if today - one.due_on <= FORGIVEN else ""}.get(one.state(today), "")
        if what and (str(one.month), what) not in told:
            fresh.append((one, what))
    if not fresh:
        return 0
    db.session.add_all(AssociationReminder(period=str(one.month), what=what, at=moment) for one, what in fresh)
    db.session.flush()
    people = _senders()
    for kind, wanted in ((DUE, "due"), (OVERDUE, "overdue")):
        each = [(user, f"/association?month={one.month}", {"month": str(one.month), "day": str(one.due_on)}) for one, what in fresh if what == wanted for user in people]
        tell_each(each, kind, actor=actor, moment=moment)
    log.write_many(actor, moment, [log.Line("association.reminded", "association", str(one.month), None, {"what": what, "due_on": str(one.due_on)}) for one, what in fresh])
    return len(fresh)


def _senders() -> Sequence[int]:
    """Who runs and who watches the firm: they record what is sent."""
    query = select(User.id).join(UserRole, UserRole.user_id == User.id).where(UserRole.role.in_([Role.ADMIN.value, Role.COMPLIANCE.value]), User.state != UserState.DISABLED)
    return sorted(db.session.execute(query.distinct()).scalars())
