"""The firm's daily files to the market monitor, from a zip to the broker's books, every amount reckoned by hand."""

from __future__ import annotations

import csv
import dataclasses
import zipfile
from pathlib import Path

import pytest
from flask import Flask

from portal import create_app
from portal.settings import Settings
from tests.oracle import product
from tests.oracle.notation import Draft
from tests.rooms.settlement.at_notation import cusfund, file, fill, fundchg, holding

MASTERS = ("branches", "staff", "brokers", "broker_statuses", "licences", "accounts", "plans", "agreements", "attributions")
FEES = """exchange,product,valid_from,valid_to,open_by_money,open_by_lot,close_by_money,close_by_lot,close_today_by_money,close_today_by_lot
DCE,M,2025-01-01,2026-01-05,0,99,0,99,0,99
DCE,M,2026-01-05,2026-01-06,0,1.5,0,1.5,0,0.5
DCE,m,2026-01-06,,0,99,0,99,0,99
DCE,m2607,2025-01-01,,0,2,0,2,0,2
DCE,m_o,2025-01-01,,0,0.2,0,0.2,0,0
CZCE,SR,2025-01-01,,0.0001,0.5,0.0001,0.5,0,0
CFFEX,IO,2025-01-01,,0,15,0,15,0,15
"""


@pytest.fixture
def portal(settings: Settings, tmp_path: Path) -> Flask:
    """One broker, half of the retained fee and something a lot; two accounts, one of them with leading zeros."""
    draft = Draft()
    draft.broker("B1")
    for number in ("80000007", "00800007"):
        draft.account(number)
        draft.attribute(number, "B1", "100")
    draft.plan("P", [{"kind": "retained_fee", "rate": "0.5"}, {"kind": "per_lot", "rates": {"dce.M_O": "1", "*": "0.1"}}])
    draft.agree("B1", "P")
    folder = draft.write(tmp_path / "masters", masters=MASTERS)
    (folder / "exchange_fees.csv").write_text(FEES)
    app = create_app(dataclasses.replace(settings, allow_overrides=True))
    product.people(app)
    product.import_folder(app, str(folder))
    return app


FILLS = (
    fill("80000007", "B 开 5 m2605", "150000.000", "7.505"),  # 5 x 1.50 = 7.50
    fill("80000007", "S 平 3.000 m2605", "90000.000", "4.500"),  # 3 of the 5 opened: 3 x 0.50 = 1.50
    fill("80000007", "卖 C 4 m2605", "120000.000", "6.000"),  # 2 close-today and 2 not: 2 x 0.50 + 2 x 1.50 = 4.00
    fill("80000007", "B O 1 M2607", "30000.000", "2.495"),  # the instrument wins over the product: 2.00
    fill("80000007", "B 开 2 m2605-C-3000", "100.000", "1.001"),  # an option: 2 x 0.20 = 0.40
    fill("80000007", "S 强平 1 SR605", "60005.000", "6.000", exchange="郑商所", hedge="一般"),  # 6.0005 + 0.50 = 6.5005 -> 6.50
    fill("80000007", "买 开 1 IO2605-C-4500", "5000.000", "20.000", exchange="J", hedge="做市商"),  # on CFFEX an option is its own product: 15.00
    fill("80000007", "B 开 9 m2605", "1.000", "9.999", currency="USD"),  # kept and shown, never paid
)
# Fees: m 7.505 + 4.500 + 6.000 + 2.495 = 20.50, m_o 1.001 -> 1.00, SR 6.00, IO 20.00; together 47.50.
# 100,000.00 + 10.01 interest - 5.00 taken out - 47.50 = 99,957.51.
DAY = (
    file(
        "cusfund",
        cusfund("80000007", "100000.000", "99957.510", tail="@0.000"),
        cusfund("80000007", "7.000", "7.000", currency="USD"),
        cusfund("00800007", "1.000", "1.000", tail=""),
    ),
    file("fundchg", fundchg("80000007", "10.010", "利息&at;季度"), fundchg("80000007", "-5.000", "出金")),
    file("trddata", *FILLS),
    file("holddata", holding("80000007", "12.000")),
)


def zipped(path: Path, *files: tuple[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(f"20260105/{name}", data)
    return path


def lines(portal: Flask) -> dict[tuple[str, str, str], tuple[str, int]]:
    """Part and amount (fen) by kind, exchange and product."""
    rows = product.books(portal, "2026-01")[0]
    return {(row["kind"], row["exchange"], row["product"]): (row["part_fen"], int(row["amount_fen"])) for row in rows}


BOOKS = {
    ("retained_fee", "DCE", "m"): ("550", 275),  # 20.50 - (7.50 + 1.50 + 4.00 + 2.00)
    ("retained_fee", "DCE", "m_o"): ("60", 30),
    ("retained_fee", "CZCE", "SR"): ("-50", -25),
    ("retained_fee", "CFFEX", "IO"): ("500", 250),
    ("per_lot", "DCE", "m"): ("", 130),
    ("per_lot", "DCE", "m_o"): ("", 200),
    ("per_lot", "CZCE", "SR"): ("", 10),
    ("per_lot", "CFFEX", "IO"): ("", 10),
}


def test_a_zipped_day_comes_out_to_the_fen(portal: Flask, tmp_path: Path) -> None:
    """`M2607` is m2607 and of the product m: exchange and product are compared without case."""
    findings = tmp_path / "findings.csv"
    product.run(portal, "import", str(zipped(tmp_path / "day.zip", *DAY)), "--findings", str(findings))
    assert lines(portal) == BOOKS
    with findings.open(encoding="utf-8-sig", newline="") as handle:
        assert {(row["severity"], row["code"]) for row in csv.DictReader(handle)} == {
            ("warning", "fee_not_whole_fen"),
            ("warning", "negative_retained_fee"),
            ("warning", "available_differs"),
        }


def test_a_corrected_day_shows_what_changes_and_is_a_new_version(portal: Flask, tmp_path: Path) -> None:
    product.run(portal, "import", str(zipped(tmp_path / "day.zip", *DAY)))
    fee = [line.replace("20.000@12345678@J", "22.000@12345678@J") for line in FILLS]
    again = (file("cusfund", cusfund("80000007", "100000.000", "99955.510"), cusfund("00800007", "1.000", "1.000")), DAY[1], file("trddata", *fee), DAY[3])
    archive = str(zipped(tmp_path / "again.zip", *again))
    shown = product.run(portal, "import", archive, "--dry-run")
    assert "2026-01-05" in shown
    assert "corrected" in shown
    assert lines(portal) == BOOKS, "a dry run keeps nothing"
    product.run(portal, "import", archive)
    assert lines(portal) == BOOKS | {("retained_fee", "CFFEX", "IO"): ("700", 350)}
    assert "same" in product.run(portal, "import", archive)
