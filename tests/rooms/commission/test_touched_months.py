"""Which closed months something learnt late may change: those from the first day on which it counts, and no others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from flask import Flask

from portal.audit.recordings import last_recording_id
from portal.commission.knowledge import touched_months
from portal.settlement import rollups
from portal.transaction import transaction
from tests.oracle import product
from tests.oracle.notation import Draft, trade

DAYS = ["2026-03-02", "2026-03-30", "2026-04-01", "2026-04-13", "2026-05-06"]


@pytest.fixture
def draft(app: Flask, tmp_path: Path) -> Draft:
    """A firm of one account and two brokers whose March and April are closed."""
    product.people(app)
    made = Draft()
    for number in ("B001", "B002"):
        made.broker(number)
    made.plan("P", [{"kind": "retained_fee", "rate": "0.5"}])
    for number in ("B001", "B002"):
        made.agree(number, "P")
    made.account("10001")
    made.attribute("10001", "B001", "100")
    for day in DAYS:
        made.day(day, [trade("10001", "SHFE.rb", 10_000, 0, 3, 100_000)], ["10001"])
    product.import_folder(app, str(made.write(tmp_path / "firm")))
    for month in ("2026-03", "2026-04"):
        product.close(app, month)
    return made


def ends(day: str) -> Callable[[Draft], None]:
    """The account left its broker on a day."""

    def done(draft: Draft) -> None:
        draft.tables["attributions"][0]["valid_to"] = day

    return done


def follows(day: str) -> Callable[[Draft], None]:
    """It went to the other broker instead."""

    def done(draft: Draft) -> None:
        ends(day)(draft)
        draft.attribute("10001", "B002", "100")
        draft.tables["attributions"][-1]["valid_from"] = day

    return done


def smaller(draft: Draft) -> None:
    """The broker's share was smaller all the time."""
    draft.tables["attributions"][0]["share"] = "50"


@pytest.mark.parametrize(
    ("learnt", "months"),
    [
        (ends("2026-05-01"), []),
        (ends("2026-04-13"), ["2026-04"]),
        (follows("2026-04-01"), ["2026-04"]),
        (ends("2026-03-30"), ["2026-03", "2026-04"]),
        (smaller, ["2026-03", "2026-04"]),
    ],
    ids=["an end after the closed months", "an end in April", "another broker from April", "an end in March", "another share"],
)
def test_only_the_months_from_the_first_changed_day_on(learnt: Callable[[Draft], None], months: list[str], draft: Draft, app: Flask, tmp_path: Path) -> None:
    learnt(draft)
    product.import_folder(app, str(draft.write(tmp_path / "later", masters=["attributions"], trades=[], balances=[])))
    with app.app_context():
        assert touched_months(last_recording_id()) == months
        with transaction():
            rollups.rebuild(rollups.missing_days())
        assert [rollups.differences(day) for day in rollups.settled_from(date.min)] == [[]] * len(DAYS)
