"""A firm whose clients can be invited: accounts of two branches with settled days, by the files that a firm hands in."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from portal import clock
from portal.actors import TERMINAL, Actor
from portal.club import invites
from portal.club.invites import Candidate, Terms
from portal.risk import inviting
from portal.risk.inviting import Criteria, Found
from portal.transaction import transaction
from tests.oracle import product
from tests.oracle.notation import Draft, trade
from tests.rooms.club.scene import ClubEvent, db

SETTLED = "2026-03-02"


def settled(app: Flask, folder: Path, equity: Mapping[str, int], branches: Mapping[str, str] | None = None, owners: Mapping[str, str] | None = None) -> None:
    """One settled day with this equity (fen) by account; `branches` other than 01, and `owners` (client numbers) other than C<account>."""
    draft = Draft()
    draft.add("branches", branch_no="02", name="营业部2")
    for number in equity:
        draft.account(number).update(branch_no=(branches or {}).get(number, "01"), client_no=(owners or {}).get(number, f"C{number}"))
        draft.last[number] = equity[number]
    draft.day(SETTLED, [trade(next(iter(equity)), "SHFE.rb", 0, 0)], equity)
    product.people(app)
    product.import_folder(app, str(draft.write(folder)))


def eligible(event_id: int, asked: Criteria | None = None, actor: Actor = TERMINAL, **more: Any) -> Found:
    """Who is eligible now, by the settled day."""
    event = db.session.get_one(ClubEvent, event_id)
    today = date.fromisoformat(SETTLED)
    return inviting.eligible(event, asked or Criteria(**more), today, actor=actor, moment=clock.now(), today=today)


def numbers(found: Found) -> list[str]:
    """Their client numbers."""
    return [one.client_no for one in found.candidates]


def drawn(event_id: int, count: int = 100, **terms: Any) -> str:
    """Draw a list of clients C00000, C00001 and so on. Returns its address."""
    with transaction():
        candidates = [Candidate(f"C{place:05d}", 10_000_000) for place in range(count)]
        return invites.draw(event_id, candidates, Terms(**terms), actor=TERMINAL, moment=clock.now()).public_id


def rows_of(file: TestResponse) -> list[list[str]]:
    """The rows of a list that was taken out as CSV, without its headings and without who took it out."""
    rows = list(csv.reader(io.StringIO(file.data.decode("utf-8-sig"))))[1:]
    return [row for row in rows if row and not row[0].startswith("# ")]
