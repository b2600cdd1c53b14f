"""What an attribution becomes when a share changes hands on a day. Pure: rows in, rows out.

    before   B001 60 % 2026-01-05 –            after    B001 60 % 2026-01-05 – 2026-04-01
    B001 → B002 on 2026-04-01                           B002 60 % 2026-04-01 –

What lies before the day stays as it was. Where the new owner holds a share already, his own grows; his state stays his.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import date
from typing import Any

from models.attribution import AttributionState
from models.columns import OPEN_END
from models.values.rates import SHARE_WHOLE
from portal.attribution.history import Claim
from portal.refusals import Conflict


@dataclass(frozen=True)
class Handing:
    """Whose share goes to whom (None: the house) from a day on, and when the client confirmed it (None: still to be called)."""

    from_broker: str | None
    to_broker: str | None
    day: date
    confirmed_on: date | None = None


def handed_over(claims: list[Claim], handing: Handing) -> list[Claim]:
    """The rows of an account after a hand-over, in the order of their days. Rows that do not concern it come back as they are.

    Raises Conflict where nothing would move, or the whole would be passed on a day.
    """
    given = [claim for claim in claims if claim.broker_no == handing.from_broker and claim.valid_to > handing.day] if handing.from_broker else _of_house(claims, handing.day)
    if not given:
        raise Conflict("%(broker)s holds nothing of this account from %(day)s on", broker=handing.from_broker or "–", day=handing.day)
    kept = [cut for claim in claims if claim.broker_no == handing.from_broker for cut in _until(claim, handing.day)]
    others = [claim for claim in claims if claim.broker_no not in (handing.from_broker, handing.to_broker)]
    taken = _taken([claim for claim in claims if claim.broker_no == handing.to_broker], given, handing) if handing.to_broker else []
    after = sorted([*kept, *others, *taken], key=lambda claim: (claim.valid_from, claim.broker_no.encode()))
    _within_whole(after)
    return after


def _until(claim: Claim, day: date) -> list[Claim]:
    """The part of a row before a day."""
    return [claim._replace(valid_to=min(claim.valid_to, day))] if claim.valid_from < day else []


def _of_house(claims: list[Claim], day: date) -> list[Claim]:
    """The share that is nobody's from a day on, in pieces, as if the house held rows of it."""
    edges = sorted({day, OPEN_END, *(edge for claim in claims for edge in (claim.valid_from, claim.valid_to) if day < edge < OPEN_END)})
    pieces = []
    for start, end in itertools.pairwise(edges):
        free = SHARE_WHOLE - sum(claim.share for claim in claims if claim.valid_from <= start < claim.valid_to)
        if free:
            pieces.append(Claim("", start, end, free, AttributionState.PENDING.value, None))
    return pieces


def _taken(own: list[Claim], given: list[Claim], handing: Handing) -> list[Claim]:
    """The new owner's rows: what he held, and what he is given, added where both lie on the same days."""
    starts = [max(claim.valid_from, handing.day) for claim in given]
    edges = sorted({*starts, *(claim.valid_to for claim in given), *(edge for claim in own for edge in (claim.valid_from, claim.valid_to))})
    pieces: list[Claim] = []
    for start, end in itertools.pairwise(edges):
        held = next((claim for claim in own if claim.valid_from <= start < claim.valid_to), None)
        more = next((claim for claim in given if max(claim.valid_from, handing.day) <= start < claim.valid_to), None)
        piece = _piece(held, more, handing, start, end)
        if piece is not None:
            pieces.append(piece)
    return _joined(pieces, {claim.valid_from for claim in own})


def _piece(held: Claim | None, more: Claim | None, handing: Handing, start: date, end: date) -> Claim | None:
    if held is not None:
        return held._replace(valid_from=start, valid_to=end, share=held.share + (more.share if more else 0))
    if more is None:
        return None
    state = more.state if more.state == AttributionState.SUSPENDED else AttributionState.CONFIRMED if handing.confirmed_on else AttributionState.PENDING
    confirmed_on = handing.confirmed_on if state == AttributionState.CONFIRMED else None
    return Claim(handing.to_broker or "", start, end, more.share, str(state), confirmed_on)


def _joined(pieces: list[Claim], apart: set[date]) -> list[Claim]:
    """Pieces that go on without a difference are one row, but where a row began before."""
    joined: list[Claim] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if (
            last is not None
            and piece.valid_from not in apart
            and last.valid_to == piece.valid_from
            and last._replace(valid_from=piece.valid_from, valid_to=piece.valid_to) == piece
        ):
            joined[-1] = last._replace(valid_to=piece.valid_to)
        else:
            joined.append(piece)
    return joined


def _within_whole(claims: list[Claim]) -> None:
    for day in {claim.valid_from for claim in claims}:
        total = sum(claim.share for claim in claims if claim.valid_from <= day < claim.valid_to)
        if total > SHARE_WHOLE:
            raise Conflict("on %(day)s the shares would pass the whole", day=day)


def told(claim: Claim) -> dict[str, Any]:
    """A row as it is shown and hashed: share in parts per million."""
    return {
        "broker": claim.broker_no,
        "share": claim.share,
        "state": str(claim.state),
        "from": str(claim.valid_from),
        "to": "" if claim.valid_to == OPEN_END else str(claim.valid_to),
        "confirmed_on": str(claim.confirmed_on or ""),
    }
