"""The pages of bank transfers: a member orders, finance records and prepares, a second person approves, the member has his ticket."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from models import db
from models.audit import Approval
from portal.settings import Settings
from tests.people import post, seat
from tests.rooms.club.bank_scene import NAME, Bank, bank_in_app, payment, returns
from tests.rooms.club.membership_scene import add_tiers
from tests.rooms.club.scene import PRICE, booking_of, event_of, wish


@pytest.fixture
def bank(settings: Settings) -> Iterator[Bank]:
    """A firm that takes transfers."""
    with bank_in_app(settings, held=False) as open_bank:
        yield open_bank


def finance(bank: Bank) -> tuple[FlaskClient, FlaskClient]:
    """Both people in their browsers."""
    first, second = bank.first.user_id, bank.second.user_id
    assert first
    assert second
    return seat(bank.app, first), seat(bank.app, second)


def approve(client: FlaskClient, digest: str, number: int) -> int:
    """Approve what stands on the page."""
    return post(client, f"/approvals/{number}/approve", f"/approvals/{number}", digest=digest).status_code


def last_approval(bank: Bank) -> tuple[int, str]:
    """The newest thing that waits: its number and digest."""
    query = select(Approval.id, Approval.digest).order_by(Approval.id.desc()).limit(1)
    return bank.read(lambda: tuple(db.session.execute(query).one()))


def test_from_the_order_to_the_ticket_and_back_again(bank: Bank) -> None:
    member = bank.read(bank.member)
    kind = bank.read(lambda: str(wish(event_of("night")).kind_id))
    client = seat(bank.app, member.user_id)
    page = client.get("/events/night").text
    assert "held for three trading days" in page
    answer = post(client, "/events/night/book", "/events/night", kind=kind, name=NAME, way="transfer")
    address = answer.headers["Location"]
    order = client.get(address).text
    reference = re.findall(r"JY[0-9A-Z]{8}", order)[0]
    assert "1001 2345 0920 0123 456" in order
    assert "198.00" in order
    first, second = finance(bank)
    typed = {"received_on": "2026-01-05", "amount": "198.00", "serial": "ICBC-77", "payer": NAME, "remark": reference}
    shown = post(first, "/club/money/transfers/new", "/club/money/transfers/new", **typed).headers["Location"]
    assert "It fits" in first.get(shown).text
    again = post(first, "/club/money/transfers/new", "/club/money/transfers/new", **typed)
    assert (again.status_code, "ICBC-77 is recorded already: 198.00 yuan" in again.text) == (409, True)
    assert "Your payment is being worked on" in client.get(address).text
    assert post(first, f"{shown}/prepare", shown, effect="pays").status_code == 303
    number, digest = last_approval(bank)
    assert approve(first, digest, number) == 403
    looked = second.get(f"/approvals/{number}").text
    assert all(word in looked for word in (reference, NAME, "It pays the order", "198.00"))
    assert approve(second, digest, number) == 303
    assert "QR code of the ticket" in client.get(address).text
    post(client, f"{address}/cancel", f"{address}/cancel", back="19800")
    [row] = bank.read(lambda: [one.public_id for one in returns()])
    assert "To be transferred back" in client.get(address).text
    back = f"/club/money/returns/{row}"
    assert NAME in first.get("/club/money/returns").text
    assert post(first, back, back, serial="OUT-1", sent_on="2026-01-06").status_code == 303
    number, digest = last_approval(bank)
    assert approve(second, digest, number) == 303
    money = first.get("/club/money").text
    assert "add up to the fen" in money
    assert bank.read(lambda: payment(reference).state) == "refunded"


def test_dues_are_ordered_and_the_page_says_what_to_transfer(bank: Bank) -> None:
    bank.read(add_tiers)
    member = bank.read(bank.member)
    client = seat(bank.app, member.user_id)
    assert "Pay by bank transfer" in client.get("/membership/silver/join").text
    assert post(client, "/membership/silver/pay", "/membership/silver/join", kind="transfer").status_code == 303
    page = client.get("/membership").text
    assert re.search(r"JY[0-9A-Z]{8}", page)
    assert "Transfer the dues" in page


def test_a_transfer_of_another_name_is_told_apart_and_what_was_mistyped_is_named(bank: Bank) -> None:
    public_id, reference, _member = bank.read(bank.order)
    first, _second = finance(bank)
    for typed, said in (({"amount": "1,2.3.4"}, "an amount is written like 1200.00"), ({"received_on": "2999-01-01"}, "has not come yet"), ({"payer": " "}, "the payer’s name")):
        plain = {"received_on": "2026-01-05", "amount": "198", "serial": "A", "payer": "张三", "remark": reference}
        answer = post(first, "/club/money/transfers/new", "/club/money/transfers/new", **plain | typed)
        assert (answer.status_code, said in answer.text) == (422, True), said
    came = bank.read(lambda: bank.comes(PRICE, reference, payer="张三"))
    page = first.get(f"/club/money/transfers/{came}").text
    assert "Another name than the payer’s" in page
    answer = post(first, f"/club/money/transfers/{came}/prepare", f"/club/money/transfers/{came}", effect="pays")
    assert (answer.status_code, "say why it counts" in answer.text) == (422, True)
    assert post(first, f"/club/money/transfers/{came}/match", f"/club/money/transfers/{came}", reference="").status_code == 303
    page = first.get(f"/club/money/transfers/{came}").text
    assert reference in page, "the order that waits for just this amount is proposed"
    assert post(first, f"/club/money/transfers/{came}/void", f"/club/money/transfers/{came}", note="typed twice").status_code == 303
    assert bank.read(lambda: (booking_of(public_id).state, payment(reference).state)) == ("held", "open")


def test_the_account_is_changed_by_two(bank: Bank) -> None:
    first, second = finance(bank)
    assert "居缘期货有限公司" in first.get("/club/money/account").text
    assert post(first, "/club/money/account", "/club/money/account", company="乙公司", bank="乙银行", account_no="12").status_code == 422
    assert post(first, "/club/money/account", "/club/money/account", company="乙公司", bank="乙银行", account_no="6222 0000 1111").status_code == 303
    number, digest = last_approval(bank)
    assert "居缘期货有限公司" in first.get("/club/money/account").text
    assert approve(second, digest, number) == 303
    assert "乙公司" in first.get("/club/money/account").text
