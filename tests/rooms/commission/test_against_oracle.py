"""Whole books of random firms, through the portal's own import and close, against the second mind.

`PORTAL_TEST_FIRMS=200 pytest tests/rooms/commission/test_against_oracle.py` takes more firms, PORTAL_TEST_FIRM_SIZE=large greater ones,
PORTAL_TEST_FIRST_FIRM=500 other ones. A failing firm is made again by its seed alone.
"""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest
from flask import Flask

from models import db
from portal import create_app
from portal.settings import Settings
from tests.oracle import product
from tests.oracle.books import books
from tests.oracle.compare import line_differences, statement_differences
from tests.oracle.firms import events, random_firm

FIRST = int(os.environ.get("PORTAL_TEST_FIRST_FIRM", "0"))
SEEDS = range(FIRST, FIRST + int(os.environ.get("PORTAL_TEST_FIRMS", "20")))
SIZE = os.environ.get("PORTAL_TEST_FIRM_SIZE", "small")


@pytest.fixture
def firm_app(settings: Settings) -> Flask:
    """A portal whose rule set allows overrides."""
    app = create_app(dataclasses.replace(settings, allow_overrides=True))
    product.people(app)
    return app


@pytest.mark.parametrize("seed", SEEDS)
def test_the_portal_and_the_second_mind_keep_the_same_books(seed: int, firm_app: Flask, tmp_path: Path) -> None:
    story = events(random_firm(seed, tmp_path / "firm", SIZE))
    expected = books(story)
    differences = []
    for what, value in story:
        if what == "import":
            product.import_folder(firm_app, value)
            continue
        product.close(firm_app, value)
    for month in expected.closed:
        lines, statements = product.books(firm_app, month)
        differences += line_differences([row for row in expected.lines if row["period"] == month], lines)
        differences += statement_differences([row for row in expected.statements if row["period"] == month], statements)
    with firm_app.app_context():
        db.session.remove()
        db.engine.dispose()
    assert not differences, f"firm {seed}, {len(differences)} differences:\n" + "\n".join(differences[:40])
