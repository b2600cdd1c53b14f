"""Requests for lower fees in the firm of known truth: of who watches fees, more of them while a rival advertises, and always more among the clients of
some brokers. Whom they come from says nothing about who of the staff and the brokers leaves, so whatever a signal finds in them is false.

Drawn apart from the lives: these stay the same whether or not anybody asks.
"""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import insert

from models import db
from models.clients import Account
from models.questions import AskedVia, ClientQuestion, FeeAsker, QuestionState, QuestionSubject
from portal.demo.truth_life import Life, account_no
from portal.versions import numbers

USUAL, WATCHFUL = 0.0002, 0.0025
"""How likely a client who trades asks on a day: everybody, and who watches fees and pays much."""
HIGH = 1.5
RIVAL_DAYS, RIVAL_TIMES, RIVALS = 20, 5, 3
"""So often a rival advertises for so many settled days, in which everybody asks so many times as often."""
RESTLESS, RESTLESS_TIMES = 4, 5
"""The clients of so many brokers ask so many times as often as others, all the time."""
STREAM = 8


def asked(life: Life) -> list[tuple[int, int]]:
    """Who asks when: the day's place, the client's place."""
    chance = np.random.default_rng([life.seed, STREAM])
    each = np.where(life.watchful & (life.markup > HIGH), WATCHFUL, USUAL) * (life.keen > 0.05)
    each = each * np.where(np.isin(life.broker, chance.permutation(40)[:RESTLESS]), RESTLESS_TIMES, 1)
    times = np.ones(len(life.days))
    for begin in chance.integers(0, len(life.days) - RIVAL_DAYS, RIVALS):
        times[begin : begin + RIVAL_DAYS] = RIVAL_TIMES
    found = []
    for day in range(len(life.days)):
        there = (life.leaves < 0) | (life.leaves > day)
        found += [(day, int(place)) for place in np.flatnonzero(there & (chance.random(life.size) < each * times[day]))]
    return found


def add_fee_requests(life: Life, zone: ZoneInfo) -> None:
    """Write the requests down, each in the minute in which it was heard. Verb."""
    accounts, rows = numbers(Account, "account_no"), []
    for day, place in asked(life):
        at = datetime.combine(life.days[day], time(10, 30), zone)
        told = {"subject": QuestionSubject.FEES.value, "via": AskedVia.PHONE.value, "words": "", "state": QuestionState.CLOSED.value, "fee_asker": FeeAsker.CLIENT.value}
        rows.append({**told, "account_id": accounts[account_no(place)], "asked_at": at, "runs_from": at, "due_at": at})
    db.session.execute(insert(ClientQuestion), rows)
