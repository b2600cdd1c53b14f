"""The rush for the last seats in short, over HTTP against two worker processes, and the same without the lock. At length: `python -m tests.bench.signups`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.signups import FULL, SEAT, measured
from tests.places import SERVER, Place

PEOPLE, SEATS = 24, 4


@pytest.mark.parametrize("fault", [False, True])
def test_c1_c2_of_many_who_send_the_form_at_once_so_many_get_a_seat_as_there_are(migrated: str, tmp_path: Path, fault: bool) -> None:
    """C1 C2 G4: over HTTP and several processes; where nobody holds the event while seats are counted, more are sold than there are."""
    empty = Place(Path(migrated).parent if not SERVER else tmp_path / "empty", SERVER, migrated if SERVER else "")
    empty.folder.mkdir(exist_ok=True)
    found = measured(PEOPLE, SEATS, workers=2, of=empty, fault=fault)
    assert found.oversold is fault, found.told()
    assert found.clean is not fault, found.told()
    if not fault:
        assert (found.answers, set(found.words)) == ({SEAT: SEATS, FULL: PEOPLE - SEATS}, {"409 this event is full"}), found.told()
