"""Registering many people at once: what nobody has heard of goes in set-based, everybody else by `register`, one after the other.

So a list of 100,000 is registered in seconds, and each of its people gets the same answer as he would alone.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import insert, select, text

from models import db
from models.clients import AccountVersion
from models.leads import HAS_ID_NO, HAS_PHONE, Claim, ClaimState, Lead, LeadDoor, LeadEntry, LeadLookUp, LeadState, number_of
from portal.actors import Actor
from portal.audit import log
from portal.leads import look_ups
from portal.leads.deadlines import contact_due
from portal.leads.introducers import Introducer, branch_of
from portal.leads.look_ups import Limits
from portal.leads.matching import Indexes
from portal.leads.owners import first_owner, rooms
from portal.leads.people import Person, index_of
from portal.leads.protection import first_end
from portal.leads.register import Answer, Source, register
from portal.leads.terms import Terms, terms
from portal.sealing import Keyring
from portal.transaction import on_postgresql
from portal.webhooks.recording import Happened
from portal.webhooks.recording import record as tell

CHUNK = 500
"""People of one call."""


@dataclass(frozen=True)
class Asked:
    """One row of a list: who, by whom, from which campaign, what the list says of the source, and when the person consented."""

    line: int
    person: Person
    introducer: Introducer
    campaign_id: int | None = None
    source: str = ""
    consent_on: date | None = None


class Told(NamedTuple):
    """The answer to one row; the last day where somebody's claim holds."""

    line: int
    answer: Answer
    until: date | None


@dataclass
class Many:
    """One list being registered, chunk by chunk, each in a transaction of its own."""

    actor: Actor
    moment: datetime
    today: date
    keyring: Keyring
    door: LeadDoor
    limits: Limits
    rules: Terms = field(default_factory=Terms)
    owned: Counter[int] = field(default_factory=Counter)
    due: date | None = None
    owners: dict[Introducer, int | None] = field(default_factory=dict)
    branches: dict[Introducer, int] = field(default_factory=dict)
    rooms: dict[int, int] = field(default_factory=dict)

    def chunk(self, rows: Sequence[Asked]) -> list[Told]:
        """Register up to CHUNK people inside the open transaction. What an introducer may not ask any more is answered `later`."""
        self.rules = terms()
        self.due = contact_due(self.today, self.rules)
        asked, late = self._within_limits(rows)
        indexes = {row.line: Indexes(*index_of(self.keyring, row.person)) for row in asked}
        _lock(indexes.values())
        known = _known(indexes.values())
        fresh: list[Asked] = []
        others: list[Asked] = []
        for row in asked:
            values = {indexes[row.line].phone, indexes[row.line].id_no} - {""}
            (others if values & known else fresh).append(row)
            known |= values  # somebody who stands in the list twice is known the second time
        told = self._fresh(fresh, indexes) + [self._one(row) for row in others] + late
        return sorted(told)

    def _within_limits(self, rows: Sequence[Asked]) -> tuple[list[Asked], list[Told]]:
        left: dict[Introducer, int | None] = {}
        asked, late = [], []
        for row in rows:
            if row.introducer not in left:
                left[row.introducer] = look_ups.left(row.introducer, self.rules, self.moment, self.limits)
            places = left[row.introducer]
            if places == 0:
                late.append(Told(row.line, Answer.LATER, None))
                continue
            left[row.introducer] = None if places is None else places - 1
            asked.append(row)
        if late:
            look_ups.remember(rows[0].introducer, Answer.LATER.value, self.actor.user_id, self.moment)
        return asked, late

    def _one(self, row: Asked) -> Told:
        """Somebody of whom something is known, or who stands in the list a second time."""
        source = Source(self.door, self._branch(row.introducer), row.campaign_id)
        found = register(row.person, row.introducer, source, actor=self.actor, moment=self.moment, today=self.today, keyring=self.keyring, limits=Limits.NONE)
        return Told(row.line, found.answer, found.until)

    def _fresh(self, rows: Sequence[Asked], indexes: dict[int, Indexes]) -> list[Told]:
        if not rows:
            return []
        self._count_rooms(rows)
        leads = [self._lead(row, indexes[row.line]) for row in rows]
        lead_ids = _inserted(Lead, leads)
        claim_ids = _inserted(Claim, [self._claim(row, lead) for row, lead in zip(rows, lead_ids, strict=True)])
        placed = list(zip(rows, lead_ids, claim_ids, strict=True))
        db.session.execute(insert(LeadEntry), [self._entry(row, lead, claim) for row, lead, claim in placed])
        asked = {"at": self.moment, "answer": Answer.NEW.value, "user_id": self.actor.user_id}
        db.session.execute(insert(LeadLookUp), [{"introducer": row.introducer.key, **asked} for row in rows])
        until = first_end(self.today, self.rules)
        after = {"answer": Answer.NEW.value, "until": str(until)}
        lines = (log.Line("lead.registered", "lead", number_of(self.moment, lead), after={"introducer": row.introducer.key, **after}) for row, lead, _ in placed)
        log.write_many(self.actor, self.moment, lines)
        new = [Happened(number_of(self.moment, lead_id), f"/leads/{lead['public_id']}", {"door": self.door.value}) for lead_id, lead in zip(lead_ids, leads, strict=True)]
        tell("lead.registered", new, self.moment)
        return [Told(row.line, Answer.NEW, until) for row in rows]

    def _lead(self, row: Asked, index: Indexes) -> dict[str, Any]:
        public_id, person = secrets.token_urlsafe(12), row.person
        owner = self._owner(row.introducer)
        return {
            "public_id": public_id,
            "name": person.name,
            "kind": person.kind,
            "phone_sealed": self.keyring.seal(person.phone, f"lead.phone_sealed:{public_id}"),
            "phone_index": index.phone,
            "id_no_sealed": self.keyring.seal(person.id_no, f"lead.id_no_sealed:{public_id}"),
            "id_no_index": index.id_no,
            "email": person.email,
            "note": person.note,
            "state": LeadState.REGISTERED,
            "state_since": self.moment,
            "state_reason": "",
            "registered_at": self.moment,
            "door": self.door,
            "campaign_id": row.campaign_id,
            "branch_id": self._branch(row.introducer),
            "owner_staff_id": owner,
            "owned_since": None if owner is None else self.moment,
            "contact_due_on": self.due,
            "last_activity_at": self.moment,
            "risk_grade": "",
            "suppressed": False,
            "version": 1,
        }

    def _claim(self, row: Asked, lead_id: int) -> dict[str, Any]:
        return {
            "public_id": secrets.token_urlsafe(12),
            "lead_id": lead_id,
            **row.introducer.columns,
            "door": self.door,
            "campaign_id": row.campaign_id,
            "state": ClaimState.PROTECTED,
            "registered_at": self.moment,
            "protected_until": first_end(self.today, self.rules),
            "last_activity_on": self.today,
            "ended_why": "",
            "receipt": None,
        }

    def _entry(self, row: Asked, lead_id: int, claim_id: int) -> dict[str, Any]:
        said = {"introducer": row.introducer.key, "door": self.door.value, "consent_on": str(row.consent_on or "")}
        who = {"at": self.moment, "actor_id": self.actor.user_id, "actor_label": self.actor.label}
        return {"lead_id": lead_id, "claim_id": claim_id, **who, "action": "registered", "text": row.source, "details": {name: value for name, value in said.items() if value}}

    def _count_rooms(self, rows: Sequence[Asked]) -> None:
        """How many leads each of those who would look after these people can take on yet."""
        for row in rows:
            if row.introducer not in self.owners:
                self.owners[row.introducer] = first_owner(row.introducer, self.today)
        self.rooms = rooms({owner for row in rows if (owner := self.owners[row.introducer]) is not None}, self.rules)

    def _owner(self, introducer: Introducer) -> int | None:
        """Who looks after the next lead of an introducer, while he has room."""
        owner = self.owners[introducer]
        if owner is None or self.rooms[owner] <= 0:
            return None
        self.owned[owner] += 1
        self.rooms[owner] -= 1
        return owner

    def _branch(self, introducer: Introducer) -> int:
        if introducer not in self.branches:
            self.branches[introducer] = branch_of(introducer, self.actor)
        return self.branches[introducer]


def _lock(indexes: Iterable[Indexes]) -> None:
    """Hold the numbers of many people, always in the same order. SQLite's write lock does so already."""
    if on_postgresql():
        values = sorted({value for index in indexes for value in (index.phone, index.id_no) if value})
        db.session.execute(text("SELECT pg_advisory_xact_lock(727004, hashtext(value)) FROM unnest(CAST(:values AS text[])) AS value"), {"values": values})


def _known(indexes: Iterable[Indexes]) -> set[str]:
    """Those of the numbers that some lead or account has, or had."""
    values = sorted({value for index in indexes for value in (index.phone, index.id_no) if value})
    asked = [
        select(Lead.phone_index).where(HAS_PHONE, Lead.phone_index.in_(values)),  # in the words of the partial indexes, so that they are used
        select(Lead.id_no_index).where(HAS_ID_NO, Lead.id_no_index.in_(values)),
        select(AccountVersion.phone_index).where(AccountVersion.phone_index.in_(values)),
        select(AccountVersion.id_no_index).where(AccountVersion.id_no_index.in_(values)),
    ]
    return {value for query in asked for value in db.session.execute(query).scalars()}


def _inserted(model: Any, rows: list[dict[str, Any]]) -> list[int]:
    """The ids of rows, in their order."""
    return list(db.session.execute(insert(model).returning(model.id, sort_by_parameter_order=True), rows).scalars())
