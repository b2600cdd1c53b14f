"""Broken days: rows, amounts, totals and days of balances-….csv and trades-….csv."""

from __future__ import annotations

from models.values.money import parse_yuan, yuan
from tests.corpus.cases import SEE, Case, Edit, Files, both, cell, change, column, lines, more, renamed, replaced, text, without
from tests.corpus.firm import NEXT, B, T


def fen_more(name: str, line: int, *columns: str) -> Edit:
    """One fen more in some cells of a line."""

    def edit(before: str) -> str:
        rows = [row.split(",") for row in before.splitlines()]
        for name_of_column in columns:
            place = rows[0].index(name_of_column)
            rows[line - 1][place] = yuan(parse_yuan(rows[line - 1][place]) + 1)
        return "\r\n".join(",".join(row) for row in rows) + "\r\n"

    return change(name, edit)


def other_day(day: str) -> Edit:
    """The next day's rows as those of another day."""

    def do(files: Files) -> None:
        for name in (B, T):
            content = text(files, name).replace(NEXT, day)
            del files[name]
            files[name.replace(NEXT, day)] = content.encode()

    return do


NO_AMOUNTS = {
    "nan": "NaN", "infinity": "Infinity", "minus infinity": "-inf", "exponent": "1E3", "small exponent": "1e-2", "underscore": "1_0", "plus sign": "+1.00",
    "huge": "9" * 40, "fifteen digits": "100000000000000.00", "full-width digits": "１２３", "arabic digits": "١٢٣",
    "minus sign U+2212": "−1.00", "full-width minus": "－1.00", "currency sign": "¥1.00", "unit": "1元", "third decimal": "1.001", "four decimals": "1.0000",
    "no whole part": ".50", "no decimals after the point": "1.", "two points": "1.0.0", "blank inside": "1 000.00", "blank around": " 1.00", "no-break space": "\u00a01.00",
    "empty": "", "word": "无", "hexadecimal": "0x10", "formula": "=1+1", "formula with at": "@SUM(1)", "accountant's minus": "(1.00)", "minus behind": "1.00-",
    "double minus": "--1.00", "zero-width space": "1\u200b.00", "control character": "1\x07.00", "boolean": "TRUE", "apostrophe": "'1.00", "comma as point": '"1,00"',
}  # fmt: skip
"""What is no amount, by what it is called."""

CASES = [
    *(Case(f"amount: {name}", "day", cell(B, 2, "deposit", value), "bad_amount B:2 deposit") for name, value in NO_AMOUNTS.items() if "," not in value),
    *(Case(f"amount in trades: {name}", "day", cell(T, 2, "fee", value), "bad_amount T:2 fee") for name, value in NO_AMOUNTS.items() if "," not in value),
    Case("amount: ten thousand billion", "day", cell(B, 2, "deposit", "10000000000000.00"), "bad_amount B:2 deposit; balance_identity B:2 balance"),
    *(
        Case(f"amount in {name}", "day", cell(B, 3, name, "x"), f"bad_amount B:3 {name}")
        for name in ("previous_balance", "withdrawal", "other_in", "other_out", "realized_pnl", "mtm_pnl", "premium", "fee", "balance", "equity", "margin", "available")
    ),
    Case("amount: comma as point, quoted", "day", cell(B, 2, "deposit", '"1,00"'), "bad_amount B:2 deposit"),
    Case("amount: thousands comma, quoted", "day", cell(B, 2, "deposit", '"5,000.00"'), "bad_amount B:2 deposit"),
    Case("amount: thousands comma, not quoted", "day", cell(B, 2, "deposit", "5,000.00"), "wrong_columns B:2"),
    *(
        Case(f"lots: {name}", "day", cell(T, 2, "lots", value), "bad_lots T:2 lots")
        for name, value in {
            "half": "1.5",
            "negative": "-1",
            "decimal": "2.000",
            "empty": "",
            "word": "两",
            "exponent": "1e1",
            "full-width": "２",
            "huge": "9" * 13,
            "plus": "+2",
            "NaN": "NaN",
        }.items()
    ),
    *(
        Case(f"exchange: {name}", "day", cell(T, 2, "exchange", value), "unknown_word T:2 exchange")
        for name, value in {"unknown": "NYSE", "letter": "S", "chinese": "上期所", "empty": "", "blank": "SHFE ", "dotless": "ſHFE"}.items()
    ),
    *(
        Case(f"product: {name}", "day", cell(T, 2, "product", value), "bad_product T:2 product")
        for name, value in {"empty": "", "blank": " rb", "tab": "rb\t", "long": "r" * 33, "line separator": "\u2028rb"}.items()
    ),
    Case("product: control character inside", "day", cell(T, 2, "product", "r\x01b"), "bad_product T:2 product"),
    *(
        Case(f"account: {name}", "day", cell(B, 2, "account_no", value), SEE)
        for name, value in {"empty": "", "blank before": " 80000001", "tab behind": "80000001\t", "long": "8" * 65}.items()
    ),
    *(
        Case(f"unknown account: {name}", "day", cell(B, 2, "account_no", value), SEE)
        for name, value in {"other": "99999999", "with decimal": "80000001.0", "apostrophe": "'80000001", "full-width": "８0000001", "without leading zero": "800002"}.items()
    ),
    Case("unknown account in trades", "day", cell(T, 2, "account_no", "99999999"), "fee_identity B:2 fee; unknown_account T:2 account_no"),
    Case(
        "two accounts swapped in the balances",
        "day",
        both(cell(B, 2, "account_no", "00800002"), cell(B, 3, "account_no", "80000001")),
        "fee_identity B:2 fee; fee_identity B:3 fee; previous_balance B:2 previous_balance; previous_balance B:3 previous_balance",
    ),
    Case(
        "two accounts swapped in the trades", "day", both(cell(T, 4, "account_no", "80000003"), cell(T, 5, "account_no", "00800002")), "fee_identity B:3 fee; fee_identity B:4 fee"
    ),
    Case("balance off by one fen", "day", fen_more(B, 2, "balance"), "balance_identity B:2 balance"),
    Case("equity off by one fen", "day", fen_more(B, 2, "equity"), "available_identity B:2 available"),
    Case("available off by one fen", "day", fen_more(B, 3, "available"), "available_identity B:3 available"),
    Case("margin off by one fen", "day", fen_more(B, 3, "margin"), "available_identity B:3 available"),
    Case("fee of an account off by one fen", "day", fen_more(B, 2, "fee"), "balance_identity B:2 balance; fee_identity B:2 fee"),
    Case("fee of a trade off by one fen", "day", fen_more(T, 2, "fee"), "fee_identity B:2 fee"),
    Case("deposit off by one fen", "day", fen_more(B, 2, "deposit"), "balance_identity B:2 balance"),
    Case("realised profit off by one fen", "day", fen_more(B, 4, "realized_pnl"), "balance_identity B:4 balance"),
    Case(
        "previous balance off by one fen, the rest carried on", "day", fen_more(B, 2, "previous_balance", "balance", "equity", "available"), "previous_balance B:2 previous_balance"
    ),
    *(Case(f"negative {name}", "day", cell(B, 5, name, "-0.01"), SEE) for name in ("deposit", "withdrawal", "other_in", "other_out", "margin")),
    Case("a row of another day", "day", cell(B, 3, "trade_date", "2026-02-02"), "wrong_day B:3 trade_date"),
    Case(
        "all rows of another day",
        "day",
        lines(B, lambda rows: [row.replace(NEXT, "2026-02-04") for row in rows]),
        "wrong_day B:2 trade_date; wrong_day B:3 trade_date; wrong_day B:4 trade_date; wrong_day B:5 trade_date",
    ),
    Case("a trade of another day", "day", cell(T, 3, "trade_date", "2026-02-04"), "wrong_day T:3 trade_date"),
    *(
        Case(f"date: {name}", "day", cell(B, 2, "trade_date", value), "wrong_day B:2 trade_date")
        for name, value in {
            "slashes": "2026/02/03",
            "plain": "20260203",
            "short": "2026-2-3",
            "empty": "",
            "day that is none": "2026-02-30",
            "full-width": "２026-02-03",
            "with time": "2026-02-03 00:00:00",
        }.items()
    ),
    Case(
        "the day before under this day's name",
        "day",
        both(lines(B, lambda rows: [row.replace(NEXT, "2026-02-02") for row in rows]), lines(T, lambda rows: [row.replace(NEXT, "2026-02-02") for row in rows])),
        SEE,
    ),
    Case("a name whose day does not exist", "day", renamed(B, "balances-2026-02-30.csv"), "bad_file_date balances-2026-02-30.csv trade_date; no_balances T"),
    Case("names of a year that the calendar does not know", "day", other_day("2031-02-03"), "unknown_calendar_year balances-2031-02-03.csv trade_date"),
    Case("names of the first day there is", "day", other_day("0001-01-01"), SEE),
    Case("names of the last day there is", "day", other_day("9999-12-31"), "unknown_calendar_year balances-9999-12-31.csv trade_date"),
    Case(
        "a Saturday", "day", other_day("2026-02-07"), "warn days_missing balances-2026-02-07.csv trade_date; warn not_trading_day balances-2026-02-07.csv trade_date", posted=True
    ),
    Case("a day missing in between", "day", other_day("2026-02-04"), "warn days_missing balances-2026-02-04.csv trade_date", posted=True),
    Case(
        "a day missing in between, and another previous balance",
        "day",
        both(other_day("2026-02-04"), fen_more("balances-2026-02-04.csv", 2, "previous_balance", "balance", "equity", "available")),
        "warn days_missing balances-2026-02-04.csv trade_date; warn previous_balance_gap balances-2026-02-04.csv:2 previous_balance",
        posted=True,
    ),
    Case("an account twice", "day", lines(B, lambda rows: [*rows, rows[2]]), "key_twice B:6 account_no"),
    Case("an account twice with other amounts", "day", lines(B, lambda rows: [*rows, rows[2].replace("77", "78")]), "balance_identity B:6 balance; key_twice B:6 account_no"),
    Case("a trade twice", "day", lines(T, lambda rows: [*rows, rows[1]]), "key_twice T:6 account_no"),
    Case("a trade twice in another case", "day", lines(T, lambda rows: [*rows, rows[1].replace("rb", "RB")]), "key_twice T:6 account_no"),
    Case("an account without its balance row", "day", lines(B, lambda rows: rows[:-1]), "warn silent_account B account_no", posted=True),
    Case(
        "an account that trades without its balance row",
        "day",
        lines(B, lambda rows: [*rows[:2], *rows[3:]]),
        "trade_without_balance T:4 account_no; warn silent_account B account_no",
    ),
    Case("a trade left out", "day", lines(T, lambda rows: rows[:-1]), "fee_identity B:4 fee"),
    Case("no trades at all", "day", without(T), "fee_identity B:2 fee; fee_identity B:3 fee; fee_identity B:4 fee"),
    Case("trades without balances", "day", without(B), "no_balances T"),
    Case("balances with a header alone", "day", lines(B, lambda rows: rows[:1]), "empty_file B:1"),
    Case("trades with a header alone", "day", lines(T, lambda rows: rows[:1]), "fee_identity B:2 fee; fee_identity B:3 fee; fee_identity B:4 fee"),
    *(Case(f"column missing: {name}", "day", column(B, out=name), f"missing_column B:1 {name}") for name in ("trade_date", "account_no", "fee", "available")),
    *(Case(f"column missing in trades: {name}", "day", column(T, out=name), f"missing_column T:1 {name}") for name in ("exchange_fee", "lots", "product")),
    Case("column renamed", "day", column(B, rename=("fee", "手续费")), "missing_column B:1 fee; unknown_column B:1 手续费"),
    Case("column with a blank", "day", column(B, rename=("fee", "fee ")), "missing_column B:1 fee; unknown_column B:1 fee"),
    Case("column in another case", "day", column(B, rename=("fee", "Fee")), "missing_column B:1 fee; unknown_column B:1 Fee"),
    Case("column doubled", "day", column(B, twice="fee"), "column_twice B:1 fee"),
    Case("column doubled in place of another", "day", column(B, rename=("margin", "equity")), "column_twice B:1 equity; missing_column B:1 margin"),
    Case("column that nobody knows", "day", column(T, add="备注"), "unknown_column T:1 备注"),
    Case("columns in the opposite order", "day", both(column(B, move=True), column(T, move=True)), "", posted=True),
    Case("a field too few", "day", lines(B, lambda rows: [*rows[:2], rows[2].rsplit(",", 1)[0], *rows[3:]]), "wrong_columns B:3"),
    Case("a field too many", "day", lines(T, lambda rows: [*rows[:2], rows[2] + ",0.00", *rows[3:]]), "wrong_columns T:3"),
    Case("a total row", "day", more(B, "合计,,,,,,,,,,,,,,"), SEE),
    Case("a row of commas", "day", more(B, "," * 14), SEE),
    Case("a blank line between", "day", lines(B, lambda rows: [*rows[:2], "", *rows[2:]]), "", posted=True),
    Case(
        "amounts that pass 64 bits together",
        "day",
        lines(T, lambda rows: [*rows, *(f"{NEXT},80000003,DCE,x{n},1,9999999999999.99,0.00,0.00" for n in range(5000))]),
        "totals_too_large B",
    ),
    Case(
        "negative equity",
        "day",
        replaced(
            B,
            f"{NEXT},80000004,100000.00,0.00,0.00,0.00,0.00,0.00,0.00,0.00,0.00,100000.00,100000.00,0.00,100000.00",
            f"{NEXT},80000004,100000.00,0.00,0.00,0.00,0.00,0.00,0.00,0.00,0.00,100000.00,-1.00,0.00,-1.00",
        ),
        "warn negative_equity B:5 equity",
        posted=True,
    ),
    Case(
        "risk degree over 100 percent",
        "day",
        replaced(
            B,
            f"{NEXT},80000004,100000.00,0.00,0.00,0.00,0.00,0.00,0.00,0.00,0.00,100000.00,100000.00,0.00,100000.00",
            f"{NEXT},80000004,100000.00,0.00,0.00,0.00,0.00,0.00,0.00,0.00,0.00,100000.00,100000.00,100000.01,-0.01",
        ),
        "warn risk_over_100 B:5 margin",
        posted=True,
    ),
    Case("negative retained fee", "day", cell(T, 2, "exchange_fee", "99.00"), "warn negative_retained_fee T:2 exchange_fee", posted=True),
    Case("negative lots and turnover", "day", both(cell(T, 2, "lots", "-2"), cell(T, 2, "turnover", "-64000.00")), "bad_lots T:2 lots"),
    Case("a day again with other rows", "day", other_day("2026-02-02"), SEE),
    Case("a day of a closed month again", "day", other_day("2026-01-30"), SEE),
    Case(
        "every fault at once",
        "day",
        both(
            cell(B, 2, "deposit", "x"),
            cell(B, 3, "account_no", "99999999"),
            cell(B, 4, "trade_date", "2026-02-02"),
            cell(T, 2, "lots", "1.5"),
            cell(T, 3, "exchange", "NYSE"),
            cell(T, 5, "account_no", "88888888"),
        ),
        SEE,
    ),
]
