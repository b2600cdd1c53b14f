"""Broken files to the market monitor: names, fields, values, days and totals of the four kinds, and kinds that are missing."""

from __future__ import annotations

from collections.abc import Callable

from tests.corpus.cases import SEE, Case, Edit, Files, both, put, raw, renamed, without
from tests.corpus.firm import ACCOUNTS, NEXT, firm
from tests.oracle.notation import yuan

COMPACT = NEXT.replace("-", "")
F, C, T, H = (f"0199{kind}{COMPACT}.txt" for kind in ("cusfund", "fundchg", "trddata", "holddata"))
INSTRUMENTS = {"rb": "rb2610", "m_o": "m2605-C-3000", "IF": "IF2603"}
LETTERS = {"SHFE": "S", "DCE": "D", "CFFEX": "J"}


def good(files: Files) -> None:
    """The next day in the four files, with the same balances and fees."""
    draft = firm()
    kinds: dict[str, list[str]] = {F: [], C: [], T: [], H: []}
    for account in ACCOUNTS:
        row = {"deposit": 0, "withdrawal": 0, "other_in": 0, "other_out": 0, "realized_pnl": 0, "mtm_pnl": 0, "premium": 0, "margin": 0} | draft.balances[NEXT][account]
        money = {name: yuan(amount) + "0" for name, amount in row.items()}
        pnl = yuan(row["realized_pnl"] + row["mtm_pnl"]) + "0"
        start = f"{NEXT}@{account}@{money['equity']}@{money['available']}@0.000@0.000@{money['previous_balance']}@{money['previous_balance']}@{money['balance']}@{money['balance']}"
        kinds[F].append(f"{start}@{pnl}@{pnl}@0.000@0.000@N@CNY@{money['balance']}@0.000@0.000@0.000@{money['premium']}@0.000")
        for amount, note in ((row["deposit"], "入金"), (-row["withdrawal"], "出金"), (row["other_in"], "利息")):
            if amount:
                kinds[C].append(f"{NEXT}@{account}@{yuan(amount)}0@01@6222@01@6223@{note}@N@CNY@A@{NEXT}")
        if row["margin"]:
            kinds[H].append(f"{NEXT}@{account}@rb2610@B@S@1@{money['margin']}@0.000@0.000@3000.000@3000.000@3000.000@12345678@S@N@CNY@0")
    for number, trade in enumerate(draft.trades[NEXT], 1):
        pnl = yuan(draft.balances[NEXT][trade["account_no"]].get("realized_pnl", 0)) + "0"
        start = f"{NEXT}@{trade['account_no']}@{number}@{INSTRUMENTS[trade['product']]}@B@{trade['lots']}@3200.000@{yuan(trade['turnover'])}0@10:00:00@O@S"
        kinds[T].append(f"{start}@{pnl}@{pnl}@{yuan(trade['fee'])}0@12345678@{LETTERS[trade['exchange']]}@N@1@0001@CNY@{NEXT}")
    files |= {name: ("\n".join(rows) + "\n").encode("gb18030") for name, rows in kinds.items()}


def broken(*edits: Edit) -> Edit:
    """The good four, then broken."""
    return both(good, *edits)


def field(name: str, line: int, place: int, value: str) -> Edit:
    """Another value of a field, counted from 0."""

    def edit(before: str) -> str:
        rows = before.splitlines()
        fields = rows[line - 1].split("@")
        fields[place] = value
        rows[line - 1] = "@".join(fields)
        return "\n".join(rows) + "\n"

    return text(name, edit)


def text(name: str, edit: Callable[[str], str]) -> Edit:
    """Another text, in GB18030."""

    def do(files: Files) -> None:
        before = files[name]
        assert isinstance(before, bytes)
        after = edit(before.decode("gb18030")).encode("gb18030")
        assert after != before
        files[name] = after

    return do


def case(name: str, outcome: str, *edits: Edit, posted: bool = False) -> Case:
    """A case of this family."""
    return Case(f"monitor: {name}", "nothing", broken(*edits), outcome, posted=posted)


CASES = [
    case("the four files as they should be", "", posted=True),
    *(case(f"amount {value}", SEE, field(F, 1, 8, value)) for value in ("NaN", "1E3", "1_0", "１", "−1.000", "1,000.000", "", "1.0000", "1.001", "9" * 20, "+1.000")),
    *(case(f"balance's field {place} is x", SEE, field(F, 1, place, "x")) for place in (2, 3, 6, 10, 13, 17, 20)),
    *(case(f"one fen more in balance's field {place}", SEE, field(F, 4, place, "100000.010"), posted=place == 2) for place in (2, 6, 8)),
    case("one fen more of a deposit", SEE, field(C, 1, 2, "5000.010")),
    case("one fen more of a fee", SEE, field(T, 1, 13, "20.040")),
    case("a tenth of a fen more of a fee", SEE, field(T, 1, 13, "20.031"), posted=True),
    *(case(f"lots {value}", SEE, field(T, 1, 5, value)) for value in ("1.5", "-1", "0", "x", "")),
    *(case(f"an unknown word in fill's field {place}", SEE, field(T, 1, place, "X")) for place in (4, 9, 10, 15, 19)),
    *(case(f"an instrument {value}", SEE, field(T, 1, 3, value)) for value in ("", "豆粕", "rb", "m2605-X-3000", "SR605C", "rb2610-C-")),
    case("an instrument without exchange fee", SEE, field(T, 1, 3, "hc2610")),
    case("an unknown account in the balances", SEE, field(F, 4, 1, "99999999")),
    case("an unknown account in the fills", SEE, field(T, 4, 1, "99999999")),
    case("an unknown account of deposits", SEE, field(C, 1, 1, "99999999")),
    case("an unknown account of positions", SEE, field(H, 1, 1, "99999999")),
    case("an account with an apostrophe", SEE, field(F, 4, 1, "'80000004")),
    case("an account twice", SEE, text(F, lambda before: before + before.splitlines()[0] + "\n")),
    case("a fill twice", SEE, text(T, lambda before: before + before.splitlines()[0] + "\n")),
    *(case(f"a row of another day: {name[4:11]}", SEE, field(name, 1, 0, "2026-02-02")) for name in (F, C, T, H)),
    *(case(f"a field too few: {name[4:11]}", SEE, text(name, lambda before: before.replace("\n", "@", 1).rsplit("@", 1)[0] + "\n")) for name in (C, H)),
    *(case(f"a line cut: {name[4:11]}", SEE, text(name, lambda before: before[:-30])) for name in (F, C, T, H)),
    case("an empty balance file", SEE, raw(F, lambda data: b"")),
    case("no balance file", SEE, without(F)),
    case("no fills", SEE, without(T)),
    case("no deposits", SEE, without(C)),
    case("no positions", SEE, without(H), posted=True),
    case("NUL bytes", SEE, raw(F, lambda data: data + b"\0")),
    case("UTF-16", SEE, raw(F, lambda data: data.decode("gb18030").encode("utf-16"))),
    case("UTF-8 with a mark", "", raw(C, lambda data: b"\xef\xbb\xbf" + data.decode("gb18030").encode()), posted=True),
    case("cut inside a character of GBK", SEE, raw(C, lambda data: data[: data.rindex("利".encode("gbk")) + 1])),
    case("bytes of no encoding", SEE, raw(C, lambda data: data.replace("入".encode("gbk"), b"\xff"))),
    case("another firm's file beside", SEE, put(f"0200cusfund{COMPACT}.txt", b"")),
    case("another firm's fills", SEE, renamed(T, f"0200trddata{COMPACT}.txt")),
    case("a name whose day does not exist", SEE, renamed(F, "0199cusfund20260230.txt")),
    case("a name of another day", SEE, renamed(F, "0199cusfund20260204.txt")),
    case("a kind that is left alone", "", put(f"0199customer{COMPACT}.txt", b"x@y\n"), posted=True),
    case("the portal's own files of the day beside", SEE, put(f"balances-{NEXT}.csv", b"x\n")),
    case("a picture beside", "", put("chart.csv", bytes(range(256))), posted=True),
    case("a workbook of garbage beside", SEE, put("list.xlsx", b"PK\x03\x04garbage"), posted=True),
    case("fields in quotes", SEE, field(F, 1, 1, '"80000001"')),
    case("a very long line", SEE, text(F, lambda before: before + "9" * 1_000_000 + "\n")),
    case("a very long field", SEE, field(C, 1, 7, "长" * 500_000), posted=True),
    case("another currency is kept and not counted", "", text(F, lambda before: before + before.splitlines()[0].replace("@CNY@", "@USD@") + "\n"), posted=True),
    case("a currency that is none", SEE, field(F, 1, 15, "元")),
]
