"""A broker's lines of a month, read once for the pages, sorts and filters that follow each other."""

from __future__ import annotations

import polars as pl

from models.commission import CommissionRun
from models.partners import Broker
from portal.commission import queries
from portal.web.remembered import remembered_frame


def broker_lines(run: CommissionRun, broker: Broker) -> pl.DataFrame:
    """The lines as `queries.broker_lines` gives them; whose they are was asked before. A run with the same digest has the same lines."""
    return remembered_frame(("lines", run.id, run.digest, broker.id), lambda: queries.broker_lines(run, broker))
