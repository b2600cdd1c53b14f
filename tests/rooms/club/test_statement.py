"""The bank's statement handed in: read whatever its columns are called, held against what waits for money, taken in exactly once, as by hand."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from datetime import date

import pytest
from bs4 import BeautifulSoup
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from models import db
from models.audit import Approval
from models.club_bank import BankTransfer
from portal import clock
from portal.club import bank_upload
from portal.club.bank_statement import MOST_LINES, read
from portal.local_day import today
from portal.refusals import Conflict, NotAllowed, Refusal
from portal.settings import Settings
from portal.transaction import transaction
from tests.at_once import at_once
from tests.people import form_token, post, seat
from tests.rooms.club.bank_scene import NAME, Bank, bank_in_app, payment
from tests.rooms.club.scene import booking_of, clients
from tests.rooms.club.statement_scene import csv_of, handed_in, row, xlsx_of

TODAY = date(2026, 11, 29)


@pytest.fixture
def bank(settings: Settings) -> Iterator[Bank]:
    with bank_in_app(settings) as open_bank:
        yield open_bank


def table(data: bytes) -> list[tuple[str, str, int, str, str]]:
    """Serial, day, amount, payer and words of every line."""
    return [(one.serial, one.received_on.isoformat(), one.amount, one.payer, one.remark) for _line, one in read("x", data, TODAY).lines]


ROWS = [row("7001", "198.00", "王小明", "JY7K3M9QXA"), row("7002", "", "物业公司", "房租", debit="5000.00"), row("7003", "1,200.50", "（甲）公司", "会费")]
READ = [("7001", "2026-01-05", 19_800, "王小明", "转账 JY7K3M9QXA"), ("7003", "2026-01-05", 120_050, "（甲）公司", "转账 会费")]


@pytest.mark.parametrize("data", [csv_of(ROWS), csv_of(ROWS, encoding="utf-8-sig", above=0), xlsx_of(ROWS)])
def test_the_same_lines_come_from_every_form(data: bytes) -> None:
    """GB18030 below a title, UTF-8 with its mark, a workbook: the same two that came in; the one that went out and the sum are no lines."""
    assert table(data) == READ
    assert read("x", data, TODAY).outgoing == 1


@pytest.mark.parametrize(
    ("head", "line"),
    [
        (("记账日期", "借贷标志", "交易金额", "对方账户名称", "用途", "银行流水号"), ("20260105", "贷", "198.00", "王小明", "JY7K3M9QXA", "7001")),
        (("交易时间", "收入金额（元）", "支出金额（元）", "付款人名称", "附言", "交易 流水号"), ("2026-01-05 10:22:11", "¥198.00", "0.00", "王小明", "JY7K3M9QXA", "7001")),
        (("Date", "Direction", "Amount", "Counterparty", "Memo", "Transaction ID"), ("2026/1/5", "CR", "198", "王小明", "JY7K3M9QXA", "7001")),
        (("到账日期", "贷方金额", "对方名称", "摘要", "流水号"), ("2026年01月05日", "198.0", "王小明", "JY7K3M9QXA", "7001")),
        (("交易时间", "贷方金额", "对方名称", "摘要", "流水号"), ("20260105102211", "198.0", "王小明", "JY7K3M9QXA", "7001")),
    ],
)
def test_every_bank_names_its_columns_in_its_own_way(head: tuple[str, ...], line: tuple[str, ...]) -> None:
    assert table(csv_of([line], head)) == [("7001", "2026-01-05", 19_800, "王小明", "JY7K3M9QXA")]


def test_what_cannot_be_read_is_said_by_line_and_column_and_nothing_is_guessed() -> None:
    """A table of faults; what is right beside them stays; a file that is none is refused as a whole."""
    bad = [
        row("1", "198.00", "王小明", day="31.12."),
        row("2", "198.00", "王小明", day="2027-01-01"),
        row("3", "1.985", "王小明"),
        row("4", "abc", "王小明"),
        row("", "198.00", "王小明"),
        row("5", "198.00", ""),
        row("2.02611E+19", "198.00", "王小明"),
        row("6" * 61, "198.00", "王小明"),
        row("7001", "198.00", "王小明"),
        row("7001", "198.00", "王小明"),
        row("8", "", "王小明"),
    ]
    found = read("x", csv_of(bad), TODAY)
    assert [(one.line, one.column, one.code) for one in found.faults] == [
        (5, "received_on", "day"),
        (6, "received_on", "future"),
        (7, "credit", "amount"),
        (8, "credit", "amount"),
        (9, "serial", "empty"),
        (10, "payer", "empty"),
        (11, "serial", "rounded"),
        (12, "serial", "long"),
        (14, "serial", "twice"),
        (15, "credit", "amount"),
    ]
    assert [one.serial for _line, one in found.lines] == ["7001"]
    for wrong in (b"", b"a,b\r\n1,2", b"PK\x03\x04 broken", csv_of([], ("日期", "金额")), csv_of([row(str(place), "1.00", "x") for place in range(MOST_LINES + 1)])):
        with pytest.raises(Refusal):
            read("x", wrong, TODAY)


@given(st.binary(max_size=300))
def test_no_bytes_bring_anything_but_lines_or_a_refusal(data: bytes) -> None:
    with contextlib.suppress(Refusal):
        assert read("x", data, TODAY).lines == []


def judged(rows: list[tuple[str, ...]]) -> list[tuple[str, str]]:
    """What becomes of each line."""
    db.session.rollback()
    return [(one.came.serial, one.verdict.value) for one in bank_upload.judge(read("x", csv_of(rows), today()).lines, clock.now())]


def take(bank: Bank, rows: list[tuple[str, ...]], who: object = None) -> tuple[int, int]:
    """Look, and take in what was shown."""
    db.session.rollback()
    lines = read("x", csv_of(rows), today()).lines
    shown = bank_upload.digest_of(bank_upload.judge(lines, clock.now()))
    db.session.rollback()
    with transaction():
        return bank_upload.take_in(lines, shown, "x.csv", actor=who or bank.first, moment=clock.now())  # type: ignore[arg-type]


def test_each_line_has_its_verdict_and_what_fits_pays_as_by_hand(bank: Bank) -> None:
    """Matched, too little, another payer, for one order twice, words that name none, recorded already, with another amount: one table; then the
    same facts as by hand, and a second person lets one pay."""
    booking, reference, _member = bank.order()
    _other, second, _who = bank.order(key="two", who=clients(bank.app, 3)[2])
    bank.comes(5_000, serial="K1")
    rows = [
        row("M1", "198.00", NAME, f"活动费{reference}"),
        row("M2", "198.00", NAME, reference),
        row("L1", "100.00", NAME, second),
        row("A1", "198.00", NAME, "忘了写"),
        row("A2", "198.00", NAME, f"{reference} {second}"),
        row("U1", "77.00", "某人", "谢谢"),
        row("K1", "50.00", NAME),
    ]
    wanted = [("M1", "matched"), ("M2", "look"), ("L1", "look"), ("A1", "ambiguous"), ("A2", "ambiguous"), ("U1", "unmatched"), ("K1", "known")]
    assert judged(rows) == wanted
    assert judged([row("K1", "51.00", NAME), row("P1", "198.00", "别人", reference)]) == [("K1", "differs"), ("P1", "look")]
    assert take(bank, rows) == (6, 1)
    assert take(bank, rows) == (0, 0), "the same statement again records nothing"
    states = {one.serial: (one.state, one.amount, one.recorded_label) for one in db.session.execute(select(BankTransfer)).scalars()}
    by = bank.first.label
    assert states == {
        "K1": ("recorded", 5_000, by),
        "M1": ("prepared", 19_800, by),
        "M2": ("recorded", 19_800, by),
        "L1": ("recorded", 10_000, by),
        "A1": ("recorded", 19_800, by),
        "A2": ("recorded", 19_800, by),
        "U1": ("recorded", 7_700, by),
    }
    assert payment(reference).state == "processing"
    number = db.session.execute(select(Approval.id)).scalar_one()
    db.session.rollback()
    bank.approves(number)
    assert booking_of(booking).state == "granted"


def test_only_what_was_shown_is_taken_in_and_only_by_who_keeps_the_money(bank: Bank) -> None:
    """Somebody records a line by hand after the look: nothing is recorded; a member takes nothing in."""
    rows = [row("M1", "198.00", NAME)]
    lines = read("x", csv_of(rows), today()).lines
    shown = bank_upload.digest_of(bank_upload.judge(lines, clock.now()))
    db.session.rollback()
    bank.comes(19_800, serial="M1")
    with pytest.raises(Conflict, match="nothing was recorded"), transaction():
        bank_upload.take_in(lines, shown, "x", actor=bank.first, moment=clock.now())
    with pytest.raises(NotAllowed):
        take(bank, rows, bank.member())


def test_a_statement_taken_in_by_two_at_once_records_each_line_once(bank: Bank) -> None:
    """By the bank's serial number alone: whatever two people do in the same moment."""
    _booking, reference, _member = bank.order()
    rows = [row("M1", "198.00", NAME, reference), row("U1", "5.00", "某人")]
    lines = read("x", csv_of(rows), today()).lines
    shown = bank_upload.digest_of(bank_upload.judge(lines, clock.now()))
    db.session.rollback()

    def both() -> None:
        bank_upload.take_in(lines, shown, "x", actor=bank.first, moment=clock.now())

    assert at_once(bank.app, *[both] * 4).count("done") >= 1
    db.session.rollback()
    assert db.session.execute(select(func.count()).select_from(BankTransfer)).scalar_one() == 2
    assert db.session.execute(select(func.count()).select_from(Approval)).scalar_one() == 1


def upload(client: FlaskClient, name: str, data: bytes) -> tuple[int, str]:
    """Hand a file in by its form. Returns the answer's status, and where it leads or what it says."""
    token = form_token(client)
    answer = client.post("/club/money/statement", data={"csrf_token": token, "file": (io.BytesIO(data), name)}, content_type="multipart/form-data")
    return answer.status_code, answer.headers.get("Location") or answer.text


def test_by_the_pages(settings: Settings) -> None:
    """Handed in, looked at, filtered, taken out as a file, taken in, gone; a broken one is refused with what to do; another desk's parcel is none."""
    with bank_in_app(settings, held=False) as bank:
        reference = bank.read(lambda: bank.order()[1])
        client = seat(bank.app, bank.first.user_id)
        assert "贷方发生额" in client.get("/club/money/statement").text
        status, said = upload(client, "x.csv", b"nothing")
        assert (status, "no line of this file names the columns" in said) == (422, True)
        status, shown = upload(client, "x.csv", csv_of([row("M1", "198.00", NAME, reference), row("U1", "5.00", "某人"), row("X", "x", "某人")]))
        assert status == 303
        page = client.get(shown).text
        assert all(word in page for word in ("Fits its order", reference, "an amount such as 1200.00 was expected", "Record 2 lines"))
        unmatched = BeautifulSoup(client.get(f"{shown}?verdict=unmatched").text, "html.parser").select_one(".list-card table").get_text()
        assert ("U1" in unmatched, "M1" in unmatched) == (True, False)
        assert "U1" in client.get(f"{shown}?format=csv").text
        digest = re.findall(r'name="digest" value="([0-9a-f]{64})"', page)[0]
        assert post(client, shown, shown, wish="take_in", digest="0" * 64).headers["Location"].endswith(shown)
        assert post(client, shown, shown, wish="take_in", digest=digest).headers["Location"].endswith("/transfers")
        assert client.get(shown).status_code == 404
        kept = bank.read(handed_in)
        assert post(client, f"/club/money/statement/{kept}", f"/club/money/statement/{kept}", wish="throw_away").status_code == 303
        assert bank.read(transfer_states) == {"M1": "prepared", "U1": "recorded"}


def transfer_states() -> dict[str, str]:
    return {one.serial: one.state for one in db.session.execute(select(BankTransfer)).scalars()}
