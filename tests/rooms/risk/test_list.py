"""The list of clients at risk by its short ways: whoever asks it in whatever order is shown every client once, in that order, with the right sums."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from models import db
from models.clients import Account
from models.identity import Role
from models.risk import CauseCorrection, ChurnCause, RiskModel, RiskRun, RiskScore
from portal import clock
from portal.risk.classes import parts_of
from portal.transaction import transaction
from tests import remembered
from tests.oracle import product
from tests.oracle.notation import Draft
from tests.people import seat, someone

COUNT, DAY = 70, "2026-03-02"
NUMBERS = [str(20_000 + place) for place in range(COUNT)]
CAUSES = [cause.value for cause in ChurnCause][:3]
CORRECTED = NUMBERS[0]


def told(place: int) -> dict[str, Any]:
    """A client's score: many are alike in each column, some have no equity and nobody asked what speaking with them would change."""
    return {
        "equity": None if place % 11 == 0 else (place % 7) * 30_000_000 - 1_000, "probability": (place % 9) * 30_000, "contacted": None if place % 5 == 0 else (place % 4) * 1_000,
        "expected_loss": (place % 6) * 500_000, "cause": CAUSES[place % 3],
    }  # fmt: skip


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    remembered.begin(app, tmp_path / "files", _settle_in)
    return app


def _settle_in(app: Flask, folder: Path) -> None:
    """Seventy clients, every third of another branch; an older scoring says something else of all of them; one cause was corrected."""
    draft = Draft()
    draft.add("branches", branch_no="02", name="营业部2")
    for place, number in enumerate(NUMBERS):
        draft.account(number).update(branch_no="02" if place % 3 == 0 else "01", name=f"客户{place * 37 % COUNT // 2}")
    draft.day(DAY, [], NUMBERS)
    product.people(app)
    product.import_folder(app, str(draft.write(folder)))
    with app.app_context():
        with transaction():
            keys = dict(db.session.execute(select(Account.account_no, Account.id)).all())
            model = RiskModel(version="priors-2", method="priors", made_at=clock.now(), seen=0, weights={})
            db.session.add(model)
            db.session.flush()
            for on, shift in ((date(2026, 3, 1), 5), (date(2026, 3, 2), 0)):
                sums = parts_of(pl.DataFrame([told(place + shift) for place in range(COUNT)]))
                run = RiskRun(on_day=on, model_id=model.id, made_at=clock.now(), accounts=COUNT, sums=sums)
                db.session.add(run)
                db.session.flush()
                db.session.add_all(RiskScore(run_id=run.id, account_id=keys[number], follow=0, drivers=[], **told(place + shift)) for place, number in enumerate(NUMBERS))
            word = {"proposed": CAUSES[0], "note": "said so", "at": clock.now()}
            db.session.add(CauseCorrection(account_id=keys[CORRECTED], run_id=run.id, cause=CAUSES[1], **word))
        db.session.remove()


def walked(client: FlaskClient, query: str) -> tuple[list[str], list[BeautifulSoup]]:
    """Every account number of the list, page after page, and the pages."""
    found: list[str] = []
    pages: list[BeautifulSoup] = []
    address = f"/risk?{query}"
    while address:
        answer = client.get(address)
        assert answer.status_code == 200, answer.text[:200]
        page = BeautifulSoup(answer.text, "html.parser")
        found += [link.text for link in page.select("table th a[href^='/clients/']")]
        pages.append(page)
        link = page.select_one("a[rel=next]")
        address = str(link["href"]) if link else ""
    return found, pages


def cause_of(place: int) -> str:
    """Why a client would leave, by the newest word."""
    return CAUSES[1] if NUMBERS[place] == CORRECTED else str(told(place)["cause"])


ORDERS: dict[str, Callable[[int], Any]] = {
    "expected": lambda place: told(place)["expected_loss"],
    "equity": lambda place: told(place)["equity"] or 0,
    "probability": lambda place: told(place)["probability"],
    "contacted": lambda place: -1 if told(place)["contacted"] is None else told(place)["contacted"],
    "account_no": lambda place: NUMBERS[place],
    "client": lambda place: f"客户{place * 37 % COUNT // 2}".encode(),
    "cause": cause_of,
}


def wanted(order: str, down: bool, keep: Callable[[int], bool]) -> list[str]:
    """The list as it has to be."""
    places = [place for place in range(COUNT) if keep(place)]
    return [NUMBERS[place] for place in sorted(places, key=lambda place: (ORDERS[order](place), NUMBERS[place]), reverse=down)]


@pytest.mark.parametrize("order", list(ORDERS))
def test_every_client_once_in_any_order(firm: Flask, order: str) -> None:
    admin, branch = seat(firm, someone(firm, Role.ADMIN)), seat(firm, someone(firm, Role.BRANCH_MANAGER, branch_no="02"))
    for down in (True, False):
        query = f"sort={'-' if down else ''}{order}"
        assert walked(admin, query)[0] == wanted(order, down, lambda place: True)
        assert walked(branch, query)[0] == wanted(order, down, lambda place: place % 3 == 0)
        assert walked(admin, f"{query}&cause={CAUSES[1]}")[0] == wanted(order, down, lambda place: cause_of(place) == CAUSES[1])
        assert walked(admin, f"{query}&q=2001")[0] == wanted(order, down, lambda place: "2001" in NUMBERS[place])
        assert walked(branch, f"{query}&q=2001&cause={CAUSES[0]}")[0] == wanted(
            order, down, lambda place: place % 3 == 0 and "2001" in NUMBERS[place] and cause_of(place) == CAUSES[0]
        )


@pytest.mark.parametrize(
    ("query", "keep"),
    [
        ("", lambda place: True),
        (f"cause={CAUSES[1]}", lambda place: cause_of(place) == CAUSES[1]),
        ("q=2001", lambda place: "2001" in NUMBERS[place]),
        ("cause=forced&q=nobody", lambda place: False),
    ],
)
def test_the_sums_are_those_of_all_that_are_left(firm: Flask, query: str, keep: Callable[[int], bool]) -> None:
    left = [told(place) for place in range(COUNT) if keep(place)]
    page = walked(seat(firm, someone(firm, Role.ADMIN)), query)[1][0]
    if not left:
        assert not page.select("tfoot")
        return
    sums = page.select_one("tfoot")
    assert sums is not None
    for amount in (sum(one["equity"] or 0 for one in left), sum(one["expected_loss"] for one in left)):
        assert f"{amount / 100:,.2f}" in sums.text, (amount, sums.text)


def test_what_a_night_kept_is_what_its_scores_add_up_to(firm: Flask) -> None:
    """A scoring from before the sums were kept is added up, and says the same, to the fen and with the corrected cause."""
    admin = seat(firm, someone(firm, Role.ADMIN))
    queries = ("", *(f"cause={cause}" for cause in CAUSES), "part=matrix&format=csv")

    def told_now() -> list[Any]:
        firm.extensions.pop("remembered", None)
        pages = [admin.get(f"/risk?{query}").text for query in queries]
        matrix = [row for row in csv.reader(pages.pop().splitlines()) if len(row) == 6]
        return [matrix, *(str(BeautifulSoup(page, "html.parser").select_one("tfoot")) for page in pages)]

    kept = told_now()
    with firm.app_context():
        with transaction():
            newest = db.session.execute(select(RiskRun).order_by(RiskRun.id.desc()).limit(1)).scalar_one()
            assert newest.sums
            _scored_again(newest)
        db.session.remove()
    assert told_now() == kept


def _scored_again(run: RiskRun) -> None:
    """The same scores and the same word on a cause in a newer scoring that kept no sums."""
    again = RiskRun(on_day=run.on_day, model_id=run.model_id, made_at=clock.now(), accounts=run.accounts)
    db.session.add(again)
    db.session.flush()
    for model in (RiskScore, CauseCorrection):
        names = [column.name for column in model.__table__.columns if column.name not in ("id", "run_id")]
        rows = db.session.execute(select(*(getattr(model, name) for name in names)).where(model.run_id == run.id)).mappings()
        db.session.add_all(model(run_id=again.id, **row) for row in rows.all())


def test_the_matrix_is_of_the_newest_scoring_and_of_whom_one_sees(firm: Flask) -> None:
    for role, numbers, places in ((Role.ADMIN, {}, range(COUNT)), (Role.BRANCH_MANAGER, {"branch_no": "02"}, range(0, COUNT, 3))):
        text = seat(firm, someone(firm, role, **numbers)).get("/risk?part=matrix&format=csv").text  # type: ignore[arg-type]
        rows = [row for row in csv.reader(text.splitlines()) if len(row) == 6][1:]
        assert sum(int(row[4]) for row in rows) == len(places)
        assert sum(round(float(row[5]) * 100) for row in rows) == sum(told(place)["equity"] or 0 for place in places)
