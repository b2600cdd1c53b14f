"""Whatever is taken out of a list shows nothing of others and runs nothing where it is opened (G2, G16)."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest
from flask import Flask
from python_calamine import CalamineWorkbook

from models.identity import Role
from tests.canaries import OWN, leaks, readable
from tests.people import form_token, post, seat, someone
from tests.rooms.lists.test_lists import LISTS
from tests.rooms.pages.firm import NUMBERS, settle_in

ASKED = ("/search?q=客户", "/search?q=199", "/notices", "/exports")
READERS = (Role.BROKER, Role.CLIENT, Role.STAFF, Role.BRANCH_MANAGER, Role.AUDITOR)


def test_no_file_and_no_search_shows_what_is_anothers(app: Flask, tmp_path: Path) -> None:
    settle_in(app, tmp_path / "files")
    files, own = 0, 0
    for role in READERS:
        client = seat(app, someone(app, role, **NUMBERS))
        token = form_token(client)
        exports = [(address.replace("broker=B001", ""), form) for address, _ in LISTS for form in ("csv", "xlsx")]
        for address, form in [*((address, "") for address in ASKED), *exports]:
            answer = client.post("/exports", data={"csrf_token": token, "at": address, "form": form}) if form else client.get(address)
            text = readable(answer)  # at once: a file that streams is read within its own request
            assert answer.status_code < 500, (role, address)
            assert leaks(answer, roles=[role], stranger=False, endpoint="", asked=address) == [], (role, address)
            files += answer.status_code == 200 and bool(form)
            own += any(canary in text for canary in OWN)
            answer.close()
        for typed in ("居间人", "199"):
            answer = client.post("/search/quick", data={"csrf_token": token, "q": typed})
            assert answer.status_code == 200
            assert leaks(answer, roles=[role], stranger=False, endpoint="", asked=f"/search/quick?q={typed}") == [], (role, typed)
    assert files >= 40
    assert own >= 10, "control: one's own is shown, so the search for names means something"


@pytest.mark.parametrize("begins", ["=1+1;", " @SUM(1);"])
def test_names_that_are_formulas_run_nowhere(app: Flask, tmp_path: Path, begins: str) -> None:
    settle_in(app, tmp_path / "files", begins)
    client = seat(app, someone(app, Role.ADMIN))
    seen = 0
    for address in ("/clients", "/commission/statements", "/commission/lines?period=2026-03&broker=B001", "/trades"):
        cells = list(csv.reader(io.StringIO(post(client, "/exports", "/me", at=address, form="csv").data.decode("utf-8-sig"))))
        assert not [cell for row in cells for cell in row if cell.lstrip()[:1] in {"=", "@", "+"}], address
        seen += sum(cell.startswith("'" + begins.rstrip()) or cell.startswith("'" + begins) for row in cells for cell in row)
        book = post(client, "/exports", "/me", at=address, form="xlsx").data
        with zipfile.ZipFile(io.BytesIO(book)) as parts:
            assert not [name for name in parts.namelist() if name.startswith("xl/worksheets/") and b"<f>" in parts.read(name)], address
        CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_index(0).to_python()
    assert seen, "control: such a name stands in some of them"
