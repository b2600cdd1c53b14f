"""Running the plays that are on: what would be set, and setting it; and switching a play on or off, with its history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import polars as pl
from sqlalchemy import select

from models import db
from models.care import CareTask
from portal.actors import Actor
from portal.audit import log
from portal.care import settings
from portal.care.due import on_or_after
from portal.care.key_clients import KeyRule
from portal.care.play_facts import facts_on
from portal.care.plays import BY_NAME, PLAYS, Play
from portal.care.tasks import Wanted, set_many
from portal.disputes.queries import due_from
from portal.refusals import NotFound

PREFIX = "play."
ON = {"on": True}
OFF = {"on": False}


def plays_on(day: date) -> list[Play]:
    """The plays that are on, on a day. None is before somebody switches it on."""
    values = settings.values_on(day)
    return [play for play in PLAYS if values.get(PREFIX + play.name, OFF)["on"]]


def switch(name: str, on: bool, actor: Actor, moment: datetime, today: date) -> None:
    """Switch a play on or off from today on. Raises NotFound, NotAllowed."""
    if name not in BY_NAME:
        raise NotFound("there is no play %(name)s", name=name[:40])
    settings.put(PREFIX + name, ON if on else OFF, today, actor, moment, today)


def wanted(plays: Sequence[Play], day: date, settled: date) -> pl.DataFrame:
    """Every task that these plays want on a day and that was not set before, with `owner_id` null where nobody looks after the client."""
    facts = facts_on(day, settled, KeyRule.read(settings.values_on(day)))
    due = {play.due_in: due_from(day, play.due_in) if play.due_in else on_or_after(day) for play in plays}
    frames = [play.tasks(facts, day, due[play.due_in]) for play in plays]
    if not frames:
        return pl.DataFrame(schema={"business_key": pl.String, "kind": pl.String, "account_id": pl.Int64, "owner_id": pl.Int64, "due_on": pl.Date, "name": pl.String})
    held = select(CareTask.business_key).where(CareTask.kind.in_([play.name for play in plays]))
    set_before = pl.DataFrame({"business_key": list(db.session.execute(held).scalars())}, schema={"business_key": pl.String})
    return pl.concat(frames).join(set_before, on="business_key", how="anti")


def run(day: date, settled: date, actor: Actor, moment: datetime) -> dict[str, int]:
    """Set what the plays that are on want. Once more is the same as once. Returns how many were set by play, and how many found nobody (`uncovered`)."""
    plays = plays_on(day)
    found = wanted(plays, day, settled)
    covered = found.filter(pl.col("owner_id").is_not_null())
    counts = {play.name: covered.filter(pl.col("kind") == play.name).height for play in plays}
    new = set_many([Wanted(row["business_key"], row["kind"], row["account_id"], row["owner_id"], row["due_on"]) for row in covered.iter_rows(named=True)], actor, moment)
    if new:
        log.write(actor, moment, "care.plays", "care", str(day), after={"set": new, **counts})
    return {**counts, "uncovered": found.height - covered.height}
