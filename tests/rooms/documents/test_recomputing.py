"""A statement's machine-readable file recomputes offline, with the offered script and nothing else; one fen changed is found."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from models import db
from models.commission import RunStatement
from models.partners import Broker
from portal import create_app
from portal.commission.pack import canonical, digest_of, statement_pack
from portal.commission.queries import run_of
from portal.documents import check_statement
from portal.settings import ROOT, Settings
from tests.oracle import product
from tests.oracle.books import firm_events
from tests.oracle.firms import events, random_firm

SCRIPT = ROOT / "portal" / "documents" / "check_statement.py"
KNOWN = ROOT / "tests" / "files" / "firms"


@pytest.fixture
def firm_app(settings: Settings) -> Flask:
    """A portal whose rule set allows overrides."""
    app = create_app(dataclasses.replace(settings, allow_overrides=True))
    product.people(app)
    return app


def packs_of(app: Flask, story: list[tuple[str, Any]]) -> list[dict[str, Any]]:
    """Tell a story and make every statement's file of every month it closes."""
    closed = []
    for what, value in story:
        if what == "import":
            product.import_folder(app, value)
        else:
            product.close(app, value)
            closed.append(value)
    with app.app_context():
        found = []
        for period in closed:
            run = run_of(period)
            brokers = db.session.execute(select(Broker).join(RunStatement, RunStatement.broker_id == Broker.id).where(RunStatement.run_id == run.id).order_by(Broker.id)).scalars()
            found += [statement_pack(run, broker) for broker in brokers.all()]
        db.session.remove()
        db.engine.dispose()
    return found


def offered(folder: Path, packs: list[dict[str, Any]]) -> subprocess.CompletedProcess[str]:
    """Run the script as it is offered: alone, without the portal's packages."""
    folder.mkdir(exist_ok=True)
    paths = []
    for place, pack in enumerate(packs):
        path = folder / f"{place}.json"
        path.write_bytes(canonical(pack))
        paths.append(str(path))
    return subprocess.run([sys.executable, "-I", "-S", str(SCRIPT), *paths], capture_output=True, text=True, check=False, cwd=folder)


@pytest.mark.parametrize("seed", range(8))
def test_random_firms_recompute_offline(seed: int, firm_app: Flask, tmp_path: Path) -> None:
    packs = packs_of(firm_app, events(random_firm(seed, tmp_path / "firm", "small")))
    outcome = offered(tmp_path / "out", packs)
    assert packs
    assert outcome.returncode == 0, outcome.stdout[:3000] + outcome.stderr[-2000:]
    assert outcome.stdout.count("the same") == len(packs)


@pytest.mark.parametrize("firm", sorted(path.name for path in KNOWN.iterdir() if path.is_dir()))
def test_known_firms_recompute_offline(firm: str, firm_app: Flask, tmp_path: Path) -> None:
    packs = packs_of(firm_app, firm_events(KNOWN / firm / "firm"))
    assert [check_statement.check(json.loads(canonical(pack))) for pack in packs] == [[]] * len(packs)


def test_what_was_corrected_later_recomputes_with_what_was_posted_before(firm_app: Flask, tmp_path: Path) -> None:
    packs = packs_of(firm_app, firm_events(KNOWN / "edge_14_example_G_cap_and_guarantee_corrected" / "firm"))
    corrected = [pack for pack in packs if len(pack["months"]) > 1]
    assert corrected
    assert any(pack["levels"] for pack in corrected)
    for pack in corrected:
        pack["levels"] = [[origin, amount + 1] for origin, amount in pack["levels"]]
        assert any("cap or guarantee" in one or "total" in one for one in check_statement.check(pack)) or not pack["levels"]


def changes(content: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where whole numbers stand in a file."""
    if isinstance(content, bool) or not isinstance(content, dict | list | int):
        return []
    if isinstance(content, int):
        return [path]
    items = content.items() if isinstance(content, dict) else enumerate(content)
    return [found for name, value in items for found in changes(value, (*path, name))]


def changed(pack: dict[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
    """The file with one more fen at a place."""
    copy = json.loads(canonical(pack))
    place = copy
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] += 1
    return copy


def test_control_one_fen_changed_anywhere_is_found(firm_app: Flask, tmp_path: Path) -> None:
    pack = max(packs_of(firm_app, events(random_firm(4, tmp_path / "firm", "small"))), key=lambda pack: len(canonical(pack)))
    assert len(changes(pack)) > 100
    for path in changes(pack):
        assert any("digest" in one for one in check_statement.check(changed(pack, path))), path


def test_control_a_forged_digest_does_not_help_a_forged_line_or_total(firm_app: Flask, tmp_path: Path) -> None:
    pack = max(packs_of(firm_app, events(random_firm(4, tmp_path / "firm", "small"))), key=lambda pack: len(canonical(pack)))
    amounts = [path for path in changes(pack) if (path[0] == "totals" and path[1] != "lines") or (path[0] == "lines" and path[2] == check_statement.COLUMNS.index("amount"))]
    assert {path[0] for path in amounts} == {"totals", "lines"}
    for path in amounts:
        forged = changed(pack, path)
        forged["digest"] = digest_of({name: value for name, value in forged.items() if name != "digest"})
        found = check_statement.check(forged)
        assert found, path
        assert any(one.startswith("total" if path[0] == "totals" else ("line", "correction", "total")) for one in found)


def test_a_file_of_another_schema_is_refused_in_words() -> None:
    assert "take the script offered" in check_statement.check({"schema": "other/9"})[0]


def test_nobody_else_stands_in_the_file_by_number(firm_app: Flask, tmp_path: Path) -> None:
    """A co-broker of an account is *1, and days before or after one's own row are not told."""
    for pack in packs_of(firm_app, events(random_firm(3, tmp_path / "firm", "small"))):
        me, below = pack["broker"]["broker_no"], {row[5] for month in pack["months"] for row in month["overrides"]}
        for month in pack["months"]:
            for account in month["accounts"]:
                assert {row[0] for row in account["rows"] if not row[0].startswith("*")} <= {me, *below}
            own = [(account["account"], row[3], row[4]) for account in month["accounts"] for row in account["rows"] if row[0] == me]
            for day, account, _ in month["balances"]:
                assert any(number == account and check_statement.covers(day, first, end) for number, first, end in own)
