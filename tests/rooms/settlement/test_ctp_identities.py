"""A fen that is not where it belongs is found, wherever it hides."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

from portal.refusals import Severity
from portal.settlement.ctp.multipliers import multiplier_of, read_multipliers, shipped_multipliers
from portal.settlement.ctp.statement import parse_statement
from tests.rooms.settlement.ctp_notation import FILES, NEW, OLD, REAL, amounts, codes, fen_more, money_cells, page, read, replaced, stated

PAGES = (REAL, NEW, OLD)
LABELS = {
    "I1": ("Balance b/f", "Realized P/L", "MTM P/L", "Exercise P/L", "Exercise Fee", "Delivery Fee", "Premium received", "Premium paid", "Delivery P/L", "Commission"),
    "I2": ("Balance c/f", "Pledge Amount"),
    "I3": ("Market value(long)", "Market value(short)", "Market value(equity)"),
    "I4": ("Fund Avail.", "Delivery Margin"),
    "I6": ("Deposit/Withdrawal",),
    "I9": ("Margin Occupied",),
}
NOT_IN_AN_IDENTITY = {"开仓价", "昨结算", "结算价", "今结算", "买均价", "卖均价"}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("fen", [1, -1])
def test_a_fen_in_any_amount_of_the_summary_breaks_its_identity(name: str, fen: int) -> None:
    text = page(name)
    for code, labels in LABELS.items():
        for label in labels:
            if label == "Delivery P/L" and name == OLD:
                continue
            amount = amounts(text, label)[1]
            assert code in codes(stated(text, label, fen_more(amount, fen))), (label, amount)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("fen", [1, -1])
def test_a_fen_in_any_cell_of_any_table_breaks_an_identity(name: str, fen: int) -> None:
    text = page(name)
    seen = set()
    for title, head, begin, end in money_cells(text):
        if head in NOT_IN_AN_IDENTITY or (title, head) == ("平仓明细", "成交价"):
            continue
        seen.add((title, head))
        found = codes(text[:begin] + fen_more(text[begin:end], fen) + text[end:])
        assert found & {"I6", "I7", "I8", "I9", "I10"}, (title, head, text[begin:end], found)
    assert {("成交记录", "成交价"), ("成交记录", "成交额"), ("成交记录", "手续费"), ("平仓明细", "平仓盈亏"), ("持仓明细", "盯市盈亏"), ("持仓汇总", "保证金占用")} <= seen


def test_the_two_sides_of_a_broken_identity_are_shown_where_it_stands() -> None:
    _statement, findings = read(stated(page(NEW), "Balance b/f", "8340599.33"))
    [finding] = findings.listed
    assert (finding.code, finding.file, finding.line, finding.field, finding.found, finding.expected) == ("I1", "statement.txt", 11, "期末结存", "8714177.80", "8714177.81")


def test_the_risk_degree_is_rounded_half_up_to_two_decimals() -> None:
    text = page(NEW)
    assert codes(replaced(text, " 1.97%", " 1.98%")) == {"I5"}
    assert codes(replaced(text, " 1.97%", " 1.970%")) == set()
    assert codes(replaced(text, " 1.97%", "1.971%")) == {"not_a_number"}


@pytest.mark.parametrize("printed", ["0.00%", "--", "", "-12.34%"])
def test_without_equity_there_is_no_risk_degree(printed: str) -> None:
    text = page(NEW)
    loss = amounts(text, "Client Equity")[1]
    for label in ("Balance b/f", "Balance c/f", "Client Equity", "Market value(equity)", "Fund Avail."):
        text = stated(text, label, fen_more(amounts(text, label)[1], -int(loss.replace(".", ""))))
    statement, findings = read(replaced(text, "1.97%", printed))
    assert findings.listed == []
    assert statement is not None
    assert (statement.blocks[0]["equity"], statement.blocks[0].risk_degree) == (0, None)


def test_a_currency_pledge_counts_where_the_layout_states_it() -> None:
    text = page(NEW)
    for label in ("Client Equity", "Market value(equity)", "Fund Avail."):
        text = stated(text, label, fen_more(amounts(text, label)[1], 5))
    assert "I2" in codes(text)
    assert codes(text.replace("基础保证金 Initial Margin：                20.00", "货币质押余额：0.05")) == set()


@pytest.mark.parametrize("title", ["行权明细  Exercise Statement", "交割明细 Delivery Statement"])
def test_with_exercise_or_delivery_the_seventh_and_eighth_identity_only_warn(title: str) -> None:
    text = page(NEW)
    rule = "-" * 40
    table = "\r\n".join((title, rule, "|日期|手续费|", rule, "|20260304|0.01|", "|共 1条|0.01|", rule, "", ""))
    lenient = replaced(text, "                                                     平仓明细", f"{table}  平仓明细")
    assert read(lenient)[1].listed == []
    for code, label, other in (("I7", "Commission", 1), ("I8", "MTM P/L", -1)):
        broken = stated(lenient, label, fen_more(amounts(lenient, label)[1]))
        broken = stated(broken, "Balance b/f", fen_more(amounts(broken, "Balance b/f")[1], other))
        assert codes(broken) == set()
        assert codes(broken, Severity.WARNING) == {code}
        strict = stated(text, label, fen_more(amounts(text, label)[1]))
        assert code in codes(strict)


def test_the_positions_of_many_days_are_those_of_the_last() -> None:
    text = replaced(page(NEW), "日期 Date：20260304", "日期 Date：20260301-20260331")
    statement, findings = read(text)
    assert findings.listed == []
    assert statement is not None
    assert (str(statement.first_day), str(statement.last_day), statement.daily) == ("2026-03-01", "2026-03-31", False)
    other_days = stated(stated(text, "MTM P/L", "1540.00"), "Balance b/f", "8340499.32")
    assert (codes(other_days), codes(other_days, Severity.WARNING)) == (set(), {"I8"})
    assert "I1" in codes(stated(text, "MTM P/L", "1540.00"))
    assert "I8" in codes(text.replace("|     1440.00|      153177.60|", "|     1440.01|      153177.60|"))


def test_every_currency_has_its_block_and_the_tables_count_for_cny() -> None:
    text = page(OLD)
    block = re.search(r" +资金状况.*?\r\n\r\n", text, re.DOTALL)
    assert block
    dollars = re.sub(r"-?\d+\.\d\d(?=%)", "0.00", re.sub(r"(?<=[\s：:])-?\d+\.\d\d(?=\s)", "0.00", block[0])).replace("人民币", "美元").replace("CNY", "USD")
    for label in ("Balance b/f", "Balance c/f", "Client Equity", "Market value(equity)", "Fund Avail."):
        dollars = stated(dollars, label, "12345.67")
    both = text.replace(block[0], block[0] + dollars)
    statement, findings = read(both)
    assert findings.listed == []
    assert statement is not None
    assert [(found.currency, found["balance"]) for found in statement.blocks] == [("CNY", 2088404054), ("USD", 1234567)]
    assert codes(text.replace(block[0], block[0] + stated(dollars, "Balance c/f", "12345.68"))) == {"I1", "I2"}
    assert codes(text.replace(block[0], dollars + block[0])) == set()
    assert codes(text.replace(block[0], block[0] + block[0])) == {"currency_twice"}


def test_rows_that_name_the_account_of_their_currency_are_told_apart() -> None:
    text = page(NEW)
    block = re.search(r" +资金状况.*?\r\n\r\n", text, re.DOTALL)
    assert block
    other = block[0].replace("0087961974", "0087961974U").replace("人民币", "美元").replace("CNY", "USD")
    assert codes(text.replace(block[0], block[0] + other)) == {"I6", "I7", "I8", "I9"}


def test_a_total_may_be_blank_only_where_the_sum_is_nothing() -> None:
    text = page(REAL)
    total = next(line for line in text.splitlines() if line.startswith("|共   5条|"))
    assert codes(text.replace(total, total.replace("                 0.00|", " |"))) == set()
    assert codes(text.replace(total, total.replace("     11.41|", " |"))) == {"I10"}
    assert codes(text.replace(total, total.replace("共   5条", "共   6条"))) == {"I10"}


def test_a_product_without_a_known_multiplier_is_a_warning() -> None:
    statement, findings = parse_statement(NEW, (FILES / NEW).read_bytes(), multipliers={"AP": Fraction(10), "lc": Fraction(1)})
    assert statement is not None
    assert [(finding.severity, finding.code, finding.found) for finding in findings.listed] == [(Severity.WARNING, "multiplier_unknown", "SR")]


def test_multipliers_are_exact_and_an_option_has_its_future_s() -> None:
    shipped = shipped_multipliers()
    assert (shipped["IF"], shipped["sc"], shipped["lc"]) == (300, 1000, 1)
    assert (multiplier_of("m_o", shipped), multiplier_of("IO", shipped), multiplier_of("zz", shipped)) == (10, 100, None)
    assert read_multipliers("product,exchange,multiplier\nx,SHFE,0.1\n") == {"x": Fraction(1, 10)}
