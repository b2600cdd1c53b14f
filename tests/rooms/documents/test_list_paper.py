"""A list on paper shows what the cells hold: letter by letter, in columns wide enough, as a tagged document; nothing in a cell is markup."""

from __future__ import annotations

import io
import subprocess
import time
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask_babel import force_locale
from pypdf import PdfReader

from portal.documents import apart, list_paper
from portal.documents.glyphs import BREAK, breakable, is_wide, shown, width
from portal.documents.list_paper import Head, ListPaper, list_pdf
from portal.documents.list_widths import FLIPPED, UPRIGHT, laid_out
from portal.documents.press import TEMPLATES
from portal.refusals import Refusal
from portal.web.exports import Cell
from tests.rooms.documents.reading import fonts_inside, pages, structure

HOSTILE = [
    "#(1+1)", "#panic[x]", "$x^2$", "*bold* _it_", "[a]", "]#[", "@label", "<label>", "`raw`", "a\\b", "\\u{41}", "// gone", "/* gone */", "= Head", "- item", "+ item",
    "~", "a -- b --- c", '"quoted"', "'quoted'", "...", "https://evil.example/a//b", '#include "/etc/passwd"', "#sys.inputs", "#let x = 1", "{{ 7*7 }}", "张三 #李四",
]  # fmt: skip
UNSEEN = {
    "a\x00b": "a[U+0000]b",
    "bell\x07": "bell[U+0007]",
    "gnp\u202e.exe": "gnp[U+202E].exe",
    "a\u200fb": "a[U+200F]b",
    "z\u200bw": "z[U+200B]w",
    "😀": "[U+1F600]",
    "𠮷": "[U+20BB7]",
    "\ufeffx": "[U+FEFF]x",
}
LONG = "W" * 300 + "中" * 200 + "x.y/z-" * 60


def a_list(rows: list[tuple[Cell, ...]], heads: list[Head] | None = None, **more: Any) -> ListPaper:
    heads = heads or [Head(f"c{place}", f"列{place}") for place in range(len(rows[0]))]
    given = {"language": "zh", "title": "清单 #x", "number": "0123456789ab", "made": datetime(2026, 3, 31, 4, tzinfo=UTC), "marks": ["由 *某人* 导出"], "totals": {}, **more}
    return ListPaper(heads=heads, rows=rows, zone=ZoneInfo("Asia/Shanghai"), **given)


def squeezed(text: str) -> str:
    """A text without blanks, line ends and the places where a word was broken."""
    return "".join(text.replace(BREAK, "").split())


def text_of(body: bytes) -> str:
    return squeezed("".join(pages(body)))


def missing(body: bytes, words: list[str]) -> list[str]:
    """Which texts do not stand in a PDF, each as it is."""
    found = text_of(body)
    return [word for word in words if squeezed(word) not in found]


def test_nothing_in_a_cell_is_markup(app: Flask) -> None:
    with app.test_request_context():
        body = list_pdf(a_list([(word, "x") for word in HOSTILE]))
    assert missing(body, HOSTILE) == []
    assert missing(body, ["清单 #x", "由 *某人* 导出"]) == []


def test_control_a_template_that_reads_cells_as_markup_is_found(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault: the same template, but cells are evaluated."""
    whole = (TEMPLATES / "list.typ").read_text()
    assert whole.count("..list.rows.flatten(),") == 1
    (tmp_path / "list.typ").write_text(whole.replace("..list.rows.flatten(),", '..list.rows.flatten().map(one => eval(one, mode: "markup")),'))
    monkeypatch.setattr(list_paper, "TEMPLATE", str(tmp_path / "list.typ"))
    harmless = ["#(1+1)", "*bold* _it_", "a\\b", "// gone", "a -- b --- c", "..."]
    with app.test_request_context():
        assert missing(list_pdf(a_list([(word, "x") for word in harmless])), harmless) == harmless
        with pytest.raises(Refusal, match="could not be set"):
            list_pdf(a_list([("#panic[x]", "x")]))


def test_what_cannot_be_seen_stands_there_as_its_number(app: Flask) -> None:
    with app.test_request_context():
        body = list_pdf(a_list([(word, word) for word in UNSEEN]))
    assert missing(body, list(UNSEEN.values())) == []
    assert {word: shown(word) for word in UNSEEN} == UNSEEN


def cut(content: dict[str, Any]) -> list[str]:
    """Which texts of what goes to the press are wider than their column, in a part that cannot be broken; and whether the table is wider than its page."""
    columns = content["columns"]
    across = 841 if content["flipped"] else 595
    found = [] if sum(column["width"] for column in columns) <= across - 2 * content["margin"] + 0.1 else ["the table"]
    for row in [[column["label"] for column in columns], *content["rows"]]:
        for text, column in zip(row, columns, strict=True):
            room = (column["width"] - 2 * content["inset"]) / content["size"]
            parts = "".join(f" {letter} " if is_wide(letter) else letter for letter in text.replace(BREAK, " ")).split()
            found += [part for part in parts if width(part) > room + 0.01]
    return found


def test_a_very_long_word_goes_on_in_the_next_line_and_stays_in_its_column(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    heads = [Head("a", "a"), Head("b", "Amount", number=True, money=True)]
    sent: list[dict[str, Any]] = []
    whole = list_paper.pressed_apart
    monkeypatch.setattr(list_paper, "pressed_apart", lambda template, content, *more: (sent.append(content), whole(template, content, *more))[1])
    paper = a_list([(LONG, Decimal("1.00")), ("short", Decimal("-1234567.89"))], heads)
    with app.test_request_context():
        assert missing(list_pdf(paper), [LONG, "short", "-1,234,567.89"]) == []
        assert cut(sent[-1]) == []
        monkeypatch.setattr(list_paper, "breakable", lambda text, room: text)
        list_pdf(paper)
        assert cut(sent[-1]), "control: a word that is not broken is found"


def test_numbers_units_and_totals(app: Flask) -> None:
    heads = [
        Head("name", "Name"),
        Head("equity", "Equity", number=True, money=True),
        Head("part_fen", "Part"),
        Head("chance", "Chance (%)"),
        Head("lots", "Lots", number=True),
        Head("year", "Year"),
    ]
    rows: list[tuple[Cell, ...]] = [("张三", Decimal("-1234.50"), 123_456, Decimal("12.30"), 12_345, 2026), ("李四", None, None, None, None, None)]
    with app.test_request_context(), force_locale("en"):
        text = text_of(list_pdf(a_list(rows, heads, totals={"equity": -123_450, "lots": 12_345}, language="en")))
    assert "NameEquity(yuan)Part(yuan)Chance(%)LotsYear" in text
    assert "张三-1,234.501,234.5612.3012,3452026" in text
    assert "李四–––––" in text
    assert "Total-1,234.5012,345Thelastrowaddsupallrows" in text


def test_every_kind_of_cell(app: Flask) -> None:
    moment = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    with app.test_request_context(), force_locale("en"):
        text = text_of(list_pdf(a_list([(date(2026, 3, 2), moment, True, False, None, "", "two\nlines")])))
    assert "2026-03-022026-03-0207:30yesno–twolines" in text


def test_it_is_tagged_says_its_language_and_title_and_carries_its_fonts(app: Flask) -> None:
    for language, locale, name in (("zh", "zh_Hans_CN", "zh-CN"), ("en", "en", "en-GB")):
        with app.test_request_context(), force_locale(locale):
            body = list_pdf(a_list([("张三", Decimal(1))] * 90, language=language, totals={"c1": 9_000}))
        reader, tags = PdfReader(io.BytesIO(body)), structure(body)
        assert (reader.trailer["/Root"]["/Lang"], reader.metadata.title if reader.metadata else "") == (name, "清单 #x 0123456789ab")
        assert (tags["/H1"], tags["/Table"], tags["/TH"], tags["/TR"]) == (1, 1, 2, 1 + 90 + 1)
        assert fonts_inside(body)
        assert b"pdfuaid:part" in body


def test_every_page_bears_title_number_its_place_and_the_heading(app: Flask) -> None:
    for locale, says in (("zh_Hans_CN", "编号 0123456789ab · 第 {} 页，共 {} 页"), ("en", "No. 0123456789ab · Page {} of {}")):
        with app.test_request_context(), force_locale(locale):
            found = pages(list_pdf(a_list([(f"row {place}", Decimal(place)) for place in range(200)])))
        assert len(found) > 3
        for number, text in enumerate(found, start=1):
            assert squeezed("清单 #x · " + says.format(number, len(found))) in squeezed(text)
            assert "列0" in text or "row" not in text


def test_few_narrow_columns_stand_upright_and_many_lie_across() -> None:
    narrow = laid_out([("Account", ["80112345"] * 3, False), ("Equity", ["1,234.00"] * 3, True)])
    assert (narrow.flipped, narrow.size) == (False, 9.0)
    many = laid_out([(f"Amount {place}", ["123,456,789.00"], True) for place in range(12)])
    assert (many.flipped, sum(many.widths) <= FLIPPED) == (True, True)
    texts = laid_out([("Name", ["张三" * 40], False), ("What", ["some words " * 30], False), ("Sum", ["1.00"], True)])
    assert sum(texts.widths) <= (FLIPPED if texts.flipped else UPRIGHT) + 0.1
    assert all(wide >= width("123,456,789.00") * many.size for wide in many.widths), "a number is never cut"


def test_columns_too_wide_for_a_page_are_refused_with_what_to_do() -> None:
    with pytest.raises(Refusal, match=r"the 30 columns need \d+ mm of paper, a page has \d+ mm: choose fewer"):
        laid_out([(f"Amount {place}", ["123,456,789.00"], True) for place in range(30)])


def test_a_word_is_broken_only_where_it_must() -> None:
    assert breakable("ab cdefgh", 2.0).replace(BREAK, "|") == "ab cde|fgh"
    assert breakable("2026-03-02", 6.0) == "2026-03-02"


def test_a_press_that_is_stopped_ends_at_once(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[subprocess.Popen[bytes]] = []
    whole = subprocess.Popen

    def watched(*given: Any, **more: Any) -> Any:
        begun.append(whole(*given, **more))
        return begun[-1]

    def stop() -> None:
        if begun:
            raise KeyboardInterrupt

    monkeypatch.setattr(apart.subprocess, "Popen", watched)
    started = time.monotonic()
    with app.test_request_context(), pytest.raises(KeyboardInterrupt):
        list_pdf(a_list([("x" * 20, Decimal(place)) for place in range(5_000)]), stop)
    assert begun[0].poll() is not None
    assert time.monotonic() - started < 5


def test_a_press_without_memory_is_an_answer(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "MEMORY", 64 * 2**20)
    with app.test_request_context(), pytest.raises(Refusal, match="take CSV or XLSX"):
        list_pdf(a_list([("x", Decimal(1))]))


def test_the_same_list_gives_the_same_bytes(app: Flask) -> None:
    with app.test_request_context():
        assert list_pdf(a_list([("张三", Decimal(1))])) == list_pdf(a_list([("张三", Decimal(1))]))
