"""The terminal: each command parses, opens a transaction, calls one verb and prints what came of it."""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import AppGroup
from werkzeug.utils import import_string

COMMANDS = {
    "users": "portal.cli.users:group",
    "import": "portal.cli.imports:import_files",
    "receipts": "portal.cli.receipts:group",
    "statements": "portal.cli.statements:group",
    "calendar": "portal.cli.calendar:group",
    "attribution": "portal.cli.attribution:group",
    "commission": "portal.cli.commission:group",
    "audit": "portal.cli.audit:audit",
    "approvals": "portal.cli.audit:approvals",
    "keys": "portal.cli.keys:group",
    "jobs": "portal.cli.jobs:jobs",
    "demo": "portal.cli.truth:demo",
    "overview": "portal.cli.overview:group",
    "club": "portal.cli.club:group",
    "risk": "portal.cli.truth:group",
    "departures": "portal.cli.departures:group",
    "rules": "portal.cli.rules:group",
    "db": "flask_migrate.cli:db",
}
"""`module:command` of every command. Names, not imports: a web process starts without the terminal."""


class Commands(AppGroup):
    """The commands of COMMANDS, each loaded when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every name."""
        return sorted({*super().list_commands(ctx), *COMMANDS})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command; None where there is none of this name."""
        if found := super().get_command(ctx, cmd_name):
            return found
        place = COMMANDS.get(cmd_name)
        return import_string(place) if place else None


def install(app: Flask) -> None:
    """Register every command."""
    app.cli = Commands(app.name)
