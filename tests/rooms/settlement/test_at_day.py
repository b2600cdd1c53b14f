"""A whole day of the firm's daily files becomes the portal's own terms, exactly."""

from __future__ import annotations

import json

import polars as pl
import pytest

from portal.settlement.at_values import products
from tests.rooms.settlement.at_notation import DAY, built, cusfund, file, fill, fundchg, holding, refusals, warnings


def balance_of(day: object, account: str) -> dict[str, int]:
    row = day.balances.filter(pl.col("account_no") == account).row(0, named=True)  # type: ignore[attr-defined]
    return {name: value for name, value in row.items() if value and name not in ("account_no", "line")}


def test_a_day_in_full() -> None:
    day, findings, left = built(
        file("cusfund", cusfund("80000007", "1000.000", "1200.400", "-93.000", premium="-5.500", margin_left="1000.400"), cusfund("080000021", "50.000", "50.000", tail="")),
        file(
            "fundchg",
            fundchg("80000007", "500.000", "银期转账&at;网银"),
            fundchg("80000007", "-200.000", "出金"),
            fundchg("80000007", "1.000", "利息返还"),
            fundchg("80000007", "-0.100", "中金所申报费"),
        ),
        file("trddata", fill("80000007", "B 开 3 m2605", "90000.000", "1.000"), fill("80000007", "S 平 1 m2605", "30010.000", "1.000", pnl="100.000")),
        file("holddata", holding("80000007", "150.000"), holding("80000007", "50.000", instrument="rb2605", exchange="上期所")),
    )
    assert refusals(findings) == []
    assert warnings(findings) == []
    assert left == {}
    assert day is not None
    assert balance_of(day, "80000007") == {
        **{"previous_balance": 100000, "deposit": 50000, "withdrawal": 20000, "other_in": 100, "other_out": 10},
        **{"realized_pnl": 10000, "mtm_pnl": -19300, "premium": -550, "fee": 200, "balance": 120040, "equity": 120040, "margin": 20000, "available": 100040},
    }
    assert balance_of(day, "080000021") == {"previous_balance": 5000, "balance": 5000, "equity": 5000, "available": 5000}
    assert day.trades is not None
    assert day.trades.rows() == [("80000007", "DCE", "m", 4, 12001000, 200, 500, [1, 2])]
    assert (day.trade_date, day.balance_file, day.trade_file) == (DAY, "0199cusfund20260105.txt", "0199trddata20260105.txt")


@pytest.mark.parametrize(("encoding", "end"), [("gb18030", "\r\n"), ("utf-8", "\n"), ("utf-8-sig", "\r\n")])
def test_encodings_and_line_ends_do_not_matter(encoding: str, end: str) -> None:
    day, findings, _ = built(
        file("cusfund", cusfund("80000007", "100.000", "110.000"), "", encoding=encoding, end=end),
        file("fundchg", fundchg("80000007", "10.000", "手续费减收"), encoding=encoding, end=end),
    )
    assert findings.listed == []
    assert balance_of(day, "80000007")["other_in"] == 1000


def test_a_character_whose_second_byte_is_the_joint_does_not_part_a_field() -> None:
    note = next(char for char in map(chr, range(0x4E00, 0x9FFF)) if char.encode("gb18030")[-1:] == b"@")
    day, findings, _ = built(file("cusfund", cusfund("80000007", "100.000", "110.000")), file("fundchg", fundchg("80000007", "10.000", note)))
    assert findings.listed == []
    assert balance_of(day, "80000007")["deposit"] == 1000


def test_files_split_per_account_are_put_together() -> None:
    day, findings, _ = built(
        file("cusfund", cusfund("1", "10.000", "9.000"), name="a/0199cusfund20260105.txt"),
        file("cusfund", cusfund("2", "20.000", "20.000"), name="b/0199cusfund20260105_2.txt"),
        file("trddata", fill("1", "B O 1 m2605", "30000.000", "1.000")),
    )
    assert findings.listed == []
    assert day is not None
    assert day.balances is not None
    assert day.balances["account_no"].to_list() == ["1", "2"]


def test_another_currency_is_kept_and_never_added() -> None:
    day, findings, _ = built(
        file("cusfund", cusfund("1", "10.000", "10.000", currency="RMB"), cusfund("1", "99.000", "7.000", currency="USD")),
        file("fundchg", fundchg("1", "5.000", "x&at;y", currency="USD")),
        file("trddata", fill("1", "B O 1 sc2605", "1.000", "9.000", exchange="N", currency="USD")),
        file("holddata", holding("1", "3.000", currency="USD")),
    )
    assert findings.listed == []
    assert balance_of(day, "1") == {"previous_balance": 1000, "balance": 1000, "equity": 1000, "available": 1000}
    assert day is not None
    assert day.trades is not None
    assert day.other_currency is not None
    assert day.trades.is_empty()
    assert day.other_currency.select("account_no", "currency", "kind", "line").rows() == [
        ("1", "USD", "cusfund", 2),
        ("1", "USD", "fundchg", 1),
        ("1", "USD", "trddata", 1),
        ("1", "USD", "holddata", 1),
    ]
    kept = json.loads(day.other_currency["content"][1])
    assert kept["note"] == "x@y"
    assert "6222000000000000" not in day.other_currency["content"][1]


def test_kinds_left_alone_are_counted_and_nothing_of_a_customer_is_kept() -> None:
    day, findings, left = built(
        file("cusfund", cusfund("1", "10.000", "10.000")),
        file("customer", "2026-01-05@某人@990000198001010011@1", "2026-01-05@某人二@990000198001010012@1"),
        file("otherfund", "2026-01-05@1@0"),
    )
    assert left == {"customer": 2, "otherfund": 1}
    assert findings.listed == []
    assert "某人" not in repr(day)
    assert "990000" not in repr(day)


def test_delivery_and_exercise_leave_the_identity_to_a_warning() -> None:
    balances = file("cusfund", cusfund("1", "10.000", "9.000"), cusfund("2", "10.000", "9.000"), cusfund("3", "10.000", "9.000"))
    day, findings, left = built(balances, file("delivdetails", "2026-01-05@1@m2601"), file("optexecdetails", "2026-01-05@2@IO2601"))
    assert refusals(findings) == [("balance_identity", "0199cusfund20260105.txt", 3, "8")]
    assert day is not None
    assert day.lenient_identity_accounts == {"1", "2"}
    assert left == {"delivdetails": 1, "optexecdetails": 1}


def test_fees_are_summed_in_thousandths_and_rounded_once() -> None:
    day, findings, _ = built(
        file("cusfund", cusfund("1", "10.000", "9.980"), cusfund("2", "10.000", "9.990")),
        file("trddata", *(fill("1", "B O 1 m2605", "30000.000", "0.005") for _ in range(3)), *(fill("2", "B O 1 m2605", "30000.000", "0.005") for _ in range(2))),
    )
    assert refusals(findings) == []
    assert warnings(findings) == [("fee_not_whole_fen", 1)]
    assert day is not None
    assert day.trades is not None
    assert day.trades.select("account_no", "fee").rows() == [("1", 2), ("2", 1)]


@pytest.mark.parametrize(
    ("exchange", "instrument", "product"),
    [
        *(
            ("DCE", "m2605", "m"),
            ("CZCE", "SR605", "SR"),
            ("DCE", "m2605-C-3000", "m_o"),
            ("CZCE", "SR605C5800", "SR_o"),
            ("CFFEX", "IO2605-C-4500", "IO"),
            ("CFFEX", "T2606", "T"),
        ),
        *(
            ("SHFE", "ag2606P7000", "ag_o"),
            ("SHFE", "au2606C592.5", "au_o"),
            ("DCE", "m2605-MS-C-3000", "m_o"),
            ("DCE", "l2605F", "l"),
            ("DCE", "SPD m2605&m2609", None),
            ("DCE", "", None),
            ("DCE", "2605", None),
        ),
    ],
)
def test_products_and_options(exchange: str, instrument: str, product: str | None) -> None:
    assert products(pl.DataFrame({"exchange": [exchange], "instrument": [instrument]}))["product"].to_list() == [product]
