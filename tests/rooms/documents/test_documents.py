"""A document says what the screen says: every amount of the page stands in the PDF and in the workbook, and nothing else does."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from models import db
from models.identity import Role
from models.partners import Broker
from portal.commission.queries import run_of
from portal.documents.paper import Column, Fen, Paper, Section, Share, plain_of, text_of
from portal.documents.pdf import pdf_of
from portal.documents.sheets import csv_of, xlsx_of
from portal.documents.statement import offered_script, statement_document
from tests.people import seat, someone
from tests.rooms.documents.reading import amounts, amounts_of_page, fonts_inside, pages, sheets, structure
from tests.rooms.pages.firm import DAY, NUMBERS, PERIOD, settle_in

LANGUAGES = ("zh_Hans_CN", "en")
STATEMENT = f"/commission/statements/{PERIOD}/B001"


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """A firm with one closed month."""
    settle_in(app, tmp_path / "files")
    return app


@pytest.fixture
def broker(firm: Flask) -> FlaskClient:
    return seat(firm, someone(firm, Role.BROKER, **NUMBERS))


@pytest.fixture
def client(firm: Flask) -> FlaskClient:
    return seat(firm, someone(firm, Role.CLIENT, **NUMBERS))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_statement_on_paper_says_what_the_page_says(broker: FlaskClient, language: str) -> None:
    page, paper = broker.get(f"{STATEMENT}?lang={language}"), broker.get(f"{STATEMENT}/statement.pdf?lang={language}")
    assert paper.mimetype == "application/pdf"
    shown, printed = amounts_of_page(page.text), amounts("\n".join(pages(paper.data)))
    assert shown
    assert not shown - printed, "an amount of the page is not in the PDF"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("address", [f"/bills/10001/days/{DAY}", f"/bills/10001/months/{PERIOD}"])
def test_a_bill_on_paper_says_exactly_what_the_page_says(client: FlaskClient, language: str, address: str) -> None:
    page, paper = client.get(f"{address}?lang={language}"), client.get(f"{address}?lang={language}&format=pdf")
    assert amounts_of_page(page.text) == amounts("\n".join(pages(paper.data)))
    assert sum(amounts_of_page(page.text).values()) > 15


@pytest.mark.parametrize("address", [f"{STATEMENT}/statement.pdf?", f"/bills/10001/months/{PERIOD}?format=pdf"])
def test_every_page_carries_number_digest_and_page_count(firm: Flask, address: str) -> None:
    """So that a page that was taken out or put in shows."""
    person = seat(firm, someone(firm, Role.BROKER, Role.CLIENT, **NUMBERS))
    for language, counted in (("zh_Hans_CN", "第 {} 页，共 {} 页"), ("en", "Page {} of {}")):
        texts = pages(person.get(f"{address}&lang={language}").data)
        digests = {tuple(re.findall(r"[0-9a-f]{64}", text.replace("\n", ""))[-1:]) for text in texts}
        assert len(digests) == 1
        assert digests != {()}
        for number, text in enumerate(texts, start=1):
            assert counted.format(number, len(texts)).replace(" ", "") in text.replace(" ", "")


def test_the_digest_on_the_paper_is_that_of_the_machine_readable_file(broker: FlaskClient) -> None:
    pack = json.loads(broker.get(f"{STATEMENT}/statement.json").data)
    content = {name: value for name, value in pack.items() if name != "digest"}
    assert hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()).hexdigest() == pack["digest"]
    for text in pages(broker.get(f"{STATEMENT}/statement.pdf").data):
        assert pack["digest"] in text


def test_a_pdf_is_tagged_and_carries_its_fonts(broker: FlaskClient) -> None:
    body = broker.get(f"{STATEMENT}/statement.pdf?lang=zh_Hans_CN").data
    tags = structure(body)
    assert tags["/H1"] == 1
    assert tags["/H2"] >= 4
    assert tags["/TH"] >= 10
    assert tags["/TD"] >= 30
    assert fonts_inside(body)
    assert "居间报酬对账单" in "".join(pages(body))
    assert b"pdfuaid:part" in body
    assert b"pdfaid:part" in body


def test_the_same_books_give_the_same_bytes(firm: Flask) -> None:
    with firm.app_context():
        run = run_of(PERIOD)
        broker = db.session.execute(select(Broker).where(Broker.broker_no == "B001")).scalar_one()
        for form in ("pdf", "xlsx", "csv", "json"):
            assert statement_document(run, broker, "zh_Hans_CN", form) == statement_document(run, broker, "zh_Hans_CN", form), form
        assert statement_document(run, broker, "en", "json") == statement_document(run, broker, "zh_Hans_CN", "json")
        db.session.remove()


def a_paper(rows: int = 3) -> Paper:
    """A paper with names that are markup elsewhere."""
    section = Section(
        "=SUM(A1) #panic[x] $y$",
        (Column("名称"), Column("Lots", True), Column("元", True), Column("%", True), Column("?", True)),
        tuple((f"*{place}* #sys.inputs `a` <b> \\ 张三", 1_000 + place, Fen(-place - 123_456_789_012_345), Share(-5), None) for place in range(rows)),
        frozenset({0}),
        ("@note $",),
    )
    return Paper("a", "zh", "标题 #let x = 1", "N-1", "d" * 64, datetime(2026, 3, 31, 4, tzinfo=UTC), (("致", '#include "/etc/passwd"'),), (section,), ("签字",), ("结束 *",))


def test_nothing_in_a_name_is_markup(app: Flask) -> None:
    with app.app_context():
        text = "".join(pages(pdf_of(a_paper()))).replace("\n", "").replace(" ", "")
    for word in ("#panic[x]$y$", "*0*#sys.inputs`a`<b>\\张三", '#include"/etc/passwd"', "@note$", "-¥1,234,567,890,123.45", "-0.05%"):
        assert word in text, word


def test_a_letter_that_the_font_does_not_have_is_printed_as_its_number(app: Flask) -> None:
    """Such a name once stopped the paper: a document of this standard has no letter without a glyph."""
    with app.app_context():
        paper = replace(a_paper(), head=(("致", "王😀\u202e𠮷"),))
        assert "王[U+1F600][U+202E][U+20BB7]" in "".join(pages(pdf_of(paper))).replace("\n", "")


def test_a_workbook_holds_what_the_paper_says_cell_by_cell(app: Flask) -> None:
    with app.app_context():
        paper = a_paper()
        _about, rows = sheets(xlsx_of(paper)).values()
    section = paper.sections[0]
    assert rows[0] == [column.label for column in section.columns]
    assert len(rows) == 1 + len(section.rows)
    for held, shown in zip(rows[1:], section.rows, strict=True):
        assert held[0] == shown[0]
        assert int(held[1]) == plain_of(shown[1])
        assert Decimal(str(held[3])) == Decimal("-0.05")
        assert held[4] == ""
    assert rows[1][2] == pytest.approx(-1234567890123.45)


def test_a_csv_is_defused_and_rectangular(app: Flask) -> None:
    with app.app_context():
        lines = csv_of(a_paper()).decode("utf-8-sig").splitlines()
    assert len({line.count(",") for line in lines if '"' not in line}) == 1
    assert lines[1].startswith("'=SUM")
    assert "-1234567890123.45" in lines[2]


def test_unknown_is_a_dash_and_never_nought() -> None:
    assert [text_of(None), text_of(Fen(0)), text_of(date(2026, 3, 2)), text_of(Share(10_000))] == ["–", "¥0.00", "2026-03-02", "100.00 %"]


def test_many_pages_break_with_their_headings(app: Flask) -> None:
    with app.app_context():
        found = pages(pdf_of(a_paper(300)))
    assert len(found) > 5
    assert all("名称" in text for text in found[:-1])


def test_the_script_is_offered_with_its_digest(broker: FlaskClient) -> None:
    response = broker.get("/commission/statements/check_statement.py")
    assert hashlib.sha256(response.data).hexdigest() == offered_script()[1]
    assert offered_script()[1] in broker.get(STATEMENT).text


@pytest.mark.parametrize("form", ["statement.pdf", "statement.xlsx", "lines.csv", "statement.json"])
def test_another_brokers_statement_is_no_statement(broker: FlaskClient, form: str) -> None:
    foreign, missing = (broker.get(f"/commission/statements/{PERIOD}/{number}/{form}") for number in ("B002", "B999"))
    assert (foreign.status_code, missing.status_code) == (404, 404)
    assert broker.get(f"{STATEMENT}/{form}").status_code == 200
