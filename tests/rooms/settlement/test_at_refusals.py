"""What the firm's daily files may not say: each refusal with file, line, field, what was found and what was expected."""

from __future__ import annotations

import pytest

from portal.settlement.at_files import recognise
from tests.rooms.settlement.at_notation import built, cusfund, file, fill, fundchg, holding, refusals, warnings

GOOD = cusfund("1", "10.000", "10.000")


def swapped(line: str, index: int, value: str) -> str:
    fields = line.split("@")
    fields[index] = value
    return "@".join(fields)


FREE_FILL = fill("1", "B O 1 m2605", "30000.000", "0.000")
LINES = {"cusfund": GOOD, "fundchg": fundchg("1", "0.000"), "trddata": FREE_FILL, "holddata": holding("1", "0.000")}


@pytest.mark.parametrize(
    ("kind", "index", "value", "code"),
    [
        *(("cusfund", 0, value, "wrong_day") for value in ("2026-01-06", "20260105", "")),
        *(("cusfund", 1, value, "bad_account_no") for value in ("", " 1", "'1")),
        *(("cusfund", 2, value, "bad_amount") for value in ("", "NaN", "1e3", "+10.000", "1,000.00", "10.", ".5", "1.0000", "10000000000000000", "10.001", "１０")),
        *(("cusfund", index, "x", "bad_amount") for index in (3, 6, 8, 10, 13, 17, 20)),
        *(("cusfund", index, "0.001", "bad_amount") for index in (6, 8, 10, 13, 17, 20)),
        *(("cusfund", 15, value, "unknown_word") for value in ("", "美元", "usd", "XXY")),
        *(("fundchg", index, value, code) for index, value, code in ((0, "2026-01-04", "wrong_day"), (2, "0.001", "bad_amount"), (2, "", "bad_amount"), (9, "元", "unknown_word"))),
        *(("trddata", index, "X", "unknown_word") for index in (4, 9, 10, 15, 19)),
        *(("trddata", 5, value, "bad_lots") for value in ("0", "-1", "1.5", "", "x")),
        *(("trddata", index, "x", "bad_amount") for index in (6, 7, 11, 13)),
        *(("trddata", index, "0.001", "bad_amount") for index in (7, 11)),
        *(
            ("trddata", index, value, code)
            for index, value, code in ((7, "-1.000", "negative_amount"), (2, "", "blank"), (3, "", "unknown_instrument"), (3, "豆粕", "unknown_instrument"))
        ),
        *(("holddata", index, "X", "unknown_word") for index in (3, 4, 13, 15)),
        *(
            ("holddata", index, value, code)
            for index, value, code in ((5, "x", "bad_lots"), (6, "x", "bad_amount"), (6, "0.001", "bad_amount"), (6, "-1.000", "negative_amount"), (2, "", "blank"))
        ),
    ],
)
def test_a_field_that_says_something_else(kind: str, index: int, value: str, code: str) -> None:
    lines = {**LINES, kind: swapped(LINES[kind], index, value)}
    _, findings, _ = built(*(file(name, line) for name, line in lines.items()))
    mine = [found for found in refusals(findings) if found[1] == f"0199{kind}20260105.txt"]
    assert (code, f"0199{kind}20260105.txt", 1, str(index)) in mine
    assert any(value in finding.found for finding in findings.listed)
    assert all(finding.expected for finding in findings.listed if finding.code not in ("blank",))


def test_the_lines_before_the_change_are_good() -> None:
    _, findings, _ = built(*(file(name, line) for name, line in LINES.items()))
    assert findings.listed == []


@pytest.mark.parametrize(("kind", "change"), [(kind, change) for kind in LINES for change in ("short", "long")])
def test_a_wrong_number_of_fields(kind: str, change: str) -> None:
    line = LINES[kind]
    counts = {"cusfund": (20, 23), "fundchg": (11, 13), "trddata": (20, 22), "holddata": (15, 18)}[kind]
    fields = [*line.split("@"), *["x"] * 9]
    lines = {**LINES, kind: "@".join(fields[: counts[change == "long"]])}
    day, findings, _ = built(*(file(name, one) for name, one in lines.items()))
    assert day is None
    assert refusals(findings) == [("wrong_columns", f"0199{kind}20260105.txt", 1, "")]
    assert findings.listed[0].found == str(counts[change == "long"])


@pytest.mark.parametrize("tail", ["", "@0.000"])
def test_both_lengths_of_a_balance_line_are_read(tail: str) -> None:
    assert built(file("cusfund", cusfund("1", "10.000", "10.000", tail=tail), cusfund("2", "10.000", "10.000")))[1].listed == []


def test_all_refusals_are_listed_not_the_first() -> None:
    _, findings, _ = built(
        file("cusfund", GOOD, cusfund("2", "1.000", "x"), cusfund("3", "1.000", "2.000")), file("trddata", swapped(FREE_FILL, 9, "X"), fill("9", "B O 1 m2605", "1.000", "0.000"))
    )
    assert {found[0] for found in refusals(findings)} == {"bad_amount", "balance_identity", "unknown_word", "row_without_balance"}


def test_the_balance_identity_shows_both_sides() -> None:
    _, findings, _ = built(
        file("cusfund", GOOD, cusfund("2", "100.000", "90.510", "-5.000")), file("fundchg", fundchg("2", "-3.000")), file("trddata", fill("2", "B O 1 m2605", "30000.000", "1.500"))
    )
    assert refusals(findings) == [("balance_identity", "0199cusfund20260105.txt", 2, "8")]
    assert (findings.listed[0].found, findings.listed[0].expected) == ("2 90.51", "90.50 = 100.00 - 3.00 - 5.00 + 0.00 - 1.50")


def test_equity_and_available_that_differ_are_warnings() -> None:
    lines = (
        cusfund("1", "10.000", "10.000", equity="12.000"),
        cusfund("2", "10.000", "10.000", margin_left="9.000"),
        cusfund("3", "10.000", "10.000", equity="13.000", pledged="1.000", collateral="2.000"),
    )
    _, findings, _ = built(file("cusfund", *lines))
    assert refusals(findings) == []
    assert warnings(findings) == [("equity_identity", 1), ("available_differs", 2)]


def test_an_account_twice_and_a_fill_twice_name_both_lines() -> None:
    buy, sell = (fill("1", f"{side} O 1 m2605", "30000.000", "0.000", trade_id="7") for side in "BS")
    other = fill("1", "B O 1 rb2605", "30000.000", "0.000", trade_id="7", exchange="S")
    _, findings, _ = built(file("cusfund", GOOD, GOOD), file("trddata", buy, sell, other, buy))
    assert refusals(findings) == [("key_twice", "0199cusfund20260105.txt", 2, "1"), ("key_twice", "0199trddata20260105.txt", 4, "2")]
    assert "line 1 of 0199trddata20260105.txt" in findings.listed[1].expected


@pytest.mark.parametrize("kind", ["fundchg", "trddata", "holddata"])
def test_a_row_without_a_balance_of_the_day(kind: str) -> None:
    line = {"fundchg": fundchg("2", "1.000"), "trddata": fill("2", "B O 1 m2605", "1.000", "0.000"), "holddata": holding("2", "1.000")}[kind]
    _, findings, _ = built(file("cusfund", GOOD, cusfund("2", "1.000", "1.000", currency="USD")), file(kind, line))
    assert refusals(findings) == [("row_without_balance", f"0199{kind}20260105.txt", 1, "1")]


def test_a_day_needs_its_balances_and_names_what_else_is_missing() -> None:
    day, findings, _ = built(file("trddata", FREE_FILL), whole=False)
    assert day is None
    assert [found[0] for found in refusals(findings)] == ["no_balances"]
    day, findings, _ = built(file("cusfund", GOOD), whole=False)
    assert day is not None
    assert refusals(findings) == []
    assert [finding.file for finding in findings.listed] == ["fundchg20260105.txt", "trddata20260105.txt", "holddata20260105.txt"]
    assert [found[0] for found in refusals(built(file("cusfund"))[1])] == ["no_balances"]


@pytest.mark.parametrize(
    ("data", "code", "offset"),
    [
        ("2026-01-05@1@0.000@01@1@01@1@银期转账".encode("gb18030")[:-1], "bad_encoding", 35),
        (b"\xff\xfe2\x000\x00", "utf16", 0),
        (b"2026\x00", "nul_byte", 4),
        ("账".encode() + b"\xff\xff", "bad_encoding", None),
    ],
)
def test_bytes_that_are_no_text(data: bytes, code: str, offset: int | None) -> None:
    day, findings, _ = built(file("cusfund", GOOD), ("0199fundchg20260105.txt", data))
    assert day is None
    assert [found[:2] for found in refusals(findings)] == [(code, "0199fundchg20260105.txt")]
    assert findings.listed[0].found.startswith("byte " if offset is None else f"byte {offset}:")


@pytest.mark.parametrize(
    ("name", "code"),
    [("0199cusfund20260106.txt", "wrong_day"), ("cusfund.txt", "unknown_name"), ("0199cusfund20261301.txt", "unknown_name"), ("0200cusfund20260105.txt", "two_firms")],
)
def test_a_file_that_does_not_belong(name: str, code: str) -> None:
    _, findings, _ = built(file("cusfund", GOOD), file("x", cusfund("2", "1.000", "1.000"), name=name))
    assert [found[0] for found in refusals(findings)] == [code]


def test_an_unknown_kind_is_left_alone_with_a_warning() -> None:
    _, findings, left = built(file("cusfund", GOOD), file("nowhere", "a@b"))
    assert warnings(findings) == [("unknown_kind", None)]
    assert left == {"nowhere": 1}


@pytest.mark.parametrize(
    ("name", "kind"), [("0199CUSFUND20260105.TXT", "cusfund"), ("x/y\\0199trddata20260105(2).txt", "trddata"), ("0199cusfund202601051.txt", None), ("199cusfund20260105.txt", None)]
)
def test_names(name: str, kind: str | None) -> None:
    found = recognise(name)
    assert (found.kind if found else None) == kind
