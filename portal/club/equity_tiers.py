"""Tiers by equity: once for each month, from the equity of its last settled day. A tier is reached at its upper threshold, and lost only where
the equity of two month ends in a row lies below the lower one; nothing moves within a month."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl
from sqlalchemy import insert, select, update

from models import db
from models.clients import AccountVersion
from models.club_membership import Cause, ClubMember, ClubMembership, ClubTier, TierKind, TierRun
from models.columns import OPEN_END
from models.identity import User, UserState
from models.values.calendar import Month
from portal.actors import Actor
from portal.audit import log
from portal.audit.log import Line
from portal.bulk import read_frame
from portal.club.codes import new_code
from portal.club.entries import insert_new
from portal.club.telling_membership import PAGE
from portal.notices import verbs as notices
from portal.permissions import Can
from portal.refusals import Conflict, Refusal
from portal.settlement.facts import day_balances, month_days
from portal.versions import current

CHUNK = 5_000
HELD = {"client_no": pl.String, "membership_id": pl.Int64, "tier_id": pl.Int64, "rank": pl.Int64}


@dataclass(frozen=True)
class Moves:
    """Who reaches, loses or changes a tier by equity. `rows`: client_no, equity_now, equity_before (fen; null where the month before was
    not settled), membership_id and tier_id of what he has, new_tier_id (null: none)."""

    month: Month
    trade_date: date
    counts_from: date
    rows: pl.DataFrame
    holders: int
    names: dict[int, str]

    def listed(self) -> list[dict[str, Any]]:
        """The rows in words: client, tier before and after, equity now and before."""
        found = self.rows.sort("client_no").iter_rows(named=True)
        return [{**row, "old": self.names.get(row["tier_id"], ""), "new": self.names.get(row["new_tier_id"], "")} for row in found]


def decided(frame: pl.DataFrame, tiers: Sequence[ClubTier]) -> pl.DataFrame:
    """The tier that each client has by his equity (`new_tier_id`), from equity_now, equity_before and the rank of what he has. Pure.

    He has the highest tier whose upper threshold he reaches, or that he had (or stood above) and whose lower threshold he reached at
    one of the two month ends; where there was no month end before, nothing is lost yet. Nobody comes to a tier that is closed.
    """
    best = pl.max_horizontal("equity_now", pl.col("equity_before").fill_null(2**62))
    choice: Any = pl.lit(None, pl.Int64)
    for tier in sorted(tiers, key=lambda one: one.rank):
        reached = pl.lit(tier.is_open) & (pl.col("equity_now") >= tier.threshold_up)
        kept = (pl.col("rank").fill_null(-(2**62)) >= tier.rank) & (best >= tier.threshold_down)
        choice = pl.when(reached | kept).then(pl.lit(tier.id, pl.Int64)).otherwise(choice)
    return frame.with_columns(choice.alias("new_tier_id"))


def moves(on: date) -> Moves:
    """What the end of the month before a day leads to, from that day on. Raises Refusal where there is no tier by equity or no settled
    day; Conflict where that month, or a later one, was applied already."""
    month = Month.of(on).plus(-1)
    tiers = list(db.session.execute(select(ClubTier).where(ClubTier.kind == TierKind.EQUITY)).scalars())
    if not tiers:
        raise Refusal("no tier follows the equity")
    if db.session.execute(select(TierRun.id).where(TierRun.period >= str(month))).first():
        raise Conflict("the tiers of %(month)s, or of a later month, were applied already: nothing moves within a month", month=str(month))
    day, before = last_settled(month), last_settled(month.plus(-1))
    if day is None:
        raise Refusal("%(month)s has no settled day", month=str(month))
    held = _held(on)
    frame = _equity(day, "equity_now")
    if before is not None:
        frame = frame.join(_equity(before, "equity_before"), on="client_no", how="full", coalesce=True).with_columns(pl.col("equity_now", "equity_before").fill_null(0))
    else:
        frame = frame.with_columns(pl.lit(None, pl.Int64).alias("equity_before"))
    frame = frame.join(held, on="client_no", how="full", coalesce=True).with_columns(pl.col("equity_now").fill_null(0))
    if before is not None:
        frame = frame.with_columns(pl.col("equity_before").fill_null(0))
    rows = decided(frame, tiers).filter(pl.col("tier_id").ne_missing(pl.col("new_tier_id")))
    names = {tier.id: f"{tier.name} {tier.name_en}" for tier in db.session.execute(select(ClubTier)).scalars()}
    return Moves(month, day, on, rows, held.height, names)


def last_settled(month: Month) -> date | None:
    """The last settled trade date of a month."""
    return next(reversed(month_days(month)), None)


def _equity(day: date, name: str) -> pl.DataFrame:
    """The equity of each client on a day, over all his accounts (fen)."""
    owners = read_frame(current(AccountVersion).with_only_columns(AccountVersion.account_id, AccountVersion.client_no), {"account_id": pl.Int64, "client_no": pl.String})
    return day_balances(day, ["equity"]).join(owners, on="account_id").group_by("client_no").agg(pl.col("equity").sum().alias(name))


def _held(on: date) -> pl.DataFrame:
    """Who has a tier by equity on a day: client, span, tier and its rank."""
    query = select(ClubMember.client_no, ClubMembership.id, ClubMembership.tier_id, ClubTier.rank).join(ClubMember, ClubMember.id == ClubMembership.member_id)
    query = query.join(ClubTier, ClubTier.id == ClubMembership.tier_id).where(ClubMembership.cause == Cause.EQUITY, ClubMembership.ended_on.is_(None))
    return read_frame(query.where(ClubMember.client_no != ""), HELD)


def apply(found: Moves, *, actor: Actor, moment: datetime) -> dict[str, int]:
    """Let clients move, inside the open transaction: spans end and begin on the same day. Returns how many reached, lost and changed.

    Raises NotAllowed; Conflict where somebody applied this month meanwhile.
    """
    actor.need(Can.CLUB_MEMBERS)
    rows = found.rows
    gone, came = rows.filter(pl.col("membership_id").is_not_null()), rows.filter(pl.col("new_tier_id").is_not_null())
    both = rows.filter(pl.col("membership_id").is_not_null() & pl.col("new_tier_id").is_not_null()).height
    counts = {"reached": came.height - both, "lost": gone.height - both, "changed": both}
    run = {"period": str(found.month), "trade_date": found.trade_date, "counts_from": found.counts_from, "at": moment, "actor_label": actor.label, "moved": counts}
    if not insert_new(TierRun, "period", run):
        raise Conflict("the tiers of %(month)s, or of a later month, were applied already: nothing moves within a month", month=str(found.month))
    members = _members(rows["client_no"].to_list(), moment)
    for part in gone.iter_slices(CHUNK):
        ending = update(ClubMembership).where(ClubMembership.id.in_(part["membership_id"].to_list()), ClubMembership.ended_on.is_(None))
        db.session.execute(ending.values(ended_on=found.counts_from, ended_why="equity"))
    day = found.counts_from
    shared = {"cause": Cause.EQUITY, "reason": "", "anchor": day, "valid_from": day, "valid_to": OPEN_END, "grace_to": OPEN_END, "created_at": moment}
    shared |= {"actor_label": actor.label, "ended_why": ""}
    new = [{**shared, "member_id": members[row["client_no"]][0], "tier_id": row["new_tier_id"]} for row in came.iter_rows(named=True)]
    for start in range(0, len(new), CHUNK):
        db.session.execute(insert(ClubMembership), new[start : start + CHUNK])
    _tell(found, members, actor, moment)
    return counts


def _members(client_nos: Sequence[str], moment: datetime) -> dict[str, tuple[int, str]]:
    """The members that clients are (number and public id), held in their order; made where there are none."""
    for start in range(0, len(client_nos), CHUNK):
        part = client_nos[start : start + CHUNK]
        known = set(db.session.execute(select(ClubMember.person).where(ClubMember.person.in_([f"client:{number}" for number in part]))).scalars())
        accounts = current(AccountVersion).where(AccountVersion.client_no.in_(part)).with_only_columns(AccountVersion.client_no, AccountVersion.name)
        names = {row.client_no: row.name for row in db.session.execute(accounts)}
        shared = {"created_at": moment}
        fresh = [
            {**shared, "public_id": secrets.token_urlsafe(12), "person": f"client:{number}", "name": names.get(number, ""), "client_no": number, "code": new_code()}
            for number in part
            if f"client:{number}" not in known
        ]
        if fresh:
            db.session.execute(insert(ClubMember), fresh)
    found: dict[str, tuple[int, str]] = {}
    for start in range(0, len(client_nos), CHUNK):
        wanted = ClubMember.person.in_([f"client:{number}" for number in client_nos[start : start + CHUNK]])
        query = select(ClubMember.client_no, ClubMember.id, ClubMember.public_id).where(wanted).order_by(ClubMember.id).with_for_update()
        found |= {row.client_no: (row.id, row.public_id) for row in db.session.execute(query)}
    return found


def _tell(found: Moves, members: dict[str, tuple[int, str]], actor: Actor, moment: datetime) -> None:
    """Each move in the log, and told to who signs in as the client."""
    rows = found.listed()
    lines = [
        Line("club.tier_by_equity", "club_member", members[row["client_no"]][1], {"tier": row["tier_id"]}, {"tier": row["new_tier_id"], "period": str(found.month)}, "")
        for row in rows
    ]
    log.write_many(actor, moment, lines)
    ways = {row["client_no"]: row for row in rows}
    told: dict[str, list[Any]] = {"club.tier_reached": [], "club.tier_lost": []}
    clients = list(ways)
    for start in range(0, len(clients), CHUNK):
        query = select(User.id, User.client_no).where(User.client_no.in_(clients[start : start + CHUNK]), User.state != UserState.DISABLED)
        for user_id, client_no in db.session.execute(query):
            row = ways[client_no or ""]
            kind, name = ("club.tier_reached", row["new"]) if row["new_tier_id"] is not None else ("club.tier_lost", row["old"])
            told[kind].append((user_id, PAGE, {"tier": name}))
    for kind, pairs in told.items():
        notices.tell_each(pairs, kind, actor=actor, moment=moment)


def is_due(today: date) -> bool:
    """Whether the month before is settled to its end (a day of this one is there already) and its tiers were not applied."""
    month = Month.of(today)
    if db.session.execute(select(TierRun.id).where(TierRun.period >= str(month.plus(-1)))).first() or last_settled(month) is None or last_settled(month.plus(-1)) is None:
        return False
    return db.session.execute(select(ClubTier.id).where(ClubTier.kind == TierKind.EQUITY, ClubTier.is_open)).first() is not None
