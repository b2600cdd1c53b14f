"""What every screen shares: guards, forms, paging and filters, faults, headers."""

from __future__ import annotations

from flask import Flask

from portal.settings import Settings


def install(app: Flask, settings: Settings) -> None:
    """Bind what every request needs, and every room's pages."""
