"""Bills: a day is what was settled, a month is the sum of its days or says why not, and nobody reads another's."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from models.identity import Role
from models.values.calendar import Month
from portal.settlement.bills import FLOWS, DayFunds, Traded, day_adds_up, month_bill, product_sums
from portal.settlement.risk_degree import Band, band, risk_degree
from tests.oracle import product
from tests.oracle.notation import Draft, trade
from tests.people import seat, someone

MARCH = Month(2026, 3)


def a_day(day: int, before: int, **flows: int) -> DayFunds:
    """A day that follows from the one before and its flows."""
    values = dict.fromkeys(FLOWS, 0) | flows
    plus = sum(values[name] for name in ("deposit", "other_in", "realized_pnl", "mtm_pnl", "premium"))
    balance = before + plus - values["withdrawal"] - values["other_out"] - values["fee"]
    return DayFunds(date(2026, 3, day), 1, before, **values, balance=balance, equity=balance, margin=0, available=balance)


def test_a_month_is_the_sum_of_its_days() -> None:
    first = a_day(2, 1_000, deposit=500, realized_pnl=-70, fee=11)
    second = a_day(3, first.balance, withdrawal=200, mtm_pnl=31, premium=5, other_in=2, other_out=1, fee=4)
    bill = month_bill(MARCH, [first, second])
    assert bill is not None
    assert bill.sums == {"deposit": 500, "withdrawal": 200, "other_in": 2, "other_out": 1, "realized_pnl": -70, "mtm_pnl": 31, "premium": 5, "fee": 15}
    assert (bill.adds_up, bill.gaps, bill.difference) == (True, (), 0)
    assert month_bill(MARCH, []) is None


def test_a_day_that_is_missing_or_was_corrected_is_named() -> None:
    bill = month_bill(MARCH, [a_day(2, 1_000), a_day(4, 1_250)])
    assert bill is not None
    assert (bill.adds_up, bill.gaps, bill.difference) == (False, ((date(2026, 3, 4), 250),), -250)


@given(st.lists(st.tuples(*[st.integers(0, 10**9)] * 4, *[st.integers(-(10**9), 10**9)] * 3, st.integers(0, 10**9)), min_size=1, max_size=20), st.integers(-(10**9), 10**9))
def test_days_that_follow_each_other_always_add_up(flows: list[tuple[int, ...]], opening: int) -> None:
    days, before = [], opening
    for place, values in enumerate(flows, start=1):
        days.append(a_day(place, before, **dict(zip(FLOWS, values, strict=True))))
        assert day_adds_up(days[-1])
        before = days[-1].balance
    bill = month_bill(MARCH, days)
    assert bill is not None
    assert bill.adds_up


def test_products_are_added_up_over_days() -> None:
    rows = [Traded(date(2026, 3, 2), "SHFE", "rb", 2, 100, 3), Traded(date(2026, 3, 3), "SHFE", "rb", 1, 50, 1), Traded(date(2026, 3, 2), "DCE", "m", 1, 7, 2)]
    assert product_sums(rows) == [Traded(date(2026, 3, 2), "DCE", "m", 1, 7, 2), Traded(date(2026, 3, 3), "SHFE", "rb", 3, 150, 4)]


@pytest.mark.parametrize(
    ("margin", "equity", "degree", "expected"),
    [
        (0, 100, 0, Band.NOTHING_HELD),
        (0, 0, None, Band.NOTHING_HELD),
        (0, -1, None, Band.NO_EQUITY),
        (6_999, 10_000, 6_999, Band.CALM),
        (699_999_999, 1_000_000_000, 7_000, Band.CALM),
        (7_000, 10_000, 7_000, Band.WATCH),
        (9_000, 10_000, 9_000, Band.TIGHT),
        (10_000, 10_000, 10_000, Band.TIGHT),
        (10_001, 10_000, 10_001, Band.CALL),
        (1_000_000_001, 1_000_000_000, 10_000, Band.CALL),
        (1, 0, None, Band.NO_EQUITY),
        (1, -5, None, Band.NO_EQUITY),
    ],
)
def test_the_risk_degree_and_what_it_means(margin: int, equity: int, degree: int | None, expected: Band) -> None:
    assert (risk_degree(margin, equity), band(margin, equity)) == (degree, expected)


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """A client with two accounts, one introduced, one not; another client beside him."""
    draft = Draft()
    draft.plan("HALF", [{"kind": "retained_fee", "rate": "0.5"}])
    draft.broker("B001")
    draft.agree("B001", "HALF")
    for account, client in (("10001", "C1"), ("10002", "C1"), ("10003", "C2")):
        draft.account(account)["client_no"] = client
    draft.attribute("10001", "B001", "100", valid_from="2026-01-05", confirmed_on="2026-03-03")
    draft.add("servicing", account_no="10001", staff_no="S001", role="servicer", valid_from="2025-01-02")
    accounts = ["10001", "10002", "10003"]
    flows = {"10001": {"realized_pnl": -5_000, "deposit": 100_000, "margin": 7_500_000}}
    draft.day("2026-03-02", [trade("10001", "SHFE.rb", 1_235, 412), trade("10001", "DCE.m", 300, 100)], accounts, flows)
    draft.day("2026-03-03", [trade("10001", "SHFE.rb", 1_000, 400)], accounts, {"10001": {"mtm_pnl": 777, "margin": 7_500_000}})
    product.people(app)
    product.import_folder(app, str(draft.write(tmp_path / "files")))
    return app


@pytest.fixture
def reader(firm: Flask) -> FlaskClient:
    return seat(firm, someone(firm, Role.CLIENT, client_no="C1"))


def rows_of(page: str) -> dict[str, str]:
    """The items of a bill's funds and their amounts."""
    rows = BeautifulSoup(page, "html.parser").select("table.statement tbody tr")
    return {row.th.get_text(strip=True): row.td.get_text(strip=True) for row in rows if row.th and row.td}


def test_the_page_shows_what_was_settled(reader: FlaskClient) -> None:
    assert rows_of(reader.get("/bills/10001/days/2026-03-02?lang=en").text) == {
        "Balance of the day before": "¥100,000.00",
        "Deposits": "¥1,000.00",
        "Withdrawals": "¥0.00",
        "Other receipts": "¥0.00",
        "Other payments": "¥0.00",
        "Realized profit or loss": "-¥50.00",
        "Mark-to-market profit or loss": "¥0.00",
        "Option premium received − paid": "¥0.00",
        "Fees": "¥15.35",
        "Closing balance": "¥100,934.65",
        "Pledged and other (equity − balance)": "¥0.00",
        "Client equity": "¥100,934.65",
        "Margin in use": "¥75,000.00",
        "Available funds": "¥25,934.65",
        "Risk degree": "74.31 %",
    }
    month = rows_of(reader.get("/bills/10001/months/2026-03?lang=en").text)
    assert (month["Balance at the beginning"], month["Fees"], month["Balance at the end"]) == ("¥100,000.00", "¥25.35", "¥100,932.42")


def test_a_corrected_day_is_billed_as_corrected_and_says_so(firm: Flask, reader: FlaskClient, tmp_path: Path) -> None:
    again = Draft()
    again.day(
        "2026-03-03",
        [trade("10001", "SHFE.rb", 900, 400)],
        ["10001", "10002", "10003"],
        {"10001": {"previous_balance": 10_093_465, "mtm_pnl": 777, "margin": 7_500_000}, "10002": {"previous_balance": 10_000_000}, "10003": {"previous_balance": 10_000_000}},
    )
    product.import_folder(firm, str(again.write(tmp_path / "again", masters=())))
    page = reader.get("/bills/10001/days/2026-03-03?lang=en").text
    assert rows_of(page)["Fees"] == "¥9.00"
    assert "version 2 of this day" in page


def test_the_first_page_answers_what_a_client_asks(reader: FlaskClient) -> None:
    page = BeautifulSoup(reader.get("/?account=10001&lang=en").text, "html.parser").get_text(" ", strip=True)
    for word in (
        "¥100,932.42",
        "74.31 %",
        "Watch",
        "居间人B001",
        "since 2026-01-05",
        "The firm pays him out of the fees that you pay",
        "员工1",
        "Your accounts together",
        "¥200,932.42",
    ):
        assert word in page, word
    other = reader.get("/?account=10002&lang=en").text
    assert "Nobody: no introducing broker" in other
    assert "Nothing at risk" in other


def test_a_foreign_account_is_as_missing_as_one_that_is_not(firm: Flask, reader: FlaskClient) -> None:
    for rest in ("", "/days.csv", "/months/2026-03", "/days/2026-03-02"):
        foreign, missing = reader.get(f"/bills/10003{rest}"), reader.get(f"/bills/99999{rest}")
        assert (foreign.status_code, missing.status_code) == (404, 404)
        assert reader.get(f"/bills/10001{rest}").status_code == 200
    chosen = reader.get("/?account=10003")
    assert "10003" not in BeautifulSoup(chosen.text, "html.parser").select_one("main").get_text()


def test_an_introducing_broker_who_is_a_client_too_reads_only_his_own_bills(firm: Flask) -> None:
    both = seat(firm, someone(firm, Role.BROKER, Role.CLIENT, broker_no="B001", client_no="C2"))
    assert both.get("/bills/10003").status_code == 200
    assert both.get("/clients/10001").status_code == 200
    assert both.get("/bills/10001").status_code == 404


def test_days_that_are_none_are_answered_in_words(reader: FlaskClient) -> None:
    for path in ("/bills/10001/days/2026-03-04", "/bills/10001/days/2026-02-30", "/bills/10001/days/x", "/bills/10001/months/2026-04", "/bills/10001/months/2026-13"):
        assert reader.get(path).status_code == 404


def test_the_days_behind_the_pictures_come_as_csv(reader: FlaskClient) -> None:
    lines = reader.get("/bills/10001/days.csv?lang=en").data.decode("utf-8-sig").splitlines()
    assert lines[1:-2] == [
        "2026-03-02,100000.00,1000.00,0.00,0.00,0.00,-50.00,0.00,0.00,15.35,100934.65,100934.65,75000.00,25934.65",
        "2026-03-03,100934.65,0.00,0.00,0.00,0.00,0.00,7.77,0.00,10.00,100932.42,100932.42,75000.00,25932.42",
    ]


def test_the_list_of_bills_narrows_sorts_and_goes_along_as_a_file(reader: FlaskClient) -> None:
    lines = reader.get("/bills/10001?lang=en&by=day&sort=period&format=csv").data.decode("utf-8-sig").splitlines()
    assert lines[1:-3] == ["2026-03-02,1000.00,-50.00,15.35,100934.65", "2026-03-03,0.00,7.77,10.00,100932.42"]
    assert reader.get("/bills?account=10001&lang=en&format=csv").data.decode("utf-8-sig").splitlines()[1:-3] == ["2026-03,2,1000.00,-42.23,25.35,100932.42"]
    narrowed = BeautifulSoup(reader.get("/bills/10001?by=day&from=2026-03-03").text, "html.parser").select("tbody th")
    assert [row.get_text(strip=True) for row in narrowed] == ["2026-03-03"]
    assert "No bill matches" in reader.get("/bills/10001?lang=en&from=2026-04-01").text
    assert "2026-03" in reader.get("/bills/10001?from=nonsense").text
