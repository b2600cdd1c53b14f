"""One account's attribution, changed at random by the real verbs, equals a replay of its log day by day for every (D, K).

The replay knows nothing of rows and spans: it keeps, for each day, who has which share in what state, and does to each day what
was asked. What the database says of day D as known at recording K must be what the replay says of D after the K-th step.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask import Flask
from sqlalchemy import select

from models import db
from models.attribution import Attribution, AttributionState
from models.identity import Role, User
from models.leads import Claim, ClaimState
from models.partners import Broker
from models.transfers import CaseState, ClaimCase, TransferKind, TransferReason
from portal import clock
from portal.actors import TERMINAL, Actor, actor_of
from portal.attribution.queries import account_id_of, spans
from portal.audit import approvals
from portal.audit.recordings import last_recording_id, open_recording
from portal.keys import keyring
from portal.leads import confirmation, conversion, introducers
from portal.leads.confirmation_script import spoken_on
from portal.leads.conversion import Converted, attribution_row
from portal.leads.conversion_plan import share_left
from portal.refusals import Conflict, Refusal
from portal.transaction import transaction
from portal.transfers import holding, verbs
from portal.transfers import spans as hand_over
from portal.transfers.asked import Asked
from portal.transfers.case_states import Side
from portal.transfers.proposal import AccountRows, Proposal, claims_of
from portal.transfers.suspense import held_back
from portal.transfers.writing import write_rows
from portal.versions import assert_rows, current, numbers
from tests import make
from tests.people import someone
from tests.rooms.leads.stories import lead_of
from tests.rooms.leads.test_confirmation import GOOD, YES

FIRST = date(2026, 3, 1)
DAYS = [FIRST + timedelta(days=number) for number in range(24)]
BROKERS = ("B001", "B002", "B003")
WHOLE = 1_000_000
State = dict[str, tuple[int, str, date | None]]
"""Of one day: each broker's share (parts per million), state, and day of confirmation."""


@dataclass
class Replay:
    """Every day for itself, after each recording."""

    days: dict[date, State]
    known: dict[int, dict[date, State]]

    def keep(self, recording: int) -> None:
        """Remember what is believed after a recording."""
        self.known[recording] = {day: dict(state) for day, state in self.days.items()}

    def moved(self, asked: Asked) -> None:
        """A share goes from one to another from a day on; what was nobody's is the house's."""
        for day, state in self.days.items():
            if day < asked.day:
                continue
            if asked.from_broker:
                share, was, _ = state.pop(asked.from_broker, (0, "", None))
            else:
                share, was = WHOLE - sum(row[0] for row in state.values()), ""
            if not share or not asked.to_broker:
                continue
            if asked.to_broker in state:
                held = state[asked.to_broker]
                state[asked.to_broker] = (held[0] + share, *held[1:])
            elif was == AttributionState.SUSPENDED:
                state[asked.to_broker] = (share, was, None)
            else:
                state[asked.to_broker] = (share, "confirmed", asked.confirmed_on) if asked.confirmed_on else (share, "pending", None)

    def called(self, broker: str, span: tuple[date, date], today: date, *, confirmed: bool) -> None:
        """The client was asked about the share that begins on a day: it counts from the call on, or waits."""
        for day, state in self.days.items():
            if span[0] <= day < span[1]:
                state[broker] = (state[broker][0], "confirmed", max(today, span[0])) if confirmed else (state[broker][0], "suspended", None)

    def opened(self, broker: str, since: date, share: int) -> None:
        """A converted lead's broker gets what nobody has, from a day on."""
        for day, state in self.days.items():
            if day >= since:
                state[broker] = (share, "pending", None)

    def released(self, before: dict[date, State], held_by: str, goes_to: str, since: date, confirmed_on: date | None) -> None:
        """What waited is as it was before, and from the day of the case on the winner's (empty: the house's)."""
        self.days = {day: dict(state) for day, state in before.items()}
        if goes_to != held_by:
            self.moved(Asked(TransferKind.CORRECTION, held_by, goes_to, since, TransferReason.CASE_DECIDED, "case", confirmed_on=confirmed_on))

    def suspended(self, broker: str, since: date) -> None:
        """A broker's share waits from a day on."""
        for day, state in self.days.items():
            if day >= since and broker in state:
                state[broker] = (state[broker][0], "suspended", None)


class Held(NamedTuple):
    """What waits in suspense: the case, what was believed before, between whom, from which day on, and the confirmation that it had."""

    case: int
    before: dict[date, State]
    held_by: str
    other: str
    day: date
    confirmed_on: date | None


class Story:
    """A firm with one account, changed step by step."""

    def __init__(self, app: Flask, folder: Path, seed: int) -> None:
        """Nobody has anything yet."""
        self.dice, self.folder = random.Random(seed), folder
        make.accepted(make.firm(folder / "files", accounts=["10001"], brokers=BROKERS))
        self.account = account_id_of("10001")
        self.preparer, self.second = (self._who(app, role) for role in (Role.ADMIN, Role.COMPLIANCE))
        self.replay = Replay({day: {"B001": (WHOLE, "confirmed", date(2025, 1, 2))} for day in DAYS}, {})
        self.replay.keep(last_recording_id())
        self.log: list[str] = []
        self.held: Held | None = None
        self.numbers = {key: number for number, key in numbers(Broker, "broker_no").items()}

    def _who(self, app: Flask, role: Role) -> Actor:
        user_id = someone(app, role)
        db.session.rollback()  # what was read before knows nothing of him
        return actor_of(db.session.get_one(User, user_id))

    def insert(self) -> None:
        """Rows that replace all there were: each broker a share over a span of his own, as a replaced file asserts them."""
        rows: list[dict[str, Any]] = []
        days: dict[date, State] = {day: {} for day in DAYS}
        ids = numbers(Broker, "broker_no")
        for broker in self.dice.sample(BROKERS, self.dice.randint(1, 3)):
            start, end = sorted(self.dice.sample(range(len(DAYS) + 1), 2))
            share, state = self.dice.choice((200_000, 300_000, 330_000)), self.dice.choice(("pending", "confirmed", "suspended"))
            confirmed = DAYS[start] if state == "confirmed" and self.dice.random() < 0.7 else None
            span = {"valid_from": DAYS[start], "valid_to": FIRST + timedelta(days=end)}
            rows.append({"account_id": self.account, "broker_id": ids[broker], "share": share, "state": state, **span, "confirmed_on": confirmed})
            for day in DAYS[start:end]:
                days[day][broker] = (share, state, confirmed)
        with transaction():
            assert_rows(Attribution, rows, open_recording(TERMINAL, clock.now(), "test").id, replace=True, ruled=True)
        self.replay.days = days

    def correct(self) -> None:
        """A broker's share is suspended from a day on, as a case does it."""
        broker, since = self.dice.choice(BROKERS), self.dice.choice(DAYS)
        before = claims_of([self.account]).get(self.account, [])
        after = held_back(before, broker, since)
        with transaction():
            recording = open_recording(TERMINAL, clock.now(), "test")
            asked = Asked(TransferKind.CORRECTION, "", broker, since, TransferReason.DATA_ERROR, "test")
            write_rows(Proposal(asked, [AccountRows(self.account, "10001", tuple(before), tuple(after))]), recording.id, since, "CN")
        self.replay.suspended(broker, since)

    def transfer(self) -> None:
        """A share changes hands, put before a second person and approved; what cannot be is refused and changes nothing."""
        day = self.dice.choice(DAYS)
        giver = self.dice.choice([*self.replay.days[day], *BROKERS, ""])
        taker = self.dice.choice([number for number in (*BROKERS, "") if number != giver])
        confirmed = day if self.dice.random() < 0.6 else None
        asked = Asked(TransferKind.ACCOUNTS, giver, taker, day, TransferReason.AGREEMENT, "letter", accounts=("10001",), confirmed_on=confirmed)
        try:
            with transaction():
                row = verbs.draft(asked, self.preparer, clock.now(), "CN")
                key, public_id, rows = row.id, row.public_id, row.rows
        except Refusal:
            return
        with transaction():
            verbs.keep_preview(key, {"months": [], "brokers": []}, rows, last_recording_id())
        with transaction():
            approval = verbs.ask(public_id, verbs.rows_digest(verbs.transfer_for(self.preparer, public_id)), self.preparer, clock.now())
            number, digest = approval.id, approval.digest
        with transaction():
            approvals.approve(number, self.second, clock.now(), digest=digest)
        self.replay.moved(asked)

    def call(self) -> None:
        """A confirmation call about a share that is pending; where none is, nothing."""
        today = self.dice.choice(DAYS)
        waiting = [row for row in self._rows() if row.state == "pending" and row.valid_to > today]
        if not waiting:
            return
        row = self.dice.choice(waiting)
        span, broker = (row.valid_from, row.valid_to), self.numbers[row.broker_id]
        confirmed = self.dice.random() < 0.7
        given = GOOD if confirmed else replace(GOOD, outcome="refused", answers=YES | {"how": "nobody"}, note="by nobody")
        with transaction():
            confirmation.record(row.id, replace(given, version=spoken_on(today).version), TERMINAL, clock.now(), today, "CN", keyring())
        self.replay.called(broker, span, today, confirmed=confirmed)

    def convert(self) -> None:
        """A lead of a broker opened the account: what is left is his; where nothing is, or he has a share already, nothing."""
        day, broker = self.dice.choice(DAYS), self.dice.choice(BROKERS)
        held, key = self._rows(), numbers(Broker, "broker_no")[broker]
        share = share_left([(row.share, row.valid_from, row.valid_to) for row in held], day)
        if share <= 0 or any(row.broker_id == key and row.valid_to > day for row in held):
            return
        with transaction():
            conversion.write_rows(Converted([], [attribution_row(self.account, key, share, day)]), TERMINAL, clock.now(), "CN")
        self.replay.opened(broker, day, share)

    def contest(self) -> None:
        """A case opens, and what is the broker's waits from a day on."""
        held_by, day = self.dice.choice(BROKERS), self.dice.choice(DAYS)
        other = self.dice.choice([number for number in BROKERS if number != held_by])
        key = numbers(Broker, "broker_no")[held_by]
        rows = [row for row in self._rows() if row.broker_id == key and row.valid_to > day and row.state == "confirmed"]
        confirmed_on = min((row.confirmed_on or row.valid_from for row in rows), default=None)
        before = {one: dict(state) for one, state in self.replay.days.items()}
        number = self._case(held_by, other)
        with transaction():
            case = db.session.get_one(ClaimCase, number)
            holding.hold_back(case, (self.account,), key, TERMINAL, clock.now(), day, "CN")
            waits = bool(case.suspended)
        if waits:
            self.held = Held(number, before, held_by, other, day, confirmed_on)
            self.replay.suspended(held_by, day)

    def release(self) -> None:
        """The case is over: what waited is released as it was decided, unless the rows were changed meanwhile."""
        held, self.held = self.held, None
        if held is None:
            return
        side = self.dice.choice((Side.HELD, Side.CONTESTING, Side.FIRM))
        try:
            with transaction():
                found = holding.release(db.session.get_one(ClaimCase, held.case), side)
                write_rows(found, open_recording(TERMINAL, clock.now(), "case").id, held.day, "CN")
        except Conflict:
            assert self.log[-2] != "contest", "nothing happened in between"
            return
        goes_to = {Side.HELD: held.held_by, Side.CONTESTING: held.other, Side.FIRM: ""}[side]
        self.replay.released(held.before, held.held_by, goes_to, held.day, held.confirmed_on)

    def _case(self, held_by: str, other: str) -> int:
        """A case between two brokers: closed already, so that another may stand beside it."""
        lead, moment = lead_of(introducers.broker(held_by), phone=f"138{self.dice.randrange(10**8):08d}"), clock.now()
        with transaction():
            held = db.session.execute(select(Claim).where(Claim.lead_id == lead)).scalar_one()
            contesting = Claim(lead_id=lead, kind=held.kind, broker_id=numbers(Broker, "broker_no")[other], client_no="", door=held.door, state=ClaimState.LAPSED)
            contesting.public_id, contesting.registered_at, contesting.ended_why = secrets.token_urlsafe(12), moment, "case"
            contesting.protected_until = contesting.last_activity_on = held.last_activity_on
            db.session.add(contesting)
            db.session.flush()
            case = ClaimCase(public_id=secrets.token_urlsafe(12), lead_id=lead, held_claim_id=held.id, contesting_claim_id=contesting.id, state=CaseState.CLOSED)
            case.opened_at, case.due_on = moment, held.last_activity_on
            db.session.add(case)
            db.session.flush()
            return case.id

    def _rows(self) -> list[Attribution]:
        """The account's rows as believed now."""
        return list(db.session.scalars(current(Attribution, None, Attribution.account_id == self.account).order_by(Attribution.id)))

    def step(self) -> None:
        """One step at random, and what is known after it."""
        name = self.dice.choices(("insert", "correct", "transfer", "call", "convert", "contest"), (2, 2, 6, 4, 3, 3))[0]
        if self.held is not None and self.dice.random() < 0.6:
            name = "release"
        before = last_recording_id()
        self.log.append(name)
        getattr(self, name)()
        assert last_recording_id() - before <= 1
        self.replay.keep(last_recording_id())

    def differences(self) -> list[str]:
        """Every (D, K) for which the database says otherwise than the replay."""
        found = []
        for known, days in self.replay.known.items():
            for day, state in days.items():
                told = {span.broker_no: (span.share, span.state, span.confirmed_on) for span in spans(self.account, known, day)}
                if told != state:
                    found.append(f"{day} as known at {known}: {told} instead of {state} ({self.log})")
        return found


def walked(app: Flask, folder: Path, seed: int, steps: int = 8) -> Story:
    """A story of some steps that were not refused."""
    story = Story(app, folder, seed)
    while len(story.replay.known) <= steps:
        story.step()
    return story


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("seed", range(4))
def test_every_day_at_every_knowledge_is_what_the_log_says(app: Flask, tmp_path: Path, seed: int) -> None:
    story = walked(app, tmp_path, seed)
    assert story.differences() == []


@pytest.mark.usefixtures("database")
def test_control_a_day_astray_is_caught(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hand-overs that begin a day late differ from the log."""
    real: Callable[..., Any] = hand_over.handed_over

    def late(claims: Any, handing: Any) -> Any:
        return real(claims, hand_over.Handing(handing.from_broker, handing.to_broker, handing.day + timedelta(days=1), handing.confirmed_on))

    monkeypatch.setattr("portal.transfers.proposal.handed_over", late)
    assert walked(app, tmp_path, 0).differences()


@pytest.mark.usefixtures("database")
def test_control_a_call_that_confirms_a_day_early_is_caught(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real: Callable[..., Any] = confirmation._asserted

    def early(row: Any, outcome: Any, today: date) -> dict[str, Any]:
        values = real(row, outcome, today)
        return values | {"confirmed_on": values["confirmed_on"] and values["confirmed_on"] - timedelta(days=1)}

    monkeypatch.setattr(confirmation, "_asserted", early)
    story = Story(app, tmp_path, 1)
    while "call" not in story.log or not story.differences():
        story.step()
        assert len(story.log) < 60, "no call came"
