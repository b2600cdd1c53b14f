"""The worked examples of the rules, each a firm in the portal's own files: by the second mind and by the portal itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from models import db
from portal import create_app
from portal.settings import Settings
from tests.oracle import product
from tests.oracle.books import Event
from tests.oracle.books import books as second_mind
from tests.oracle.notation import Draft, trade

Rows = list[dict[str, str]]
Keeper = Callable[[list[Event]], tuple[Rows, Rows]]
DAY = "2026-03-02"


@pytest.fixture(params=["the second mind", "the portal"])
def keep(request: pytest.FixtureRequest) -> Any:
    """Something that keeps books: events in, all lines and statements out."""
    if request.param == "the second mind":

        def by_hand(events: list[Event]) -> tuple[Rows, Rows]:
            result = second_mind(events)
            return result.lines, result.statements

        yield by_hand
        return
    settings: Settings = request.getfixturevalue("settings")
    app = create_app(dataclasses.replace(settings, allow_overrides=True))
    product.people(app)
    yield lambda events: by_portal(app, events)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def by_portal(app: Flask, events: list[Event]) -> tuple[Rows, Rows]:
    lines: Rows = []
    statements: Rows = []
    for what, value in events:
        if what == "import":
            product.import_folder(app, value)
            continue
        product.close(app, value)
        more_lines, more_statements = product.books(app, value)
        lines += more_lines
        statements += more_statements
    return lines, statements


def one_month(keep: Keeper, draft: Draft, folder: Path) -> tuple[Rows, Rows]:
    return keep([("import", str(draft.write(folder))), ("close", DAY[:7])])


def two_brokers(fee: int, exchange_fee: int) -> Draft:
    """Account 10001: B001 70 %, B002 20 %, the house 10 %."""
    draft = Draft()
    draft.plan("HALF", [{"kind": "retained_fee", "rate": "0.5"}], deductions=[{"name": "增值税及附加", "rate": "0.0672"}])
    draft.plan("ALL", [{"kind": "retained_fee", "rate": "1"}])
    draft.account("10001")
    for broker, share, plan in (("B001", "70", "HALF"), ("B002", "20", "ALL")):
        draft.broker(broker)
        draft.agree(broker, plan)
        draft.attribute("10001", broker, share)
    draft.day(DAY, [trade("10001", "SHFE.rb", fee, exchange_fee)], ["10001"])
    return draft


def column(rows: Rows, name: str, kind: str = "") -> dict[str, str]:
    return {row["broker_no"]: row[name] for row in rows if not kind or row["kind"] == kind}


def test_a_and_b_split_to_the_fen_then_priced(keep: Keeper, tmp_path: Path) -> None:
    lines, _ = one_month(keep, two_brokers(1235, 412), tmp_path)
    assert column(lines, "part_fen") == {"B001": "576", "B002": "165"}
    assert column(lines, "amount_fen") == {"B001": "269", "B002": "165"}


def test_c_a_negative_retained_fee_counts_as_negative(keep: Keeper, tmp_path: Path) -> None:
    lines, statements = one_month(keep, two_brokers(412, 1235), tmp_path)
    assert column(lines, "part_fen") == {"B001": "-576", "B002": "-165"}
    assert column(lines, "amount_fen") == {"B001": "-269", "B002": "-165"}
    assert column(statements, "payable") == {"B001": "-269", "B002": "-165"}


def test_d_marginal_and_whole_steps(keep: Keeper, tmp_path: Path) -> None:
    draft = Draft()
    rows = []
    for number, mode in enumerate(("marginal", "whole"), 1):
        tiers = {"measure": "retained_fee", "mode": mode, "steps": [["0", "0.40"], ["1000.00", "0.50"]]}
        draft.plan(mode, [{"kind": "retained_fee", "tiers": tiers}])
        draft.broker(f"B{number}")
        draft.agree(f"B{number}", mode)
        draft.account(f"1000{number}")
        draft.attribute(f"1000{number}", f"B{number}", "100")
        rows += [trade(f"1000{number}", product, 50_001 if product == "DCE.m" else 50_000, 1 if product == "DCE.m" else 0) for product in ("DCE.m", "DCE.i", "SHFE.rb")]
    draft.day(DAY, rows, ["10001", "10002"])
    lines, statements = one_month(keep, draft, tmp_path)
    assert column(statements, "earned") == {"B1": "65000", "B2": "75000"}
    # 500.00 × 650.00 ÷ 1,500.00 = 216.666… → 216.67 three times is 650.01: a rounding line of −0.01
    assert column(lines, "amount_fen", "retained_fee") == {"B1": "21667", "B2": "25000"}
    assert [(row["broker_no"], row["amount_fen"], row["part_fen"], row["account_no"]) for row in lines if row["kind"] == "rounding"] == [("B1", "-1", "", "")]


def test_e_withholding_of_one_payment_a_month(keep: Keeper, tmp_path: Path) -> None:
    taxes = {800: 0, 3_000: 440, 4_000: 640, 10_000: 1_600, 25_000: 4_000, 30_000: 5_200, 62_500: 13_000, 80_000: 18_600}
    draft = Draft()
    draft.plan("ALL", [{"kind": "retained_fee", "rate": "1"}])
    for number, yuan in enumerate(taxes):
        draft.broker(f"B{yuan}")
        draft.agree(f"B{yuan}", "ALL")
        draft.account(f"2000{number}")
        draft.attribute(f"2000{number}", f"B{yuan}", "100")
    draft.day(DAY, [trade(f"2000{number}", "SHFE.rb", yuan * 100, 0) for number, yuan in enumerate(taxes)], [f"2000{n}" for n in range(len(taxes))])
    _, statements = one_month(keep, draft, tmp_path)
    assert column(statements, "withholding") == {f"B{yuan}": str(tax * 100) for yuan, tax in taxes.items()}
    assert column(statements, "net") == {f"B{yuan}": str((yuan - tax) * 100) for yuan, tax in taxes.items()}


def test_f_a_rate_per_lot_on_a_share(keep: Keeper, tmp_path: Path) -> None:
    draft = Draft()
    draft.plan("LOT", [{"kind": "per_lot", "rates": {"shfe.RB": "0.50"}}])
    draft.broker("B001")
    draft.agree("B001", "LOT")
    draft.account("10001")
    draft.attribute("10001", "B001", "33.3333")
    draft.day(DAY, [trade("10001", "SHFE.rb", 100, 0, lots=3)], ["10001"])
    lines, _ = one_month(keep, draft, tmp_path)
    assert [(row["kind"], row["part_fen"], row["amount_fen"]) for row in lines] == [("per_lot", "", "50")]


def test_g_a_correction_that_leaves_the_month_over_its_cap_pays_nothing(keep: Keeper, tmp_path: Path) -> None:
    draft = Draft()
    draft.plan("CAP", [{"kind": "retained_fee", "rate": "1"}], cap="1000.00")
    draft.broker("B001")
    draft.agree("B001", "CAP")
    draft.account("10001")
    draft.attribute("10001", "B001", "100")
    draft.day(DAY, [trade("10001", "SHFE.rb", 150_000, 0)], ["10001"])
    draft.day("2026-04-01", [], ["10001"])
    first = draft.write(tmp_path / "firm")
    draft.trades[DAY][0]["exchange_fee"] = 20_000
    later = draft.write(tmp_path / "later", masters=(), trades=[DAY], balances=())
    lines, statements = keep([("import", str(first)), ("close", "2026-03"), ("import", str(later)), ("close", "2026-04")])
    assert [(row["origin"], row["part_fen"], row["amount_fen"]) for row in lines] == [("", "150000", "150000"), ("2026-03", "130000", "-20000")]
    march, april = statements
    assert (march["earned"], march["cap_or_guarantee"], march["payable"]) == ("150000", "-50000", "100000")
    assert (april["earned"], april["corrections"], april["payable"]) == ("0", "0", "0")


def test_a_rounding_line_of_changed_terms_is_corrected_in_one_line(keep: Keeper, tmp_path: Path) -> None:
    """Its fact is the month, the plan and the version's first day; other rates entered for the same days do not make another fact."""
    draft = Draft()
    steps = [["0", "0.40"], ["1000.00", "0.50"]]
    draft.plan("M", [{"kind": "retained_fee", "tiers": {"measure": "retained_fee", "mode": "marginal", "steps": steps}}])
    draft.broker("B001")
    draft.agree("B001", "M")
    draft.account("10001")
    draft.attribute("10001", "B001", "100")
    draft.day(DAY, [trade("10001", product, 50_000, 0) for product in ("DCE.m", "DCE.i", "SHFE.rb")], ["10001"])
    draft.day("2026-04-01", [], ["10001"])
    first = draft.write(tmp_path / "firm")
    steps[1][1] = "0.51"
    later = draft.write(tmp_path / "later", masters=["plans"], trades=(), balances=())
    lines, _ = keep([("import", str(first)), ("close", "2026-03"), ("import", str(later)), ("close", "2026-04")])
    # 650.00 in three lines of 216.67 leaves −0.01; 655.00 in three of 218.33 leaves +0.01
    assert [(row["origin"], row["amount_fen"]) for row in lines if row["kind"] == "rounding"] == [("", "-1"), ("2026-03", "2")]
