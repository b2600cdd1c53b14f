"""Several open months one after the other: a month computed from the previews before it shows what computing them all shows."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import update

from models import db
from models.commission import CommissionRun, RunStatement
from models.values.calendar import Month
from portal import create_app
from portal.commission import runs
from portal.settings import Settings
from portal.transaction import lock_months, transaction
from tests.oracle import product
from tests.oracle.corrections import correct
from tests.oracle.firms import random_draft

NOW = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """A portal whose rule set allows overrides."""
    made = create_app(dataclasses.replace(settings, allow_overrides=True))
    product.people(made)
    yield made
    with made.app_context():
        db.session.remove()
        db.engine.dispose()


def keep(period: Month) -> CommissionRun:
    """What a door does with a preview."""
    computed = runs.compute_whole(period)
    with transaction():
        lock_months()
        return db.session.merge(runs.store_run(computed, NOW, overrides_allowed=True))


def digest(period: Month) -> str:
    """The digest of the month as it would be kept."""
    return runs.digest_of(runs.compute_whole(period))


def open_firm(seed: int, app: Flask, folder: Path) -> list[Month]:
    """A random firm with two or three open months; of every other firm the first is closed, and corrected since."""
    dice = random.Random(f"open {seed}")
    draft, used = random_draft(dice, folder)
    while len(used) < 3:
        draft, used = random_draft(dice, folder)
    product.import_folder(app, str(draft.write(folder / "firm")))
    first, *later = used
    if seed % 2 == 0:
        return [Month.parse(period) for period in used]
    product.close(app, first)
    changed = correct(dice, draft, used[first], later[0])
    files = {"masters": sorted(changed.masters), "trades": sorted(changed.trades), "balances": sorted(changed.balances)}
    product.import_folder(app, str(draft.write(folder / "later", **files)))
    return [Month.parse(period) for period in later]


@pytest.mark.parametrize("seed", range(6))
def test_previews_before_a_month_stand_for_computing_them(seed: int, app: Flask, tmp_path: Path) -> None:
    months = open_firm(seed, app, tmp_path)
    with app.app_context():
        whole = {month: digest(month) for month in months}
        for month in months:
            keep(month)
        assert {month: digest(month) for month in months} == whole


def test_control_what_a_preview_hands_on_counts(app: Flask, tmp_path: Path) -> None:
    first, second, _ = open_firm(0, app, tmp_path)
    with app.app_context():
        whole = digest(second)
        kept = keep(first)
        with transaction():
            db.session.execute(update(RunStatement).where(RunStatement.run_id == kept.id).values(payable=-1))
        assert digest(second) != whole
        with transaction():
            db.session.execute(update(CommissionRun).where(CommissionRun.id == kept.id).values(known_recording_id=CommissionRun.known_recording_id - 1))
        assert digest(second) == whole  # an older preview hands on nothing
