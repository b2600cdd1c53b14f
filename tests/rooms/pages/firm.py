"""A firm of two branches, two brokers and two accounts with one closed month; the first of each is one's own, the second another's."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from models import db
from portal.commission.month import quiet
from portal.jobs.refresh import refresh
from tests import make, remembered
from tests.oracle import product
from tests.oracle.notation import Draft, trade

DAY = "2026-03-02"
PERIOD = DAY[:7]
ACCOUNTS = {"own": "10001", "foreign": "10002", "missing": "99999"}
BROKERS = {"own": "B001", "foreign": "B002", "missing": "B999"}
NUMBERS = {"broker_no": "B001", "client_no": "C10001", "staff_no": "S001", "branch_no": "01"}
"""What a person is bound to, so that the first of each is his own."""


def settle_in(app: Flask, folder: Path, begins: str = "") -> None:
    """Import the firm and close its month; names begin with `begins`."""
    remembered.begin(app, folder, _settle_in, begins)


def _settle_in(app: Flask, folder: Path, begins: str) -> None:
    draft = Draft()
    draft.add("branches", branch_no="02", name="营业部2")
    draft.plan("HALF", [{"kind": "retained_fee", "rate": "0.5"}])
    for broker, account, branch in (("B001", "10001", "01"), ("B002", "10002", "02")):
        draft.broker(broker).update(branch_no=branch, name=f"{begins}居间人{broker}")
        draft.account(account).update(branch_no=branch, name=f"{begins}客户{account}", phone=f"199{account}001", id_no=f"9900001970010{account}")
        draft.agree(broker, "HALF")
        draft.attribute(account, broker, "100")
    draft.add("servicing", account_no="10001", staff_no="S001", role="servicer", valid_from="2025-01-02")
    draft.day(DAY, [trade(account, "SHFE.rb", 10_000, 4_000) for account in ("10001", "10002")], ["10001", "10002"])
    product.people(app)
    product.import_folder(app, str(draft.write(folder)))
    product.close(app, PERIOD)


def settle_into_april(app: Flask, folder: Path, traded: bool = False) -> None:
    """The same firm a month on: March is closed and paid B001 for 10001 and B002 for 10002; April is open, with one settled day (on which
    both traded, where `traded` says so) and a preview."""
    remembered.begin(app, folder, _settle_into_april, traded)


def _settle_into_april(app: Flask, folder: Path, traded: bool) -> None:
    settle_in(app, folder)
    trades = [(number, "SHFE", "rb", "1", "40000.00", "100.00", "40.00") for number in ("10001", "10002")] if traded else ()
    with app.app_context():
        make.accepted(make.day(folder / "april", "2026-04-01", {"10001": ("99900.00", "1.00"), "10002": ("99900.00", "0.00")}, trades))
        refresh(quiet)
        db.session.remove()
