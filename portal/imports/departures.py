"""departures.csv: who goes or went. Each row is recorded as announced, and as effective where the masters say that the person is gone; that somebody
who is still here leaves is never done by a file: a person lets it take effect, and sees before what ends with it.

A departure is known by the person and the day of its announcement. The same file once more brings nothing.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import select

from models import db
from models.departures import Departure, DepartureKind, DepartureState
from models.partners import Broker, BrokerState, BrokerStatus, Staff, StaffVersion
from portal import local_day
from portal.audit import log
from portal.departures import states
from portal.departures.register import LIVE, SHORT, write_step
from portal.fields import Expected, Reader, day, number, optional_day, prose, word_of
from portal.imports.context import Context, Result, text_of
from portal.imports.received import Received
from portal.imports.steps import Refused, unit
from portal.masters import table
from portal.refusals import Findings
from portal.versions import current, numbers

NAME = "departures.csv"


class PersonKind(enum.StrEnum):
    """Who goes."""

    STAFF = "staff"
    BROKER = "broker"


class Row(NamedTuple):
    """A row as read; `person_id` is the id of a staff member or broker, as the kind says."""

    line: int
    kind: PersonKind
    person_no: str
    person_id: int
    announced_on: date
    effective_on: date | None
    cause: str
    destination: str

    @property
    def key(self) -> tuple[str, int, date]:
        """Which departure it is."""
        return self.kind.value, self.person_id, self.announced_on


READERS: Mapping[str, Reader] = {
    "person_kind": word_of(PersonKind),
    "person_no": number,
    "announced_on": day,
    "effective_on": optional_day,
    "cause": prose,
    "destination": prose,
}


def import_departures(file: Received, context: Context, findings: Findings, *, dry_run: bool) -> Result:
    """Record every departure of the file, or refuse the file whole where a row does not hold."""
    result = Result(NAME, file.name)
    got = text_of(file, findings)
    if got is None:
        return result
    today = local_day.day_of(context.moment)
    rows = _read(got[1], file.name, today, findings)
    result.rows = len(rows)
    try:
        with unit(dry_run):
            new = _new(rows, file.name, today, findings)
            if findings.refused:
                raise Refused
            _record(new, today, context)
            result.counts = {"new": len(new), "changed": 0, "same": len(rows) - len(new)}
            if new:
                log.write(context.actor, context.moment, "import.departures", "file", NAME, after={"name": file.name, **result.counts})
    except Refused:
        return result
    result.state = "posted" if result.counts["new"] else "unchanged"
    return result


def _read(text: str, file: str, today: date, findings: Findings) -> list[Row]:
    known = {PersonKind.STAFF: numbers(Staff, "staff_no"), PersonKind.BROKER: numbers(Broker, "broker_no")}
    rows: list[Row] = []
    seen: dict[tuple[str, int, date], int] = {}
    for line, cells in table(text, list(READERS), file, findings):
        values = _values(cells, line, file, findings)
        if len(values) < len(cells) or not _holds(values, known, today, (file, line), findings):
            continue
        kind = PersonKind(values.pop("person_kind"))
        row = Row(line, kind, values["person_no"], known[kind][values.pop("person_no")], **values)
        if row.key in seen:
            shown = f"{kind.value} {row.person_no} · {row.announced_on}"
            findings.refuse("key_twice", file, line, field="person_kind, person_no, announced_on", found=shown, expected=f"once; it stands on line {seen[row.key]} too")
        seen.setdefault(row.key, line)
        rows.append(row)
    return rows


def _values(cells: list[str], line: int, file: str, findings: Findings) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for (name, read), cell in zip(READERS.items(), cells, strict=True):
        try:
            values[name] = read(cell)
            if name in ("cause", "destination") and len(values[name]) > SHORT:
                raise Expected("too_long", f"at most {SHORT} characters")
        except Expected as error:
            findings.refuse(error.code, file, line, field=name, found=cell[:60], expected=error)
            values.pop(name, None)
    return values


def _holds(values: Mapping[str, Any], known: Mapping[PersonKind, Mapping[str, int]], today: date, place: tuple[str, int], findings: Findings) -> bool:
    """Whether the person is known and the days can be."""
    before, kind = findings.refused, PersonKind(values["person_kind"])
    if values["person_no"] not in known[kind]:
        code, master = ("unknown_staff", "staff.csv") if kind is PersonKind.STAFF else ("unknown_broker", "brokers.csv")
        findings.refuse(code, *place, field="person_no", found=values["person_no"], expected=f"import {master} first")
    if values["announced_on"] > today:
        findings.refuse("announced_ahead", *place, field="announced_on", found=values["announced_on"], expected="a day gone by: what is still to be announced is a suspicion")
    if values["effective_on"] is not None and values["effective_on"] < values["announced_on"]:
        findings.refuse("effective_early", *place, field="effective_on", found=values["effective_on"], expected=f"{values['announced_on']} or later")
    return findings.refused == before


def _new(rows: list[Row], file: str, today: date, findings: Findings) -> list[Row]:
    """The rows that are not in the register. One that stands there otherwise, or of somebody with another live departure, is refused."""
    held: dict[tuple[str, int, date | None], Departure] = {}
    live: set[tuple[str, int]] = set()
    for one in db.session.execute(select(Departure).order_by(Departure.id)).scalars():
        who = (PersonKind.STAFF.value, one.staff_id) if one.staff_id is not None else (PersonKind.BROKER.value, one.broker_id or 0)
        if one.state != DepartureState.WITHDRAWN:
            held[*who, one.announced_on] = one
        if one.state in LIVE:
            live.add(who)
    new = []
    for row in rows:
        found = held.get(row.key)
        if found is None and row.key[:2] in live:
            findings.refuse("departure_live", file, row.line, field="person_no", found=row.person_no, expected="nobody with a departure that is still open in the register")
        elif found is None:
            new.append(row)
        elif (found.cause, found.destination) != (row.cause, row.destination) or (row.effective_on is not None and found.effective_on != row.effective_on):
            findings.refuse(
                "departure_otherwise", file, row.line, field="effective_on, cause, destination", found=row.person_no, expected=f"as {found.number} says in the register"
            )
    for row in _open_besides(new, today):
        findings.refuse("departure_live", file, row.line, field="person_no", found=row.person_no, expected="one open departure of a person")
    return new


def _open_besides(rows: list[Row], today: date) -> list[Row]:
    """The rows of people who have an open one before in the same file."""
    first: dict[tuple[str, int], Row] = {}
    gone = _gone()
    still = [row for row in rows if not _is_over(row, gone, today)]
    return [row for row in still if first.setdefault(row.key[:2], row).key != row.key]


def _is_over(row: Row, gone: Mapping[tuple[str, int], date | None], today: date) -> bool:
    """Whether the masters say that who goes is gone by now."""
    left = gone.get(row.key[:2])
    return row.effective_on is not None and row.effective_on <= today and left is not None and left <= today


def _record(rows: list[Row], today: date, context: Context) -> None:
    gone = _gone()
    for row in rows:
        staff = row.kind is PersonKind.STAFF
        departure = Departure(
            kind=DepartureKind.STAFF_LEAVES if staff else DepartureKind.BROKER_MOVES if row.destination else DepartureKind.BROKER_ENDS,
            staff_id=row.person_id if staff else None,
            broker_id=None if staff else row.person_id,
            state=DepartureState.EFFECTIVE if _is_over(row, gone, today) else DepartureState.ANNOUNCED,
            announced_on=row.announced_on,
            effective_on=row.effective_on,
            cause=row.cause,
            destination=row.destination,
            evidence=NAME,
            recorded_at=context.moment,
            recorded_by_id=context.actor.user_id,
        )
        db.session.add(departure)
        db.session.flush()
        write_step(departure, states.RECORDED, NAME, None, context.actor, context.moment)


def _gone() -> dict[tuple[str, int], date | None]:
    """Who is gone by the masters, and since when."""
    staff = current(StaffVersion, None).with_only_columns(StaffVersion.staff_id, StaffVersion.left_on).where(StaffVersion.left_on.is_not(None))
    ended = current(BrokerStatus, None).with_only_columns(BrokerStatus.broker_id, BrokerStatus.valid_from).where(BrokerStatus.status == BrokerState.ENDED.value)
    found: dict[tuple[str, int], date | None] = {(PersonKind.STAFF.value, row[0]): row[1] for row in db.session.execute(staff)}
    return found | {(PersonKind.BROKER.value, row[0]): row[1] for row in db.session.execute(ended)}
