"""The overview agrees to the fen with the lists behind it, and its sums with the facts, whatever is corrected meanwhile."""

from __future__ import annotations

import csv
import html
import io
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from models import db
from models.identity import Role
from models.partners import Broker
from models.rollups import BrokerBook, FirmDay, RollupDay
from portal import clock
from portal.actors import TERMINAL
from portal.departures.spread import concentration
from portal.jobs.rebuild import REBUILD
from portal.jobs.verbs import enqueue
from portal.jobs.worker import Worker
from portal.pages.overview_sums import windows
from portal.settlement import rollups
from portal.transaction import transaction
from tests import remembered
from tests.oracle import product
from tests.oracle.notation import Draft, trade
from tests.people import seat, someone
from tests.rooms.lists.test_lists import queries

DAYS = ("2026-02-02", "2026-02-03", "2026-03-02", "2026-03-03")
ACCOUNTS = ("10001", "10002", "10003", "10004")


def draft() -> Draft:
    """Two branches, two brokers: one account under each, one shared by both, one of staff."""
    firm = Draft()
    firm.add("branches", branch_no="02", name="营业部2")
    firm.plan("HALF", [{"kind": "retained_fee", "rate": "0.5"}])
    for broker, branch in (("B001", "01"), ("B002", "02")):
        firm.broker(broker)["branch_no"] = branch
        firm.agree(broker, "HALF")
    for account, branch in zip(ACCOUNTS, ("01", "02", "02", "01"), strict=True):
        firm.account(account).update(branch_no=branch)
    firm.attribute("10001", "B001", "100")
    firm.attribute("10002", "B002", "100")
    firm.attribute("10003", "B001", "40")
    firm.attribute("10003", "B002", "60")
    firm.add("servicing", account_no="10004", staff_no="S001", role="originator", valid_from="2025-01-02")
    for place, day in enumerate(DAYS):
        trades = [trade(account, "SHFE.rb", 10_000 + 700 * place + 300 * number, 4_000) for number, account in enumerate(ACCOUNTS) if (place + number) % 3]
        firm.day(day, trades, list(ACCOUNTS))
    return firm


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    remembered.begin(app, tmp_path / "files", _settle_in)
    return app


def _settle_in(app: Flask, folder: Path) -> None:
    product.people(app)
    product.import_folder(app, str(draft().write(folder)))


def verified(app: Flask) -> list[str]:
    with app.app_context():
        found = [line for day in rollups.settled_from(date.min) for line in rollups.differences(day)]
        db.session.remove()
    return found


def figures(client: FlaskClient, address: str) -> list[tuple[str, Decimal]]:
    """Each number of the breakdown: the address behind it and its value."""
    page = client.get(address).text
    table = page[page.index('aria-labelledby="h-under"') :]
    table = table[: table.find("</table>")]
    rows = re.findall(r"<tr><th scope=\"row\" class=\"table-head\"><a href=\"([^\"]+)\">.*?<td class=\"num\"[^>]*>([^<]+)</td>", table, re.DOTALL)
    return [(html.unescape(href), Decimal(value.replace("¥", "").replace(",", ""))) for href, value in rows]


def behind(client: FlaskClient, address: str, column: str) -> Decimal:
    """What the list behind a number comes to: its file, added up."""
    answer = client.get(address + "&format=csv")
    assert answer.status_code == 200, address
    rows = [row for row in csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))) if not next(iter(row.values())).startswith("# ")]
    return Decimal(len(rows)) if column == "#" else sum((Decimal(row[column] or 0) for row in rows), Decimal(0))


COLUMN = {"equity": "Equity", "clients": "#", "retained_fee": "Retained fee", "lots": "Lots"}


@pytest.mark.parametrize("role", [Role.ADMIN, Role.AUDITOR, Role.BRANCH_MANAGER])
def test_each_number_is_the_total_of_the_list_behind_it(firm: Flask, role: Role) -> None:
    client = seat(firm, someone(firm, role, branch_no="02"))
    tried = 0
    for measure, column in COLUMN.items():
        for by in ("branch", "broker", "channel", "product"):
            for cut in ("", "&channel=staff", "&day=2026-02-03") if role is Role.ADMIN else ("&channel=broker",):
                for href, value in figures(client, f"/overview?measure={measure}&by={by}{cut}"):
                    assert behind(client, href, column) == value, (measure, by, cut, href)
                    tried += 1
    assert tried > (30 if role is Role.ADMIN else 5)


@pytest.mark.parametrize("cut", ["", "?channel=broker", "?channel=direct", "?branch=02", "?day=2026-02-03&branch=02"])
def test_a_tile_leads_to_a_list_of_the_same_total(firm: Flask, cut: str) -> None:
    client = seat(firm, someone(firm, Role.FINANCE))
    page = client.get(f"/overview{cut}").text
    tiles = re.findall(r"tile-label\"><a href=\"([^\"]+)\">([^<]+)</a></span>\s*<span class=\"tile-value\"(?: title=\"([^\"]+)\")?>([^<]+)<", page)
    columns = {"Client equity": "Equity", "Clients with equity": "#", "Retained fee this month": "Retained fee", "Lots this month": "Lots", "Active clients of the day": "#"}
    columns |= {"New accounts this month": "#", "Closed accounts this month": "#"}
    found = {label: (html.unescape(href), full or short) for href, label, full, short in tiles}
    assert len(found) == 8
    for label, column in columns.items():
        href, text = found[label]
        assert behind(client, href, column) == Decimal(text.replace("¥", "").replace(",", "")), label


def test_the_sums_follow_corrections_and_attributions_of_the_past(firm: Flask, tmp_path: Path) -> None:
    assert verified(firm) == []
    again = draft()
    again.day(DAYS[2], [trade("10001", "DCE.i", 99_900, 100)], ["10001", "10002"])
    product.import_folder(firm, str(again.write(tmp_path / "corrected")))
    assert verified(firm) == []
    moved = draft()
    moved.broker("B003")["branch_no"] = "01"
    moved.attribute("10004", "B003", "100")
    product.import_folder(firm, str(moved.write(tmp_path / "moved")))
    assert verified(firm) == []
    with firm.app_context():
        third = db.select(BrokerBook.trade_date).join(Broker, Broker.id == BrokerBook.broker_id).where(Broker.broker_no == "B003")
        assert len(db.session.execute(third).all()) == len(DAYS) - 1, "the past counts under whom it is attributed to now; on one day the account is gone"
        db.session.remove()


def test_control_a_changed_sum_is_found(firm: Flask) -> None:
    with firm.app_context():
        with transaction():
            db.session.execute(update(FirmDay).where(FirmDay.trade_date == date(2026, 3, 3)).values(equity=FirmDay.equity + 1))
        db.session.remove()
    assert verified(firm)
    assert firm.test_cli_runner().invoke(args=["overview", "verify"]).exit_code == 1
    assert firm.test_cli_runner().invoke(args=["overview", "rebuild"]).exit_code == 0
    assert firm.test_cli_runner().invoke(args=["overview", "verify"]).exit_code == 0


def test_missing_sums_are_made_by_a_job(firm: Flask) -> None:
    with firm.app_context():
        with transaction():
            rollups.forget([date(2026, 3, 3)])
            enqueue(TERMINAL, clock.now(), REBUILD, {})
        assert rollups.missing_days() == [date(2026, 3, 3)]
        db.session.remove()
    Worker(firm).drain()
    assert verified(firm) == []
    with firm.app_context():
        assert len(db.session.execute(db.select(RollupDay)).all()) == len(DAYS)
        db.session.remove()


def test_a_manager_sees_his_branch_and_no_other(firm: Flask) -> None:
    manager = seat(firm, someone(firm, Role.BRANCH_MANAGER, branch_no="02"))
    own, whole = (figures(client, "/overview?by=branch") for client in (manager, seat(firm, someone(firm, Role.ADMIN))))
    assert (len(own), len(whole)) == (1, 2)
    assert own[0][1] in {value for _href, value in whole}
    assert manager.get("/overview?branch=01").status_code == 404
    assert manager.get("/overview?branch=nowhere").status_code == 404
    assert "10001" not in manager.get("/trades?from=2026-01-01").text
    assert seat(firm, someone(firm, Role.BRANCH_MANAGER)).get("/overview").status_code == 200
    for role in (Role.BROKER, Role.CLIENT, Role.STAFF):
        stranger = seat(firm, someone(firm, role))
        assert {stranger.get(path).status_code for path in ("/overview", "/overview/concentration", "/trades")} == {403}


def test_an_overview_asks_a_bounded_number_of_questions(firm: Flask) -> None:
    admin = seat(firm, someone(firm, Role.ADMIN))
    for address in ("/overview", "/overview?by=broker&measure=commission", "/overview/concentration"):
        assert queries(firm, admin, address) <= 22, address


@pytest.mark.parametrize("query", ["day=nonsense", "day=0001-01-01", "measure=secrets&by=x&grain=y", "channel=moon", "day=9999-12-31", "measure=commission&by=product"])
def test_what_cannot_be_read_is_answered_with_a_page(firm: Flask, query: str) -> None:
    assert seat(firm, someone(firm, Role.ADMIN)).get(f"/overview?{query}").status_code == 200


def test_an_empty_firm_has_an_overview_too(app: Flask) -> None:
    admin = seat(app, someone(app, Role.ADMIN))
    assert [admin.get(path).status_code for path in ("/", "/overview", "/overview/concentration", "/trades")] == [200] * 4


def test_concentration_in_whole_numbers() -> None:
    even = concentration([100] * 10)
    assert (even.top, even.index, even.evenly, even.curve[10]) == ({1: 1_000, 5: 5_000, 10: 10_000}, 1_000, 10, 5_000)
    one = concentration([5, 0, -7])
    assert (one.holders, one.index, one.grade, one.top[1]) == (1, 10_000, "high", 10_000)
    assert concentration([0, -1]) is None
    two = concentration([3 * 10**13, 10**13])
    assert (two.index, two.top[1]) == (6_250, 7_500)


def test_months_are_compared_at_the_same_length() -> None:
    days = [date(2025, 3, 3), date(2025, 3, 4), date(2026, 2, 2), date(2026, 2, 3), date(2026, 2, 4), date(2026, 3, 2), date(2026, 3, 3)]
    now, month, year = windows(days, date(2026, 3, 3))
    assert (now.days, month.days, year.days) == ((days[5], days[6]), (days[2], days[3]), (days[0], days[1]))
    assert windows(days[2:], date(2026, 3, 2))[2] is None
