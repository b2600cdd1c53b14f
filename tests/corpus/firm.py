"""The tiny good firm from which every broken file is made, and the same firm through the doors: imported, January closed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from models import db
from portal import create_app
from tests.oracle.notation import COLUMNS, START, Draft, trade
from tests.oracle.product import APPROVER, BOSS, IMPORTER, PREPARER, people, run
from tests.places import Place

DAYS = ("2026-01-29", "2026-01-30", "2026-02-02")
"""The settled days of the good firm; January is closed without the days before."""
NEXT = "2026-02-03"
"""The trading day after, which broken files speak of."""
CLOSED, OPEN = "2026-01", "2026-02"
ACCOUNTS = ("80000001", "00800002", "80000003", "80000004")
B, T = f"balances-{NEXT}.csv", f"trades-{NEXT}.csv"
__all__ = ["ACCOUNTS", "APPROVER", "BOSS", "CLOSED", "DAYS", "IMPORTER", "NEXT", "OPEN", "PREPARER", "B", "T", "closed_firm", "firm"]

_EXCHANGE_FEES = "exchange product valid_from valid_to open_by_money open_by_lot close_by_money close_by_lot close_today_by_money close_today_by_lot"


def firm(days: tuple[str, ...] = (*DAYS, NEXT)) -> Draft:
    """The firm as a draft: four accounts, three brokers one above the other, every kind of plan."""
    draft = Draft()
    draft.add("branches", branch_no="02", name="上海营业部")
    draft.add("staff", staff_no="S002", name="员工2", branch_no="02", phone="13800000002", joined_on=START)
    for number in ("B001", "B002", "B003"):
        draft.broker(number, id_no=f"99000019800101{number[1:]}X")
    for number in ACCOUNTS:
        draft.account(number, id_no=f"990000197001{number[-6:]}")
    draft.plan("FLAT", [{"kind": "retained_fee", "rate": "0.5"}, {"kind": "per_lot", "rates": {"SHFE.rb": "0.30", "*": "0.10"}}])
    tiers = {"measure": "retained_fee", "mode": "marginal", "steps": [["0", "0.40"], ["30", "0.55"]]}
    draft.plan("TIER", [{"kind": "retained_fee", "tiers": tiers}], deductions=[{"name": "增值税", "rate": "0.0672"}], reserve={"rate": "0.1", "months": "3"})
    draft.plan("EQUITY", [{"kind": "equity", "annual_rate": "0.0025", "day_count": "360"}], cap="5000", guarantee="10", overrides=[{"level": 1, "rate": "0.05"}])
    for broker, plan in (("B001", "EQUITY"), ("B002", "TIER"), ("B003", "FLAT")):
        draft.agree(broker, plan)
    draft.add("uplines", broker_no="B002", upline_no="B001", valid_from=START)
    draft.add("uplines", broker_no="B003", upline_no="B002", valid_from=START)
    draft.add("relatives", broker_no="B003", id_no="990000197001000004", relation="spouse", valid_from="2026-02-01")
    draft.attribute("80000001", "B001", "70")
    draft.attribute("80000001", "B002", "20.5")
    draft.attribute("00800002", "B002", "100", valid_to="2026-02-01")
    draft.attribute("00800002", "B003", "60", valid_from="2026-02-01", confirmed_on="2026-02-01")
    draft.attribute("80000003", "B003", "100")
    draft.attribute("80000004", "B003", "50", state="pending", confirmed_on="")
    draft.add("servicing", account_no="80000001", staff_no="S001", role="servicer", valid_from=START)
    draft.add("servicing", account_no="80000001", staff_no="S002", role="originator", valid_from=START)
    draft.add("adjustments", broker_no="B001", period=OPEN, amount="88.88", reason="goodwill", note="已核对")
    draft.add("adjustments", broker_no="B002", period=OPEN, amount="-12.30", reason="penalty", note="")
    for index, day in enumerate(days):
        _settle(draft, day, index)
    return draft


def _settle(draft: Draft, day: str, index: int) -> None:
    """A day on which three accounts trade and one only holds money."""
    first, second, third, fourth = ACCOUNTS
    trades = [
        trade(first, "SHFE.rb", 2_000 + index, 801, 2, 6_400_000),
        trade(first, "DCE.m_o", 350, 100, 1, 12_000),
        trade(second, "CFFEX.IF", 9_999, 3_333, 1, 118_000_000),
        trade(third, "SHFE.rb", 1_050, 401, 1, 3_200_000),
    ]
    flows: dict[str, Any] = {
        first: {"deposit": 500_000, "mtm_pnl": -1_234, "margin": 200_000},
        second: {"withdrawal": 10_000, "realized_pnl": 77_700, "margin": 1_500_000},
        third: {"other_in": 30, "premium": -500},
        fourth: {},
    }
    draft.day(day, trades, ACCOUNTS, flows)


def write_exchange_fees(folder: Path) -> None:
    """What the exchanges charge for the firm's products."""
    rows = [
        "SHFE,rb,2025-01-01,,0.0001,0,0.0001,0,0.0001,0",
        "DCE,m,2025-01-01,,0,1.5,0,1.5,0,0.75",
        "DCE,m_o,2025-01-01,,0,0.5,0,0.5,0,0",
        "CFFEX,IF,2025-01-01,,0.000023,0,0.000023,0,0.00023,0",
    ]
    (folder / "exchange_fees.csv").write_text("\n".join([_EXCHANGE_FEES.replace(" ", ","), *rows, ""]), encoding="utf-8")


def files(days: tuple[str, ...], folder: Path, masters: tuple[str, ...] = (*COLUMNS, "plans")) -> Path:
    """The firm's master files and some of its days."""
    firm().write(folder, masters=masters, trades=days, balances=days)
    if "branches" in masters:
        write_exchange_fees(folder)
    return folder


def closed_firm(place: Place, folder: Path) -> None:
    """Read the good firm into a migrated, empty portal and close January."""
    app = create_app(place.settings(allow_overrides=True))
    people(app)
    run(app, "import", str(files(DAYS, folder)), "--approved-by", BOSS)
    run(app, "commission", "close", "--period", CLOSED, "--prepared-by", PREPARER, "--approved-by", APPROVER, "--accept-missing")
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
