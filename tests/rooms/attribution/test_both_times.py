"""The firm on (D, K) against a second reading of every row, on random firms with their corrections; and what two states of knowledge
pay differently against the corrections that closes really posted."""

from __future__ import annotations

import dataclasses
import os
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from flask import Flask
from sqlalchemy import select

from models import db
from models.attribution import Attribution
from models.commission import CommissionRun, MonthClose, SegmentRole
from models.settlement import SettlementDay
from models.values.calendar import Month
from portal import create_app
from portal.attribution import history, known
from portal.audit.recordings import last_recording_id
from portal.commission import holdings as firm_holdings
from portal.commission import store
from portal.commission.holdings import firm, holdings
from portal.commission.moved import moved
from portal.settings import Settings
from portal.settlement.facts import settled_days
from tests.oracle import product
from tests.oracle.firms import events, random_firm
from tests.rooms.attribution.reread import Books, Owner

FIRST = int(os.environ.get("PORTAL_TEST_FIRST_FIRM", "0"))
SEEDS = range(FIRST, FIRST + int(os.environ.get("PORTAL_TEST_FIRMS", "6")))


@pytest.fixture
def firm_app(settings: Settings) -> Flask:
    """A portal whose rule set allows overrides."""
    app = create_app(dataclasses.replace(settings, allow_overrides=True))
    product.people(app)
    return app


def told(app: Flask, seed: int, folder: Path) -> None:
    """A random firm with its corrections and closes."""
    for what, value in events(random_firm(seed, folder)):
        (product.import_folder if what == "import" else product.close)(app, value)


def times() -> list[tuple[date, int]]:
    """Days and recordings to travel to: every recording that changed an attribution and its neighbours, some days of every kind."""
    days = sorted(set(db.session.scalars(select(SettlementDay.trade_date))))
    edges = {day for row in db.session.scalars(select(Attribution)) for day in (row.valid_from, row.valid_to - timedelta(days=1), row.confirmed_on) if day and day.year == 2026}
    steps = sorted({*db.session.scalars(select(Attribution.recording_id)), last_recording_id()})
    numbers = sorted({number for step in steps for number in (step - 1, step)})
    chosen = sorted({*days[:: max(1, len(days) // 5)], *sorted(edges)[:: max(1, len(edges) // 5)]})
    return [(day, number) for day in chosen for number in numbers]


def differences(books: Books) -> list[str]:
    """Where the product's state and the second reading part."""
    found = []
    for day, number in times():
        held = holdings(day, firm(number))
        named = dict(held.accounts.select("account_id", "account_no").iter_rows())
        rows = held.rows.select("account_id", "broker_no", "share", "state", "part").iter_rows()
        product_says = {Owner(named.get(account, "?"), *rest) for account, *rest in rows}
        expected = books.owners(day, number)
        if product_says != expected:
            found.append(f"{day} as known at {number}: {sorted(map(str, product_says ^ expected))[:4]}")
        totals = held.totals()
        if sum(totals[name][1] for name in ("confirmed", "pending", "suspended", "house", "uncovered")) != totals["all"][1]:
            found.append(f"{day} as known at {number}: the parts do not add up to the day")
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_the_state_is_what_every_row_says(seed: int, firm_app: Flask, tmp_path: Path) -> None:
    told(firm_app, seed, tmp_path)
    with firm_app.app_context():
        books = Books()
        assert not differences(books)
        for account in books.accounts:
            steps = history.history(account)
            for day, number in times():
                believed = history.at(steps, number)
                claims = [(claim.broker_no, claim.share, claim.state_on(day)) for claim in (believed.on(day) if believed else ())]
                assert sorted(claims, key=lambda claim: claim[0].encode()) == books.claims(account, day, number)
        db.session.remove()
        db.engine.dispose()


def test_control_a_wrong_comparison_is_caught(firm_app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each planted fault is one sign: a confirmation that counts a day late, a span that includes its end."""
    told(firm_app, 0, tmp_path)
    late = pl.when((pl.col("state") == "confirmed") & (pl.col("confirmed_on") >= pl.col("confirmed_on"))).then(pl.lit("pending")).otherwise(pl.col("state"))
    rows, holding = known.known_rows, known.holding
    with firm_app.app_context():
        books = Books()
        with monkeypatch.context() as planted:
            planted.setattr(known, "state_on", lambda day: late)
            assert differences(books)
        with monkeypatch.context() as planted:
            planted.setattr(known, "holding", lambda told, first, last: holding(told, first - timedelta(days=1), last))
            assert differences(books)
        with monkeypatch.context() as planted:
            planted.setattr(firm_holdings, "known_rows", lambda number: rows(last_recording_id()))
            assert differences(books)
        assert not differences(books)
        db.session.remove()
        db.engine.dispose()


def posted(run_id: int, origin: str) -> dict[tuple[int | None, int, date | None], int]:
    """What a close posted as corrections of a month: fen by account, broker and day."""
    lines = store.read_lines(run_id, SegmentRole.CORRECTIONS).filter(pl.col("origin") == origin)
    sums: dict[tuple[int | None, int, date | None], int] = defaultdict(int)
    for account, broker, day, amount in lines.select("account_id", "broker_id", "trade_date", "amount").iter_rows():
        sums[account, broker, day] += amount
    return sums


def compared(table: pl.DataFrame, sums: dict[tuple[int | None, int, date | None], int]) -> list[str]:
    """Where a list of differences and posted corrections part, row by row; every correction must stand in one row."""
    found, left = [], dict(sums)
    for account, first, last, cause, broker, amount in table.select("account_id", "first_day", "last_day", "cause", "broker_id", "amount").iter_rows():
        mine = [key for key in left if key[0] == account and key[1] == broker and (cause == "rounding" or (key[2] and first <= key[2] <= last))]
        total = sum(left.pop(key) for key in mine)
        if total != amount:
            found.append(f"{account} {broker} {first}–{last}: {amount}, posted {total}")
    return found + [f"posted, not listed: {key} {amount}" for key, amount in left.items() if amount]


@pytest.mark.parametrize("seed", SEEDS)
def test_differences_are_what_closes_posted_as_corrections(seed: int, firm_app: Flask, tmp_path: Path) -> None:
    told(firm_app, seed, tmp_path)
    with firm_app.app_context():
        books = Books()
        query = select(MonthClose.period, MonthClose.run_id, CommissionRun.known_recording_id).join(CommissionRun, CommissionRun.id == MonthClose.run_id)
        closes = db.session.execute(query.order_by(MonthClose.period)).all()
        for place, later in enumerate(closes[1:], start=1):
            before = closes[place - 1].known_recording_id
            for earlier in closes[:place]:
                month = Month.parse(earlier.period)
                answer = moved(month, month, before, later.known_recording_id)
                assert not compared(answer.rows, posted(later.run_id, earlier.period))
                assert answer.rows["amount"].sum() == answer.totals["after"].sum() - answer.totals["before"].sum()
                assert owners_of(answer.rows) == changed_owners(books, month, before, later.known_recording_id)
        own = store.read_lines(closes[0].run_id, SegmentRole.LINES)
        first = moved(Month.parse(closes[0].period), Month.parse(closes[0].period), closes[0].known_recording_id, closes[0].known_recording_id)
        assert first.rows.height == 0
        assert first.totals["after"].sum() == own["amount"].sum()
        db.session.remove()
        db.engine.dispose()


def owners_of(rows: pl.DataFrame) -> dict[tuple[int, date], tuple[str, str]]:
    """Before and after of every settled day in the rows whose owners differ."""
    found = {}
    for account, first, last, cause, before, after in rows.select("account_id", "first_day", "last_day", "cause", "before", "after").iter_rows():
        if cause == "attribution":
            found |= {(account, first + timedelta(days=n)): (before, after) for n in range((last - first).days + 1)}
    settled = set(db.session.scalars(select(SettlementDay.trade_date)))
    return {key: value for key, value in found.items() if key[1] in settled}


def changed_owners(books: Books, month: Month, before: int, after: int) -> dict[tuple[int, date], tuple[str, str]]:
    """The same by the second reading."""
    days = {*settled_days(month.first, month.last, before), *settled_days(month.first, month.last, after)}
    pairs = {(account, day): (books.text(account, day, before), books.text(account, day, after)) for account in books.accounts for day in days}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


def test_control_a_fen_astray_is_caught() -> None:
    """One fen more on one row, and one row less."""
    rows = pl.DataFrame({"account_id": [1], "first_day": [date(2026, 3, 2)], "last_day": [date(2026, 3, 3)], "cause": ["attribution"], "broker_id": [7], "amount": [5]})
    sums: dict[tuple[int | None, int, date | None], int] = {(1, 7, date(2026, 3, 2)): 3, (1, 7, date(2026, 3, 3)): 2}
    assert not compared(rows, sums)
    assert compared(rows.with_columns(pl.col("amount") + 1), sums)
    assert compared(rows.clear(), sums)
