"""The house keeps its plan: which way imports go, one commit, short functions, short files, a question for every room.

Every rule has its control: a planted breach that the rule must name.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from portal.rooms import DOORS, FOUNDATION, ROOMS
from portal.settings import ROOT

"""Functions over 40 lines, each with the reason why it is better whole: `path:function`."""
LONG_FILES: dict[str, str] = {
    "portal/documents/check_statement.py": "offered as one file to whoever recomputes a statement, so it stands alone",
    "portal/permissions.py": "one table, read as a whole: who may do what",
}
"""Files over 300 lines, each with its reason."""
AT_THE_DOOR = ("routes", "forms", "wording")
"""Files (or folders) of a room that may speak Flask: they belong to the door, and may use portal.web."""
WEB = ("flask", "flask_login", "flask_wtf", "flask_babel", "wtforms", "werkzeug")
FOUNDATION_ON_FLASK = ("i18n", "keys", "database", "local_day")


@cache
def sources() -> tuple[Path, ...]:
    return tuple(sorted([*(ROOT / "portal").rglob("*.py"), *(ROOT / "models").rglob("*.py"), ROOT / "app.py"]))


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def imports(tree: ast.Module, module: str, *, package: bool, known: frozenset[str]) -> Iterator[str]:
    """Modules that a file imports when it is loaded; `from portal import clock` is portal.clock. TYPE_CHECKING does not count."""
    for node in walk_loaded(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = module.split(".")[: len(module.split(".")) - node.level + package] if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            for alias in node.names:
                yield f"{base}.{alias.name}" if f"{base}.{alias.name}" in known else base


def walk_loaded(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from walk_loaded(node)


@cache
def known() -> frozenset[str]:
    return frozenset(name_of(path) for path in sources())


@cache
def graph() -> dict[str, frozenset[str]]:
    return {name_of(path): frozenset(imports(tree_of(path), name_of(path), package=path.name == "__init__.py", known=known())) for path in sources()}


def wrong_arrow(module: str, imported: str) -> str | None:
    """Why a file may not import another, or None where it may."""
    mine, theirs = module.split("."), imported.split(".")
    if mine[0] == "models":
        if theirs[0] == "portal":
            return "tables know no room"
        return "values use the standard library alone" if mine[1:2] == ["values"] and theirs[0] in {"sqlalchemy", "flask", *WEB} else None
    if mine[0] != "portal" or theirs[0] != "portal" or len(mine) < 2 or len(theirs) < 2:
        return None
    here, there = mine[1], theirs[1]
    if here in FOUNDATION and there not in FOUNDATION:
        return "the foundation knows no room and no door"
    if here in ROOMS and there in ROOMS and ROOMS.index(there) > ROOMS.index(here):
        return "an arrow to the right"
    if here in ROOMS and there in DOORS and not at_the_door(mine, there):
        return "a room knows no door"
    return None


def at_the_door(mine: list[str], there: str) -> bool:
    return there == "web" and len(mine) > 2 and bool(set(mine[2:]) & set(AT_THE_DOOR))


def test_imports_go_one_way() -> None:
    wrong = [f"{module} imports {imported}: {why}" for module, found in graph().items() for imported in sorted(found) if (why := wrong_arrow(module, imported))]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("portal.audit.log", "portal.commission.close"),
        ("portal.identity.verbs", "portal.partners.queries"),
        ("portal.identity.verbs", "portal.web.guard"),
        ("portal.settings", "portal.identity.verbs"),
        ("models.identity", "portal.actors"),
        ("models.values.money", "sqlalchemy"),
    ],
)
def test_control_a_wrong_arrow_is_named(module: str, imported: str) -> None:
    assert wrong_arrow(module, imported)


@pytest.mark.parametrize(
    ("module", "imported"), [("portal.commission.close", "portal.audit.log"), ("portal.identity.routes.me", "portal.web.guard"), ("portal.web.guard", "portal.identity.sessions")]
)
def test_right_arrows_pass(module: str, imported: str) -> None:
    assert wrong_arrow(module, imported) is None


def cycles(arrows: dict[str, frozenset[str]]) -> list[str]:
    """Modules that import themselves by way of others."""
    reach: dict[str, set[str]] = {}
    for start, found in arrows.items():
        seen: set[str] = set()
        stack = list(found)
        while stack:
            module = stack.pop()
            if module not in seen:
                seen.add(module)
                stack.extend(arrows.get(module, ()))
        reach[start] = seen
    return sorted(module for module, seen in reach.items() if module in seen)


def test_nothing_imports_itself_in_a_ring() -> None:
    assert not cycles(graph())


def test_control_a_ring_is_found() -> None:
    assert cycles({"a": frozenset({"b"}), "b": frozenset({"a"}), "c": frozenset({"a"})}) == ["a", "b"]


def test_every_package_under_portal_has_its_place() -> None:
    packages = {path.parent.name for path in (ROOT / "portal").glob("*/__init__.py")}
    files = {path.stem for path in (ROOT / "portal").glob("*.py")} - {"__init__"}
    assert not packages - {*ROOMS, *DOORS}, "name the package in portal/rooms.py"
    assert not files - {*FOUNDATION}, "name the file in portal/rooms.py"


def test_rooms_speak_no_flask_but_at_their_door() -> None:
    wrong = []
    for path in sources():
        parts = name_of(path).split(".")
        pure = (len(parts) > 1 and parts[1] in FOUNDATION and parts[1] not in FOUNDATION_ON_FLASK) or (
            len(parts) > 2 and parts[1] in ROOMS and not set(parts[2:]) & set(AT_THE_DOOR)
        )
        if pure:
            wrong += [f"{name_of(path)} imports {name}" for name in graph()[name_of(path)] if name.split(".")[0] in WEB]
    assert not wrong, "\n".join(sorted(wrong))


def calls(tree: ast.Module, method: str) -> int:
    return sum(isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method for node in ast.walk(tree))


def test_one_place_commits() -> None:
    assert [name_of(path) for path in sources() if calls(tree_of(path), "commit")] == ["portal.transaction"]
    assert calls(tree_of(ROOT / "portal" / "transaction.py"), "commit") == 1


def test_nobody_but_the_clock_reads_the_time() -> None:
    wrong = []
    for path in sources():
        parts = name_of(path).split(".")
        if len(parts) > 2 and parts[1] in ROOMS and not set(parts[2:]) & set(AT_THE_DOOR):
            wrong += [
                name_of(path)
                for node in ast.walk(tree_of(path))
                if isinstance(node, ast.Attribute) and ast.unparse(node) in {"datetime.now", "clock.now", "date.today", "time.time"}
            ]
    assert not wrong


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def test_no_function_is_long() -> None:
    assert not {f"{path.relative_to(ROOT)}:{function.name}": lines_of(function) for path in sources() for function in functions(tree_of(path)) if lines_of(function) > 40}


def test_no_file_is_long() -> None:
    found = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in sources()}
    assert not {name: lines for name, lines in found.items() if lines > 300 and name not in LONG_FILES}


def hidden_imports(tree: ast.Module) -> list[int]:
    return [node.lineno for function in functions(tree) for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom)]


def test_no_import_hides_in_a_function() -> None:
    assert not {name_of(path): lines for path in sources() if (lines := hidden_imports(tree_of(path)))}


def test_control_a_hidden_import_is_found() -> None:
    assert hidden_imports(ast.parse("def f():\n    import os\n")) == [2]


def test_every_room_says_its_question_and_its_promise() -> None:
    silent = []
    for room in ROOMS:
        path = ROOT / "portal" / room / "__init__.py"
        if len(list(path.parent.rglob("*.py"))) == 1 and not path.read_text():
            continue  # a name kept free: nobody has moved in yet
        said = ast.get_docstring(tree_of(path)) or ""
        if "?" not in said or "promises" not in said.lower():
            silent.append(room)
    assert not silent


def test_whatever_is_public_says_what_it_means() -> None:
    silent = []
    for path in sources():
        tree = tree_of(path)
        if not ast.get_docstring(tree) and path.name != "__init__.py":
            silent.append(name_of(path))
        silent += [
            f"{name_of(path)}:{node.name}"
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_") and not ast.get_docstring(node)
        ]
    assert not silent, "\n".join(silent)
