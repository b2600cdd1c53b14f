"""One account's attribution through knowledge: every step that changed it, what stood before and after, and who recorded it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import select

from models import db
from models.attribution import Attribution, AttributionState
from models.audit import Recording
from models.partners import Broker


class Claim(NamedTuple):
    """A row as believed: a broker's share (parts per million) of the account over a span."""

    broker_no: str
    valid_from: date
    valid_to: date
    share: int
    state: str
    confirmed_on: date | None

    def state_on(self, day: date) -> str:
        """The state that counts on a day (commission rules §1)."""
        early = self.state == AttributionState.CONFIRMED and self.confirmed_on is not None and day < self.confirmed_on
        return AttributionState.PENDING.value if early else self.state


class Assertion(NamedTuple):
    """A row as written, and the step of knowledge that wrote it."""

    claim: Claim
    withdrawn: bool
    recording_id: int
    recorded_at: datetime
    recorded_by: str
    kind: str
    note: str


class Change(NamedTuple):
    """One row before and after a step; None where there was, or is, none."""

    before: Claim | None
    after: Claim | None


@dataclass(frozen=True)
class Epoch:
    """What was believed from a step on, until the next: the step, what it changed, and all claims after it."""

    recording_id: int
    recorded_at: datetime
    recorded_by: str
    kind: str
    note: str
    changes: tuple[Change, ...]
    claims: tuple[Claim, ...]

    def on(self, day: date) -> tuple[Claim, ...]:
        """The claims that hold on a day."""
        return tuple(claim for claim in self.claims if claim.valid_from <= day < claim.valid_to)


def history(account_id: int) -> list[Epoch]:
    """Every step that changed an account's attribution, oldest first."""
    row = Attribution
    query = (
        select(Broker.broker_no, row.valid_from, row.valid_to, row.share, row.state, row.confirmed_on)
        .add_columns(row.withdrawn, row.recording_id, Recording.recorded_at, Recording.actor_label, Recording.kind, Recording.note)
        .join(Broker, Broker.id == row.broker_id)
        .join(Recording, Recording.id == row.recording_id)
        .where(row.account_id == account_id)
        .order_by(row.id)
    )
    return epochs(Assertion(Claim(*found[:6]), *found[6:]) for found in db.session.execute(query))


def epochs(assertions: Iterable[Assertion]) -> list[Epoch]:
    """Steps from assertions in the order in which they were written. Pure."""
    believed: dict[tuple[str, date], Claim] = {}
    found = []
    for _, group in groupby(assertions, key=lambda one: one.recording_id):
        written = list(group)
        before = dict(believed)
        for one in written:
            key = (one.claim.broker_no, one.claim.valid_from)
            if one.withdrawn:
                believed.pop(key, None)
            else:
                believed[key] = one.claim
        touched = sorted({(one.claim.broker_no, one.claim.valid_from) for one in written}, key=lambda key: (key[1], key[0].encode()))
        changes = tuple(Change(before.get(key), believed.get(key)) for key in touched if before.get(key) != believed.get(key))
        step = written[0]
        claims = tuple(sorted(believed.values(), key=lambda claim: (claim.valid_from, claim.broker_no.encode())))
        found.append(Epoch(step.recording_id, step.recorded_at, step.recorded_by, step.kind, step.note, changes, claims))
    return found


def at(steps: list[Epoch], known: int) -> Epoch | None:
    """What was believed at a recording; None where nothing was known of the account yet."""
    return next((step for step in reversed(steps) if step.recording_id <= known), None)
