"""What channels cost and bring, against a firm worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from models import db
from models.audit import AuditEntry
from models.channels import LeadChannel
from models.leads import Campaign, CampaignKind, LeadDoor
from models.partners import Branch
from models.values.calendar import Month
from portal.actors import NOBODY, TERMINAL
from portal.channels import costs
from portal.channels.claims import By, Said, channel_of, parts
from portal.channels.economics import Sums, Won, by_channel, published, spread
from portal.channels.people import people_of
from portal.commission.month import quiet
from portal.jobs.refresh import refresh
from portal.keys import keyring
from portal.leads import introducers, register
from portal.leads.introducers import Introducer
from portal.leads.people import person
from portal.leads.register import Source
from portal.refusals import NotAllowed, Refusal
from portal.transaction import transaction
from tests import make

STAFF, BROKER, REFERRAL = LeadChannel.STAFF, LeadChannel.BROKER, LeadChannel.REFERRAL


def at(day: int) -> datetime:
    return datetime(2026, 3, day, 4, tzinfo=UTC)


CLAIMS = [Said(at(1), STAFF), Said(at(5), BROKER), Said(at(9), REFERRAL)]


def test_first_last_and_equal_parts() -> None:
    assert parts(CLAIMS, at(6), By.FIRST) == {STAFF: 1}
    assert parts(CLAIMS, at(6), By.LAST) == {BROKER: 1}, "a claim after the opening counts for nothing"
    assert parts(CLAIMS, at(6), By.SPLIT) == {STAFF: Fraction(1, 2), BROKER: Fraction(1, 2)}
    assert parts(CLAIMS, None, By.SPLIT) == dict.fromkeys((STAFF, BROKER, REFERRAL), Fraction(1, 3))
    assert parts(CLAIMS[2:], at(6), By.LAST) == {REFERRAL: 1}, "where there is no other it counts all the same"


@given(st.lists(st.sampled_from(list(LeadChannel)), min_size=1, max_size=8), st.sampled_from(list(By)))
def test_the_parts_of_a_person_add_up_to_one(channels: list[LeadChannel], by: By) -> None:
    assert sum(parts([Said(at(day + 1), channel) for day, channel in enumerate(channels)], None, by).values()) == 1


@given(st.integers(0, 10**9), st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.dates(date(2026, 1, 1), date(2026, 12, 31)))
def test_a_campaigns_months_add_up_to_its_cost(cost: int, one: date, other: date) -> None:
    starts, ends = min(one, other), max(one, other)
    assert sum(spread(cost, starts, ends, month.first, month.last) for month in Month(2026, 1).until(Month(2026, 12))) == cost


def won(channel: LeadChannel, **more: int | bool) -> Won:
    return Won({by: {channel: Fraction(1)} for by in By}, **more)  # type: ignore[arg-type]


def test_payback_is_what_an_account_cost_over_what_it_nets_a_month() -> None:
    people = [won(STAFF, lead=True, qualified=True, opened=True, active=True, retained_fee=90_000, commission=30_000, months=3)] * 2 + [won(STAFF, lead=True)]
    sums = by_channel(people, {STAFF: 100_000})[By.SPLIT][STAFF]
    assert (sums.leads, sums.qualified, sums.opened, sums.active, sums.net) == (3, 2, 2, 2, 120_000)
    assert sums.cost_per_opened == 50_000
    assert sums.payback == 25, "500.00 an account at 200.00 a month: two and a half months"
    assert sums.qualified_share == 6667


def test_a_channel_that_nets_nothing_never_pays_back_and_one_without_accounts_costs_nobody_knows_what() -> None:
    assert by_channel([won(STAFF, opened=True, retained_fee=100, commission=100, months=1)], {STAFF: 5})[By.FIRST][STAFF].payback is None
    assert by_channel([won(STAFF, opened=True, retained_fee=100, months=1)], {})[By.FIRST][STAFF].cost_per_opened is None, "no cost entered is not a cost of nothing"
    assert (Sums(cost=5).cost_per_opened, Sums(cost=5).payback, Sums().qualified_share, Sums().days_to_open) == (None, None, None, None)


def test_below_twenty_persons_nothing_is_said_of_2009() -> None:
    def held(count: int) -> list[int | None]:
        people = [won(REFERRAL, lead=True, qualified=True, opened=True, days=3)] * count + [won(STAFF, lead=True, opened=True, days=30)] * 20
        return [one.own for one in published(by_channel(people, {REFERRAL: 1_000 * count, STAFF: 100_000})[By.LAST])]

    assert held(19) == [None, None, None]
    assert held(20) == [50, 100, 10_000], "five times cheaper, ten times faster, all qualified"


def test_of_what_channel_a_claim_is() -> None:
    assert [str(channel_of(kind, campaign)) for kind, campaign in (("staff", None), ("staff", "research"), ("client", "event"), ("firm", "campaign"))] == [
        "staff",
        "research",
        "referral",
        "campaign",
    ]


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Iterator[Flask]:
    """Two accounts that opened in March 2026: 10001 was claimed by staff, then by a broker; 10002 was no lead and is B001's too."""
    files = make.firm(tmp_path / "files")
    text = (files / "accounts.csv").read_text(encoding="utf-8").replace("2025-01-02", "2026-03-10")
    (files / "accounts.csv").write_text(text, encoding="utf-8")
    trade = ("10001", "SHFE", "rb", "1", "1000.00", "10.00", "4.00")
    make.day(files, "2026-03-12", {"10001": ("0.00", "90000.00"), "10002": ("0.00", "500.00")}, [trade])
    with app.app_context():
        make.accepted(files)
        refresh(quiet)
        lead(introducers.staff("S001"), at(1), account="10001")
        db.session.remove()
        yield app


def lead(by: Introducer, moment: datetime, *, account: str = "", phone: str = "13812345678", campaign_id: int | None = None) -> int:
    """Register a lead, and open its account where one is named."""
    with transaction():
        branch = db.session.execute(select(Branch.id)).scalars().first()
        assert branch is not None
        done = register.register(
            person(name="王一", phone=phone),
            by,
            Source(LeadDoor.FORM, branch, campaign_id),
            actor=TERMINAL,
            moment=moment,
            today=moment.date(),
            keyring=keyring(),
        )
        assert done.lead is not None
        if account:
            done.lead.account_id = db.session.execute(db.text(f"SELECT id FROM account WHERE account_no = '{account}'")).scalar_one()
        return int(done.lead.id)


def test_what_a_firm_of_two_accounts_comes_to(firm: Flask) -> None:
    march = Month(2026, 3)
    found = by_channel((one.won for one in people_of(march, march, None)), {})[By.SPLIT]
    staff, broker = found[STAFF], found[BROKER]
    assert (staff.leads, staff.opened, staff.active, staff.retained_fee, staff.commission, staff.equity) == (1, 1, 1, 600, 300, 8_999_000)
    assert (broker.leads, broker.opened, broker.active, broker.retained_fee, broker.equity) == (0, 1, 0, 0, 50_000)
    assert staff.days_to_open == 9
    assert people_of(Month(2026, 4), Month(2026, 4), None) == []


def test_costs_are_entered_set_off_and_spread(firm: Flask) -> None:
    march, april = Month(2026, 3), Month(2026, 4)
    with transaction():
        costs.enter(STAFF, march, 120_000, "salaries", "", actor=TERMINAL, moment=at(1))
        costs.enter(STAFF, march, -20_000, "salaries, once too often", "", actor=TERMINAL, moment=at(2))
        costs.enter(STAFF, march, 7_000, "cards", "01", actor=TERMINAL, moment=at(2))
        db.session.add(Campaign(code="E1", name="Evening", kind=CampaignKind.EVENT, starts_on=date(2026, 3, 31), ends_on=date(2026, 4, 1), cost=1_001, created_at=at(1), version=1))
    assert costs.costs_of(march, march, None) == {STAFF: 107_000, LeadChannel.EVENT: 500}
    assert costs.costs_of(april, april, None) == {LeadChannel.EVENT: 501}
    branch = db.session.execute(select(Branch.id).where(Branch.branch_no == "01")).scalar_one()
    assert costs.costs_of(march, april, branch) == {STAFF: 7_000}
    assert len(db.session.execute(select(AuditEntry).where(AuditEntry.action == "channel.cost")).all()) == 3


def test_a_cost_needs_the_right_an_amount_and_a_word(firm: Flask) -> None:
    march = Month(2026, 3)
    with pytest.raises(NotAllowed):
        costs.enter(STAFF, march, 1, "salaries", "", actor=NOBODY, moment=at(1))
    for amount, note, branch in ((0, "salaries", ""), (1, "", ""), (10**14, "salaries", ""), (1, "salaries", "99")):
        with pytest.raises(Refusal):
            costs.enter(STAFF, march, amount, note, branch, actor=TERMINAL, moment=at(1))
