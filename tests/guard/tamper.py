"""Tampering: files of an exported log, changed in every way that a database's owner could, before the stand-alone verifier."""

from __future__ import annotations

import contextlib
import io
import random
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from models.audit import AuditEntry
from portal.audit import log, verify_export
from portal.audit.verify_export import Head
from tests.guard.report import Report
from tests.rooms.audit.test_verify import ONLY_HEADS_FIND, TAMPERINGS, Rows, _line, chained

LINES_A_SECOND = 50_000
MANY = 200_000


def tamper(report: Report, count: int, seed: int, *, without_heads: bool = False, measured: bool = True) -> None:
    """`count` changed logs of every kind; each must be found and its first bad line named. Without heads three kinds are not."""
    draw, found = random.Random(seed), Counter()
    with tempfile.TemporaryDirectory() as folder:
        for kind, change in TAMPERINGS.items():
            for _ in range(count):
                lines = chained([_line(draw) for _ in range(draw.randrange(5, 25))])
                place = draw.randrange(0, len(lines) - 1)
                told = [] if without_heads else [Head(seq, lines[seq - 1]["hash"], "told") for seq in {len(lines), draw.randrange(1, len(lines) + 1)}]
                status, said = _verify(Path(folder), change(lines, place), told)
                found[kind] += status == 1 and said.startswith("BAD line ")
        for kind in TAMPERINGS:
            if found[kind] != count:
                report.fault(f"{kind}: {found[kind]} of {count} were found")
        report.tried, report.figures = count * len(TAMPERINGS), {"found": found.total(), "kinds": len(TAMPERINGS), "only heads find": sorted(ONLY_HEADS_FIND)}
        if measured and not without_heads:
            _speed(Path(folder), report)


def _verify(folder: Path, lines: Rows, told: list[Head]) -> tuple[int, str]:
    """The script's own main, on real files."""
    export, heads = folder / "export.jsonl", folder / "heads.log"
    export.write_text("".join(log.canonical(log.entry_record(AuditEntry(**row)) | {"hash": row["hash"]}) + "\n" for row in lines), encoding="utf-8")
    heads.write_text("".join(f"{head.seq} {head.hash} 2026-11-20T04:00:00+00:00\n" for head in told))
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        status = verify_export.main([str(export), str(heads)])
    return status, said.getvalue()


def _speed(folder: Path, report: Report) -> None:
    """How many lines a second of processor time the script checks, in a process of its own."""
    export = folder / "many.jsonl"
    draw, last = random.Random(7), verify_export.GENESIS
    with export.open("w", encoding="utf-8", newline="\n") as file:
        for seq in range(1, MANY + 1):
            row = _line(draw) | {"seq": seq, "previous_hash": last, "hash": "", "reason": "改 " + "x" * 40}
            record = log.entry_record(AuditEntry(**row))
            last = log.line_hash(record)
            file.write(log.canonical(record | {"hash": last}) + "\n")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-I", verify_export.__file__, str(export)], capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    report.figures |= {"lines": MANY, "lines a second": round(MANY / took)}
    if done.returncode or MANY / took < LINES_A_SECOND:
        report.fault(f"{MANY / took:.0f} lines a second, status {done.returncode}: {done.stdout[:100]}")
