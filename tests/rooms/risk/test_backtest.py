"""Scores of the past held against what happened; curves of who stays; the bridge of a score; a person's word on a cause."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from models import db
from models.audit import AuditEntry
from models.clients import Account
from models.identity import Role
from models.risk import CauseCorrection, ChurnCause, RiskBacktest, RiskScore
from portal import clock
from portal.actors import TERMINAL
from portal.jobs import risk_check
from portal.jobs.worker import Worker
from portal.refusals import Refusal
from portal.risk import backtest, correcting
from portal.risk.explained import bridge
from portal.risk.hazard import PRIORS, Weights
from portal.risk.survival import curve
from portal.transaction import transaction
from tests import make
from tests.people import post, seat, someone
from tests.rooms.pages.firm import settle_in
from tests.rooms.risk.makers import graded, scored

ZONE = ZoneInfo("Asia/Shanghai")


def quiet(step: str, done: int, total: int) -> None: ...


FIRST = date(2026, 1, 7)
TAKEN = date(2026, 2, 11)
HOLIDAYS = {date(2026, 2, 18), date(2026, 10, 7)}


def settled_weeks(folder: Path, weeks: int) -> None:
    """Two accounts settled every Wednesday: 10001 takes everything out on 11 February and never comes back; 10002 stays."""
    for number in range(weeks):
        on = FIRST + timedelta(days=7 * number)
        if on in HOLIDAYS:
            continue
        previous, out = "0.00" if on > TAKEN else "50000.00", "50000.00" if on == TAKEN else "0.00"
        held = "0.00" if on >= TAKEN else "50000.00"
        rows = [f"{on},10001,{previous},0.00,{out},0.00,0.00,0.00,0.00,0.00,0.00,{held},{held},0.00,{held}"]
        rows.append(f"{on},10002,80000.00,0.00,0.00,0.00,0.00,0.00,0.00,0.00,0.00,80000.00,80000.00,0.00,80000.00")
        make.write(folder, f"balances-{on}", rows, make.BALANCE)
        make.write(folder, f"trades-{on}", [], make.TRADE)


def test_tenths_of_what_was_said() -> None:
    said = np.array([0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.5])
    left = np.array([False] * 9 + [True])
    found = backtest.bins(said, left)
    assert [(one.said, one.left, one.clients) for one in found] == [*((10_000 * place, 0, 1) for place in range(1, 10)), (500_000, 1_000_000, 1)]
    assert sum(one.clients for one in backtest.bins(np.linspace(0, 1, 37), np.zeros(37, bool))) == 37


def test_who_stays_is_estimated_from_those_who_are_still_here_too() -> None:
    """Four clients: one left after 45 days, one after 100, two are here, one of them for 50 days only. S(60) = 3/4, S(90) = 3/4, S(120) = 3/8."""
    until = date(2026, 6, 1)
    opened = [until - timedelta(days=200)] * 3 + [until - timedelta(days=50)]
    left = [(opened[0] + timedelta(days=45)).toordinal(), (opened[1] + timedelta(days=100)).toordinal(), 0, 0]
    found = curve("broker", pl.DataFrame({"opened_on": opened, "left": left}), until)
    assert (found.clients, found.left) == (4, 2)
    assert list(found.shares) == [1_000_000, 1_000_000, 750_000, 750_000, 375_000, 375_000, 375_000]


@given(st.lists(st.integers(-4000, 4000), min_size=1, max_size=7), st.integers(0, 1_000_000))
def test_the_bridge_ends_at_the_score(sizes: list[int], chance: int) -> None:
    found = bridge(PRIORS, [[f"reason-{place}", size, 0] for place, size in enumerate(sizes)], chance)
    assert found.base + sum(step.change for step in found.steps) == found.chance == chance
    assert 0 <= found.base <= 1_000_000
    assert all(step.change >= 0 for step, size in zip(found.steps[:-1], sizes, strict=False) if size > 0)


def test_the_bridge_begins_at_the_model_of_the_mean() -> None:
    weights = Weights((-3_000_000,) * 3, {}, {})
    stays = (1 - 1 / (1 + np.exp(3))) ** 3
    assert bridge(weights, [["idle", 500, 0], ["rest", -500, 0]], round((1 - stays) * 1_000_000)).base == round((1 - stays) * 1_000_000)


def test_before_anything_can_be_told_it_says_from_when_on(app: Flask, tmp_path: Path) -> None:
    with app.app_context():
        with pytest.raises(Refusal, match="no settled day stands"):
            backtest.backtest(FIRST, FIRST, ZONE, quiet)
        folder = make.firm(tmp_path / "files")
        settled_weeks(folder, 2)
        make.accepted(folder)
        with pytest.raises(Refusal, match="can be told"):
            backtest.backtest(FIRST, FIRST + timedelta(days=300), ZONE, quiet)
        db.session.remove()


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    settle_in(app, tmp_path / "files")
    with app.app_context():
        scored()
        db.session.remove()
    return app


def test_a_word_on_a_cause_is_kept_beside_what_was_proposed(firm: Flask) -> None:
    with firm.app_context():
        account = db.session.execute(select(Account).where(Account.account_no == "10001")).scalar_one()
        with transaction():
            correcting.correct(account, ChurnCause.FORCED, " moves to another town ", actor=TERMINAL, moment=clock.now())
        with transaction():  # the next scoring repeats the word; what the model proposed is not forgotten
            db.session.execute(RiskScore.__table__.update().where(RiskScore.account_id == account.id).values(cause="forced"))
        with transaction():
            correcting.correct(account, ChurnCause.TAKEN_BY_BROKER, "the broker calls him", actor=TERMINAL, moment=clock.now())
        kept = db.session.execute(select(CauseCorrection.proposed, CauseCorrection.cause, CauseCorrection.note).order_by(CauseCorrection.id)).all()
        assert [tuple(row) for row in kept] == [("taken_by_broker", "forced", "moves to another town"), ("taken_by_broker", "taken_by_broker", "the broker calls him")]
        assert backtest.agreed(clock.now().astimezone(ZONE).date(), ZONE) == (1, 1)
        for note, refused in (("  ", "where it is known from"), ("x" * 401, "at most 400")):
            with pytest.raises(Refusal, match=refused):
                correcting.correct(account, ChurnCause.FORCED, note, actor=TERMINAL, moment=clock.now())
        db.session.remove()


def test_the_page_of_a_client_says_why_and_who_looked_is_written_down(firm: Flask) -> None:
    admin = seat(firm, someone(firm, Role.ADMIN))
    page = admin.get("/risk/clients/10001")
    assert page.status_code == 200
    for words in ("From the average client to this one", "30.0 %", "15.0 %", "who introduced or served him left", "taken along by a broker", "That you looked is written down."):
        assert words in page.text, words
    with firm.app_context():
        assert db.session.execute(select(AuditEntry.subject_key).where(AuditEntry.action == "risk.looked")).scalars().all() == ["10001"]
        db.session.remove()
    where = "/risk/clients/10001"
    assert post(admin, where + "/cause", where, cause="poached", note="a rival offered half the fee").status_code == 303
    page = admin.get(where)
    assert "poached by lower fees" in page.text
    assert "a rival offered half the fee" in page.text
    assert "poached by lower fees" in admin.get("/risk?cause=poached").text
    assert post(admin, where + "/cause", where, cause="poached", note="").status_code == 422
    assert post(admin, where + "/cause", where, cause="bored", note="x").status_code == 422


@pytest.mark.parametrize("role_name", ["AUDITOR", "COMPLIANCE"])
def test_who_only_reads_says_nothing(firm: Flask, role_name: str) -> None:
    reader = seat(firm, someone(firm, Role[role_name]))
    assert "Write it down" not in reader.get("/risk/clients/10001").text
    assert post(reader, "/risk/clients/10001/cause", cause="poached", note="x").status_code == 403


def test_brokers_clients_and_peers_see_nothing(firm: Flask) -> None:
    for role, numbers, status in (
        (Role.BROKER, {"broker_no": "B001"}, 403),
        (Role.CLIENT, {"client_no": "C10001"}, 403),
        (Role.STAFF, {"staff_no": "S999", "branch_no": "01"}, 404),
    ):
        assert seat(firm, someone(firm, role, **numbers)).get("/risk/clients/10001").status_code == status


def test_the_card_says_what_scores_were_worth(firm: Flask) -> None:
    admin = seat(firm, someone(firm, Role.ADMIN))
    assert "Not checked yet" in admin.get("/risk/model").text
    with firm.app_context():
        graded()
        db.session.remove()
    page = admin.get("/risk/model").text
    for words in ("0.634", "0.0690", "naive rule: no trade for 30 days", "4 of 7", "1 of 2", "brought by a broker (30, 4)", "900 client-months", "2 cannot be told yet"):
        assert words in page, words
    assert admin.get("/risk/model?format=csv").text.splitlines()[1:-2] == ["1,1.0000,0.5000,450", "2,9.0000,13.0000,450"]


def test_the_monthly_check_learns_where_it_can_and_grades(app: Flask, tmp_path: Path) -> None:
    """Two accounts over 40 weeks: one takes everything out on 9 February. The month ends before it are graded; two losses teach nothing."""
    with app.app_context():
        folder = make.firm(tmp_path / "files")
        settled_weeks(folder, 40)
        make.accepted(folder)
        assert risk_check.is_due(clock.now())
        with transaction():
            risk_check.ask_to_check(TERMINAL, clock.now())
        assert not risk_check.is_due(clock.now())
        db.session.remove()
    Worker(app).drain()
    with app.app_context():
        kept = db.session.execute(select(RiskBacktest)).scalar_one()
        assert [(day, version, clients, left) for day, version, clients, left, _auc in kept.result["days"]] == [
            ("2026-01-28", "priors-2", 2, 1),
            ("2026-02-25", "priors-2", 1, 0),
            ("2026-03-25", "priors-2", 1, 0),
        ]
        assert (kept.result["clients"], kept.result["left"], kept.result["untold"]) == (4, 1, 0)
        db.session.remove()
    told = app.test_cli_runner().invoke(args=["risk", "backtest", "--from", "2026-01-01", "--to", "2026-12-31"])
    assert told.exit_code == 0, told.output
    assert told.output.startswith("4 client-months, 1 left within 90 days, 0 cannot be told yet; as known on 2026-09-30\n")
    assert "2026-01-28  priors-2" in told.output
