"""Whoever owns the database can drop the triggers; what he does then is still found."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from models import db
from models.audit import AuditEntry, AuditHead
from portal.actors import TERMINAL
from portal.audit import heads, log, verify, verify_export
from portal.audit.verify_export import GENESIS, Broken, Head
from portal.settings import Settings
from portal.transaction import on_postgresql, transaction
from tests.rooms.audit.people import NOON

LINES = 30
Rows = list[dict[str, Any]]


def fill(count: int = LINES) -> list[Head]:
    """A log with every kind of content, and the heads that were told outside on the way."""
    told = []
    for number in range(1, count + 1):
        with transaction():
            log.write(
                TERMINAL,
                NOON + timedelta(microseconds=number * 7),
                "test.changed",
                "thing",
                f"{number}/居间",
                before={"fen": -number, "rate": "0.35"},
                after={"fen": number, "list": [1, None, True], "10": 1, "2": 2},
                reason="改 “quoted” \\ 😀",
                request_id=f"r{number}",
            )
        if number % 10 == 0:
            told.append(Head(number, heads.current_head()[1], f"head {number}"))
    return told


def rows() -> Rows:
    return [dict(row._mapping) for row in db.session.execute(AuditEntry.__table__.select().order_by(AuditEntry.seq))]


def chained(changed: Rows, start: int = 0) -> Rows:
    """The same lines with numbers and hashes computed anew from `start` on, as the portal would."""
    result = [dict(row) for row in changed]
    for index in range(start, len(result)):
        result[index] |= {"seq": index + 1, "previous_hash": result[index - 1]["hash"] if index else GENESIS, "hash": ""}
        result[index]["hash"] = log.line_hash(log.entry_record(AuditEntry(**result[index])))
    return result


def numbered(changed: Rows) -> Rows:
    return [row | {"seq": index} for index, row in enumerate(changed, start=1)]


def edit(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"after": {"fen": 1_000_000}}


# Each takes the lines and a place (counted from 0), and returns what the database's owner leaves behind.
TAMPERINGS: dict[str, Callable[[Rows, int], Rows]] = {
    "edit": lambda lines, k: [*lines[:k], edit(lines[k]), *lines[k + 1 :]],
    "delete": lambda lines, k: [*lines[:k], *lines[k + 1 :]],
    "delete and renumber": lambda lines, k: numbered([*lines[:k], *lines[k + 1 :]]),
    "insert": lambda lines, k: numbered([*lines[:k], edit(lines[k]), *lines[k:]]),
    "swap": lambda lines, k: numbered([*lines[:k], lines[k + 1], lines[k], *lines[k + 2 :]]),
    "cut the tail": lambda lines, k: lines[:k],
    "edit and rechain": lambda lines, k: chained([*lines[:k], edit(lines[k]), *lines[k + 1 :]], k),
    "delete and rechain": lambda lines, k: chained([*lines[:k], *lines[k + 1 :]], k),
}
ONLY_HEADS_FIND = {"cut the tail", "edit and rechain", "delete and rechain"}


def leave_behind(lines: Rows) -> None:
    """Write these lines in place of the log as the database's owner: without triggers, the head row made to agree."""
    with transaction():
        for name in ("audit_entry_no_update", "audit_entry_no_delete"):
            db.session.execute(text(f"DROP TRIGGER {name}" + (" ON audit_entry" if on_postgresql() else "")))
        db.session.execute(text("DELETE FROM audit_entry"))
        if lines:
            db.session.execute(AuditEntry.__table__.insert(), lines)
        end = lines[-1] if lines else {"seq": 0, "hash": GENESIS}
        db.session.execute(AuditHead.__table__.update().values(seq=end["seq"], hash=end["hash"]))


def run_alone(export: Path, told: list[Head], folder: Path) -> tuple[int, str]:
    """The stand-alone verifier in a process of its own, far from the project."""
    (folder / "heads.log").write_text("".join(f"{head.seq} {head.hash} 2026-11-20T04:00:00+00:00\n" for head in told))
    script = folder / "verify_export.py"
    script.write_bytes(Path(verify_export.__file__).read_bytes())
    done = subprocess.run([sys.executable, "-I", script.name, export.name, "heads.log"], cwd=folder, capture_output=True, text=True, check=False)
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout


def test_an_untouched_log_holds(database: None, tmp_path: Path) -> None:
    told = fill()
    verdict = verify.verify(told)
    assert (verdict.holds, verdict.lines, verdict.why) == (True, LINES, "")
    assert verify.export(tmp_path / "export.jsonl") == LINES
    status, said = run_alone(tmp_path / "export.jsonl", told, tmp_path)
    assert (status, said.split()[:2]) == (0, ["OK", str(LINES)])


def test_an_empty_log_holds(database: None) -> None:
    assert verify.verify([]).holds
    assert verify.verify([Head(0, GENESIS, "told before the first line")]).holds


@pytest.mark.parametrize("kind", TAMPERINGS)
def test_every_tampering_is_found(database: None, tmp_path: Path, kind: str) -> None:
    told, original = fill(), rows()
    place = random.Random(kind).randrange(3, LINES - 3)
    leave_behind(TAMPERINGS[kind](original, place))
    verdict = verify.verify(told)
    assert not verdict.holds
    assert verdict.bad_seq is not None
    if kind in ONLY_HEADS_FIND - {"cut the tail"}:
        first_head = min(head.seq for head in told if head.seq > place)
        assert verdict.bad_seq == first_head
        assert f"agree up to line {first_head - 10}" in verdict.why
    else:
        assert verdict.bad_seq in {place + 1, place + 2}
    verify.export(tmp_path / "export.jsonl")
    status, said = run_alone(tmp_path / "export.jsonl", told, tmp_path)
    assert (status, said.split()[:3]) == (1, ["BAD", "line", f"{verdict.bad_seq}:"])


@pytest.mark.parametrize("kind", TAMPERINGS)
def test_control_the_chain_alone_misses_three(database: None, kind: str) -> None:
    fill()
    leave_behind(TAMPERINGS[kind](rows(), 12))
    assert verify.verify([]).holds == (kind in ONLY_HEADS_FIND)


@pytest.mark.parametrize("kind", TAMPERINGS)
def test_every_place_and_many_worlds(kind: str) -> None:
    """The same kinds at many places each, on lines that need no database."""
    draw, found = random.Random(kind), 0
    for _ in range(250):
        count = draw.randrange(5, 25)
        lines = chained([_line(draw) for _ in range(count)])
        told = [Head(seq, lines[seq - 1]["hash"], "told") for seq in {count, draw.randrange(1, count + 1)}]
        tampered = TAMPERINGS[kind](lines, draw.randrange(0, count - 1))
        found += not verify_export.check([log.entry_record(AuditEntry(**row)) | {"hash": row["hash"]} for row in tampered], told).holds
        assert verify_export.check([log.entry_record(AuditEntry(**row)) | {"hash": row["hash"]} for row in lines], told).holds
    assert found == 250


def _line(draw: random.Random) -> dict[str, Any]:
    return {
        "at": NOON + timedelta(seconds=draw.randrange(10**6)),
        "actor_id": None,
        "actor_label": "terminal",
        "action": draw.choice(["a", "b"]),
        "subject_type": "thing",
        "subject_key": str(draw.random()),
        "before": None,
        "after": {"fen": draw.randrange(10**9)},
        "reason": "",
        "request_id": "",
    }


def test_lines_behind_the_head_row_are_found(database: None) -> None:
    fill(3)
    lines = rows()
    leave_behind(lines)
    with transaction():
        db.session.execute(AuditEntry.__table__.insert(), chained([*lines, edit(lines[0])], 3)[3:])
    verdict = verify.verify([])
    assert (verdict.holds, verdict.bad_seq) == (False, 4)


SHIFTED = ('{"fen":1},"at":"2026-01-05T00:00:00.000000+00:00","before":{"a":0', "2020-01-01 00:00:00.000000", "{}}")
"""`after`, the moment and `before` of one and the same line, with what belongs to `before` given to the other two."""


@pytest.mark.parametrize(("after", "at", "before"), [SHIFTED, ('{"fen":1}', "2026-01-05 00:00:00.000000", "{"), ('{"fen":1}', "2026-01-05 00:00:00.000000", "")])
def test_kept_text_that_is_no_json_or_moved_to_its_neighbour_is_found(database: None, after: str, at: str, before: str) -> None:
    moment = NOON.replace(year=2026, month=1, day=5, hour=0, minute=0)
    with transaction():
        log.write(TERMINAL, moment, "test.changed", "thing", "1", before={"a": 0, "at": "2020-01-01T00:00:00.000000+00:00", "before": {}}, after={"fen": 1})
    leave_behind(rows())
    assert verify.verify([]).holds
    changed = text("UPDATE audit_entry SET after = :after, at = :at, before = :before")
    with transaction():
        db.session.execute(changed, {"after": after, "at": at + "+00" * on_postgresql(), "before": before})
    assert (verify.verify([]).holds, verify.verify([]).bad_seq) == (False, 1)


def test_heads_that_disagree_or_say_nothing_are_found(database: None, tmp_path: Path) -> None:
    told = fill(10)
    assert not verify.verify([*told, Head(10, "f" * 64, "another")]).holds
    assert not verify.verify([Head(0, "f" * 64, "before the first line")]).holds
    for broken in ("nothing\n", "1 abc 2026\n", "-1 " + "0" * 64 + " x\n", "9" * 19 + " " + "0" * 64 + " x\n"):
        (tmp_path / "heads.log").write_text(broken)
        with pytest.raises(Broken):
            verify_export.read_heads(tmp_path / "heads.log")


@pytest.mark.parametrize("content", [b"not json\n", b"[]\n", b'{"seq":1}\n', b"\xff\xfe\n", b'{"seq":true}\n', b"{" * 100_000])
def test_a_broken_export_is_an_answer(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "export.jsonl").write_bytes(content)
    status, said = run_alone(tmp_path / "export.jsonl", [], tmp_path)
    assert status in {1, 2}
    assert said.startswith(("BAD", "UNREADABLE"))


def test_the_stand_alone_verifier_needs_the_standard_library_alone() -> None:
    source = Path(verify_export.__file__).read_text()
    imported = {line.split()[1].split(".")[0] for line in source.splitlines() if line.startswith(("import ", "from "))}
    assert imported <= sys.stdlib_module_names | {"__future__"}


def test_heads_are_told_at_most_hourly_and_only_when_something_was_written(database: None, settings: Settings) -> None:
    folder = settings.instance
    assert heads.publish_if_due(folder, NOON), "the first head is told at once"
    assert not heads.publish_if_due(folder, NOON + timedelta(hours=5)), "nothing was written"
    fill(1)
    assert not heads.publish_if_due(folder, NOON + timedelta(minutes=59))
    assert heads.publish_if_due(folder, NOON + timedelta(minutes=60))
    fill(1)
    heads.publish_current(folder, NOON + timedelta(minutes=61))
    told = heads.kept_heads(folder)
    assert [head.seq for head in told] == [0, 1, 2]
    assert verify.verify(told).holds


def test_the_commands(app: Flask, settings: Settings, tmp_path: Path) -> None:
    with app.app_context():
        fill(12)
    run = app.test_cli_runner().invoke
    assert run(args=["audit", "verify"]).output.startswith("OK 12 lines, 0 heads")
    told = run(args=["audit", "head"]).output
    assert told.split()[0] == "12"
    assert (Path(settings.instance) / heads.FILE).read_text() == told
    assert run(args=["audit", "verify"]).output.startswith("OK 12 lines, 1 heads")
    assert run(args=["audit", "export", str(tmp_path / "out.jsonl")]).exit_code == 0
    assert json.loads((tmp_path / "out.jsonl").read_text().splitlines()[-1])["seq"] == 12
    shown = json.loads(run(args=["audit", "show", "12"]).output)
    assert shown["hash"] == told.split()[1]
    missing = run(args=["audit", "show", "99"])
    assert (missing.exit_code, "no line 99" in missing.output) == (1, True)
    with app.app_context():
        leave_behind(chained(rows()[:8] + rows()[9:]))
        db.session.remove()
    broken = run(args=["audit", "verify"])
    assert (broken.exit_code, "BAD line 12" in broken.output) == (1, True)


@pytest.mark.parametrize("kind", TAMPERINGS)
def test_among_the_newest_lines_every_tampering_is_found(database: None, kind: str) -> None:
    told, original = fill(), rows()
    assert verify.verify_newest(told, 12) == verify.Verdict(LINES, original[-1]["hash"], heads=3)
    leave_behind(TAMPERINGS[kind](original, LINES - 5))
    assert not verify.verify_newest(told, 12).holds


def test_a_head_of_an_older_line_is_held_against_it(database: None) -> None:
    told = fill()
    assert not verify.verify_newest([Head(10, "f" * 64, "head 10"), *told[1:]], 12).holds
    assert verify.verify_newest(told, LINES + 5).holds
