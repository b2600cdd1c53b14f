"""A plan in place of what was, laid over the facts of a month while they are loaded. Nothing of it is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from models.values.calendar import Month
from portal.fields import span_end, span_start

NEW_PLAN = 2**30
"""The id that a plan without one has while it is tried."""
FIRST_VERSION = 2**30
"""The ids of the versions tried begin here, above all real ones."""


@dataclass(frozen=True)
class WhatIf:
    """A plan (an entry of plans.json, checked) tried under an id, for the brokers who are on the plan of that id, or for these
    alone (broker ids): they are then on it on every day on which they have an agreement."""

    plan_id: int
    plan: Mapping[str, Any]
    brokers: frozenset[int] = frozenset()

    def versions(self, believed: pl.DataFrame, month: Month) -> pl.DataFrame:
        """The plan versions of a month with the tried ones in place of that plan's own."""
        rows = []
        for place, version in enumerate(self.plan["versions"]):
            start, end = span_start(version["valid_from"]), span_end(version.get("valid_to") or "")
            if start <= month.last and end > month.first:
                rows.append((FIRST_VERSION + place, self.plan_id, json.dumps(dict(version)), start, end))
        tried = pl.DataFrame(rows, schema=["id", "plan_id", "terms", "valid_from", "valid_to"], orient="row") if rows else believed.clear()
        return pl.concat([believed.filter(pl.col("plan_id") != self.plan_id), tried.select(pl.col(name).cast(kind) for name, kind in believed.schema.items())])

    def agreements(self, believed: pl.DataFrame) -> pl.DataFrame:
        """The agreements of a month with those of the chosen brokers naming this plan."""
        if not self.brokers:
            return believed
        chosen = pl.col("broker_id").is_in(list(self.brokers))
        return believed.with_columns(plan_id=pl.when(chosen).then(pl.lit(self.plan_id, pl.Int64)).otherwise(pl.col("plan_id")))
