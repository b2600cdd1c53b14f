"""A broker's desk without a browser: the calculator tells what really would come, and nothing of another broker shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from models import db
from models.clients import Account
from models.commission import CommissionRun, RunStatement
from models.identity import Role
from models.partners import Broker
from models.values.calendar import Month
from portal.audit.recordings import last_recording_id
from portal.commission import queries
from portal.commission.bridge import bridge
from portal.commission.bridge_facts import side_of
from portal.commission.load import Part, load_month
from portal.commission.month import quiet
from portal.commission.vocabulary import Reason
from portal.commission.what_if import More, Outcome, held_in_memory, what_if
from portal.jobs.refresh import refresh
from tests import make, remembered
from tests.oracle import product
from tests.oracle.notation import Draft, trade
from tests.people import seat, someone

MARCH = ("2026-03-02", "2026-03-03", "2026-03-04")
MARGINAL = {"kind": "retained_fee", "tiers": {"measure": "retained_fee", "mode": "marginal", "steps": [["0", "0.40"], ["100", "0.50"], ["1000", "0.60"]]}}
WHOLE = {"kind": "retained_fee", "tiers": {"measure": "lots", "mode": "whole", "steps": [["5", "0.30"], ["50", "0.45"]]}}
PER_LOT = {"kind": "per_lot", "rates": {"rb": "0.30", "SHFE.au": "2.00"}}
PLANS: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "marginal": ([MARGINAL], {"deductions": [{"name": "VAT", "rate": "0.0672"}]}),
    "whole": ([WHOLE], {}),
    "per_lot": ([PER_LOT], {"guarantee": "10.00", "cap": "20.00"}),
    "turnover and equity": ([{"kind": "turnover", "rate": "0.000003"}, {"kind": "equity", "annual_rate": "0.01", "day_count": "244"}], {}),
}


def firm(components: list[dict[str, Any]], more: dict[str, Any], extra: tuple[Any, ...] = ()) -> Draft:
    """Two brokers who share an account; three days of March, the last of them with further trades."""
    draft = Draft()
    draft.plan("P", components, **more)
    for broker in ("B001", "B002"):
        draft.broker(broker)
        draft.agree(broker, "P")
    for account in ("10001", "10002", "10003"):
        draft.account(account)
    draft.attribute("10001", "B001", "70")
    draft.attribute("10001", "B002", "20")
    draft.attribute("10002", "B001", "100")
    draft.attribute("10003", "B001", "100", state="pending", confirmed_on="")
    for day in MARCH:
        trades = [trade("10001", "SHFE.rb", 8_235, 4_112, lots=3), trade("10002", "DCE.m", 4_000, 1_000, lots=2), trade("10003", "SHFE.rb", 5_000, 1_000, lots=9)]
        draft.day(day, [*trades, *(extra if day == MARCH[-1] else ())], ["10001", "10002", "10003"])
    return draft


def computed(app: Flask, folder: Path, draft: Draft) -> None:
    """Bring a firm in and preview its month."""
    product.people(app)
    product.import_folder(app, str(draft.write(folder)))
    with app.app_context():
        refresh(quiet)
        db.session.remove()


def totals(app: Flask) -> tuple[int, int]:
    """What B001's March earned, and its cap or guarantee."""
    with app.app_context():
        row = db.session.execute(select(RunStatement).join(Broker, Broker.id == RunStatement.broker_id).where(Broker.broker_no == "B001")).scalar_one()
        found = row.earned, row.cap_or_guarantee
        db.session.remove()
    return found


def imagined(app: Flask, account_no: str, exchange: str, name: str, lots: int, turnover: int, fee: int, exchange_fee: int) -> Outcome:
    """What the calculator says of trades on the last day."""
    with app.app_context():
        accounts = {row.account_no: row.id for row in db.session.execute(select(Account.account_no, Account.id))}
        broker_id = db.session.execute(select(Broker.id).where(Broker.broker_no == "B001")).scalar_one()
        facts = held_in_memory(load_month(Month(2026, 3), last_recording_id(), Part(sorted(accounts.values()), None, frozenset({broker_id}))))
        me = facts.brokers.filter(facts.brokers["broker_id"] == broker_id)["b"].item()
        outcome = what_if(facts, me, More(date.fromisoformat(MARCH[-1]), accounts[account_no], exchange, name, lots, turnover, fee, exchange_fee))
        db.session.remove()
    return outcome


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize(
    ("account", "product_name", "lots", "fee", "exchange_fee"),
    [("10001", "SHFE.rb", 100, 250_000, 130_000), ("10002", "SHFE.au", 40, 40_001, 9_999), ("10003", "SHFE.rb", 7, 7_000, 100)],
)
def test_the_calculator_says_what_the_engine_gives_once_the_trades_are_real(
    app: Flask, tmp_path: Path, plan: str, account: str, product_name: str, lots: int, fee: int, exchange_fee: int
) -> None:
    components, more = PLANS[plan]
    exchange, name = product_name.split(".")
    computed(app, tmp_path / "before", firm(components, more))
    earned, level = totals(app)
    turnover = 3_000_000 * lots
    outcome = imagined(app, account, exchange, name, lots, turnover, fee, exchange_fee)
    assert (outcome.before.earned, outcome.before.level) == (earned, level)
    real = firm(components, more)
    on_the_day = next((row for row in real.trades[MARCH[-1]] if row["account_no"] == account and f"{row['exchange']}.{row['product']}" == product_name), None)
    if on_the_day is None:
        real.trades[MARCH[-1]].append(trade(account, product_name, fee, exchange_fee, lots, turnover))
    else:
        on_the_day.update({key: on_the_day[key] + value for key, value in (("fee", fee), ("exchange_fee", exchange_fee), ("lots", lots), ("turnover", turnover))})
    # The fee is taken as already in the balance, so that the equity is the one that the calculator keeps.
    real.balances[MARCH[-1]][account]["realized_pnl"] = fee
    real.settle(MARCH[-1], account)
    with app.app_context():
        make.accepted(real.write(tmp_path / "after", masters=[], trades=[MARCH[-1]], balances=[MARCH[-1]]))
        refresh(quiet)
        db.session.remove()
    with app.app_context():
        newest = db.session.execute(select(CommissionRun.id).order_by(CommissionRun.id.desc())).scalars().first()
        row = db.session.execute(
            select(RunStatement).join(Broker, Broker.id == RunStatement.broker_id).where(Broker.broker_no == "B001", RunStatement.run_id == newest)
        ).scalar_one()
        assert (outcome.after.earned, outcome.after.level) == (row.earned, row.cap_or_guarantee)
        db.session.remove()
    assert outcome.own + outcome.elsewhere == outcome.after.earned - outcome.before.earned
    if account == "10003":
        assert outcome.reasons == (Reason.attribution_pending,) or plan == "per_lot"
        assert outcome.gained == 0 or plan == "turnover and equity"


def test_a_step_that_flips_is_named(app: Flask, tmp_path: Path) -> None:
    computed(app, tmp_path, firm(*PLANS["whole"]))
    outcome = imagined(app, "10002", "DCE", "m", 100, 100, 5_000, 1_000)
    assert len(outcome.flips) == 1
    assert outcome.elsewhere > 0
    assert imagined(app, "10002", "DCE", "m", 1, 100, 5_000, 1_000).flips == ()


@pytest.fixture
def desk(app: Flask, tmp_path: Path) -> FlaskClient:
    """B001's browser at a firm with a closed February and an open March."""
    remembered.begin(app, tmp_path / "files", _settle_in)
    return seat(app, someone(app, Role.BROKER, broker_no="B001"))


def _settle_in(app: Flask, folder: Path) -> None:
    draft = firm(*PLANS["marginal"])
    draft.attribute("10004", "B001", "100", valid_to="2026-03-03")
    draft.attribute("10004", "B002", "100", valid_from="2026-03-03", confirmed_on="2026-03-03")
    draft.account("10004")
    computed(app, folder, draft)


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/clients",
        "/clients?format=csv",
        "/clients/10001",
        "/clients/10001?format=csv",
        "/brokers/B001/months/2026-03",
        "/brokers/B001/terms",
        "/brokers/B001/what-if?account=10001&product=SHFE.rb&lots=5",
        "/commission/explain?period=2026-03&broker=B001&account=10001&date=2026-03-02&exchange=SHFE&product=rb",
        "/disputes/new?period=2026-03&broker=B001&account=10001&date=2026-03-02&exchange=SHFE&product=rb&kind=retained_fee",
    ],
)
def test_nothing_of_another_broker_shows(desk: FlaskClient, address: str) -> None:
    answer = desk.get(address)
    assert answer.status_code == 200, answer.text
    assert "B002" not in answer.text
    assert "20 %" not in answer.text, "the other's share"
    assert "10004" not in answer.text or address == "/", "an account that went to another broker"


def test_control_the_firm_sees_both_shares(app: Flask, desk: FlaskClient) -> None:
    finance = seat(app, someone(app, Role.FINANCE))
    page = finance.get("/commission/explain?period=2026-03&broker=B001&account=10001&date=2026-03-02&exchange=SHFE&product=rb").text
    assert "B002 20 %" in page


@pytest.mark.usefixtures("desk")
def test_a_bridge_starts_and_ends_at_the_statements(app: Flask) -> None:
    with app.app_context():
        broker = db.session.execute(select(Broker).where(Broker.broker_no == "B001")).scalar_one()
        run = queries.run_of("2026-03")
        side = side_of(run, broker)
        statement = db.session.get(RunStatement, (run.id, broker.id))
        assert statement is not None
        assert side.earned == statement.earned
        same = bridge(side, side)
        assert (same.before, same.after) == (side.total, side.total)
        db.session.remove()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("account=10001&product=SHFE.rb&lots=none", "is no number of lots"),
        ("account=10001&product=SHFE.rb&lots=-5", "is no number of lots"),
        ("account=10001&product=SHFE.rb&lots=99999999", "is no number of lots"),
        ("account=99999&product=SHFE.rb&lots=5", "choose one of the clients"),
        ("account=10001&product=rb&lots=5", "choose one of the products"),
        ("account=10001&product=SHFE.rb&lots=5&fee=x&exchange_fee=1&turnover=1", "is no amount in yuan per lot"),
    ],
)
def test_a_calculator_that_cannot_reckon_says_why(desk: FlaskClient, query: str, said: str) -> None:
    page = desk.get(f"/brokers/B001/what-if?{query}")
    assert page.status_code == 200
    assert said in page.text


def test_nothing_is_kept_of_a_what_if(app: Flask, desk: FlaskClient) -> None:
    with app.app_context():
        before = last_recording_id(), db.session.execute(select(CommissionRun.id)).scalars().all()
        db.session.remove()
    assert "It would be" in desk.get("/brokers/B001/what-if?account=10001&product=SHFE.rb&lots=500").text
    with app.app_context():
        assert (last_recording_id(), db.session.execute(select(CommissionRun.id)).scalars().all()) == before
        db.session.remove()


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """The queries that are asked meanwhile."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("address", ["/clients", "/disputes"])
def test_lists_ask_as_often_at_one_row_as_at_many(app: Flask, tmp_path: Path, address: str) -> None:
    found = []
    for place, number in enumerate((1, 30)):
        draft = firm(*PLANS["marginal"])
        for account in range(number):
            draft.account(f"2{account:04d}")
            draft.attribute(f"2{account:04d}", "B001", "100")
        if not place:
            product.people(app)
        with app.app_context():
            make.imported(draft.write(tmp_path / str(number)))
            refresh(quiet)
            db.session.remove()
        client = seat(app, someone(app, Role.BROKER, broker_no="B001"))
        client.get(address)
        with counted(app) as asked:
            assert client.get(address).status_code == 200
        found.append(len(asked))
    assert found[0] == found[1]
    assert found[0] <= 12, "\n".join(asked)
