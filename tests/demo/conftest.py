"""The demonstration firm's files, made once for all tests of a run. Tests read them and leave them alone."""

from __future__ import annotations

import time

import pytest

from portal.demo import DemoFirm, make


@pytest.fixture(scope="session")
def firm(tmp_path_factory: pytest.TempPathFactory) -> DemoFirm:
    """The whole firm."""
    started = time.process_time()
    made = make(tmp_path_factory.mktemp("demo") / "firm")
    assert time.process_time() - started < 30, "it should be made in 10 seconds of a free machine"
    return made
