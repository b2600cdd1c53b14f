"""The one door through which an attribution is written. It asks the rules first, so that no path can forget them.

    attribute(Difference(Attribution, new=rows), recording.id, jurisdiction, keyring)

Asked is whoever gains by the rows: a share, or that it counts (again). Who loses something is not: suspending and taking away are
always allowed. Only the firm's own files are written past this door (portal/imports/masters.py): what they say was done already.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import select

from models import db
from models.attribution import Attribution, AttributionState
from models.audit import Recording
from models.clients import Account
from models.columns import OPEN_END
from models.rules import Effect
from portal import rehearsal
from portal.rules.stopping import Clause, many_clauses, refusal_of
from portal.sealing import Keyring
from portal.versions import Difference, columns_of, current, key_of, write
from portal.webhooks.recording import Happened, record

AT_ONCE = 900
"""Ids in one condition: below every database's limit of parameters."""
FIRST = 50
"""So many of the accounts whose attribution changed are named to other systems; the rest is asked for."""
STANDING = {AttributionState.SUSPENDED: 0, AttributionState.PENDING: 1, AttributionState.CONFIRMED: 2}
Pair = tuple[int, int]
"""A broker's id and an account's."""


class Gain(NamedTuple):
    """From which day on a broker has more of an account than was believed. `held`: the share itself was his already."""

    day: date
    held: bool


def attribute(found: Difference, recording_id: int, jurisdiction: str, keyring: Keyring | None = None, *, replace: bool = False) -> None:
    """Assert attribution rows under a recording. Raises Stopped, naming the clauses, where a rule forbids somebody what he gains."""
    need_lawful(found, jurisdiction, keyring)
    write(found, recording_id, replace=replace, ruled=True)
    tell_changed(found, recording_id, replace=replace)


def tell_changed(found: Difference, recording_id: int, *, replace: bool) -> None:
    """Other systems are told that attributions changed: how many accounts, and the first of them; nothing where none did."""
    accounts = sorted({row["account_id"] for row in (*found.new, *found.changed, *(found.vanished if replace else ()))})
    if not accounts or rehearsal.number() is not None:
        return
    recorded_at = db.session.execute(select(Recording.recorded_at).where(Recording.id == recording_id)).scalar_one()
    numbers = select(Account.account_no).where(Account.id.in_(accounts[:FIRST])).order_by(Account.account_no)
    details = {"accounts": len(accounts), "first_accounts": list(db.session.execute(numbers).scalars())}
    record("attribution.changed", [Happened(str(recording_id), "/attribution", details)], recorded_at)


def need_lawful(found: Difference, jurisdiction: str, keyring: Keyring | None = None) -> None:
    """Raises Stopped where a rule forbids somebody what he would gain by the rows; of several pairs the first is named."""
    gained = gains(found)
    if not gained:
        return
    held = {pair for pair, gain in gained.items() if gain.held}
    for clauses in many_clauses({pair: gain.day for pair, gain in gained.items()}, jurisdiction, keyring, held).values():
        stopping: list[Clause] = [clause for clause in clauses if clause.rule.effect is Effect.BLOCK]
        if stopping:
            raise refusal_of(stopping)


def gains(found: Difference) -> dict[Pair, Gain]:
    """Who would gain what by the rows, against what is believed now; a few queries whatever their number."""
    believed = _believed(sorted({row["account_id"] for row in (*found.new, *found.changed)}))
    after = dict(believed)
    after.update({key_of(Attribution, row): row for row in (*found.new, *found.changed)})
    for row in found.vanished:
        after.pop(key_of(Attribution, row), None)
    old, new = _by_pair(believed.values()), _by_pair(after.values())
    wanted = dict.fromkeys((row["broker_id"], row["account_id"]) for row in (*found.new, *found.changed))
    result = {}
    for pair in wanted:
        gain = first_gain(old[pair], new[pair])
        if gain is not None:
            result[pair] = gain
    return result


def first_gain(before: list[Mapping[str, Any]], after: list[Mapping[str, Any]]) -> Gain | None:
    """The first day on which a broker's rows of an account give him more than before, in share or in standing. Pure."""
    edges = {row[name] for row in (*before, *after) for name in ("valid_from", "valid_to", "confirmed_on")} - {None, OPEN_END}
    first, held = None, True
    for day in sorted(edges):
        (was, stood), (share, stands) = _on(before, day), _on(after, day)
        if share > was or (share and stands > stood):
            first = first or day
            held = held and share <= was
    return Gain(first, held) if first is not None else None


def _on(rows: list[Mapping[str, Any]], day: date) -> tuple[int, int]:
    """Share and standing of a day; the standing is that which counts (a confirmed row is pending before its confirmed_on)."""
    share, standing = 0, -1
    for row in rows:
        if row["valid_from"] <= day < row["valid_to"]:
            early = row["confirmed_on"] is not None and day < row["confirmed_on"]
            stands = STANDING[AttributionState(row["state"])]
            share, standing = share + row["share"], max(standing, min(stands, 1) if early else stands)
    return share, standing


def _believed(account_ids: list[int]) -> dict[tuple[Any, ...], Mapping[str, Any]]:
    names = columns_of(Attribution)
    found: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for start in range(0, len(account_ids), AT_ONCE):
        query = current(Attribution, None, Attribution.account_id.in_(account_ids[start : start + AT_ONCE])).with_only_columns(*(getattr(Attribution, name) for name in names))
        for row in db.session.execute(query).mappings():
            values = dict(row)
            found[key_of(Attribution, values)] = values
    return found


def _by_pair(rows: Iterable[Mapping[str, Any]]) -> dict[Pair, list[Mapping[str, Any]]]:
    found: dict[Pair, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["broker_id"], row["account_id"]].append(row)
    return found
