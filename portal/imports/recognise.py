"""Which family a file belongs to. Whoever reads another family adds it to FAMILIES; the first that recognises a file gets it."""

from __future__ import annotations

from portal.imports.kinds import Family, Kind
from portal.imports.market_monitor import MARKET_MONITOR
from portal.imports.own import OWN, OWN_DAY
from portal.imports.received import Received

FAMILIES: list[Family] = [OWN, OWN_DAY, MARKET_MONITOR]
"""Every family that the portal reads, in the order in which they are asked."""


def recognise(file: Received) -> Kind | None:
    """What a file is, or None where no family knows it."""
    for family in FAMILIES:
        kind = family.recognise(file)
        if kind is not None:
            return kind
    return None


def family_named(name: str) -> Family:
    """A family by its name."""
    return next(family for family in FAMILIES if family.name == name)
