"""What a case of the corpus is, and the ways to break a good file. A case edits `Files`; its outcome is what the import must say.

Outcome lines read `code file:line field`, a warning begins with `warn`; `B` and `T` stand for the balances and trades of the day.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.corpus.firm import B, T

Name = str | bytes
Files = dict[Name, bytes | Path]
"""What is handed in by name (with folders); a Path is a symbolic link to it. Names may be bytes that are no UTF-8."""
SEE = "see outcomes.txt"
"""The outcome of a case that stands in the reviewed list beside: long ones, and those of rows made in a loop."""
Edit = Callable[[Files], None]


@dataclass(frozen=True)
class Case:
    """One broken thing: the good files it begins with, what is done to them, and what the import must say.

    `options` are those of the command; `posted` is true where part of what was handed in is good and goes in.
    """

    name: str
    start: str
    edit: Edit
    outcome: str
    options: tuple[str, ...] = ()
    posted: bool = False
    overrides_allowed: bool = True
    nothing_read: bool = False

    @property
    def status(self) -> int:
        """The exit status of the command: 0 where nothing is refused, 2 where there is nothing that the portal reads."""
        return 2 if self.nothing_read else int(any(not line.startswith("warn ") for line in self.expected))

    @property
    def expected(self) -> list[str]:
        """The outcome, with the files' names, sorted."""
        outcome = _reviewed()[self.name] if self.outcome == SEE else self.outcome
        lines = [line.strip() for line in outcome.split("; ") if line.strip()]
        return sorted(" ".join(_unabbreviated(word) for word in line.split(" ")) for line in lines)


def _unabbreviated(word: str) -> str:
    for short, name in (("B", B), ("T", T)):
        if word == short or word.startswith(f"{short}:"):
            return name + word[1:]
    return word


@cache
def _reviewed() -> dict[str, str]:
    """Outcomes by the names of their cases: a line each, `name => outcome`."""
    lines = Path(__file__).with_name("outcomes.txt").read_text(encoding="utf-8").split("\n")
    return {line.split(" => ")[0]: line.split(" => ")[1] for line in lines if " => " in line}


def text(files: Files, name: str) -> str:
    """The text of a good file."""
    data = files[name]
    assert isinstance(data, bytes)
    return data.decode()


def change(name: str, edit: Callable[[str], str]) -> Edit:
    """Rewrite a file's text."""

    def do(files: Files) -> None:
        before = text(files, name)
        after = edit(before)
        assert after != before, f"{name} is as good as before"
        files[name] = after.encode()

    return do


def both(*edits: Edit) -> Edit:
    """One after the other."""

    def do(files: Files) -> None:
        for edit in edits:
            edit(files)

    return do


def cell(name: str, line: int, column: str, value: str) -> Edit:
    """Another value in one cell; lines are counted from 1, the header is line 1."""

    def edit(before: str) -> str:
        rows = [row.split(",") for row in before.splitlines()]
        rows[line - 1][rows[0].index(column)] = value
        return "\r\n".join(",".join(row) for row in rows) + "\r\n"

    return change(name, edit)


def column(name: str, *, out: str = "", twice: str = "", rename: tuple[str, str] = ("", ""), move: bool = False, add: str = "") -> Edit:
    """A column taken out, doubled, renamed or added; or all in the opposite order."""

    def edit(before: str) -> str:
        rows = [row.split(",") for row in before.splitlines()]
        head = rows[0]
        for row in rows[::-1]:
            if out:
                row.pop(head.index(out))
            if twice:
                row.append(row[head.index(twice)])
            if add:
                row.append(add if row is head else "1")
            if move:
                row.reverse()
        if rename[0]:
            head[head.index(rename[0])] = rename[1]
        return "\r\n".join(",".join(row) for row in rows) + "\r\n"

    return change(name, edit)


def lines(name: str, edit: Callable[[list[str]], list[str]]) -> Edit:
    """Other lines."""
    return change(name, lambda before: "\r\n".join(edit(before.splitlines())) + "\r\n")


def more(name: str, *rows: str) -> Edit:
    """Rows after the last one."""
    return lines(name, lambda before: [*before, *rows])


def replaced(name: str, old: str, new: str) -> Edit:
    """The first occurrence of a text replaced."""
    return change(name, lambda before: before.replace(old, new, 1))


def raw(name: str, edit: Callable[[bytes], bytes]) -> Edit:
    """Other bytes."""

    def do(files: Files) -> None:
        before = files[name]
        assert isinstance(before, bytes)
        files[name] = edit(before)

    return do


def renamed(name: str, other: Name) -> Edit:
    """The same bytes under another name."""

    def do(files: Files) -> None:
        files[other] = files.pop(name)

    return do


def without(*names: str) -> Edit:
    """Files that are not handed in."""

    def do(files: Files) -> None:
        for name in names:
            del files[name]

    return do


def put(name: Name, data: bytes | Path) -> Edit:
    """Another file beside."""

    def do(files: Files) -> None:
        files[name] = data

    return do
