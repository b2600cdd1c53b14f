"""Small firms for tests: plain functions that write the portal's own files into a folder, with sensible defaults."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from flask import Flask

from models import db
from models.values.money import parse_yuan, yuan
from portal.actors import TERMINAL, Actor
from portal.imports.receive import receive
from portal.imports.recognise import recognise
from portal.imports.run import Options, Outcome, run_import
from portal.keys import keyring
from portal.refusals import Finding, Findings
from tests import remembered

COLUMNS = {
    "branches": "branch_no,name",
    "staff": "staff_no,name,branch_no,email,phone,joined_on,left_on",
    "brokers": "broker_no,name,kind,id_no,phone,email,branch_no,manager_staff_no",
    "broker_statuses": "broker_no,status,valid_from,valid_to",
    "licences": "broker_no,licence_no,valid_from,valid_to",
    "uplines": "broker_no,upline_no,valid_from,valid_to",
    "agreements": "broker_no,plan_code,valid_from,valid_to",
    "relatives": "broker_no,id_no,relation,valid_from,valid_to",
    "accounts": "account_no,client_no,name,kind,id_no,phone,email,branch_no,opened_on,closed_on,risk_grade,birthday",
    "attributions": "account_no,broker_no,share,state,valid_from,valid_to,confirmed_on",
    "servicing": "account_no,staff_no,role,valid_from,valid_to",
    "contacts": "account_no,staff_no,at,channel,outcome,note",
    "adjustments": "broker_no,period,amount,reason,note",
    "exchange_fees": "exchange,product,valid_from,valid_to,open_by_money,open_by_lot,close_by_money,close_by_lot,close_today_by_money,close_today_by_lot",
}
BALANCE = "trade_date,account_no,previous_balance,deposit,withdrawal,other_in,other_out,realized_pnl,mtm_pnl,premium,fee,balance,equity,margin,available"
TRADE = "trade_date,account_no,exchange,product,lots,turnover,fee,exchange_fee"

PLAN = {"code": "HALF", "name": "Half", "versions": [{"valid_from": "2025-01-01", "valid_to": "", "components": [{"kind": "retained_fee", "rate": "0.5"}]}]}


def write(folder: Path, name: str, rows: Iterable[str], header: str = "") -> Path:
    """Write one file of the portal's own CSV; its header is that of its kind."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.csv"
    path.write_text("\n".join([header or COLUMNS[name], *rows, ""]), encoding="utf-8")
    return path


def plans(folder: Path, content: Any = None) -> Path:
    """Write plans.json."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "plans.json"
    path.write_text(json.dumps([PLAN] if content is None else content), encoding="utf-8")
    return path


def firm(folder: Path, accounts: Iterable[str] = ("10001", "10002"), brokers: Iterable[str] = ("B001", "B002")) -> Path:
    """A firm's master files: one branch, one staff member, active licensed brokers on one plan, each account with the first broker at 100 %."""
    accounts, brokers = list(accounts), list(brokers)
    write(folder, "branches", ["01,Head office"])
    write(folder, "staff", ["S001,Staff,01,s@example.com,19900000001,2024-01-01,"])
    write(folder, "brokers", [f"{no},Broker {no},person,9900001980010{no[1:]}X,1991000{no[1:]}0,b@example.com,01,S001" for no in brokers])
    write(folder, "broker_statuses", [f"{no},active,2025-01-01," for no in brokers])
    write(folder, "licences", [f"{no},F{no},2025-01-01," for no in brokers])
    write(folder, "uplines", [])
    write(folder, "relatives", [])
    write(folder, "accounts", [f"{no},C{no},Client {no},person,9900001970{no},19920000001,c@example.com,01,2025-01-02,,C4,1970-01-01" for no in accounts])
    write(folder, "servicing", [f"{no},S001,originator,2025-01-02," for no in accounts])
    plans(folder)
    write(folder, "agreements", [f"{no},HALF,2025-01-01," for no in brokers])
    write(folder, "attributions", [f"{no},{brokers[0]},100,confirmed,2025-01-02,,2025-01-02" for no in accounts])
    return folder


def settled(app: Flask, folder: Path, *brokers: str) -> None:
    """Give a new portal the firm of `firm`, as the terminal reads it in; its files stay in the folder."""
    remembered.begin(app, folder, _settled, *brokers)


def _settled(app: Flask, folder: Path, *brokers: str) -> None:
    with app.app_context():
        accepted(firm(folder, brokers=brokers or ("B001", "B002")))
        db.session.remove()


def day(folder: Path, on: str, accounts: Mapping[str, tuple[str, str]], trades: Iterable[tuple[str, ...]] = ()) -> Path:
    """A settled day: account → (previous balance, mark-to-market profit), trades (account, exchange, product, lots, turnover, fee, exchange fee)."""
    rows = [list(trade) for trade in trades]
    balances = []
    for account, (previous, profit) in accounts.items():
        fee = sum(parse_yuan(row[5]) for row in rows if row[0] == account)
        balance = parse_yuan(previous) + parse_yuan(profit) - fee
        balances.append(f"{on},{account},{previous},0.00,0.00,0.00,0.00,0.00,{profit},0.00,{yuan(fee)},{yuan(balance)},{yuan(balance)},0.00,{yuan(balance)}")
    write(folder, f"balances-{on}", balances, BALANCE)
    write(folder, f"trades-{on}", [",".join([on, *row]) for row in rows], TRADE)
    return folder


def edit(path: Path, old: str, new: str) -> Path:
    """Replace text in a file; it must be there."""
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {path.name}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def imported(*paths: Path, actor: Actor = TERMINAL, **options: Any) -> Outcome:
    """Import paths as the terminal does, inside an application context."""
    findings = Findings()
    handed = receive(list(paths), lambda file: recognise(file) is not None, findings)
    return run_import(handed, actor=actor, options=Options(keyring=keyring(), **options), findings=findings)


def accepted(*paths: Path, **options: Any) -> Outcome:
    """Import paths that must go in without a refusal."""
    outcome = imported(*paths, **options)
    assert outcome.findings.refused == 0, [refusal for refusal in outcome.findings.listed if refusal.severity == "refusal"]
    return outcome


def found(outcome: Outcome, code: str) -> Finding:
    """The one finding of a code."""
    listed = [item for item in outcome.findings.listed if item.code == code]
    assert len(listed) == 1, [(item.code, item.file, item.line, item.field, item.found) for item in outcome.findings.listed]
    return listed[0]


def codes(outcome: Outcome) -> list[str]:
    """The codes of all findings."""
    return [item.code for item in outcome.findings.listed]
