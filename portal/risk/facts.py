"""Who each account's people are and what was said with it, as known on a day: nothing recorded later is read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from models import db
from models.attribution import Attribution
from models.audit import Recording
from models.care import Contact, ContactOutcome
from models.clients import AccountVersion, Servicing, ServicingRole
from models.consents import Consent, ConsentPurpose
from models.departures import Departure, DepartureState, DepartureStep
from models.risk import CauseCorrection
from portal.audit.recordings import known_at
from portal.bulk import read_frame
from portal.versions import current

PEOPLE = {"account_id": pl.Int64, "client_no": pl.String, "branch_id": pl.Int64, "opened_on": pl.Date, "closed_on": pl.Date}
SPANS = {"account_id": pl.Int64, "person_id": pl.Int64, "share": pl.Int64, "valid_from": pl.Date, "valid_to": pl.Date}
WORD_COUNTS = timedelta(days=180)
"""For so long a person's word on a cause takes the place of what is proposed."""
EVENT_DAYS = 90
"""For so many days after a departure its clients are said to be under it."""


@dataclass(frozen=True)
class Facts:
    """Frames of everything recorded that features of any day are cut out of; each row with when it was known."""

    zone: ZoneInfo
    people: pl.DataFrame
    brokers: pl.DataFrame
    servicers: pl.DataFrame
    originators: pl.DataFrame
    contacts: pl.DataFrame
    steps: pl.DataFrame
    began: date
    """The portal's own first day (`known_on` says why it counts)."""

    def heard_by(self, day: date) -> int:
        """Until when, in seconds, a contact or a departure must have been recorded to have been known on a day."""
        return int(evening(max(day, self.began), self.zone).timestamp())


def evening(day: date, zone: ZoneInfo) -> datetime:
    """The end of a day where the firm stands: what is recorded until then was known on it."""
    return datetime.combine(day + timedelta(days=1), time.min, zone)


def known_on(day: date, zone: ZoneInfo) -> int:
    """The step of knowledge that counts on a day. Before the portal's own first day it is that of its end: history that a firm brought in
    when it began says of each of its days what was so then."""
    return known_at(evening(max(day, first_day(zone)), zone))


def first_day(zone: ZoneInfo) -> date:
    """The day on which the portal's first fact was recorded."""
    first = db.session.execute(select(Recording.recorded_at).order_by(Recording.id).limit(1)).scalar()
    return first.astimezone(zone).date() if first else date.min


def read(known: int, zone: ZoneInfo) -> Facts:
    """Everything recorded by a step of knowledge; one question a table."""
    people = read_frame(current(AccountVersion, known).with_only_columns(*(getattr(AccountVersion, name) for name in PEOPLE)), PEOPLE)
    served = current(Servicing, known).with_only_columns(Servicing.account_id, Servicing.staff_id, Servicing.id, Servicing.valid_from, Servicing.valid_to)
    won = current(Attribution, known).with_only_columns(Attribution.account_id, Attribution.broker_id, Attribution.share, Attribution.valid_from, Attribution.valid_to)
    later = aliased(Contact)
    reached = select(Contact.account_id, Contact.staff_id, Contact.at, Contact.recorded_at, later.recorded_at.label("replaced_at"))
    reached = reached.outerjoin(later, later.replaces_id == Contact.id).where(Contact.outcome == ContactOutcome.REACHED.value)
    moments: dict[str, Any] = {"account_id": pl.Int64, "staff_id": pl.Int64, "at": pl.Int64, "recorded_at": pl.Int64, "replaced_at": pl.Int64}
    talked = [(row[0], row[1], *(None if at is None else int(at.timestamp()) for at in row[2:])) for row in db.session.execute(reached)]
    return Facts(
        zone,
        people,
        read_frame(won, SPANS),
        read_frame(served.where(Servicing.role == ServicingRole.SERVICER.value), SPANS),
        read_frame(served.where(Servicing.role == ServicingRole.ORIGINATOR.value), SPANS),
        pl.DataFrame(talked, schema=moments, orient="row"),
        _steps(),
        first_day(zone),
    )


def _steps() -> pl.DataFrame:
    """Each step of each departure: who, the state it led to, the day it counts from, and when it was known."""
    query = select(DepartureStep.departure_id, DepartureStep.at, DepartureStep.after, Departure.staff_id, Departure.broker_id, DepartureStep.id)
    rows = []
    for row in db.session.execute(query.join(Departure, Departure.id == DepartureStep.departure_id).order_by(DepartureStep.id)):
        after = row.after if isinstance(row.after, dict) else {}
        rows.append(
            (
                row.departure_id,
                row.id,
                int(row.at.timestamp()),
                row.staff_id,
                row.broker_id,
                after.get("state") or "",
                after.get("effective_on") or after.get("announced_on"),
                after.get("announced_on"),
            )
        )
    schema: dict[str, Any] = {
        "departure_id": pl.Int64,
        "step_id": pl.Int64,
        "at": pl.Int64,
        "staff_id": pl.Int64,
        "broker_id": pl.Int64,
        "state": pl.String,
        "day": pl.String,
        "announced_on": pl.String,
    }
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(pl.col("day", "announced_on").str.to_date("%Y-%m-%d", strict=False))


def departures_on(facts: Facts, day: date) -> pl.DataFrame:
    """The departures that were known on a day and are no older than EVENT_DAYS: staff_id, broker_id, the day they count from (not after `day`)."""
    last = facts.steps.filter(pl.col("at") < facts.heard_by(day)).sort("step_id").group_by("departure_id", maintain_order=True).last()
    spoken = pl.col("announced_on").is_null() | (pl.col("announced_on") <= day)  # of what was brought in as history, too
    told = last.filter(pl.col("state").is_in([DepartureState.ANNOUNCED.value, DepartureState.EFFECTIVE.value, DepartureState.SETTLED.value]) & spoken)
    # Announced for a later day: the clients hear of it when the firm does.
    counted = told.with_columns(pl.min_horizontal(pl.coalesce("day", pl.lit(day)), pl.lit(day)).alias("since"))
    return counted.filter(pl.col("since") > day - timedelta(days=EVENT_DAYS)).select("departure_id", "staff_id", "broker_id", "since")


def in_force(spans: pl.DataFrame, day: date) -> pl.DataFrame:
    """The spans that hold on a day; what they said of their end is not looked at."""
    return spans.filter((pl.col("valid_from") <= day) & (pl.col("valid_to") > day))


def exposed(facts: Facts, events: pl.DataFrame) -> pl.DataFrame:
    """account_id, whose introducer or servicer left (`by_broker`, `by_staff`), and `since`: who was his on the day before."""
    frames = [pl.DataFrame(schema={"account_id": pl.Int64, "departure_id": pl.Int64, "since": pl.Date, "by_broker": pl.Boolean})]
    for column, spans in (("broker_id", (facts.brokers,)), ("staff_id", (facts.servicers, facts.originators))):
        gone = events.filter(pl.col(column).is_not_null()).select("departure_id", "since", person_id=pl.col(column))
        for held in spans:
            hit = held.join(gone, on="person_id").filter((pl.col("valid_from") < pl.col("since")) & (pl.col("valid_to") >= pl.col("since")))
            frames.append(hit.select("account_id", "departure_id", "since", pl.lit(column == "broker_id").alias("by_broker")))
    return pl.concat(frames).sort("account_id", "since", "departure_id", "by_broker")


def opted_out(on: date, zone: ZoneInfo) -> list[str]:
    """The clients whose newest word on profiling, given by that day, is no."""
    until = evening(on, zone)
    said = select(func.max(Consent.id)).where(Consent.purpose == ConsentPurpose.PROFILING.value, Consent.at < until).group_by(Consent.client_no)
    return list(db.session.execute(select(Consent.client_no).where(Consent.id.in_(said), ~Consent.given)).scalars())


def corrections(on: date, zone: ZoneInfo) -> pl.DataFrame:
    """What people said of causes within half a year before a day: account_id, cause; the newest counts."""
    until = evening(on, zone)
    query = select(CauseCorrection.account_id, CauseCorrection.cause).where(CauseCorrection.at < until, CauseCorrection.at >= until - WORD_COUNTS)
    frame = read_frame(query.order_by(CauseCorrection.id), {"account_id": pl.Int64, "cause": pl.String})
    return frame.unique("account_id", keep="last", maintain_order=True)
