"""A firm as D files, drafted in Python: tables, plans and days, with balances that add up by themselves."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

COLUMNS = {
    "branches": "branch_no name",
    "staff": "staff_no name branch_no email phone joined_on left_on",
    "brokers": "broker_no name kind id_no phone email branch_no manager_staff_no",
    "broker_statuses": "broker_no status valid_from valid_to",
    "licences": "broker_no licence_no valid_from valid_to",
    "uplines": "broker_no upline_no valid_from valid_to",
    "agreements": "broker_no plan_code valid_from valid_to",
    "relatives": "broker_no id_no relation valid_from valid_to",
    "accounts": "account_no client_no name kind id_no phone email branch_no opened_on closed_on risk_grade birthday",
    "attributions": "account_no broker_no share state valid_from valid_to confirmed_on",
    "servicing": "account_no staff_no role valid_from valid_to",
    "adjustments": "broker_no period amount reason note",
}
TRADE = ["trade_date", "account_no", "exchange", "product", "lots", "turnover", "fee", "exchange_fee"]
BALANCE = ["trade_date", "account_no", "previous_balance", "deposit", "withdrawal", "other_in", "other_out", "realized_pnl", "mtm_pnl", "premium", "fee"]
BALANCE += ["balance", "equity", "margin", "available"]
START = "2025-01-01"
Row = dict[str, Any]


def yuan(amount: int) -> str:
    """Fen as a yuan amount of the files."""
    sign = "-" if amount < 0 else ""
    return f"{sign}{abs(amount) // 100}.{abs(amount) % 100:02d}"


class Draft:
    """A firm being written down. Money is held in fen and written in yuan."""

    def __init__(self) -> None:
        self.tables: dict[str, list[Row]] = {name: [] for name in COLUMNS}
        self.tables["branches"].append({"branch_no": "01", "name": "总部"})
        self.tables["staff"].append({"staff_no": "S001", "name": "员工1", "branch_no": "01", "email": "s1@example.com", "joined_on": START})
        self.plans: list[dict[str, Any]] = []
        self.trades: dict[str, list[Row]] = {}
        self.balances: dict[str, dict[str, Row]] = {}
        self.last: dict[str, int] = {}

    def add(self, table: str, **values: Any) -> Row:
        self.tables[table].append(values)
        return values

    def broker(self, broker_no: str, kind: str = "person", id_no: str = "", *, plain: bool = True) -> Row:
        """A broker; a plain one is active and licensed from the start."""
        row = self.add("brokers", broker_no=broker_no, name=f"居间人{broker_no}", kind=kind, id_no=id_no, branch_no="01", manager_staff_no="S001")
        if plain:
            self.add("broker_statuses", broker_no=broker_no, status="active", valid_from=START)
            self.add("licences", broker_no=broker_no, licence_no=f"F{broker_no}", valid_from=START)
        return row

    def account(self, account_no: str, id_no: str = "", kind: str = "person") -> Row:
        number = f"C{account_no}"
        return self.add(
            "accounts", account_no=account_no, client_no=number, name=f"客户{account_no}", kind=kind, id_no=id_no, branch_no="01", opened_on="2025-01-02", risk_grade="C4"
        )

    def attribute(self, account_no: str, broker_no: str, share: str, **more: str) -> Row:
        values = {"state": "confirmed", "valid_from": "2025-01-02", "confirmed_on": "2025-01-02"} | more
        return self.add("attributions", account_no=account_no, broker_no=broker_no, share=share, **values)

    def plan(self, code: str, components: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        """A plan with one version from the start; returns the version."""
        version = version_of(components, **more)
        self.plans.append({"code": code, "name": code, "versions": [version]})
        return version

    def agree(self, broker_no: str, plan_code: str, valid_from: str = START, valid_to: str = "") -> Row:
        return self.add("agreements", broker_no=broker_no, plan_code=plan_code, valid_from=valid_from, valid_to=valid_to)

    def day(self, day: str, trades: Iterable[Row], accounts: Iterable[str], flows: dict[str, Row] | None = None) -> None:
        """Settle a day: trades in fen, one balance row for each account, carried on from its last one.

        `flows` gives fen per account: any of deposit, withdrawal, other_in, other_out, realized_pnl, mtm_pnl, premium, margin, tail (equity − balance).
        """
        self.trades[day] = [dict(row) for row in trades]
        self.balances[day] = {}
        for account in accounts:
            row = {"previous_balance": self.last.get(account, 10_000_000), **(flows or {}).get(account, {})}
            self.balances[day][account] = row
            self.settle(day, account)
            self.last[account] = row["balance"]

    def settle(self, day: str, account: str) -> None:
        """Make a balance row add up with the day's trades."""
        row = self.balances[day][account]
        row["fee"] = sum(trade["fee"] for trade in self.trades[day] if trade["account_no"] == account)
        row["balance"] = (
            row["previous_balance"]
            - row["fee"]
            + sum(
                sign * row.get(name, 0)
                for name, sign in (("deposit", 1), ("withdrawal", -1), ("other_in", 1), ("other_out", -1), ("realized_pnl", 1), ("mtm_pnl", 1), ("premium", 1))
            )
        )
        row["equity"] = row["balance"] + row.get("tail", 0)
        row["available"] = row["equity"] - row.get("margin", 0)

    def write(self, folder: Path, *, masters: Iterable[str] = (*COLUMNS, "plans"), trades: Iterable[str] | None = None, balances: Iterable[str] | None = None) -> Path:
        """Write the files; by default all of them."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in masters:
            if name == "plans":
                (folder / "plans.json").write_text(json.dumps(self.plans, ensure_ascii=False, indent=1), encoding="utf-8")
            else:
                _write(folder / f"{name}.csv", COLUMNS[name].split(), self.tables[name])
        for day in self.trades if trades is None else trades:
            rows = [{"trade_date": day, **row} for row in self.trades[day]]
            _write(folder / f"trades-{day}.csv", TRADE, [_in_yuan(row, ("turnover", "fee", "exchange_fee")) for row in rows])
        for day in self.balances if balances is None else balances:
            full = [{"trade_date": day, "account_no": account} | {name: row.get(name, 0) for name in BALANCE[2:]} for account, row in self.balances[day].items()]
            _write(folder / f"balances-{day}.csv", BALANCE, [_in_yuan(row, BALANCE[2:]) for row in full])
        return folder


def version_of(components: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """A plan version, from the start and open unless told otherwise."""
    plain = {"valid_from": START, "valid_to": "", "deductions": [], "components": components, "overrides": [], "cap": None, "guarantee": None, "reserve": None}
    assert set(more) <= set(plain), more
    return plain | more


def trade(account_no: str, product: str, fee: int, exchange_fee: int, lots: int = 1, turnover: int = 3_200_000) -> Row:
    """A trade row in fen; the product as EXCHANGE.product."""
    exchange, name = product.split(".")
    return {"account_no": account_no, "exchange": exchange, "product": name, "lots": lots, "turnover": turnover, "fee": fee, "exchange_fee": exchange_fee}


def _in_yuan(row: Row, names: Iterable[str]) -> Row:
    return row | {name: yuan(row[name]) for name in names}


def _write(path: Path, columns: list[str], rows: list[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
