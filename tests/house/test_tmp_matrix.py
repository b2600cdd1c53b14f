import pytest
from tests.matrix import Walk
from tests.rooms.pages.firm import settle_in


@pytest.mark.parametrize("only", ["/overview/concentration", "/association", "/handovers"])
def test_walk(app, tmp_path, only):
    settle_in(app, tmp_path / "files")
    walk = Walk(app, only=only).run()
    assert walk.cells
    assert walk.faults == []
