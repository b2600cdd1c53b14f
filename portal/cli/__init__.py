"""The terminal: each command parses, opens a transaction, calls one verb and prints what came of it."""

from __future__ import annotations

from flask import Flask

from portal.cli import attribution, audit, calendar, commission, demo, imports, jobs, keys, statements, users


def install(app: Flask) -> None:
    """Register every group of commands."""
    for module in (users, imports, statements, calendar, attribution, commission, audit, keys, jobs, demo):
        module.install(app)
