"""Who was invited to an evening, who else was a client, and what was known of both before anybody was invited: the facts by which clients are found who are alike.

Whoever asked not to be profiled is on neither side. Nothing that was recorded after the day before the first invitation is read here.
"""

from __future__ import annotations

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
from models.club import Booking, BookingState, ClubEvent, ClubSession
from models.club_invites import Arm, Invitee, InviteList
from models.club_membership import ClubMember, ClubTier
from models.risk import RiskRun, RiskScore
from portal.bulk import read_frame
from portal.clients.queries import accounts
from portal.club import members
from portal.notices.kinds import N_
from portal.risk import days
from portal.risk.behaviour import Whole
from portal.risk.facts import evening, known_on, opted_out
from portal.risk.gathering import Progress
from portal.risk.matching import spreads
from portal.risk.outcomes import SMALL
from portal.risk.wedge import Real
from portal.versions import current

BEFORE = timedelta(days=90)
"""The time before, in which two clients must have been alike."""
FRESH = timedelta(days=31)
"""A score that is older than this on the day before is not one of then."""
SIZES = (10_000_000, 50_000_000, 200_000_000)
"""Where classes of size end (average equity, fen): 100,000.00, 500,000.00 and 2,000,000.00 yuan."""
FACTS = ("size", "trading", "age", "chance")
"""By what clients are alike: average equity (its logarithm), share of settled days with trades, age of the account (its logarithm), log-odds of leaving."""
PEOPLE: dict[str, Any] = {"account_id": pl.Int64, "client_no": pl.String, "opened_on": pl.Date, "closed_on": pl.Date}


@dataclass(frozen=True)
class Sides:
    """Whom to compare with whom. `on`: the day on which the first was invited, or signed up; `aside`: who stands on neither side, because he was told or came
    otherwise; everybody else may be a partner."""

    by_list: bool
    on: date
    ends: date
    zone: ZoneInfo
    invited: frozenset[str]
    aside: frozenset[str]


def sides_of(event_id: int, *, by_list: bool) -> Sides | None:
    """The sides of an event; None where it has no day yet, or nobody was invited and nobody came."""
    event = db.session.get_one(ClubEvent, event_id)
    zone = ZoneInfo(event.zone)
    ends_at = db.session.execute(select(func.max(ClubSession.ends_at)).where(ClubSession.event_id == event_id)).scalar()
    booked = select(Booking.client_no, Booking.created_at).where(Booking.event_id == event_id, Booking.state == BookingState.GRANTED, Booking.client_no != "")
    seats = db.session.execute(booked).all()
    came = frozenset(row.client_no for row in seats)
    if by_list:
        listed = select(Invitee.client_no).where(Invitee.event_id == event_id, Invitee.arm != Arm.HELD_OUT)
        invited = frozenset(db.session.execute(listed).scalars())
        on = db.session.execute(select(func.min(InviteList.drawn_on)).where(InviteList.event_id == event_id)).scalar()
    else:
        invited, on = came, min((row.created_at.astimezone(zone).date() for row in seats), default=None)
    if ends_at is None or on is None:
        return None
    return Sides(by_list, on, ends_at.astimezone(zone).date(), zone, invited, came - invited)


@dataclass(frozen=True)
class Alike:
    """The clients of both sides in the order of their numbers (`people`: client_no, invited), their facts (client by fact, `names`) and classes, as known at the
    end of `on`, the last settled day before (None: there is none)."""

    on: date | None
    people: pl.DataFrame
    names: tuple[str, ...]
    facts: Real
    classes: Whole
    left_out: Mapping[str, int] = field(default_factory=dict)

    def rows(self, *, invited: bool) -> Whole:
        """The places of a side."""
        return np.flatnonzero(self.people["invited"].to_numpy() == invited)

    def size(self, *, invited: bool) -> int:
        """How many clients a side has."""
        return len(self.rows(invited=invited))

    def facts_of(self) -> tuple[Real, Real]:
        """The facts of the invited, and of the others."""
        return self.facts[self.rows(invited=True)], self.facts[self.rows(invited=False)]

    def classes_of(self) -> tuple[Whole, Whole]:
        """The same of classes."""
        return self.classes[self.rows(invited=True)], self.classes[self.rows(invited=False)]

    def gaps(self, pairs: Whole) -> Real:
        """By pair and fact how far the two were apart."""
        invited, others = self.facts_of()
        found: Real = (invited[pairs[:, 0]] - others[pairs[:, 1]]) / spreads(invited, others)
        return found[:, np.ptp(found, axis=0) > 1e-9] if len(found) else found

    def clients_of(self, pairs: Whole) -> list[str]:
        """The client numbers of pairs: the invited, then their partners in the same order."""
        numbers = self.people["client_no"]
        both = (self.rows(invited=True)[pairs[:, 0]], self.rows(invited=False)[pairs[:, 1]])
        return [numbers[int(place)] for side in both for place in side]


def as_known_before(sides: Sides, progress: Progress) -> Alike:
    """Everybody who was a client on the last settled day before, with what was known of him by its end."""
    before = [day for day in days.versions(sides.on - BEFORE, sides.on) if day < sides.on]
    nothing = pl.DataFrame(schema={"client_no": pl.String, "invited": pl.Boolean})
    if not before:
        return Alike(None, nothing, FACTS, np.zeros((0, len(FACTS))), np.zeros(0, np.int64))
    on = before[-1]
    known = known_on(on, sides.zone)
    owned = read_frame(current(AccountVersion, known).with_only_columns(*(getattr(AccountVersion, name) for name in PEOPLE)), PEOPLE)
    there = (pl.col("opened_on").is_null() | (pl.col("opened_on") <= on)) & (pl.col("closed_on").is_null() | (pl.col("closed_on") > on))
    owned = owned.filter((pl.col("client_no") != "") & ~pl.col("client_no").is_in(list(sides.aside)) & there)
    people = _people(owned, sides, on)
    placed = owned.join(people.with_row_index("place").select("client_no", pl.col("place").cast(pl.Int64)), on="client_no").select("account_id", "place")
    equity, trading, last = _lived(placed, people.height, on, known, progress)
    refused = people["client_no"].is_in(opted_out(sides.on - timedelta(days=1), sides.zone)).to_numpy()
    keep = ((last >= SMALL) | (trading > 0)) & ~refused
    invited = people["invited"].to_numpy()
    left_out = {"unprofiled": int((refused & invited).sum()), "no_client": len(sides.invited) - int((invited & (keep | refused)).sum())}
    facts, names, classes = _facts(people, equity, trading, on)
    return Alike(on, people.select("client_no", "invited").filter(pl.Series(keep)), names, facts[keep], classes[keep], left_out)


def _people(owned: pl.DataFrame, sides: Sides, on: date) -> pl.DataFrame:
    """A row each in the order of their numbers: invited or not, since when a client, tier and score of then."""
    people = owned.group_by("client_no").agg(pl.col("opened_on").min()).sort("client_no").with_columns(pl.col("client_no").is_in(list(sides.invited)).alias("invited"))
    standing = members.standing_on(sides.on).subquery()
    tier = select(ClubMember.client_no, ClubTier.key).join(standing, standing.c.member_id == ClubMember.id).join(ClubTier, ClubTier.id == standing.c.tier_id)
    tiers = read_frame(tier.where(ClubMember.client_no != ""), {"client_no": pl.String, "tier": pl.String}).unique("client_no")
    made = (RiskRun.on_day <= on, RiskRun.on_day > on - FRESH, RiskRun.made_at < evening(sides.on, sides.zone))
    run = select(RiskRun.id).where(*made).order_by(RiskRun.on_day.desc(), RiskRun.id.desc()).limit(1).scalar_subquery()
    columns = select(RiskScore.account_id, RiskScore.probability, RiskScore.equity).where(RiskScore.run_id == run)
    scores = read_frame(columns, {"account_id": pl.Int64, "chance": pl.Int64, "scored": pl.Int64}).join(owned.select("account_id", "client_no"), on="account_id")
    largest = scores.sort("client_no", pl.col("scored").fill_null(0), "account_id", descending=[False, True, False]).unique("client_no", keep="first", maintain_order=True)
    joined = people.join(tiers, on="client_no", how="left", maintain_order="left").join(largest.select("client_no", "chance"), on="client_no", how="left", maintain_order="left")
    return joined.with_columns(pl.col("tier").fill_null(""))


def _lived(placed: pl.DataFrame, size: int, on: date, known: int, progress: Progress) -> tuple[Real, Real, Real]:
    """By client over the 90 days up to `on`, as known then: average equity (fen), the share of his settled days with trades, and the equity at the end."""
    equity, there, traded, last = (np.zeros(size) for _ in range(4))
    held = days.versions(on - BEFORE + timedelta(days=1), on)
    for number, (_day, versions) in enumerate(held.items()):
        progress(N_("Looking who was alike before"), number, len(held))
        balances, trades = days.rows_of(days.known_of(versions, known))
        own = balances.join(placed, on="account_id").group_by("place").agg(pl.col("equity").sum())
        place = own["place"].to_numpy()
        last[:] = 0
        last[place] = own["equity"].to_numpy()
        equity[place] += last[place]
        there[place] += 1
        traded[trades.join(placed, on="account_id")["place"].unique().to_numpy()] += 1
    return equity / np.maximum(there, 1), np.minimum(1, traded / np.maximum(there, 1)), last


def _facts(people: pl.DataFrame, equity: Real, trading: Real, on: date) -> tuple[Real, tuple[str, ...], Whole]:
    """Client by fact, the facts' names, and by client his class: tier, size, and whether he was scored."""
    age = people.select((pl.lit(on) - pl.col("opened_on")).dt.total_days().fill_null(0).clip(0)).to_series().to_numpy()
    scored = people["chance"].is_not_null().to_numpy()
    chance = np.clip(people["chance"].fill_null(0).to_numpy() / 1_000_000, 1e-4, 1 - 1e-4)
    columns = {"size": np.log10(np.maximum(equity, 0) / 100 + 1_000), "trading": trading, "age": np.log1p(age), "chance": np.where(scored, np.log(chance / (1 - chance)), 0)}
    names = FACTS if scored.any() else FACTS[:-1]  # where nobody was scored by then there is no such fact
    tier = np.unique(people["tier"].to_numpy().astype(str), return_inverse=True)[1]
    classes = (tier * (len(SIZES) + 1) + np.searchsorted(SIZES, equity, side="right")) * 2 + scored
    return np.column_stack([columns[name].astype(np.float64) for name in names]), names, classes.astype(np.int64)


def accounts_of(people: Sequence[str]) -> pl.DataFrame:
    """The accounts of clients as they are known now: account_id, the client's place (from 1) and when it was closed."""
    placed = pl.DataFrame({"client_no": list(people)}, schema={"client_no": pl.String}).with_row_index("place", 1).with_columns(pl.col("place").cast(pl.Int64))
    query = accounts().with_only_columns(AccountVersion.account_id, AccountVersion.client_no, AccountVersion.closed_on)
    found = read_frame(query, {"account_id": pl.Int64, "client_no": pl.String, "closed_on": pl.Date})
    return found.join(placed, on="client_no").select("account_id", "place", "closed_on")


def closed(owned: pl.DataFrame, size: int) -> Whole:
    """By client the ordinal of the day on which his last account was closed; 0 where one is open."""
    found = np.zeros(size, np.int64)
    shut = owned.group_by("place").agg(pl.col("closed_on").max().alias("on"), pl.col("closed_on").is_null().any().alias("open")).filter(~pl.col("open"))
    found[shut["place"].to_numpy() - 1] = [one.toordinal() for one in shut["on"]]
    return found
