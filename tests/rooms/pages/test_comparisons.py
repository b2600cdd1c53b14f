"""Papers beside the books: statements of both families and both layouts, lists with odd headers; differences and who explains them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from models import db
from models.audit import AuditEntry
from models.comparisons import Comparison, DifferenceExplained
from models.identity import Role
from models.values.calendar import parse_day
from portal.jobs.worker import Worker
from portal.settlement.comparisons import lines_of, open_differences
from tests import make
from tests.people import form_token, post, seat, someone
from tests.rooms.pages.test_month_desk import approve, text_of, waiting
from tests.rooms.settlement.ctp_notation import NEW, OLD, page
from tests.rooms.settlement.test_cfmmc_statement import NAME as MONITOR
from tests.rooms.settlement.test_cfmmc_statement import monitor, workbook

DAY = "2026-03-04"
CTP, CFMMC, LISTED = "0087961974", "0010088", "10003"
TRADES = [
    (CTP, "CZCE", "AP", "7", "559270.00", "52.50", "20.00"),
    (CTP, "GFEX", "lc", "2", "157900.00", "37.91", "10.00"),
    (CTP, "CZCE", "SR", "4", "233760.00", "18.00", "8.00"),
    (CFMMC, "CZCE", "AP", "7", "559270.00", "52.50", "21.00"),
]
BALANCES = [
    f"{DAY},{CTP},8341709.32,408892.89,36316.00,0.00,0.00,0.00,0.00,0.00,108.41,8714177.80,8714177.80,171878.40,8542299.40",
    f"{DAY},{CFMMC},100000.00,1000.00,0.00,0.00,0.00,-270.00,520.00,0.00,52.50,101197.50,101197.50,9574.00,91623.50",
    f"{DAY},{LISTED},500.00,0.00,0.00,0.00,0.00,0.00,0.00,0.00,0.00,500.00,500.00,0.00,500.00",
]
HEAD = ["资金对账表,,,", "打印时间：2026-03-05,,,", "交易日, 投资者代码 ,投资者名称,可用 资金,投资者权益,手续费"]


@pytest.fixture
def one(app: Flask) -> FlaskClient:
    return seat(app, someone(app, Role.FINANCE, email="one@firm.example"))


@pytest.fixture
def two(app: Flask) -> FlaskClient:
    return seat(app, someone(app, Role.COMPLIANCE, email="two@firm.example"))


@pytest.fixture
def books(app: Flask, tmp_path: Path) -> Path:
    """A firm whose books say what the papers say."""
    folder = make.firm(tmp_path / "firm", accounts=[CTP, CFMMC, LISTED])
    make.write(folder, f"balances-{DAY}", BALANCES, make.BALANCE)
    make.write(folder, f"trades-{DAY}", [",".join([DAY, *row]) for row in TRADES], make.TRADE)
    with app.app_context():
        make.accepted(folder)
        db.session.remove()
    return folder


def compare(app: Flask, client: FlaskClient, papers: Mapping[str, bytes]) -> str:
    """Hand papers in and let the worker work; returns where the result is."""
    data = {"csrf_token": form_token(client, "/imports"), "files": [(io.BytesIO(content), name) for name, content in papers.items()]}
    answer = client.post("/imports/comparisons", data=data, content_type="multipart/form-data")
    assert answer.status_code == 303, answer.text
    Worker(app).drain()
    return client.get(answer.headers["Location"]).headers["Location"]


def differing(app: Flask) -> list[tuple[object, ...]]:
    """The differing lines of all comparisons: account, number, books, paper, state."""
    with app.app_context():
        found = [
            (line["account_no"], f"{line['exchange']}.{line['product']} {line['item']}".removeprefix(". "), line["here"], line["there"], line["state"])
            for row in db.session.scalars(select(Comparison).order_by(Comparison.id))
            for line in lines_of(row).filter(lines_of(row)["state"] != "equal").iter_rows(named=True)
        ]
        db.session.remove()
    return found


@pytest.mark.usefixtures("books")
def test_papers_that_say_the_same_are_equal_line_by_line(app: Flask, one: FlaskClient) -> None:
    rows = [f'{DAY.replace("-", "")},{CTP},a,8542299.40,"8,714,177.80",108.41', f"{DAY},'{CFMMC},b,91623.50,101197.5,52.5", f"{DAY},{LISTED},c,500,500,0", "合计,,,1,2,3"]
    papers = {NEW: page(NEW).encode("gb18030"), MONITOR: workbook(monitor()), "资金.csv": "\n".join([*HEAD, *rows]).encode("gb18030")}
    assert compare(app, one, papers) == "/imports/comparisons"
    assert differing(app) == []
    with app.app_context():
        found = db.session.execute(select(Comparison.kind, Comparison.equal).order_by(Comparison.id)).all()
        assert [tuple(row) for row in found] == [("ctp", 15), ("cfmmc", 8), ("资金对账表", 9)]
        db.session.remove()
    assert "No comparison matches" in one.get("/imports/comparisons?differs=some").text


@pytest.mark.usefixtures("books")
def test_what_differs_is_shown_with_both_values(app: Flask, one: FlaskClient) -> None:
    rows = [f"{DAY},{CTP},a,8542299.40,8714177.81,108.41", f"{DAY},99999,x,1,1,0"]
    result = compare(app, one, {"资金.csv": "\n".join([*HEAD, *rows]).encode("gb18030")})
    assert differing(app) == [
        (CFMMC, "equity", 10119750, None, "only_here"),
        (CTP, "equity", 871417780, 871417781, "differs"),
        (LISTED, "equity", 50000, None, "only_here"),
        ("99999", "equity", None, 100, "only_there"),
        ("99999", "available", None, 100, "only_there"),
    ]
    shown = text_of(one.get(result).text)
    assert f"{CTP} {DAY} Equity ¥8,714,177.80 ¥8,714,177.81 ¥0.01 Differs" in shown
    assert f"{LISTED} {DAY} Equity ¥500.00 – -¥500.00 Only in the books" in shown
    listed = one.get(f"{result}?format=csv&state=differs").get_data(as_text=True).splitlines()
    assert len(listed) == 2 + 3
    assert listed[1].endswith("8714177.80,8714177.81,0.01,differs,,")


@pytest.mark.usefixtures("books")
def test_fills_are_compared_by_product_in_whatever_spelling(app: Flask, one: FlaskClient) -> None:
    head = "交易日,投资者代码,交易所,合约,产品,手续费,上交手续费,留存手续费,总成交量,平今量,成交额"
    rows = [
        f"{DAY},{CTP},郑商所,AP605,AP,52.50,20.00,32.50,7,0,559270.00",
        f"{DAY},{CTP},GFEX,LC2605,LC,37.91,10.01,27.90,2,0,157900",
        f"{DAY},{CTP},CZCE,SR605,SR,18,8,10,4,0,233760",
    ]
    compare(app, one, {"统计.csv": "\n".join([f"{DAY} 至 {DAY}", head, *rows]).encode("gb18030")})
    assert differing(app) == [(CFMMC, "CZCE.AP lots", 7, None, "only_here"), (CTP, "GFEX.LC product_exchange_fee", 1000, 1001, "differs")]


@pytest.mark.usefixtures("books")
def test_a_difference_is_explained_by_one_and_confirmed_by_another(app: Flask, one: FlaskClient, two: FlaskClient) -> None:
    rows = [f"{DAY},{CTP},a,8542299.40,8714177.81,108.41", f"{DAY},{CFMMC},b,91623.50,101197.5,52.5", f"{DAY},{LISTED},c,500,500,0"]
    result = compare(app, one, {"资金.csv": "\n".join([*HEAD, *rows]).encode("gb18030")})
    first, last = parse_day("2026-03-01"), parse_day("2026-03-31")
    assert "1 difference from a statement or list is not explained." in text_of(one.get("/commission/months/2026-03").text)
    assert post(one, f"{result}/explain", page=result, reason="rounding").status_code == 422
    assert post(one, f"{result}/explain", page=result, all="yes", reason="mood").status_code == 422
    assert post(one, f"{result}/explain", page=result, all="yes", reason="other").status_code == 422
    assert post(one, f"{result}/explain", page=result, all="yes", reason="rounding", note="a fen").status_code == 303
    with app.app_context():
        assert sum(open_differences(first, last).values()) == 1
        db.session.remove()
    assert approve(two, waiting(app)) == 303
    with app.app_context():
        assert open_differences(first, last) == {}
        assert [(row.reason, row.note) for row in db.session.scalars(select(DifferenceExplained))] == [("rounding", "a fen")]
        assert {"comparison.kept", "settlement.differences.explain"} <= set(db.session.execute(select(AuditEntry.action)).scalars())
        db.session.remove()
    assert "Rounded elsewhere" in one.get(result).text
    assert "not explained." not in one.get("/commission/months/2026-03").text


@pytest.mark.usefixtures("books")
def test_a_newer_comparison_of_the_same_number_overtakes_the_older(app: Flask, one: FlaskClient) -> None:
    for equity, left in (("500.01", 1), ("500.00", 0)):
        rows = [f"{DAY},{LISTED},c,500,{equity},0"]
        compare(app, one, {f"{equity}.csv": "\n".join([*HEAD, *rows]).encode("gb18030")})
        with app.app_context():
            found = open_differences(parse_day(DAY), parse_day(DAY))
            db.session.remove()
        assert sum(found.values()) == left + 2, "the two accounts that the list leaves out stay open"


@pytest.mark.usefixtures("books")
def test_a_paper_that_cannot_be_read_says_so_on_its_page(app: Flask, one: FlaskClient) -> None:
    said = text_of(one.get(compare(app, one, {"x.txt": b"hello"})).text)
    assert "This paper could not be compared" in said
    assert "Refusal" in said
    assert "No header of a known list was found." in text_of(one.get(compare(app, one, {"y.csv": b"a,b\n1,2\n"})).text)
    assert compare(app, one, {OLD: page(OLD).encode("gb18030")}).startswith("/imports/comparisons/")
    assert {line[4] for line in differing(app)} == {"only_there"}
    assert post(one, "/imports/comparisons", page="/imports").status_code == 422
