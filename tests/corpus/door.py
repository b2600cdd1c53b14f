"""The import's door as the corpus uses it: the good firm in a portal that is set back whenever something was posted."""

from __future__ import annotations

import csv
import os
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from flask import Flask
from sqlalchemy import text

from models import db
from portal import create_app
from tests.corpus.cases import Files
from tests.corpus.firm import COLUMNS, NEXT, files
from tests.places import Place

PASSED_OVER = {"import_run", "import_finding", "import_step"}
"""What an import writes about itself, refused or not."""


@dataclass
class Answer:
    """What the import said: its findings as outcome lines, their sentences, and whether any table of facts has other rows than before."""

    said: list[str]
    sentences: dict[str, str]
    status: int
    output: str
    changed: dict[str, int]


@dataclass
class Door:
    """A portal with the good firm, and the good files of the next day."""

    base: Place
    folder: Path
    place: Place = field(init=False)
    app: Flask = field(init=False)
    strict: Flask = field(init=False)
    before: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        files((NEXT,), self.folder / "good", (*COLUMNS, "plans"))
        self.place = self.base.copy(self.folder / "portal")
        self.app = create_app(self.place.settings(allow_overrides=True))
        self.strict = create_app(self.place.settings())
        self.before = self.counts()

    def set_back(self) -> None:
        """The good firm as it was, in the same place."""
        self._let_go()
        self.place.set_back(self.base)

    def close(self) -> None:
        """Throw the copy away."""
        self._let_go()
        self.place.drop()

    def _let_go(self) -> None:
        for app in (self.app, self.strict):
            with app.app_context():
                db.session.remove()
                db.engine.dispose()

    def good(self, start: str) -> Files:
        """Good files to begin with: `day` (the next day's two), `masters` (all), or the name of one."""
        names = {"day": [f"balances-{NEXT}.csv", f"trades-{NEXT}.csv"], "nothing": []}.get(start, [start])
        if start == "masters":
            names = [path.name for path in sorted((self.folder / "good").iterdir()) if NEXT not in path.name]
        return {name: (self.folder / "good" / name).read_bytes() for name in names}

    def counts(self) -> dict[str, int]:
        """How many rows each table has."""
        with self.app.app_context():
            tables = [table.name for table in db.metadata.sorted_tables if table.name not in PASSED_OVER]
            query = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM \"{name}\"" for name in tables)
            found = dict(db.session.execute(text(query)).all())
            db.session.remove()
        return found

    def hand_in(self, handed: Files, options: tuple[str, ...] = (), *, overrides_allowed: bool = True) -> Answer:
        """Import files as a folder, from the terminal."""
        folder = self.folder / "handed"
        shutil.rmtree(os.fsencode(folder), ignore_errors=True)
        folder.mkdir()
        for name, data in handed.items():
            path = os.path.join(os.fsencode(folder), os.fsencode(name))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if isinstance(data, Path):
                os.symlink(data, path)
            else:
                with open(path, "wb") as file:
                    file.write(data)
        findings = self.folder / "findings.csv"
        findings.unlink(missing_ok=True)
        app = self.app if overrides_allowed else self.strict
        outcome = app.test_cli_runner().invoke(args=["import", str(folder), "--findings", str(findings), *options])
        if outcome.exception and not isinstance(outcome.exception, SystemExit):
            raise AssertionError(f"the import broke: {outcome.exception!r}") from outcome.exception
        return self._answer(findings, outcome.exit_code, outcome.output)

    def _answer(self, findings: Path, status: int, output: str) -> Answer:
        rows = []
        if findings.exists():
            with findings.open(encoding="utf-8-sig", newline="") as file:
                rows = list(csv.DictReader(file))
        after = self.counts()
        changed = {name: after[name] - count for name, count in self.before.items() if after[name] != count}
        return Answer(sorted(map(_line, rows)), {row["code"]: row["sentence"] for row in rows}, status, output, changed)


def _line(row: dict[str, str]) -> str:
    place = f"{row['file']}:{row['line']}" if row["line"] else row["file"]
    warn = ["warn"] if row["severity"] == "warning" else []
    return " ".join([*warn, row["code"], place, row["field"].split(",")[0]]).strip()


def differences(said: list[str], expected: list[str]) -> list[str]:
    """What was said and not expected, and what was expected and not said."""
    left, right = Counter(said), Counter(expected)
    return [f"said, not expected: {line}" for line in (left - right).elements()] + [f"expected, not said: {line}" for line in (right - left).elements()]
