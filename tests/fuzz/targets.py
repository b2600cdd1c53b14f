"""What is thrown at, and the good files to begin from. A target takes bytes and returns nothing; whatever it raises is a finding."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import xlsxwriter

from portal.imports.adjustments import read_entries
from portal.imports.context import text_of
from portal.imports.masters import master_files
from portal.imports.receive import Handed, add
from portal.imports.received import given
from portal.masters import read_lines
from portal.refusals import Findings, Refusal
from portal.settlement.against import of_lists
from portal.settlement.at_day import build_day
from portal.settlement.back_office import list_days
from portal.settlement.cfmmc_sheets import read_workbook
from portal.settlement.cfmmc_statement import parse_investor_statement, parse_sheets
from portal.settlement.ctp.statement import parse_statement
from portal.settlement.decoding import utf8
from portal.settlement.own_day import read_balances, read_trades
from tests.rooms.settlement.at_notation import DAY, RATES, cusfund, fill, fundchg, holding, table

FILES = Path(__file__).parent.parent / "files"
PART = b"\x1e"
"""Between the parts of one input that stand for several files."""
MASTERS = master_files(overrides_allowed=True)
FEES = table(*RATES)


@dataclass(frozen=True)
class Target:
    """A parser under fire, and what to begin from."""

    throw: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]


def at_files(data: bytes) -> None:
    """A day of the firm's daily files: four parts."""
    kinds = ("cusfund", "fundchg", "trddata", "holddata", "delivdetails")
    build_day(DAY, [(f"0199{kind}20260105.txt", part) for kind, part in zip(kinds, data.split(PART), strict=False)], FEES, [])


def own_day(data: bytes) -> None:
    """The portal's own balances and trades: two parts."""
    for read, part in zip((read_balances, read_trades), data.split(PART), strict=False):
        findings = Findings()
        content = utf8(part, "x.csv", findings)
        if content is not None:
            read(content, "x.csv", date(2026, 1, 5), findings)


def masters(data: bytes) -> None:
    """A master file: its name in the first line."""
    name, _, rest = data.partition(b"\n")
    findings = Findings()
    got = text_of(given("x", rest), findings)
    spec = MASTERS.get(name.decode("latin-1"))
    if got is not None and spec is not None:
        read_lines(spec, got[1], spec.name, findings)
    elif got is not None:
        read_entries(got[1], "adjustments.csv", findings)


def plans(data: bytes) -> None:
    """plans.json."""
    findings = Findings()
    got = text_of(given("plans.json", data), findings)
    if got is not None:
        read_lines(MASTERS["plans.json"], got[1], "plans.json", findings)


def back_office(data: bytes) -> None:
    """A list of the back office as text."""
    list_days("x.csv", data)
    of_lists([("x.csv", data)], Findings())


def back_office_book(data: bytes) -> None:
    """The same as a spreadsheet; each is read in a process of its own, so a few a second."""
    name = "x.xlsx" if data[:2] == b"PK" else "x.xls"
    list_days(name, data)
    of_lists([(name, data)], Findings())


def ctp_statement(data: bytes) -> None:
    """A client's own statement in text."""
    parse_statement("x.txt", data)


def monitor_statement(data: bytes) -> None:
    """A client's own statement as a workbook."""
    parse_investor_statement("0010088_2026-03-04.xls", data)


def monitor_cells(data: bytes) -> None:
    """The cells of such a workbook, without the process of its own that reads each: one part a sheet, its name in the first line, tabs between cells."""
    parts = [part.split("\n") for part in data.decode(errors="replace").split(PART.decode())]
    parse_sheets("0010088_2026-03-04.xls", {name: [line.split("\t") for line in lines] for name, *lines in parts}, Findings())


def archive(data: bytes) -> None:
    """A zip or gz as handed in."""
    findings, handed = Findings(), Handed()
    add(given("x.gz" if data[:2] == b"\x1f\x8b" else "x.zip", data), lambda _: True, handed, findings)
    for file in handed.files[:20]:
        if file.size < 2**20:
            try:
                file.read()
            except Refusal:
                continue


def workbook(*rows: list[str]) -> bytes:
    """Some rows as a workbook of one sheet."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    sheet = book.add_worksheet()
    for number, row in enumerate(rows):
        sheet.write_row(number, 0, row)
    book.close()
    return stream.getvalue()


def _at_seeds() -> list[bytes]:
    parts = [
        [cusfund("80000007", "1000.000", "999.000", tail=""), cusfund("80000008", "7.000", "7.000", currency="USD")],
        [fundchg("80000007", "1.010", "利息&at;")],
        [fill("80000007", "B 开 3 m2605", "90000.000", "1.005"), fill("80000007", "S 平 1 IO2605-C-4500", "3.000", "1.000", exchange="J")],
        [holding("80000007", "150.000")],
        ["2026-01-05@80000007@x"],
    ]
    return [PART.join("\n".join(part).encode(code) for part in parts) for code in ("gb18030", "utf-8")]


def _own_seeds() -> list[bytes]:
    balance = "trade_date,account_no,previous_balance,deposit,withdrawal,other_in,other_out,realized_pnl,mtm_pnl,premium,fee,balance,equity,margin,available"
    trade = "trade_date,account_no,exchange,product,lots,turnover,fee,exchange_fee"
    rows = f"{balance}\n2026-01-05,80000007,10.00,0,0,0,0,0,0,0,1.50,8.50,8.50,0,8.50\n", f'{trade}\r\n2026-01-05,"80000007",SHFE,rb,1,100.00,1.50,0.400\r\n'
    return [PART.join(row.encode() for row in rows)]


def _master_seeds() -> list[bytes]:
    rows = {
        "attributions.csv": "80000007,B001,33.3333,confirmed,2025-01-01,,2025-01-02",
        "uplines.csv": "B001,B002,2025-01-01,",
        "relatives.csv": "B001,99000019800101001X,spouse,,",
        "exchange_fees.csv": "DCE,m,2025-01-01,,0,1.5,0,1.5,0,0.5",
        "accounts.csv": "80000007,C1,张三,person,99000019800101001X,13800000000,a@b.cn,01,2025-01-02,,C4,1980-01-01",
    }
    seeds = [f"{name}\n{','.join(MASTERS[name].columns)}\n{row}\n".encode("gb18030") for name, row in rows.items()]
    return [*seeds, "adjustments.csv\nbroker_no,period,amount,reason,note\nB001,2026-01,-12.30,other,备注\n".encode()]


def _plan_seeds() -> list[bytes]:
    tiers = '{"kind":"retained_fee","tiers":{"measure":"retained_fee","mode":"marginal","steps":[["0","0.40"],["30","0.55"]]}}'
    others = '{"kind":"per_lot","rates":{"SHFE.rb":"0.30","*":"0.1"}},{"kind":"turnover","rate":"0.1"},{"kind":"equity","annual_rate":"0.1","day_count":"360"}'
    more = '"deductions":[{"name":"税","rate":"0.0672"}],"overrides":[{"level":1,"rate":"0.1"}],"cap":"5","guarantee":"1","reserve":{"rate":"0.1","months":"3"}'
    return [f'[{{"code":"P","name":"","versions":[{{"valid_from":"2025-01-01","valid_to":"",{more},"components":[{tiers},{others}]}}]}}]'.encode()]


def _list_seeds() -> list[bytes]:
    head = ["交易日", "投资者代码", "投资者名称", "可用资金", "投资者权益"]
    rows = [head, ["20260105", "80000007", "张三", "+1,234.50", "8.500"], ["", "合计", "", "1", "2"]]
    return ["\n".join(",".join(f'"{cell}"' for cell in row) for row in rows).encode("gb18030")]


def _book_seeds() -> list[bytes]:
    rows = [["交易日", "投资者代码", "投资者名称", "可用资金", "投资者权益"], ["20260105", "80000007", "张三", "+1,234.50", "8.500"]]
    return [workbook(*rows), (FILES / "at_firm" / "fee_list.xls").read_bytes()]


def _archive_seeds() -> list[bytes]:
    import gzip
    import zipfile

    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a/b.csv", "x" * 50)
        made.writestr("c.txt", "y")
    return [stream.getvalue(), gzip.compress(b"trade_date,account_no\n")]


def _statement_seeds() -> list[bytes]:
    return [path.read_bytes() for path in sorted((FILES / "ctp").glob("*.txt"))]


def _monitor_seeds() -> list[bytes]:
    return [path.read_bytes() for path in sorted((FILES / "cfmmc").glob("*.xls"))]


def _cell_seeds() -> list[bytes]:
    books = [read_workbook(data) or {} for data in _monitor_seeds()]
    return [PART.join("\n".join([name, *("\t".join(row) for row in grid)]).encode() for name, grid in book.items()) for book in books]


TARGETS = {
    "at_files": Target(at_files, _at_seeds),
    "own_day": Target(own_day, _own_seeds),
    "masters": Target(masters, _master_seeds),
    "plans": Target(plans, _plan_seeds),
    "back_office": Target(back_office, _list_seeds),
    "back_office_book": Target(back_office_book, _book_seeds),
    "ctp_statement": Target(ctp_statement, _statement_seeds),
    "monitor_statement": Target(monitor_statement, _monitor_seeds),
    "monitor_cells": Target(monitor_cells, _cell_seeds),
    "archive": Target(archive, _archive_seeds),
}
