"""The explanation of a line as it stood when somebody questioned it: kept with the question, so that later knowledge does not rewrite it."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from models.commission import CommissionRun
from portal.commission.explain import Explained


def frozen(run: CommissionRun, lines: list[Explained], zone: ZoneInfo) -> dict[str, Any]:
    """Lines with their steps as plain JSON, and the digest of the books that they stood in. Moments are written in `zone`."""
    return {"run": run.id, "digest": run.digest, "known": run.known_recording_id, "lines": [_line(line, zone) for line in lines]}


def _line(line: Explained, zone: ZoneInfo) -> dict[str, Any]:
    steps = [{"message": step.message, "values": {name: str(value) for name, value in step.shown(zone).items()}} for step in line.steps]
    return {"kind": line.kind.name, "origin": line.origin, "exchange": line.exchange, "product": line.product, "part": line.part, "amount": line.amount, "steps": steps}
