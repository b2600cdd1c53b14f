"""Objects of the pages for the permission matrix: those of the firm in tests/rooms/pages/firm.py."""

from __future__ import annotations

from models.identity import User
from tests.matrix import QUERY, Which, maker
from tests.rooms.pages.firm import ACCOUNTS, BROKERS, DAY, PERIOD


@maker("account_no")
def account_no(user: User | None, which: Which) -> str:
    """An account of one's own, another's, or none."""
    return ACCOUNTS[which]


@maker("broker_no")
def broker_no(user: User | None, which: Which) -> str:
    """The broker that one is (or that is of one's branch), another, or none."""
    return BROKERS[which]


@maker("period")
def period(user: User | None, which: Which) -> str:
    """A month belongs to nobody; a missing one is no month at all."""
    return "2026-00" if which == "missing" else PERIOD


@maker(QUERY, "commission.lines")
def lines(user: User | None, which: Which) -> str:
    """Whose lines are asked for."""
    return f"period={PERIOD}&broker={BROKERS[which]}"


@maker(QUERY, "commission.why")
def why(user: User | None, which: Which) -> str:
    """Which line is to be explained."""
    return f"period={PERIOD}&broker={BROKERS[which]}&account={ACCOUNTS[which]}&date={DAY}&exchange=SHFE&product=rb"
