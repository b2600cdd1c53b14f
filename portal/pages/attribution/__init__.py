"""The attribution audit desk: who owned what, when, as known when, and who changed it."""

from portal.pages.attribution import accounts, differences, findings, moves, state
from portal.pages.attribution.blueprint import bp

__all__ = ["accounts", "bp", "differences", "findings", "moves", "state"]
