"""The rooms in their order. A room imports only from rooms to its left; doors stand above all rooms.

`tests/house` reads this file and fails on an arrow that points right.
"""

FOUNDATION = (
    "settings",
    "clock",
    "refusals",
    "transaction",
    "database",
    "sealing",
    "keys",
    "resealing",
    "permissions",
    "actors",
    "versions",
    "bulk",
    "fields",
    "masters",
    "spans",
    "rooms",
    "i18n",
)
"""Single files under portal/ that every room may use; they import no room."""

ROOMS = ("audit", "notices", "identity", "partners", "clients", "attribution", "settlement", "commission")

DOORS = ("pages", "imports", "demo", "jobs", "web", "admin", "api", "cli", "gateways")
"""Packages that cross rooms: what is carried in, what a clock or a person sets off, what goes out."""
