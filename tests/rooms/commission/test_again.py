"""A preview brought up to date after corrected days shows the books that computing the whole month would show, byte by byte."""

from __future__ import annotations

import dataclasses
import os
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from models import db
from models.commission import BrokerDay, CommissionRun, RunStatement, RunTier
from models.values.calendar import Month
from portal import create_app
from portal.commission import runs
from portal.commission.again import Change
from portal.commission.compute import Computed
from portal.commission.export import write_books
from portal.settings import Settings
from portal.transaction import lock_months, transaction
from tests.oracle import product
from tests.oracle.corrections import Changed, trades_and_balances, trades_only
from tests.oracle.firms import random_draft, random_trade
from tests.oracle.notation import Draft, trade

NOW = datetime(2026, 7, 1, tzinfo=UTC)
FIRST = int(os.environ.get("PORTAL_TEST_FIRST_FIRM", "0"))
SEEDS = range(FIRST, FIRST + int(os.environ.get("PORTAL_TEST_FIRMS", "12")))
MARCH = Month.parse("2026-03")
DAYS = ["2026-03-02", "2026-03-03", "2026-03-04"]


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """A portal whose rule set allows overrides."""
    made = create_app(dataclasses.replace(settings, allow_overrides=True))
    product.people(made)
    yield made
    with made.app_context():
        db.session.remove()
        db.engine.dispose()


def keep(computed: Computed | Change) -> CommissionRun:
    """What a door does with what was computed."""
    with transaction():
        lock_months()
        return runs.store_run(computed, NOW, overrides_allowed=True)


def shown(run: CommissionRun, folder: Path) -> dict[str, Any]:
    """Everything that a run shows: its files, and its statements, tiers and days as rows."""
    db.session.expire_all()
    books: dict[str, Any] = {path.name: path.read_bytes() for path in write_books(run, folder)}
    for model in (RunStatement, RunTier, BrokerDay):
        columns = [column for column in model.__table__.columns if column.name != "run_id"]
        books[model.__tablename__] = sorted(map(tuple, db.session.execute(select(*columns).where(model.run_id == run.id))), key=repr)
    return books | {"lines": run.lines, "days": run.settled_days}


def as_if_whole(period: Month, folder: Path) -> dict[str, Any]:
    """What computing the whole month shows; nothing of it is kept."""
    run = runs.store_run(runs.compute_whole(period), NOW, overrides_allowed=True)
    books = shown(run, folder)
    db.session.rollback()
    return books


def brought_up_to_date(period: Month, folder: Path) -> bool:
    """Bring the month up to date and compare; whether that was done by what changed alone."""
    found = runs.compute_now(period)
    run = keep(found)
    run = db.session.merge(run)
    assert runs.fresh_run(period) is not None
    assert shown(run, folder / "again") == as_if_whole(period, folder / "whole")
    return isinstance(found, Change)


def vanish(dice: random.Random, draft: Draft, past: list[str], changed: Changed) -> None:
    """An account's row of its last day was a mistake."""
    account = dice.choice(draft.tables["accounts"])["account_no"]
    on = [day for day in draft.balances if account in draft.balances[day]]
    if on and on[-1] in past and len(draft.balances[on[-1]]) > 1:
        del draft.balances[on[-1]][account]
        draft.trades[on[-1]] = [row for row in draft.trades[on[-1]] if row["account_no"] != account]
        changed.trades.add(on[-1])
        changed.balances.add(on[-1])


def appear(dice: random.Random, draft: Draft, past: list[str], changed: Changed) -> None:
    """An account was missing on the last day."""
    day = list(draft.balances)[-1]
    missing = [row["account_no"] for row in draft.tables["accounts"] if row["account_no"] not in draft.balances[day]]
    if missing and day in past:
        account = dice.choice(missing)
        draft.trades[day].append(random_trade(dice, account, "SHFE.rb"))
        draft.balances[day][account] = {"previous_balance": ([rows[account]["balance"] for rows in draft.balances.values() if account in rows] or [10_000_000])[-1]}
        draft.settle(day, account)
        changed.trades.add(day)
        changed.balances.add(day)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_firms_show_the_same_books(seed: int, app: Flask, tmp_path: Path) -> None:
    dice = random.Random(f"again {seed}")
    draft, used = random_draft(dice, tmp_path, dice.choice(["small", "small", "large"]))
    month = next(iter(used))
    for day in [day for later in list(used)[1:] for day in used[later]]:
        del draft.trades[day], draft.balances[day]
    draft.tables["adjustments"] = [row for row in draft.tables["adjustments"] if row["period"] == month]
    product.import_folder(app, str(draft.write(tmp_path / "firm")))
    with app.app_context():
        keep(runs.compute_now(Month.parse(month)))
    ways = [trades_only, trades_and_balances, trades_and_balances, vanish, appear]
    for round_ in range(4):
        changed = Changed()
        for way in dice.choices(ways, k=dice.randint(1, 3)):
            way(dice, draft, used[month], changed)
        if not changed.trades | changed.balances:
            continue
        later = draft.write(tmp_path / f"later{round_}", masters=(), trades=sorted(changed.trades), balances=sorted(changed.balances))
        product.import_folder(app, str(later))
        with app.app_context():
            brought_up_to_date(Month.parse(month), tmp_path / f"books{round_}")


Component = dict[str, Any]
Fees = list[int]


def tiers(measure: str, mode: str, *steps: tuple[str, str]) -> Component:
    return {"kind": "retained_fee", "tiers": {"measure": measure, "mode": mode, "steps": [list(step) for step in steps]}}


def firm(plan: Component, fees: Fees, **more: Any) -> Draft:
    """Three days of account 10001 (B002 70 %, B003 20 %) and 10002 (B002), B001 stands above B002; what B002 gets is the plan's."""
    draft = Draft()
    for number in ("B001", "B002", "B003"):
        draft.broker(number)
    draft.plan("UP", [{"kind": "retained_fee", "rate": "0.5"}], overrides=[{"level": 1, "rate": "0.1"}])
    draft.plan("P", [plan, {"kind": "per_lot", "rates": {"*": "0.5"}}], **more)
    for number, code in (("B001", "UP"), ("B002", "P"), ("B003", "P")):
        draft.agree(number, code)
    draft.add("uplines", broker_no="B002", upline_no="B001", valid_from="2025-01-01")
    for number in ("10001", "10002"):
        draft.account(number)
    draft.attribute("10001", "B002", "70")
    draft.attribute("10001", "B003", "20")
    draft.attribute("10002", "B002", "100")
    for day, fee in zip(DAYS, fees, strict=True):
        draft.day(day, [trade("10001", "SHFE.rb", fee, 0, 3, 100_000), trade("10002", "DCE.i", 50_001, 1, 1, 100_000)], ["10001", "10002"])
    return draft


def edit(fee: int) -> Callable[[Draft], None]:
    """The first day's fee of account 10001 was another one."""

    def done(draft: Draft) -> None:
        row, balance = draft.trades[DAYS[0]][0], draft.balances[DAYS[0]]["10001"]
        balance["realized_pnl"] = balance.get("realized_pnl", 0) + fee - row["fee"]
        row["fee"] = fee
        draft.settle(DAYS[0], "10001")

    return done


def poorer(draft: Draft) -> None:
    """The first day's equity of account 10001 was 900,000 yuan less than its balance."""
    draft.balances[DAYS[0]]["10001"]["tail"] = -9_000_000
    draft.settle(DAYS[0], "10001")


CASES: dict[str, tuple[Component, dict[str, Any], Callable[[Draft], None]]] = {
    "a flat rate": ({"kind": "retained_fee", "rate": "0.5"}, {}, edit(200_000)),
    "a tier reached": (tiers("retained_fee", "whole", ("0", "0.3"), ("4000", "0.5")), {}, edit(300_000)),
    "a tier lost": (tiers("retained_fee", "whole", ("0", "0.3"), ("3000", "0.5")), {}, edit(10_000)),
    "below the first tier": (tiers("retained_fee", "whole", ("3000", "0.5")), {}, edit(10_000)),
    "over the first tier": (tiers("retained_fee", "whole", ("4000", "0.5")), {}, edit(300_000)),
    "a measure that comes to less than nothing": (tiers("retained_fee", "whole", ("0", "0.5")), {}, edit(-900_000)),
    "marginal": (tiers("retained_fee", "marginal", ("0", "0.3"), ("3000", "0.55555555")), {}, edit(123_457)),
    "marginal below the first tier": (tiers("retained_fee", "marginal", ("3000", "0.5")), {}, edit(10_000)),
    "average equity": (tiers("average_equity", "whole", ("0", "0.3"), ("150000", "0.5")), {}, poorer),
    "lots": (tiers("lots", "whole", ("0", "0.3"), ("9", "0.5")), {}, edit(1)),
    "a cap reached": ({"kind": "retained_fee", "rate": "0.5"}, {"cap": "1800"}, edit(300_000)),
    "a guarantee left": ({"kind": "retained_fee", "rate": "0.5"}, {"guarantee": "1800"}, edit(300_000)),
    "a reserve": ({"kind": "retained_fee", "rate": "0.5"}, {"reserve": {"rate": "0.1", "months": "2"}}, edit(300_000)),
}


@pytest.mark.parametrize("case", CASES)
def test_what_may_turn_shows_the_same_books(case: str, app: Flask, tmp_path: Path) -> None:
    plan, more, correct = CASES[case]
    draft = firm(plan, [100_000, 120_000, 130_001], **more)
    product.import_folder(app, str(draft.write(tmp_path / "firm")))
    with app.app_context():
        before = shown(keep(runs.compute_now(MARCH)), tmp_path / "before")
    correct(draft)
    product.import_folder(app, str(draft.write(tmp_path / "later", masters=(), trades=DAYS[:1], balances=DAYS[:1])))
    with app.app_context():
        assert brought_up_to_date(MARCH, tmp_path / "books")
        run = runs.fresh_run(MARCH)
        assert run is not None
        assert shown(run, tmp_path / "after") != before
