"""The terminal: each command parses, opens a transaction, calls one verb and prints what came of it."""

from __future__ import annotations

from flask import Flask

from portal.cli import attribution, audit, calendar, commission, demo, imports, jobs, keys, users


def install(app: Flask) -> None:
    """Register every group of commands."""
    for module in (users, imports, calendar, attribution, commission, audit, jobs, keys, demo):
        module.install(app)
