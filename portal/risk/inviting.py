"""Who may be invited to an event: the clients whom somebody may see, by tier, branch, segment, equity, silence and, with the right to see scores, by score.

Whoever said no to invitations or the club is left out; whoever said no to being profiled is never chosen by a score.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
from sqlalchemy import ColumnElement, case, literal, or_, select

from models import db
from models.clients import Account, AccountVersion
from models.club import Booking, BookingState, ClubEvent
from models.club_membership import ClubMember, ClubTier
from models.consents import ConsentPurpose
from models.partners import Branch
from models.risk import ChurnCause, RiskRun, RiskScore
from models.settlement import Balance
from portal.actors import Actor
from portal.bulk import read_frame
from portal.care import key_clients, settings
from portal.care.book import spoken_with
from portal.care.key_clients import KeyRule
from portal.care.policy import visible_to as seen_by
from portal.clients.balances import held
from portal.clients.queries import accounts, visible_to
from portal.clients.segments import Conditions, meets
from portal.club import invites, members
from portal.club.invites import Candidate
from portal.permissions import Can
from portal.risk.outcomes import SMALL
from portal.risk.queries import CAUSE
from portal.settlement.windows import as_of_day

CLASSES = {
    "inevitable": (ChurnCause.ABANDONED, ChurnCause.POACHED, ChurnCause.FORCED),
    "incidental": (ChurnCause.OWN_WILL, ChurnCause.LOST_MONEY, ChurnCause.DRAWN_AWAY),
    "taken_along": (ChurnCause.TAKEN_BY_STAFF, ChurnCause.TAKEN_BY_BROKER),
}
"""Classes of causes (必然流失, 偶然流失, taken along), as risk.md has them."""
CHANCES = (0, 2, 5, 10, 20)
"""From which chance to leave within 90 days (percent) one may choose."""
MOST_SILENT = 3_650
COLUMNS: dict[str, Any] = {
    "client_no": pl.String,
    "branch_no": pl.String,
    "equity": pl.Int64,
    "key": pl.Int64,
    "spoken": pl.Int64,
    "inside": pl.Int64,
    "chance": pl.Int64,
    "cause": pl.String,
}


@dataclass(frozen=True)
class Criteria:
    """What is asked of a client. Empty or 0: not asked. `equity_from` in fen; `silent_days`: nobody spoke with him for so long; `risk_class`: a key of
    CLASSES; `chance_from`: percent; `segment`: the conditions of a client segment as they were when it was chosen, met by one of his accounts."""

    tiers: tuple[str, ...] = ()
    branch: str = ""
    equity_from: int = 0
    key: bool = False
    silent_days: int = 0
    risk_class: str = ""
    chance_from: int = 0
    segment: Mapping[str, Any] = field(default_factory=dict)

    @property
    def by_score(self) -> bool:
        """Whether scores choose."""
        return bool(self.risk_class or self.chance_from)

    def plain(self) -> dict[str, Any]:
        """As JSON, what is asked alone."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items() if value}


@dataclass(frozen=True)
class Found:
    """Who is eligible, by number, and how many who else fit were left out: no to invitations, no to profiling, booked already, in another list already."""

    candidates: tuple[Candidate, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def equity(self) -> int:
        """Their equity in all (fen)."""
        return sum(one.equity for one in self.candidates)


def eligible(event: ClubEvent, asked: Criteria, settled: date, *, actor: Actor, moment: datetime, today: date) -> Found:
    """The clients who may be invited, by their equity on the settled day, whom the actor may see. Raises NotAllowed where scores are asked of somebody who may see none."""
    actor.need(Can.CLUB_EDIT)
    if asked.by_score:
        actor.need(Can.RISK_SEE)
    people = _people(_rows(asked, settled, actor, moment, today), today)
    fit = people.filter(*_asked(asked, tuple(event.tiers)))
    out = {"no_marketing": invites.refused(invites.INVITING), "no_profiling": invites.refused([ConsentPurpose.PROFILING]) if asked.by_score else set()}
    out |= {"booked": _booked(event.id), "listed": invites.listed(event.id)}
    left_out: dict[str, int] = {}
    for why, numbers in out.items():
        gone = fit["client_no"].is_in(list(numbers))
        left_out[why] = int(gone.sum())
        fit = fit.filter(~gone)
    unprofiled = invites.refused([ConsentPurpose.PROFILING])
    chosen = fit.filter(*_scored(asked)) if asked.by_score else fit
    rows = chosen.select("client_no", "equity", "tier", "class", "chance").iter_rows()
    told = [Candidate(number, equity, tier or "", *(("", None) if number in unprofiled else (kind or "", chance))) for number, equity, tier, kind, chance in rows]
    return Found(tuple(sorted(told, key=lambda one: one.client_no)), left_out)


def _rows(asked: Criteria, settled: date, actor: Actor, moment: datetime, today: date) -> pl.DataFrame:
    """The open accounts that the actor may see, a row each."""
    run = select(RiskRun.id).where(RiskRun.on_day <= settled).order_by(RiskRun.on_day.desc(), RiskRun.id.desc()).limit(1).scalar_subquery()
    spoken: ColumnElement[Any] = literal(0)
    if asked.silent_days:
        spoken = case((spoken_with() >= moment - timedelta(days=asked.silent_days), 1), else_=0)
    key: ColumnElement[Any] = literal(0)
    if asked.key:
        rule = KeyRule.read(settings.values_on(today))
        key = case((key_clients.is_key(rule, key_clients.cut_offs(settled, rule)), 1), else_=0)
    inside: ColumnElement[Any] = literal(1)
    if asked.segment:
        as_of = as_of_day(today, moment, settled)
        inside = case((meets(Conditions.read(asked.segment).checked(), as_of), 1), else_=0)
    query = accounts().join(Branch, Branch.id == AccountVersion.branch_id, isouter=True).outerjoin(Balance, held(settled))
    query = query.outerjoin(RiskScore, (RiskScore.run_id == run) & (RiskScore.account_id == Account.id))
    query = query.where(or_(AccountVersion.closed_on.is_(None), AccountVersion.closed_on > today), visible_to(actor, today))
    if asked.by_score:
        query = query.where(seen_by(actor, today, Can.RISK_SEE))
    columns = (
        AccountVersion.client_no,
        Branch.branch_no,
        Balance.equity,
        key.label("key"),
        spoken.label("spoken"),
        inside.label("inside"),
        RiskScore.probability,
        CAUSE.label("cause"),
    )
    return read_frame(query.with_only_columns(*columns), COLUMNS)


def _people(rows: pl.DataFrame, today: date) -> pl.DataFrame:
    """One row a client: all of his equity, his branches, the score of his largest account, his tier."""
    classes = {cause.value: name for name, causes in CLASSES.items() for cause in causes}
    rows = rows.filter(pl.col("client_no") != "").sort("client_no", pl.col("equity").fill_null(0), descending=[False, True])
    people = rows.group_by("client_no", maintain_order=True).agg(
        pl.col("equity").sum(),
        pl.col("branch_no").unique().alias("branches"),
        pl.col("key").max(),
        pl.col("spoken", "inside").max(),
        pl.col("chance").first(),
        pl.col("cause").first(),
    )
    standing = members.standing_on(today).subquery()
    query = select(ClubMember.client_no, ClubTier.key).join(standing, standing.c.member_id == ClubMember.id).join(ClubTier, ClubTier.id == standing.c.tier_id)
    tiers = read_frame(query.where(ClubMember.client_no != ""), {"client_no": pl.String, "tier": pl.String}).unique("client_no")
    return people.join(tiers, on="client_no", how="left", maintain_order="left").with_columns(pl.col("cause").replace_strict(classes, default=None).alias("class"))


def _asked(asked: Criteria, of_event: tuple[str, ...]) -> list[pl.Expr]:
    """The conditions, but for scores; an event for members of tiers alone asks for one of them too."""
    conditions = [pl.col("equity") >= max(SMALL, asked.equity_from)]
    conditions += [pl.col("tier").is_in(list(wanted)).fill_null(value=False) for wanted in (asked.tiers, of_event) if wanted]
    if asked.branch:
        conditions.append(pl.col("branches").list.contains(asked.branch))
    if asked.key:
        conditions.append(pl.col("key") == 1)
    if asked.silent_days:
        conditions.append(pl.col("spoken") == 0)
    return [*conditions, pl.col("inside") == 1]


def _scored(asked: Criteria) -> list[pl.Expr]:
    conditions = [pl.col("chance").is_not_null(), pl.col("chance") >= asked.chance_from * 10_000]
    return [*conditions, pl.col("class") == asked.risk_class] if asked.risk_class else conditions


def _booked(event_id: int) -> set[str]:
    active = Booking.state.in_([BookingState.HELD, BookingState.GRANTED])
    return set(db.session.execute(select(Booking.client_no).where(Booking.event_id == event_id, active, Booking.client_no != "")).scalars())
