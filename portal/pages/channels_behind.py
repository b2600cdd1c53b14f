"""The way from a number of the channels to exactly the leads or accounts that it counts: a word in the address of their lists.

won=2026-01.2026-03.split.broker.opened        # period, rule of attribution, channel (or all), what is counted; a sixth part: the branch
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import polars as pl
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, bindparam, select

from models import db
from models.channels import LeadChannel
from models.partners import Branch
from models.values.calendar import Month
from portal.channels.claims import By
from portal.channels.people import Person, counted
from portal.commission.by_account import Run, paid_for
from portal.web.listing import Filter, Label
from portal.web.remembered import remembered_whole

CHANNELS = {
    "staff": _l("Staff"),
    "referral": _l("Referral by clients"),
    "broker": _l("Introducing brokers"),
    "event": _l("Club and events"),
    "research": _l("Research"),
    "campaign": _l("Campaigns"),
    "direct": _l("Direct"),
}
RULES = {"first": _l("First claim"), "last": _l("Last claim before opening"), "split": _l("Equal parts")}
WHAT = {"leads": _l("Leads"), "qualified": _l("Qualified"), "opened": _l("Accounts opened"), "active": _l("Traded")}
ALL = "all"
MOST_MONTHS = 36


class Behind:
    """What such a word says. Whom it means is looked up once, when it is asked for."""

    def __init__(self, first: Month, last: Month, by: By, channel: str, what: str, branch_no: str = "") -> None:
        self.first, self.last, self.by, self.channel, self.what, self.branch_no = first, last, by, channel, what, branch_no

    def __str__(self) -> str:
        parts = [str(self.first), str(self.last), self.by.value, self.channel, self.what]
        return ".".join([*parts, *([self.branch_no] if self.branch_no else [])])

    @cached_property
    def people(self) -> list[Person]:
        """Everybody whom the number counts."""
        branch_id = None
        if self.branch_no:
            branch_id = db.session.execute(select(Branch.id).where(Branch.branch_no == self.branch_no)).scalar() or 0
        channel = None if self.channel == ALL else LeadChannel(self.channel)
        return counted(self.first, self.last, branch_id, self.by, channel, self.what)


def paid(runs: tuple[Run, ...]) -> pl.DataFrame:
    """What runs pay for each account, worked out once for all who read the same months."""
    return remembered_whole(("paid", runs), partial(paid_for, runs), lambda made: made.height)


def read(text: str) -> Behind:
    """What a word says. Raises ValueError."""
    parts = text.split(".", 5)
    if len(parts) < 5 or parts[4] not in WHAT or parts[3] not in {*CHANNELS, ALL}:
        raise ValueError(text)
    first, last = Month.parse(parts[0]), Month.parse(parts[1])
    if last < first or first.plus(MOST_MONTHS - 1) < last:
        raise ValueError(text)
    return Behind(first, last, By(parts[2]), parts[3], parts[4], parts[5] if len(parts) > 5 else "")


@dataclass(frozen=True)
class Won(Filter):
    """The filter of a list by such a word; its chip says it in the reader's language."""

    def shown(self, text: str) -> Label:
        """The word as it is read."""
        try:
            one = read(text)
        except ValueError:
            return text
        channel = _("All channels") if one.channel == ALL else str(CHANNELS[one.channel])
        return " · ".join(part for part in (str(WHAT[one.what]), channel, str(RULES[one.by.value]), f"{one.first} – {one.last}", one.branch_no) if part)


def won_leads(key: Any) -> Filter:
    """The filter that leaves the leads (by their key) whom a number counts."""
    return Won("won", _l("Counted by the channels"), lambda behind: _among(key, [one.lead_id for one in behind.people]), read=read, hidden=True)


def won_accounts(key: Any) -> Filter:
    """The filter that leaves the accounts (by their key) that a number counts."""
    return Won("won", _l("Counted by the channels"), lambda behind: _among(key, [one.account_id for one in behind.people]), read=read, hidden=True)


def _among(key: Any, ids: list[int | None]) -> ColumnElement[bool]:
    """Written out in the statement: there may be more of them than a statement takes as parameters."""
    found: ColumnElement[bool] = key.in_(bindparam("won", sorted({one for one in ids if one is not None}), expanding=True, literal_execute=True))
    return found
