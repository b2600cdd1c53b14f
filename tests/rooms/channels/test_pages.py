"""The channels at a browser: figures, the list behind them, costs, and who may open what."""

from __future__ import annotations

from pathlib import Path

from bs4 import BeautifulSoup
from flask import Flask

from models import db
from models.identity import Role
from models.leads import LeadState
from portal.leads import introducers
from tests.people import post, seat, someone
from tests.rooms.leads.stories import lead_of
from tests.rooms.pages.firm import settle_in


def test_finance_enters_a_cost_and_sees_what_an_account_cost(app: Flask, tmp_path: Path) -> None:
    settle_in(app, tmp_path / "files")
    finance, branch = seat(app, someone(app, Role.FINANCE)), seat(app, someone(app, Role.BRANCH_MANAGER, branch_no="01"))
    cost = {"channel": "broker", "period": "2025-02", "amount": "1,200.00", "branch": "", "note": "cards"}
    for wrong in ({"period": "2025-13"}, {"amount": "NaN"}, {"amount": "0"}, {"branch": "99"}, {"channel": "x"}, {"note": ""}):
        assert post(finance, "/channels/costs", "/channels/costs/new", **cost | wrong).status_code == 422, wrong
    assert post(finance, "/channels/costs", "/channels/costs/new", **cost).status_code == 303
    period = "from=2025-01&to=2026-03"
    page = finance.get(f"/channels?{period}&by=first")
    assert page.status_code == 200
    assert "¥600.00" in page.text, "1,200.00 for two accounts that opened"
    assert "too few to tell" in page.text
    file = finance.get(f"/channels?{period}&format=csv").text
    assert "Introducing brokers,0,0,2,2," in file
    listed = finance.get(f"/channels/people?{period}&channel=broker&what=opened").text
    assert "10001" in listed
    assert "10002" in listed
    assert "10002" not in branch.get(f"/channels/people?{period}").text, "another branch's"
    assert "10001" in branch.get(f"/channels/people?{period}").text
    assert "¥1,200.00" not in branch.get("/channels/costs").text, "a branch sees its own costs"


def test_a_period_that_is_none_is_answered(app: Flask) -> None:
    finance = seat(app, someone(app, Role.FINANCE))
    for query in ("from=2026-13", "from=2026-03&to=2026-02", "from=1990-01", "from=9998-12&to=9998-12&by=nobody", "branch=99", "to=1-1"):
        for page in ("/channels", "/channels/people"):
            assert finance.get(f"{page}?{query}").status_code in (200, 404, 422), (page, query)


def test_every_number_leads_to_exactly_what_it_counts(app: Flask, tmp_path: Path) -> None:
    settle_in(app, tmp_path / "files")
    with app.app_context():
        lead_of(introducers.broker("B001"), name="王小明", phone="13812340001", state=LeadState.QUALIFIED)
        lead_of(introducers.staff("S001"), name="赵大勇", phone="13812340002")
        db.session.remove()
    admin = seat(app, someone(app, Role.ADMIN))
    page = BeautifulSoup(admin.get("/channels?from=2025-01&to=2026-03&by=split").text, "html.parser")
    table = page.select_one("table")
    assert table
    numbers = [(row.select_one("th").text, [cell.select_one("a") for cell in row.select("td")]) for row in table.select("tbody tr")]
    broker = dict(numbers)["Introducing brokers"]
    leads, qualified, opened, active, equity = (admin.get(link["href"]) for link in broker[:5])
    assert all(answer.status_code == 200 for answer in (leads, qualified, opened, active, equity))
    assert ("王小明" in leads.text, "赵大勇" in leads.text) == (True, False)
    assert "王小明" in qualified.text
    assert "Introducing brokers" in leads.text, "the chip says what is counted"
    for answer in (opened, active, equity):
        assert all(f"/clients/{number}" in answer.text for number in ("10001", "10002"))
    assert broker[4].text in equity.text, "the sum of the list is the number"
    assert broker[8] is None, "no cost, no list"
    for link in page.select(".table-of a[href]"):
        assert admin.get(link["href"]).status_code == 200, link["href"]
    staff = dict(numbers)["Staff"]
    assert "赵大勇" in admin.get(staff[0]["href"]).text
    assert staff[1] is None, "nobody of them is qualified"


def test_a_number_that_is_none_is_left_out(app: Flask, tmp_path: Path) -> None:
    settle_in(app, tmp_path / "files")
    admin = seat(app, someone(app, Role.ADMIN))
    for wrong in (
        "x",
        "2026-01.2026-02.split.broker",
        "2026-02.2026-01.split.broker.leads",
        "1990-01.2026-01.split.all.leads",
        "2026-01.2026-01.split.nobody.leads",
        "9999-12.9999-12.first.all.opened",
    ):
        for page in ("/leads", "/clients"):
            assert admin.get(f"{page}?won={wrong}").status_code == 200, (page, wrong)
