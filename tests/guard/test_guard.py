"""The attacks in short, against four workers, and the same with every fault planted. At length: `python -m tests.guard`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.guard.codes import codes
from tests.guard.departures import departures
from tests.guard.guesses import guesses
from tests.guard.overwrites import overwrites
from tests.guard.replays import replays
from tests.guard.report import Report
from tests.guard.seats import seats
from tests.guard.served import served
from tests.guard.tamper import tamper
from tests.places import SERVER, Place

SHORT = {"guesses": (guesses, 60), "replays": (replays, 20), "codes": (codes, 2), "departures": (departures, 4), "overwrites": (overwrites, 4), "seats": (seats, 30)}
SEED = 20261122


@pytest.mark.parametrize("fault", ["", "all"])
def test_what_attacks_find(migrated: str, tmp_path: Path, fault: str) -> None:
    """Nothing; and with the fault of its kind planted in the workers, each of them finds it."""
    empty = Place(Path(migrated).parent if not SERVER else tmp_path / "empty", SERVER, migrated if SERVER else "")
    empty.folder.mkdir(exist_ok=True)
    with served(of=empty, fault=fault) as portal:
        for name, (trial, count) in SHORT.items():
            report = Report(name, SERVER)
            trial(portal, report, count, SEED)
            assert bool(report.faults) is bool(fault), (name, report.figures, report.faults)


@pytest.mark.parametrize("without_heads", [False, True])
def test_what_the_stand_alone_verifier_finds(without_heads: bool) -> None:
    report = Report("tamper", "files")
    tamper(report, 3, SEED, without_heads=without_heads, measured=False)
    missed = {words.split(":")[0] for words in report.faults}
    assert missed == ({"cut the tail", "edit and rechain", "delete and rechain"} if without_heads else set()), report.faults
