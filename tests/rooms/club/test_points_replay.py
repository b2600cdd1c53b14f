"""Points against a brute force that moves one point at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import settings as looking
from hypothesis import strategies as st
from sqlalchemy import insert

from models import db
from models.club_money import Payment
from models.club_points import PointRedemption, PointWhat
from portal import clock
from portal.actors import TERMINAL
from portal.club import booking, points, rewards
from portal.club.points import Earning, Holder
from portal.refusals import Conflict
from portal.transaction import transaction
from tests.profiles import PROFILE
from tests.rooms.club.scene import clients, event_of, wish

START = datetime.fromisoformat("2026-03-01T04:00:00+00:00")


class Replay:
    """The same by brute force: one point at a time."""

    def __init__(self) -> None:
        self.lots: list[dict[str, Any]] = []
        self.redemptions: list[list[dict[str, Any]]] = []

    def settle(self, day: int) -> None:
        while True:
            owing = [lot for lot in self.lots if lot["left"] < 0]
            sources = sorted((lot for lot in self.lots if lot["left"] > 0 and lot["end"] > day), key=lambda lot: (lot["end"], lot["id"]))
            if not owing or not sources:
                return
            owing[0]["left"] += 1
            sources[0]["left"] -= 1

    def bring_up(self, day: int) -> None:
        self.settle(day)
        for lot in self.lots:
            if lot["left"] > 0 and lot["end"] <= day:
                lot["lost"] += lot["left"]
                lot["left"] = 0

    def usable(self, day: int) -> list[dict[str, Any]]:
        return sorted((lot for lot in self.lots if lot["left"] > 0 and lot["from"] <= day < lot["end"]), key=lambda lot: (lot["end"], lot["id"]))

    def earn(self, day: int, count: int, wait: int, lasts: int) -> None:
        self.lots.append({"id": len(self.lots), "points": count, "left": count, "from": day + wait, "end": day + wait + lasts, "lost": 0, "reversed": False})
        self.settle(day)

    def spend(self, day: int, count: int) -> bool:
        self.bring_up(day)
        owed = sum(lot["left"] for lot in self.lots if lot["left"] < 0)
        if sum(lot["left"] for lot in self.usable(day)) + owed < count:
            return False
        taken = []
        for _ in range(count):
            lot = self.usable(day)[0]
            lot["left"] -= 1
            taken.append(lot)
        self.redemptions.append(taken)
        return True

    def refund(self, day: int, which: int) -> None:
        for lot in self.redemptions[which]:
            lot["left"] += 1
        self.redemptions[which] = []
        self.bring_up(day)

    def reverse(self, day: int, which: int) -> None:
        self.bring_up(day)
        lot = self.lots[which]
        if not lot["reversed"] and lot["points"] > lot["lost"]:
            lot["left"] -= lot["points"] - lot["lost"]
            lot["reversed"] = True
        self.bring_up(day)


STEP = st.one_of(
    st.tuples(st.just("earn"), st.integers(1, 9), st.integers(0, 4), st.integers(1, 9)),
    st.tuples(st.just("spend"), st.integers(1, 12)),
    st.tuples(st.just("refund"), st.integers(0, 3)),
    st.tuples(st.just("reverse"), st.integers(0, 4)),
    st.tuples(st.just("expire")),
    st.tuples(st.just("wait"), st.integers(1, 6)),
)


@pytest.mark.usefixtures("database")
def test_l1_l2_l3_r11_any_sequence_equals_a_replay_one_point_at_a_time(app: Flask) -> None:
    """L1 L2 L3 R11: earn, wait, spend, expire, take back, give back, in any order: lots, sums and refusals are those of the brute force; no
    lot is below nought but one that was reversed."""
    [one] = clients(app, 1)
    event_id = event_of()
    with transaction():
        booking_id = booking.book(event_id, wish(event_id), actor=one, moment=clock.now()).id
        reward_id = rewards.offer("x", "", 1, None, None, actor=TERMINAL, moment=clock.now()).id
    numbers = count(1)

    @looking(PROFILE, max_examples=40)
    @given(st.lists(STEP, min_size=4, max_size=16))
    def holds(steps: list[tuple[Any, ...]]) -> None:
        assert one.user_id is not None
        Walk(Holder(f"user:p{next(numbers)}", "", None), one.user_id, booking_id, reward_id, numbers).go(steps)

    holds()


@dataclass
class Walk:
    """One person's steps, by the verbs and by the replay, compared after each."""

    holder: Holder
    user_id: int
    booking_id: int
    reward_id: int
    numbers: Iterator[int]
    replay: Replay = field(default_factory=Replay)
    redeemed: list[int] = field(default_factory=list)
    payments: list[int] = field(default_factory=list)
    day: int = 0

    def go(self, steps: list[tuple[Any, ...]]) -> None:
        for step in steps:
            with transaction():
                getattr(self, step[0])(*step[1:])
            db.session.rollback()
            assert [lot.left for lot in points.lots_of([self.holder.person])[self.holder.person]] == [lot["left"] for lot in self.replay.lots], step
            assert points.balance(self.holder.person) == sum(lot["left"] for lot in self.replay.lots)
            assert all(lot["left"] >= 0 or lot["reversed"] for lot in self.replay.lots)

    @property
    def who(self) -> dict[str, Any]:
        return {"actor": TERMINAL, "moment": START + timedelta(days=self.day)}

    def wait(self, days: int) -> None:
        self.day += days

    def earn(self, points_of: int, wait: int, lasts: int) -> None:
        number, at = next(self.numbers), START + timedelta(days=self.day)
        plain: dict[str, Any] = {"state": "paid", "amount": 100, "currency": "cny", "livemode": False, "params": {}, "url": "", "failure": ""}
        payment = Payment(public_id=f"p{number}", idempotency_key=f"p{number}", booking_id=self.booking_id, number=number, created_at=at, expires_at=at, **plain)
        db.session.add(payment)
        db.session.flush()
        self.payments.append(payment.id)
        active = at + timedelta(days=wait)
        points.earn([Earning(self.holder, f"s{number}", points_of, "", at, active, active + timedelta(days=lasts), payment_id=payment.id)], **self.who)
        self.replay.earn(self.day, points_of, wait, lasts)

    def spend(self, points_of: int) -> None:
        row = {"public_id": f"r{next(self.numbers)}", "reward_id": self.reward_id, "person": self.holder.person, "user_id": self.user_id, "cost": points_of, "state": "asked"}
        number = db.session.execute(insert(PointRedemption).values(**row, at=START).returning(PointRedemption.id)).scalar_one()
        expected = self.replay.spend(self.day, points_of)
        try:
            points.spend(self.holder, points_of, PointWhat.SPENT, reason="", redemption_id=number, **self.who)
        except Conflict:
            assert not expected
            return
        assert expected
        self.redeemed.append(number)

    def refund(self, which: int) -> None:
        if self.redeemed:
            points.give_back(self.holder, self.redeemed[which % len(self.redeemed)], reason="", **self.who)
            self.replay.refund(self.day, which % len(self.redeemed))

    def reverse(self, which: int) -> None:
        if which < len(self.payments):
            points.reverse_of_payment(self.payments[which], reason="", **self.who)
            self.replay.reverse(self.day, which)

    def expire(self) -> None:
        points.expire([self.holder.person], **self.who)
        self.replay.bring_up(self.day)
