"""The rooms in their order. A room imports only from rooms to its left; doors stand above all rooms.

`tests/house` reads this file and fails on an arrow that points right.
"""

FOUNDATION = (
    "memory",
    "settings",
    "clock",
    "local_day",
    "refusals",
    "transaction",
    "turns",
    "database",
    "rehearsal",
    "sealing",
    "signing",
    "keys",
    "resealing",
    "permissions",
    "actors",
    "rows",
    "versions",
    "bulk",
    "ahead",
    "packed",
    "handed_in",
    "fields",
    "masters",
    "spans",
    "rooms",
    "i18n",
)
"""Single files under portal/ that every room may use; they import no room."""

ROOMS = (
    "audit",
    "notices",
    "identity",
    "webhooks",
    "partners",
    "clients",
    "attribution",
    "rules",
    "suitability",
    "leads",
    "settlement",
    "commission",
    "disputes",
    "transfers",
    "onboarding",
    "channels",
    "club",
    "care",
    "research",
    "risk",
    "departures",
    "handover",
)

DOORS = ("documents", "pages", "personal", "search", "imports", "demo", "jobs", "lists", "web", "admin", "api", "cli", "gateways", "standin")
"""Packages that cross rooms: what is carried in, what a clock or a person sets off, what goes out."""
