"""What is at stake follows the version of each settled day that counts, of each client alone."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from models import db
from models.rollups import AccountWindow
from portal.audit.recordings import last_recording_id
from portal.departures import figures
from portal.departures.exposure import exposed, persons
from portal.jobs.refresh import renew_windows
from portal.settlement import windows
from portal.settlement.around import account_ids
from portal.settlement.facts import day_frames
from tests import make

pytestmark = pytest.mark.usefixtures("database")

MONDAY, TUESDAY = "2026-01-05", "2026-01-06"
Stake = tuple[int, int | None, int, date | None]


def trade(account: str, fee: str) -> tuple[str, ...]:
    return account, "SHFE", "rb", "3", "96000.00", fee, "4.12"


def shown() -> dict[str, Stake]:
    """Equity, average, retained fee and last trade of each client, as the page has them."""
    leaving = persons(["broker-B001"])
    rows = figures.table(exposed(leaving, date.fromisoformat(TUESDAY)), leaving, date.fromisoformat(TUESDAY), date.fromisoformat(TUESDAY))
    return {row["account_no"]: (row["equity"], row["average"], row["fee"] or 0, row["traded_on"]) for row in rows.iter_rows(named=True)}


def posted() -> dict[str, Stake]:
    """The same, added up one by one from the days as they stand."""
    found: dict[str, Stake] = {}
    for number, key in account_ids().iter_rows():
        equities: dict[date, int] = {}
        fees, last = 0, None
        for day in map(date.fromisoformat, (MONDAY, TUESDAY)):
            balances, trades = day_frames(day)
            equities.update((day, row["equity"]) for row in balances.iter_rows(named=True) if row["account_id"] == key)
            own = [row for row in trades.iter_rows(named=True) if row["account_id"] == key]
            fees, last = fees + sum(row["fee"] - row["exchange_fee"] for row in own), day if own else last
        found[number] = (equities.get(date.fromisoformat(TUESDAY), 0), sum(equities.values()) // len(equities) if equities else None, fees, last)
    return found


def agrees() -> None:
    """The page says what the days say: asked from the days, from what is kept of every account, and from what that grew into."""
    db.session.execute(delete(AccountWindow))
    db.session.commit()
    assert shown() == posted()
    for _ in range(2):
        renew_windows()
        assert not windows.is_stale()
        assert shown() == posted()
        assert windows.differences() == []


@pytest.mark.parametrize("kept", [False, True])
def test_what_is_kept_of_accounts_is_not_believed_after_a_correction(kept: bool, tmp_path: Path) -> None:
    make.accepted(make.firm(tmp_path / "firm"))
    make.accepted(make.day(tmp_path / "a", MONDAY, {"10001": ("1000.00", "0.00"), "10002": ("500.00", "0.00")}, [trade("10001", "12.35")]))
    make.accepted(make.day(tmp_path / "b", TUESDAY, {"10001": ("987.65", "0.00"), "10002": ("500.00", "0.00")}, [trade("10001", "12.35")]))
    if kept:
        renew_windows()
    before = shown()
    make.accepted(make.day(tmp_path / "c", MONDAY, {"10001": ("1000.00", "0.00"), "10002": ("500.00", "0.00")}, [trade("10001", "20.00")]))
    assert windows.is_stale()
    assert (shown() == posted(), shown() == before) == (True, False)
    # The control: a window that claims to know of the correction is believed, and shows the old fee.
    db.session.execute(update(AccountWindow).values(known_recording_id=last_recording_id()))
    db.session.commit()
    assert (shown() == posted()) is not kept
    assert bool(windows.differences()) is kept


def test_a_day_that_was_corrected_counts_as_corrected(tmp_path: Path) -> None:
    make.accepted(make.firm(tmp_path / "firm", accounts=("10001", "10002", "10003")))
    clients = {"10001": ("1000.00", "10.00"), "10002": ("500.00", "0.00"), "10003": ("300.00", "0.00")}
    first = [trade("10001", "12.35"), trade("10002", "8.00")]
    make.accepted(make.day(tmp_path / "a", MONDAY, clients, first))
    make.accepted(make.day(tmp_path / "b", TUESDAY, {"10001": ("997.65", "5.00"), "10002": ("492.00", "0.00"), "10003": ("300.00", "0.00")}, [trade("10003", "9.00")]))
    agrees()
    before = shown()
    # 10001 paid more, 10002's trades are gone, 10003 has no row of that day any more.
    make.accepted(make.day(tmp_path / "c", MONDAY, {name: clients[name] for name in ("10001", "10002")}, [trade("10001", "20.00")]))
    agrees()
    assert all(stake != before[name] for name, stake in shown().items())
    # A second correction, of the newest day too.
    make.accepted(make.day(tmp_path / "d", MONDAY, {"10001": clients["10001"], "10003": clients["10003"]}, [trade("10001", "20.00")]))
    make.accepted(make.day(tmp_path / "e", TUESDAY, {"10001": ("990.00", "5.00"), "10003": ("300.00", "0.00")}, [trade("10001", "9.00")]))
    agrees()
