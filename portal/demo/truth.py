"""A firm whose truth is known: it comes in by the files of a real one; who left why, and how likely it was, is written beside it."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from portal.demo import files, people
from portal.demo.partners import Row
from portal.demo.truth_life import STAFF, Life, account_no

QUARTER = 90


def write(life: Life, folder: Path) -> Path:
    """Write the firm's files. The truth is in none of them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in masters(life).items():
        files.write_rows(folder / f"{name}.csv", rows)
    files.write_days(folder, "balances", pl.concat(life.rows))
    files.write_days(folder, "trades", pl.concat(life.trades))
    return folder


def masters(life: Life) -> dict[str, list[Row]]:
    """The master files: what the firm knows of its people and clients."""
    gone = {(broker, number): life.days[when].isoformat() for when, broker, number in life.events}
    staff = [
        {"staff_no": f"S{number + 1:03d}", "name": f"职员{number + 1}", "branch_no": f"0{number % 3 + 1}", "email": f"s{number}@example.com",
         "phone": f"1990{number + 1:07d}", "joined_on": "2020-01-01", "left_on": gone.get((False, number), "")}
        for number in range(30)
    ]  # fmt: skip
    brokers = [
        {"broker_no": f"B{number + 1:03d}", "name": f"居间人{number + 1}", "kind": "person", "id_no": people.person_id(date(1980, 1, 1), number),
         "phone": f"1991{number + 1:07d}", "email": f"b{number}@example.com", "branch_no": f"0{number % 3 + 1}", "manager_staff_no": f"S{number % 3 + 1:03d}"}
        for number in range(40)
    ]  # fmt: skip
    statuses = [{"broker_no": f"B{number + 1:03d}", "status": "active", "valid_from": "2015-01-01", "valid_to": gone.get((True, number), "")} for number in range(40)]
    return {
        "branches": [{"branch_no": f"0{number}", "name": f"营业部{number}"} for number in (1, 2, 3)],
        "staff": staff,
        "brokers": brokers,
        "broker_statuses": statuses,
        "accounts": [_account(life, place) for place in range(life.size)],
        "attributions": [_introduced(life, place, gone) for place in np.flatnonzero(life.broker >= 0).tolist()],
        "servicing": [row for place in range(life.size) for row in _served(life, place, gone)],
    }


def _opened(life: Life, place: int) -> str:
    return (life.days[0] - timedelta(days=30 + int(life.years[place] * 365))).isoformat()


def _account(life: Life, place: int) -> Row:
    return {
        "account_no": account_no(place), "client_no": f"K{place:06d}", "name": f"客户{place}", "kind": "person",
        "id_no": people.person_id(date(1970, 1, 1) + timedelta(days=place), place), "phone": f"1992{place + 1:07d}", "email": f"k{place}@example.com",
        "branch_no": f"0{place % 3 + 1}", "opened_on": _opened(life, place), "closed_on": "", "risk_grade": "C4", "birthday": "",
    }  # fmt: skip


def _introduced(life: Life, place: int, gone: dict[tuple[bool, int], str]) -> Row:
    broker, opened = int(life.broker[place]), _opened(life, place)
    dated = {"valid_from": opened, "valid_to": gone.get((True, broker), ""), "confirmed_on": opened}
    return {"account_no": account_no(place), "broker_no": f"B{broker + 1:03d}", "share": "100", "state": "confirmed", **dated}


def _served(life: Life, place: int, gone: dict[tuple[bool, int], str]) -> list[Row]:
    roles = [(int(life.staff[place]), "servicer"), (int(life.second[place]), "servicer")]
    roles += [(int(life.staff[place]), "originator")] if life.channel[place] == STAFF else []
    found = {(number, role): gone.get((False, number), "") for number, role in roles if number >= 0}
    return [
        {"account_no": account_no(place), "staff_no": f"S{number + 1:03d}", "role": role, "valid_from": _opened(life, place), "valid_to": end}
        for (number, role), end in found.items()
    ]


def truth(life: Life) -> dict[str, Any]:
    """What is true: who left when and why, who followed whom, and at each month's end how likely leaving within 90 days was (parts per million).

    That chance knows the moods and what chance then did to them, so it is a bound that no score reaches."""
    left = {account_no(place): [life.days[at].isoformat(), life.cause[place]] for place, at in enumerate(life.leaves.tolist()) if 0 <= at < len(life.days)}
    ends = [place for place in range(len(life.days) - 1) if life.days[place].month != life.days[place + 1].month]
    hazard = np.array(life.hazard)
    likely = {}
    for place in ends:
        last = sum(1 for day in life.days if day <= life.days[place] + timedelta(days=QUARTER))
        chance = 1 - np.prod(1 - hazard[place + 1 : max(place + 1, last - 17)], axis=0)
        sure = (life.decided >= 0) & (life.decided <= place) & (life.leaves > place) & (life.leaves < last)
        likely[life.days[place].isoformat()] = np.rint(np.where(sure, 1, chance) * 1_000_000).astype(int).tolist()
    follows = [[event, account_no(place), along] for event, place, along in life.follows]
    events = [[life.days[when].isoformat(), "broker" if broker else "staff", f"{'B' if broker else 'S'}{number + 1:03d}"] for when, broker, number in life.events]
    return {"seed": life.seed, "first": life.days[0].isoformat(), "last": life.days[-1].isoformat(), "left": left, "follows": follows, "events": events, "likely": likely}


def write_truth(life: Life, path: Path) -> None:
    """Write the truth where only a grader reads it."""
    path.write_text(json.dumps(truth(life), ensure_ascii=False, sort_keys=True), encoding="utf-8")
