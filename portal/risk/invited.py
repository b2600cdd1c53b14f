"""What became of the invited and the held-out of events: whether they are still active, what they paid in less what they took out, on how many days they
traded; by intention to treat. All lists are read in one walk over the settled days, each client as the sum of his accounts.

A window begins on the day after the draw and ends 30 or 90 days after the event's last day; it is the same for both sides. Who left is told by the rule of
`outcomes`: where the time in which money may come back is not over, the client counts as gone for now, and the result says how many they are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from sqlalchemy import func, select

from models import db
from models.clients import AccountVersion
from models.club import ClubEvent, ClubSession
from models.club_invites import Arm, Invitee, InviteList
from portal.audit.recordings import last_recording_id
from portal.bulk import read_frame
from portal.clients.queries import accounts
from portal.notices.kinds import N_
from portal.risk import days, trial
from portal.risk.behaviour import Whole
from portal.risk.comparing import Difference
from portal.risk.effects import WINDOWS
from portal.risk.gathering import Progress
from portal.risk.leaving import Walk

WARM = timedelta(days=90)
SETTLED = timedelta(days=95)
"""So long after a window it can be told who had left in it (60 settled days)."""
PPM, MILLI = 1_000_000, 1_000
SCALES = {"active": PPM, "net": 1, "trading": MILLI}
"""In what a measure is kept: shares in parts per million, net deposits in fen, trading days in thousandths."""
PEOPLE: dict[str, Any] = {"client_no": pl.String, "arm": pl.String, "tier": pl.String, "risk_class": pl.String}


@dataclass
class Group:
    """One list's two sides while days go by. `people`: client_no, arm, tier, risk_class, in a fixed order; `ends`: the event's last day."""

    list_no: str
    event_id: int
    drawn_on: date
    ends: date
    people: pl.DataFrame
    accounts: pl.DataFrame
    net: dict[int, Whole] = field(default_factory=dict)
    traded: dict[int, Whole] = field(default_factory=dict)

    def __post_init__(self) -> None:
        size = self.people.height
        self.walk = Walk(np.arange(1, size + 1, dtype=np.int64))
        self.net = {window: np.zeros(size, np.int64) for window in WINDOWS}
        self.traded = {window: np.zeros(size, np.int64) for window in WINDOWS}

    @property
    def last(self) -> date:
        """The last day that can change anything."""
        return self.ends + timedelta(days=max(WINDOWS)) + SETTLED

    def add(self, day: date, balances: pl.DataFrame, trades: pl.DataFrame) -> None:
        """Take in a settled day, each client as the sum of his accounts."""
        held = balances.join(self.accounts, on="account_id").group_by("place").agg(pl.col("equity", "deposit", "withdrawal").sum())
        busy = trades.join(self.accounts, on="account_id").select("place").unique()
        self.walk.add(day, held.rename({"place": "account_id"}), busy.rename({"place": "account_id"}))
        for window in WINDOWS:
            if self.drawn_on < day <= self.ends + timedelta(days=window):
                self.net[window][held["place"].to_numpy() - 1] += (held["deposit"] - held["withdrawal"]).to_numpy()
                self.traded[window][busy["place"].to_numpy() - 1] += 1

    def closed(self) -> Whole:
        """By client the ordinal of the day on which his last account was closed; 0 where one is open."""
        found = np.zeros(self.people.height, np.int64)
        shut = self.accounts.group_by("place").agg(pl.col("closed_on").max().alias("on"), pl.col("closed_on").is_null().any().alias("open")).filter(~pl.col("open"))
        found[shut["place"].to_numpy() - 1] = [one.toordinal() for one in shut["on"]]
        return found

    def measured(self, until: date) -> dict[int, tuple[pl.DataFrame, int]]:
        """By window that is over: the people with `active`, `net` and `trading`, and for how many it cannot be told yet whether they left."""
        became, found = self.walk.leavings(until, self.closed()), {}
        for window in WINDOWS:
            end = self.ends + timedelta(days=window)
            if end > until:
                continue
            gone = (became.left > 0) & (became.left <= end.toordinal())
            unsure = (became.left == 0) & (became.open_from > 0) & (became.open_from <= end.toordinal())
            told = {"active": pl.Series(~gone & ~unsure), "net": pl.Series(self.net[window]), "trading": pl.Series(self.traded[window])}
            found[window] = (self.people.with_columns(**told), int(unsure.sum()))
        return found


def groups(event_ids: Sequence[int]) -> list[Group]:
    """The lists of events from which somebody was held out, with their clients; those to whom the invitation was owed are not compared."""
    last = select(ClubSession.event_id, func.max(ClubSession.ends_at).label("ends_at")).group_by(ClubSession.event_id).subquery()
    query = select(InviteList, ClubEvent.zone, last.c.ends_at).join(ClubEvent, ClubEvent.id == InviteList.event_id).join(last, last.c.event_id == ClubEvent.id)
    rows = db.session.execute(query.where(InviteList.event_id.in_(event_ids), InviteList.percent > 0).order_by(InviteList.id)).all()
    ids = [row[0].id for row in rows]
    columns = (Invitee.list_id, Invitee.client_no, Invitee.arm, Invitee.tier, Invitee.risk_class)
    who = select(*columns).where(Invitee.list_id.in_(ids), Invitee.arm != Arm.OWED).order_by(Invitee.list_id, Invitee.place)
    people = read_frame(who, {"list_id": pl.Int64, **PEOPLE})
    held = accounts().with_only_columns(AccountVersion.account_id, AccountVersion.client_no, AccountVersion.closed_on)
    held = held.where(AccountVersion.client_no.in_(select(Invitee.client_no).where(Invitee.list_id.in_(ids))))
    owners = read_frame(held, {"account_id": pl.Int64, "client_no": pl.String, "closed_on": pl.Date})
    found = []
    for row, zone, ends_at in rows:
        mine = people.filter(pl.col("list_id") == row.id).drop("list_id")
        placed = owners.join(mine.select("client_no").with_row_index("place", 1).with_columns(pl.col("place").cast(pl.Int64)), on="client_no")
        found.append(Group(row.public_id, row.event_id, row.drawn_on, ends_at.astimezone(ZoneInfo(zone)).date(), mine, placed))
    return found


def effects(event_ids: Sequence[int], until: date, progress: Progress) -> dict[int, dict[str, Any]]:
    """By event what its invitations came to, as known on a settled day; of events whose lists held nobody out, nothing."""
    found = groups(event_ids)
    if not found:
        return {}
    known = last_recording_id()
    held = days.versions(min(one.drawn_on for one in found) - WARM, min(until, max(one.last for one in found)))
    for number, (day, versions) in enumerate(held.items()):
        progress(N_("Looking what became of the invited"), number, len(held))
        wanted = [one for one in found if one.drawn_on - WARM <= day <= one.last]
        if wanted:
            rows = days.rows_of(days.known_of(versions, known))
            for one in wanted:
                one.add(day, *rows)
    by_event: dict[int, list[Group]] = {}
    for one in found:
        by_event.setdefault(one.event_id, []).append(one)
    return {event_id: _of_event(lists, until) for event_id, lists in by_event.items()}


def _of_event(lists: Sequence[Group], until: date) -> dict[str, Any]:
    """As JSON. `windows`: by window (days) what is compared: `active`, `net`, `trading`, `gained` (net deposits that inviting brought in all), each as
    `plain` has it; `open`; `groups`: [by, key, active]; and by list `lists`: [number, active, net, trading]. `final`: whether no later day changes it;
    `ends`: the event's last day."""
    measured = [(one, one.measured(until)) for one in lists]
    windows: dict[str, Any] = {}
    for window in WINDOWS:
        told = [(one, *rows[window]) for one, rows in measured if window in rows]
        if told:
            windows[str(window)] = _of_window(told)
    ends = max(one.ends for one in lists)
    return {"windows": windows, "final": all(one.last <= until for one in lists), "ends": ends.isoformat()}


def _of_window(told: Sequence[tuple[Group, pl.DataFrame, int]]) -> dict[str, Any]:
    parts = {name: [compared(rows, name) for _one, rows, _open in told] for name in SCALES}
    found: dict[str, Any] = {name: plain(trial.by_size(differences), SCALES[name]) for name, differences in parts.items()}
    found["gained"] = plain(trial.in_all(parts["net"]), 1)
    found["open"] = sum(open_yet for _one, _rows, open_yet in told)
    numbers = [one.list_no for one, _rows, _open in told]
    found["lists"] = [[number, *(plain(parts[name][place], SCALES[name]) for name in SCALES)] for place, number in enumerate(numbers)]
    found["groups"] = [[by, key, plain(part, PPM)] for by in ("tier", "risk_class") for key, part in _by(by, [rows for _one, rows, _open in told]).items()]
    return found


def _by(column: str, frames: Sequence[pl.DataFrame]) -> Mapping[str, Difference]:
    """Who is still active, by tier or by class of cause, as they were at the draw; each list compared within itself."""
    keys = sorted({key for rows in frames for key in rows[column].unique()})
    return {key: trial.by_size([compared(rows.filter(pl.col(column) == key), "active") for rows in frames]) for key in keys} if len(keys) > 1 else {}


def compared(rows: pl.DataFrame, name: str) -> Difference:
    """One list's two sides by a measure."""
    invited, held = (rows.filter(pl.col("arm") == arm.value)[name] for arm in (Arm.INVITED, Arm.HELD_OUT))
    if name == "active":
        return trial.shares(int(invited.sum()), len(invited), int(held.sum()), len(held))
    return trial.means(invited.to_numpy().astype(np.float64), held.to_numpy().astype(np.float64))


def plain(found: Difference, scale: int) -> dict[str, Any]:
    """A difference as JSON, in whole units of its scale; `enough` and `tells` as Difference has them."""
    values = {name: getattr(found, name) for name in ("of_invited", "of_held", "value", "low", "high")}
    whole = {name: None if value is None or math.isnan(value) else round(value * scale) for name, value in values.items()}
    return {"invited": found.invited, "held": found.held, **whole, "enough": found.enough, "tells": found.tells}
