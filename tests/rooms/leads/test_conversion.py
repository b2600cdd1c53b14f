"""A lead becomes a client: by an import or by hand, for a broker or for staff, with a clause or people's eyes in between."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event, select

from models import db
from models.attribution import Attribution
from models.audit import Approval, AuditEntry
from models.clients import Account, Servicing
from models.columns import OPEN_END
from models.confirmations import Conversion
from models.identity import Role, User
from models.leads import Claim, LeadState
from models.values.rates import SHARE_WHOLE
from portal.actors import Actor, actor_of
from portal.audit import approvals
from portal.imports import arrivals
from portal.leads import conversion_review, introducers
from portal.leads.conversion import convert, convert_arrivals, foreseen
from portal.leads.conversion_plan import share_left
from portal.refusals import Conflict, NotAllowed, Refusal
from portal.transaction import transaction
from portal.versions import current
from tests import make
from tests.people import someone
from tests.rooms.leads.stories import NOON, TODAY, lead, lead_of, rows, setting, sit

NEWCOMER = "10003,C10003,王一,person,{id_no},{phone},,01,{opened},{closed},C4,1970-01-01"


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """A firm of two brokers and two accounts of B001."""
    make.settled(app, tmp_path / "files")
    return app


def bring(folder: Path, *accounts: str) -> None:
    """Import accounts that open."""
    make.accepted(make.write(folder / "later", "accounts", accounts))


def newcomer(opened: str = "2026-03-02", phone: str = "138 1234 5678", id_no: str = "", number: str = "10003", closed: str = "") -> str:
    return NEWCOMER.format(opened=opened, phone=phone, id_no=id_no, closed=closed).replace("10003", number, 1)


def two_people(firm: Flask) -> tuple[Actor, Actor]:
    """Two of compliance."""
    keys = [someone(firm, Role.COMPLIANCE) for _ in range(2)]
    db.session.rollback()  # to see who was added from beside
    first, second = (actor_of(db.session.get_one(User, key)) for key in keys)
    return first, second


def conversion(lead_id: int) -> Conversion:
    return db.session.execute(select(Conversion).where(Conversion.lead_id == lead_id).execution_options(populate_existing=True)).scalar_one()


def shown(account_no: str = "10003") -> list[tuple[int, str, date, date]]:
    return [(row.share, row.state, row.valid_from, row.valid_to) for row in rows(account_no)]


def codes(lead_id: int) -> list[str]:
    return [reason["code"] for reason in conversion(lead_id).reasons]


@pytest.mark.usefixtures("database")
def test_an_import_makes_a_lead_a_client_and_writes_the_broker_pending(firm: Flask, tmp_path: Path) -> None:
    one = lead_of(introducers.broker("B001"))
    bring(tmp_path, newcomer())
    assert (lead(one).state, conversion(one).state) == ("account_opened", "attributed")
    assert shown() == [(SHARE_WHOLE, "pending", date(2026, 3, 2), OPEN_END)]
    assert db.session.execute(select(Claim.state).where(Claim.lead_id == one)).scalar_one() == "converted"
    with transaction():
        assert convert_arrivals(setting()).conversions == []  # once more is the same as once
    assert len(rows("10003")) == 1
    written = str(db.session.execute(select(AuditEntry.after).where(AuditEntry.action == "lead.converted")).all())
    assert "1381234" not in written


@pytest.mark.usefixtures("database")
def test_by_the_id_number_too_and_a_foreign_phone_is_nobody(firm: Flask, tmp_path: Path) -> None:
    one = lead_of(introducers.broker("B001"), id_no="11010519491231002X")
    other = lead_of(introducers.broker("B002"), phone="13912345678")
    bring(tmp_path, newcomer(phone="13700000000", id_no="11010519491231002x"))
    assert (lead(one).state, lead(other).state) == ("account_opened", "registered")


@pytest.mark.usefixtures("database")
def test_staff_are_written_as_who_won_it_and_the_house_keeps_what_nobody_claims(firm: Flask, tmp_path: Path) -> None:
    one = lead_of(introducers.staff("S001"))
    two = lead_of(introducers.broker("B002"), phone="13912345678", moment=datetime(2026, 1, 5, 4, tzinfo=UTC), today=date(2026, 1, 5))
    bring(tmp_path, newcomer(), newcomer(number="10004", phone="13912345678"))
    assert (conversion(one).state, conversion(two).state) == ("servicing", "house")
    assert rows("10003") == []
    assert rows("10004") == []  # the claim ended after 30 idle days
    account = conversion(one).account_id
    won = db.session.scalars(current(Servicing, None, Servicing.account_id == account)).one()
    assert (won.role, won.valid_from) == ("originator", date(2026, 3, 2))


@pytest.mark.usefixtures("database")
def test_a_clause_keeps_the_broker_off_and_is_named(firm: Flask, tmp_path: Path) -> None:
    make.accepted(make.write(tmp_path / "ties", "relatives", ["B001,11010519491231002X,parent,2024-01-01,"]))
    one = lead_of(introducers.broker("B001"), id_no="11010519491231002X")
    bring(tmp_path, newcomer(id_no="11010519491231002X"))
    assert (conversion(one).state, codes(one)) == ("blocked", ["ib-relatives"])
    assert rows("10003") == []
    assert db.session.execute(select(Claim.state, Claim.ended_why).where(Claim.lead_id == one)).one() == ("lapsed", "blocked: ib-relatives")


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(("opened", "state"), [("2026-03-01", "attributed"), ("2026-02-28", "review")])
def test_a_claim_after_the_month_of_opening_waits_for_two_people(firm: Flask, tmp_path: Path, opened: str, state: str) -> None:
    one = lead_of(introducers.broker("B001"))
    bring(tmp_path, newcomer(opened))
    assert conversion(one).state == state
    assert codes(one) == (["claim-in-month"] if state == "review" else [])
    assert len(rows("10003")) == (1 if state == "attributed" else 0)


@pytest.mark.usefixtures("database")
def test_two_people_recognise_a_late_claim_and_one_alone_cannot(firm: Flask, tmp_path: Path) -> None:
    one = lead_of(introducers.broker("B001"))
    bring(tmp_path, newcomer("2026-02-28"))
    first, second = two_people(firm)
    number = conversion(one).id
    with pytest.raises(Refusal, match="say why"), transaction():
        conversion_review.ask(number, " ", first, NOON, TODAY, "CN")
    with transaction():
        approval = conversion_review.ask(number, "the form was lost", first, NOON, TODAY, "CN")
        key, digest = approval.id, approval.digest
    with pytest.raises(Conflict), transaction():
        conversion_review.ask(number, "once more", first, NOON, TODAY, "CN")
    with pytest.raises(NotAllowed), transaction():
        approvals.approve(key, first, NOON, digest=digest)
    assert rows("10003") == []
    with transaction():
        approvals.approve(key, second, NOON, digest=digest)
    assert shown() == [(SHARE_WHOLE, "pending", date(2026, 2, 28), OPEN_END)]
    assert conversion(one).state == "attributed"
    assert db.session.get_one(Approval, key).preview["looked_at"] == ["claim-in-month"]


@pytest.mark.usefixtures("database")
def test_what_was_shown_and_is_no_longer_so_is_not_recognised(firm: Flask, tmp_path: Path) -> None:
    one = lead_of(introducers.broker("B001"))
    bring(tmp_path, newcomer("2026-02-28"))
    first, second = two_people(firm)
    with transaction():
        approval = conversion_review.ask(conversion(one).id, "the form was lost", first, NOON, TODAY, "CN")
        key, digest = approval.id, approval.digest
    whole = ["10001,B001,100,confirmed,2025-01-02,,2025-01-02", "10002,B001,100,confirmed,2025-01-02,,2025-01-02", "10003,B002,60,confirmed,2026-02-28,,"]
    make.accepted(make.write(tmp_path / "others", "attributions", whole))
    with pytest.raises(Conflict, match="no longer"), transaction():
        approvals.approve(key, second, NOON, digest=digest)
    assert [row.share for row in rows("10003")] == [600_000]


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(("closed", "found"), [("2025-03-02", "reopened"), ("2025-03-01", "")])
def test_a_client_who_comes_back_within_a_year_is_looked_at_first(firm: Flask, tmp_path: Path, closed: str, found: str) -> None:
    bring(tmp_path / "old", newcomer("2024-01-02", number="09999", closed=closed))
    one = lead_of(introducers.broker("B001"))
    bring(tmp_path, newcomer())
    assert codes(one) == ([found] if found else [])
    assert conversion(one).state == ("review" if found else "attributed")


@pytest.mark.usefixtures("database")
def test_somebody_else_under_the_same_phone_is_looked_at_first(firm: Flask, tmp_path: Path) -> None:
    old = newcomer("2024-01-02", number="09999", closed="2026-01-05", id_no="11010519491231002X").replace("王一", "王二")
    bring(tmp_path / "old", old)
    one = lead_of(introducers.broker("B001"))
    bring(tmp_path, newcomer(id_no="440308199901101512"))
    assert codes(one) == ["other_name"]


@pytest.mark.usefixtures("database")
def test_a_file_that_says_so_itself_counts_first(firm: Flask, tmp_path: Path) -> None:
    one, two = lead_of(introducers.broker("B001")), lead_of(introducers.broker("B002"), phone="13912345678")
    folder = tmp_path / "later"
    make.write(folder, "accounts", [newcomer(), newcomer(number="10004", phone="13912345678")])
    held = ["10001,B001,100,confirmed,2025-01-02,,2025-01-02", "10002,B001,100,confirmed,2025-01-02,,2025-01-02"]
    make.write(folder, "attributions", [*held, "10003,B001,70,confirmed,2026-03-02,,2026-03-02", "10004,B001,60,confirmed,2026-03-02,,"])
    make.accepted(folder)
    assert conversion(one).state == "attributed"
    assert [(row.share, row.state) for row in rows("10003")] == [(700_000, "confirmed")]
    assert sorted((row.share, row.state) for row in rows("10004")) == [(400_000, "pending"), (600_000, "confirmed")]
    assert conversion(two).share == 400_000


@pytest.mark.usefixtures("database")
def test_by_hand_an_account_may_be_named_before_it_comes(firm: Flask, tmp_path: Path) -> None:
    one = lead_of(introducers.broker("B001"), state=LeadState.QUALIFIED)
    with pytest.raises(Refusal, match="suitability"), transaction():
        convert(lead(one), "10003", setting())
    sit(one)
    with transaction():
        convert(lead(one), "10003", setting())
    assert (lead(one).state, conversion(one).state) == ("suitability_passed", "awaited")
    bring(tmp_path, newcomer(phone="13700000000"))
    assert (conversion(one).state, codes(one)) == ("review", ["other_person"])
    with pytest.raises(Refusal), transaction():
        convert(lead(one), "10003", setting())


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("phone", ["13812345678", "13700000000"])
def test_whoever_names_an_account_that_is_not_known_to_be_the_leads_wins_it_by_two_people_alone(firm: Flask, tmp_path: Path, phone: str) -> None:
    """Else any employee could name any account of the house and stand as who won it. The account that is the lead's by its number is his at once."""
    one = lead_of(introducers.staff("S001"), state=LeadState.QUALIFIED)
    sit(one)
    with transaction():
        lead(one).state = LeadState.LAPSED  # so that the import leaves it alone
    bring(tmp_path, newcomer(phone=phone))
    with transaction():
        lead(one).state = LeadState.SUITABILITY_PASSED
    account = db.session.execute(select(Account.id).where(Account.account_no == "10003")).scalar_one()
    told = foreseen(lead(one), account, setting())
    db.session.rollback()
    with transaction():
        convert(lead(one), "10003", setting())
    won = select(Servicing.staff_id).where(Servicing.account_id == account, Servicing.role == "originator")
    assert (told.state, [entry["code"] for entry in told.reasons]) == (conversion(one).state, codes(one)), "the preview says what comes of it"
    if phone == "13812345678":
        assert conversion(one).state == "servicing"
        assert db.session.execute(won).scalars().all() == [introducers.staff("S001").id]
        return
    assert (conversion(one).state, codes(one), db.session.execute(won).first()) == ("review", ["other_person"], None)
    first, second = two_people(firm)
    with transaction():
        approval = conversion_review.ask(conversion(one).id, "the lead changed his number", first, NOON, TODAY, "CN")
        key, digest = approval.id, approval.digest
    with transaction():
        approvals.approve(key, second, NOON, digest=digest)
    assert (conversion(one).state, db.session.execute(won).scalars().all()) == ("servicing", [introducers.staff("S001").id])


@pytest.mark.usefixtures("database")
def test_by_hand_on_an_account_that_is_there(firm: Flask, tmp_path: Path) -> None:
    one = lead_of(introducers.broker("B001"), state=LeadState.QUALIFIED)
    sit(one)
    with transaction():
        lead(one).state = LeadState.LAPSED  # so that the import leaves it alone
    bring(tmp_path, newcomer())
    with transaction():
        lead(one).state = LeadState.SUITABILITY_PASSED
    with transaction():
        found = convert(lead(one), "10003", setting())
        arrivals.renew(found, setting().actor, NOON)
    assert (lead(one).state, conversion(one).state) == ("account_opened", "attributed")
    assert shown() == [(SHARE_WHOLE, "pending", date(2026, 3, 2), OPEN_END)]


@pytest.mark.usefixtures("database")
def test_ten_times_the_leads_are_hardly_more_queries(firm: Flask, tmp_path: Path) -> None:
    by = introducers.broker("B001")
    for number in range(15):
        lead_of(by, phone=f"1381234{number:04d}")
    asked: list[str] = []
    make.accepted(make.write(tmp_path / "later", "branches", ["01,Head office", "02,Another"]))
    listener = lambda *given: asked.append(given[2])  # noqa: E731 - to be taken away again
    event.listen(db.engine, "before_cursor_execute", listener)
    bring(tmp_path, *(newcomer(number=f"3{number:04d}", phone=f"1381234{number:04d}") for number in range(15)))
    event.remove(db.engine, "before_cursor_execute", listener)
    assert db.session.execute(select(Attribution.state).where(Attribution.state == "pending")).scalars().all() == ["pending"] * 15
    selects = [one for one in asked if one.startswith("SELECT")]
    assert len(selects) < 60, len(selects)


def test_what_is_left_of_an_account_is_the_least_of_any_later_day() -> None:
    first, later = date(2026, 1, 1), date(2026, 6, 1)
    held = [(300_000, first, later), (500_000, later, OPEN_END)]
    assert share_left(held, date(2026, 3, 1)) == 500_000
    assert share_left([(1_000_000, first, date(2026, 3, 1))], date(2026, 3, 1)) == SHARE_WHOLE
    assert share_left([(1_000_000, date(2027, 1, 1), OPEN_END)], date(2026, 3, 1)) == 0
