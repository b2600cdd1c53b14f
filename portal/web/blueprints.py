"""The pages of the portal, by name: a room adds its line here. Names, not imports, so that rooms may import the guard."""

from __future__ import annotations

BLUEPRINTS = [
    "portal.identity.routes:bp",
    "portal.pages.home:bp",
    "portal.pages.clients:bp",
    "portal.pages.commission:bp",
    "portal.pages.imports:bp",
    "portal.pages.calendar:bp",
    "portal.pages.exchange_fees:bp",
    "portal.web.preferences:bp",
    "portal.audit.routes:bp",
    "portal.jobs.routes:bp",
]
"""`module:blueprint` of every room and door that has pages."""

INSTALLERS: list[str] = [
    "portal.web.assets",
    "portal.web.context",
    "portal.web.parts_page",
]
"""Modules of portal.web with an `install(app, settings)` of their own: assets, filters and the like."""
