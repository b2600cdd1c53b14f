"""What is handed in: folders, archives within bounds, and nothing from outside."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from portal.imports.receive import Handed, receive
from portal.imports.recognise import recognise
from portal.refusals import Findings
from tests import make


def handed(*paths: Path) -> tuple[Handed, list[str]]:
    findings = Findings()
    got = receive(list(paths), lambda file: recognise(file) is not None, findings)
    return got, [item.code for item in findings.listed]


def packed(entries: dict[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return sink.getvalue()


def test_a_folder_stands_for_its_own_files_and_names_what_it_leaves(tmp_path: Path) -> None:
    make.write(tmp_path, "branches", ["01,A"])
    make.write(tmp_path / "later", "branches", ["01,B"])
    (tmp_path / "notes.txt").write_text("x")
    got, codes = handed(tmp_path)
    assert ([file.name for file in got.files], sorted(got.left_alone), codes) == (["branches.csv"], ["later/", "notes.txt"], [])


def test_a_folder_without_files_of_its_own_stands_for_its_subfolders(tmp_path: Path) -> None:
    make.write(tmp_path / "a", "branches", ["01,A"])
    make.write(tmp_path / "b", "staff", [])
    got, _ = handed(tmp_path)
    assert [file.name for file in got.files] == ["a/branches.csv", "b/staff.csv"]


def test_archives_are_read_as_folders(tmp_path: Path) -> None:
    inner = packed({"staff.csv": b"inner"})
    (tmp_path / "m.zip").write_bytes(packed({"firm/branches.csv": b"outer", "firm/day.zip": inner, "firm/later/brokers.csv": b""}))
    (tmp_path / "accounts.csv.gz").write_bytes(gzip.compress(b"zipped"))
    got, codes = handed(tmp_path / "m.zip", tmp_path / "accounts.csv.gz")
    assert ({file.base: file.read() for file in got.files}, codes) == ({"branches.csv": b"outer", "staff.csv": b"inner", "accounts.csv": b"zipped"}, [])


def test_links_are_not_followed(tmp_path: Path) -> None:
    target = make.write(tmp_path / "elsewhere", "branches", ["01,A"])
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "branches.csv").symlink_to(target)
    (tmp_path / "in" / "sub").symlink_to(tmp_path / "elsewhere")
    assert handed(tmp_path / "in")[0].files == []


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("bomb.zip", packed({"branches.csv": b"0" * 4_000_000}), "archive_too_large"),
        ("branches.csv.gz", gzip.compress(b"0" * 4_000_000), "archive_too_large"),
        ("out.zip", packed({"../branches.csv": b"x"}), "archive_path_outside"),
        ("out.zip", packed({"/etc/branches.csv": b"x"}), "archive_path_outside"),
        ("deep.zip", packed({"a.zip": packed({"b.zip": packed({"branches.csv": b"x"})})}), "archive_too_deep"),
        ("broken.zip", b"PK\x03\x04nonsense", "bad_archive"),
        ("cut.zip", packed({"branches.csv": b"x" * 5000})[:-30], "bad_archive"),
        ("branches.csv.gz", b"\x1f\x8bnonsense", "bad_archive"),
        ("photo.png", b"x", "not_recognised"),
    ],
)
def test_what_is_no_honest_archive_is_refused(tmp_path: Path, name: str, data: bytes, code: str) -> None:
    (tmp_path / name).write_bytes(data)
    got, codes = handed(tmp_path / name)
    assert (got.files, codes) == ([], [code])


@pytest.mark.usefixtures("database")
def test_two_files_of_one_name_are_refused_unless_they_are_the_same(tmp_path: Path) -> None:
    make.write(tmp_path / "a", "branches", ["01,A"])
    make.write(tmp_path / "b", "branches", ["01,A"])
    assert make.accepted(tmp_path).summary["again"] == ["b/branches.csv"]
    make.write(tmp_path / "b", "branches", ["01,B"])
    assert make.found(make.imported(tmp_path), "file_twice").file == "b/branches.csv"
