"""The second mind itself: firms whose books are known, and drafts whose files add up."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.oracle.books import books, firm_events
from tests.oracle.compare import line_differences, statement_differences
from tests.oracle.firms import events, random_firm
from tests.oracle.knowledge import Knowledge
from tests.oracle.sums import fen, withholding

FIRMS = sorted((Path(__file__).parent.parent / "files" / "firms").iterdir())


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    found = []
    for path in sorted(folder.glob(f"*/{name}.csv")):
        with path.open(encoding="utf-8", newline="") as handle:
            found += list(csv.DictReader(handle))
    return found


@pytest.mark.parametrize("firm", FIRMS, ids=lambda folder: folder.name)
def test_known_firms_come_out_to_the_fen(firm: Path) -> None:
    result = books(firm_events(firm / "firm"))
    assert line_differences(rows(firm / "expected", "lines"), result.lines) == []
    expected = [row for row in rows(firm / "expected", "statements") if any(row[name] != "0" for name in row if name not in {"broker_no", "period"})]
    actual = [row for row in result.statements if any(row[name] != "0" for name in row if name not in {"broker_no", "period"})]
    assert statement_differences(expected, actual) == []


def test_the_tax_of_the_worked_examples() -> None:
    paid = {800: 0, 3_000: 440, 4_000: 640, 10_000: 1_600, 25_000: 4_000, 30_000: 5_200, 62_500: 13_000, 80_000: 18_600}
    assert {yuan: withholding(yuan * 100) for yuan in paid} == {yuan: tax * 100 for yuan, tax in paid.items()}


@pytest.mark.parametrize("seed", range(5))
def test_drafted_firms_keep_the_identities_of_their_files(seed: int, tmp_path: Path) -> None:
    known = Knowledge()
    for what, value in events(random_firm(seed, tmp_path)):
        if what == "import":
            known.read(Path(value))
        balance: dict[str, int] = {}
        for day in sorted(known.balances):
            for row in known.balances[day]:
                money = {name: fen(text) for name, text in row.items() if name not in {"trade_date", "account_no"}}
                account = row["account_no"]
                assert money["fee"] == sum(fen(trade["fee"]) for trade in known.trades[day] if trade["account_no"] == account)
                assert money["available"] == money["equity"] - money["margin"]
                assert money["previous_balance"] == balance.get(account, money["previous_balance"])
                gains = sum(money[name] for name in ("deposit", "other_in", "realized_pnl", "mtm_pnl", "premium"))
                assert money["balance"] == money["previous_balance"] + gains - sum(money[name] for name in ("withdrawal", "other_out", "fee"))
                assert min(money[name] for name in ("deposit", "withdrawal", "other_in", "other_out", "margin", "fee")) >= 0
                balance[account] = money["balance"]
            assert {row["account_no"] for row in known.trades[day]} <= {row["account_no"] for row in known.balances[day]}


def test_the_comparison_sees_one_fen_one_reason_and_one_line(tmp_path: Path) -> None:
    """The control: planted faults must show, or agreement would mean nothing."""
    result = books(events(random_firm(2, tmp_path)))
    lines, statements = result.lines, result.statements
    assert not line_differences(lines, lines)
    assert not statement_differences(statements, statements)
    for name, value in (("amount_fen", str(int(lines[0]["amount_fen"]) + 1)), ("reason", "no_rate"), ("origin", "2025-12"), ("plan_code", "?")):
        assert len(line_differences(lines, [lines[0] | {name: value}, *lines[1:]])) == 2
    assert len(line_differences(lines, lines[1:])) == 1
    assert len(statement_differences(statements, [statements[0] | {"net": "123456789"}, *statements[1:]])) == 1
    assert len(statement_differences(statements, statements[1:])) == 1
