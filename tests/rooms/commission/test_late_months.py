"""Facts that arrive late: for months before the first closed one, and for days that a closed month lacked. Books by hand."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from flask import Flask

from portal import create_app
from portal.settings import Settings
from tests.oracle import product
from tests.oracle.notation import Draft, trade

RESERVE = {"rate": "0.1", "months": "1"}
Row = dict[str, str]


@pytest.fixture
def portal(settings: Settings) -> Flask:
    """An empty portal with its people."""
    app = create_app(dataclasses.replace(settings, allow_overrides=True))
    product.people(app)
    return app


def firm() -> Draft:
    """One broker with half of the retained fee, a tenth of it held back for a month, one account that is his alone."""
    draft = Draft()
    draft.broker("B1")
    draft.account("80001")
    draft.attribute("80001", "B1", "100")
    draft.plan("P", [{"kind": "retained_fee", "rate": "0.5"}], reserve=RESERVE)
    draft.agree("B1", "P")
    return draft


def adjust(draft: Draft, period: str, amount: str) -> None:
    draft.add("adjustments", broker_no="B1", period=period, amount=amount, reason="contract", note=period)


def fees(draft: Draft, day: str, retained: int) -> None:
    """A day on which the account paid a retained fee (fen)."""
    draft.day(day, [trade("80001", "SHFE.rb", retained + 100, 100)], ["80001"])


def hand_in(portal: Flask, draft: Draft, folder: Path, *days: str, masters: tuple[str, ...] = ()) -> None:
    product.import_folder(portal, str(draft.write(folder, masters=masters, trades=days, balances=days)))


def statement(portal: Flask, period: str) -> dict[str, int]:
    """The broker's statement without its zeros."""
    rows = [row for row in product.books(portal, period)[1] if row["broker_no"] == "B1"]
    assert len(rows) <= 1
    return {name: int(text) for row in rows for name, text in row.items() if name not in {"broker_no", "period"} and int(text)}


ALL = ("branches", "staff", "brokers", "broker_statuses", "licences", "accounts", "plans", "agreements", "attributions", "adjustments")


def test_a_month_before_the_first_closed_one_hands_on_to_the_month_that_is_open(portal: Flask, tmp_path: Path) -> None:
    """February came and was closed alone; then January's files are found. January's books are its own; what it hands on (a carry-over
    of -50.00, a reserve of 1.00 to be released) cannot reach February any more, so March takes it. What was corrected in February
    meanwhile, before January was closed, still reaches March."""
    draft = firm()
    adjust(draft, "2026-02", "-300")
    fees(draft, "2026-02-27", 10_000)
    hand_in(portal, draft, tmp_path / "1", "2026-02-27", masters=ALL)
    product.close(portal, "2026-02")
    # earned 50.00, adjustment -300.00: no reserve, -250.00 carried.
    assert statement(portal, "2026-02") == {"earned": 5_000, "adjustments": -30_000, "payable": -25_000}

    early = firm()
    fees(early, "2026-01-30", 2_000)
    hand_in(portal, early, tmp_path / "2", "2026-01-30")
    again = firm()
    fees(again, "2026-02-27", 12_000)  # 20.00 more retained: 10.00 more for the broker
    hand_in(portal, again, tmp_path / "3", "2026-02-27")

    # While January is open it stands as if closed: earned 10.00, reserve 1.00. March: the corrections, both carry-overs, the release.
    march = {"corrections": 1_000, "reserve": -100, "release": 100, "carry_over": -25_000, "payable": -24_000}
    assert statement(portal, "2026-01") == {"earned": 1_000, "reserve": -100, "payable": 900, "net": 900}
    assert statement(portal, "2026-03") == march
    product.close(portal, "2026-01")
    assert statement(portal, "2026-01") == {"earned": 1_000, "reserve": -100, "payable": 900, "net": 900}
    assert statement(portal, "2026-03") == march
    product.close(portal, "2026-03")
    assert statement(portal, "2026-03") == march
    assert statement(portal, "2026-04") == {"release": 100, "carry_over": -24_000, "payable": -23_900}


def test_a_negative_month_before_the_first_closed_one_is_carried_into_the_open_month(portal: Flask, tmp_path: Path) -> None:
    draft = firm()
    fees(draft, "2026-02-27", 10_000)
    hand_in(portal, draft, tmp_path / "1", "2026-02-27", masters=ALL)
    product.close(portal, "2026-02")
    late = firm()
    adjust(late, "2026-01", "-70")
    hand_in(portal, late, tmp_path / "2", masters=("adjustments",))
    product.close(portal, "2026-01")
    assert statement(portal, "2026-01") == {"adjustments": -7_000, "payable": -7_000}
    # February was paid 45.00 (5.00 held back): it is closed and took nothing of January's.
    assert statement(portal, "2026-02") == {"earned": 5_000, "reserve": -500, "payable": 4_500, "net": 4_500}
    assert statement(portal, "2026-03") == {"release": 500, "carry_over": -7_000, "payable": -6_500}
    product.close(portal, "2026-03")
    # February's own carry-over was taken up by March: nothing is carried twice.
    assert statement(portal, "2026-04") == {"carry_over": -6_500, "payable": -6_500}


def test_a_day_that_a_closed_month_lacked_changes_its_average(portal: Flask, tmp_path: Path) -> None:
    """Tiers on average equity: January was closed on one day of 100,000.00; a late day of 50,000.00 halves nothing but brings the
    average to 75,000.00, below the step of 80,000.00, and its own fee to the broker."""
    draft = firm()
    tiers = {"measure": "average_equity", "mode": "whole", "steps": [["0", "0.1"], ["80000", "0.5"]]}
    draft.plans[0]["versions"][0] |= {"components": [{"kind": "retained_fee", "tiers": tiers}], "reserve": None}
    draft.day("2026-01-29", [trade("80001", "SHFE.rb", 1_100, 100)], ["80001"], {"80001": {"deposit": 1_100}})
    hand_in(portal, draft, tmp_path / "1", "2026-01-29", masters=ALL)
    product.close(portal, "2026-01")
    assert statement(portal, "2026-01") == {"earned": 500, "payable": 500, "net": 500}
    draft.day("2026-01-30", [trade("80001", "SHFE.rb", 2_100, 100)], ["80001"], {"80001": {"withdrawal": 4_997_900}})
    hand_in(portal, draft, tmp_path / "2", "2026-01-30")
    # Today: 10 % of 10.00 and of 20.00 = 1.00 + 2.00; posted 5.00.
    assert statement(portal, "2026-02") == {"corrections": -200, "payable": -200}
    lines = [(row["trade_date"], row["amount_fen"], row["origin"]) for row in product.books(portal, "2026-02")[0]]
    assert lines == [("2026-01-29", "-400", "2026-01"), ("2026-01-30", "200", "2026-01")]
