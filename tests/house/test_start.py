"""How the portal starts: a web process loads what its pages need, the terminal each command as it is asked for."""

from __future__ import annotations

import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import click
from flask import Flask
from werkzeug.utils import import_string

import portal.cli
from portal.cli import COMMANDS
from portal.settings import ROOT

LATE = ["portal.cli.commission", "portal.demo", "flask_migrate", "alembic", "pypinyin", "rich", "scipy", "sklearn"]
"""What a page does without: commands, migrations, the dictionary of pinyin, progress bars."""


def loaded(statement: str, folder: Path) -> list[str]:
    """Which of LATE a new process has loaded after a statement."""
    ask = f"{statement}\nimport sys\nprint(*(name for name in {LATE} if name in sys.modules))"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")} | {"PORTAL_INSTANCE": str(folder)}
    return subprocess.run([sys.executable, "-c", ask], cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout.split()


def test_a_web_process_starts_without_what_no_page_needs(tmp_path: Path) -> None:
    assert loaded("import app", tmp_path) == []


def test_control_what_is_loaded_is_seen(tmp_path: Path) -> None:
    assert loaded("import app; app.app.test_cli_runner().invoke(args=['commission', '--help'])", tmp_path) == ["portal.cli.commission", "rich"]


def test_every_command_is_in_the_table(app: Flask) -> None:
    modules = [import_string(f"portal.cli.{found.name}") for found in pkgutil.iter_modules(portal.cli.__path__)]
    written = {thing for module in modules for thing in vars(module).values() if isinstance(thing, click.Command)}
    inner = {command for group in written if isinstance(group, click.Group) for command in group.commands.values()}
    named = {import_string(place) for place in COMMANDS.values()}
    assert written - inner == named - {import_string("flask_migrate.cli:db")}
    assert {name: import_string(place).name for name, place in COMMANDS.items()} == {name: name for name in COMMANDS}
    assert set(COMMANDS) <= set(app.cli.list_commands(click.Context(app.cli)))
    assert app.cli.get_command(click.Context(app.cli), "no such thing") is None
