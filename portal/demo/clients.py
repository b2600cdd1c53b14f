"""The demonstration firm's clients: their accounts, who introduced them and who looks after them, as rows of its files."""

from __future__ import annotations

import random
from bisect import bisect
from collections import Counter
from datetime import date, timedelta
from itertools import accumulate

from portal.demo import people, stories
from portal.demo.calendar import FIRST_DAY, LAST_DAY
from portal.demo.partners import BRANCHES, BROKERS, STAFF, STAFF_LEFT, Row, branch_no, broker_no, staff_no

ACCOUNTS = 3000
OLD = 2640
"""The accounts before this place were opened before the year, those from it on within it."""
SECOND_ACCOUNTS = 30
"""The last of the old ones are second accounts of the first clients."""

FIRST_CLIENTS = 10
"""Stories begin with the first clients: these do not leave."""

_SHARED = (("60", "40"), ("50", "50"), ("70", "20"), ("33.3333", "33.3333"))
_WEIGHTS = list(accumulate(1200 // (index + 3) for index in range(BROKERS)))


def opened_on(chance: random.Random, index: int) -> date:
    """Most clients were there before the year began; the stories fix some days."""
    if index == stories.PENDING:
        return stories.PENDING_OPENED
    if index == stories.CONFIRMED_LATE:
        return stories.LATE_OPENED
    if index < OLD:
        return FIRST_DAY - timedelta(days=20 + chance.randrange(2200))
    return FIRST_DAY + timedelta(days=chance.randrange((LAST_DAY - FIRST_DAY).days - 20))


def accounts(chance: random.Random) -> list[Row]:
    """accounts.csv: 3,000 accounts, one in forty of an institution, some with a second account, some closed in the year."""
    rows: list[Row] = []
    for index in range(ACCOUNTS):
        twin = index - (OLD - SECOND_ACCOUNTS)
        row = dict(rows[twin]) if 0 <= twin < SECOND_ACCOUNTS else _client(chance, index)
        opened = opened_on(chance, index)
        row["account_no"] = stories.account_no(index)
        row["opened_on"] = opened.isoformat()
        row["closed_on"] = (FIRST_DAY + timedelta(days=60 + chance.randrange(280))).isoformat() if closes(index) else ""
        rows.append(row)
    return rows


def closes(index: int) -> bool:
    """Whether a client of old closes his account in the year, for reasons of his own."""
    return index % 83 == 40 and index < OLD


def _client(chance: random.Random, index: int) -> Row:
    institution = index % 40 == 7
    born = people.birthday(chance)
    number = f"C{index + 1:05d}"
    return {
        "account_no": "",
        "client_no": number,
        "name": people.company_name(chance) if institution else people.person_name(chance),
        "kind": "institution" if institution else "person",
        "id_no": people.company_id(1000 + index) if institution else people.person_id(born, index),
        "phone": f"1992{index + 1:07d}",
        "email": f"{number.lower()}@example.com",
        "branch_no": branch_no(chance.randrange(len(BRANCHES))),
        "opened_on": "",
        "closed_on": "",
        "risk_grade": f"C{chance.choice((3, 3, 4, 4, 4, 5, 5, 2, 1))}",
        "birthday": "" if institution else born.isoformat(),
    }


def attributions(chance: random.Random, account_rows: list[Row]) -> list[Row]:
    """attributions.csv: three of five accounts came through a broker, one in twenty of those through two."""
    rows: list[Row] = []
    for index, account in enumerate(account_rows):
        told = _told(index, account)
        drawn = [broker_no(bisect(_WEIGHTS, chance.randrange(_WEIGHTS[-1]))) for _ in range(2)]
        lot, kind, days = chance.random(), chance.randrange(len(_SHARED)), chance.randrange(4)
        if told is not None:
            rows += told
        elif lot < 0.62:
            since = date.fromisoformat(account["opened_on"]) + timedelta(days=1)
            called = since + timedelta(days=days if index >= OLD else 0)
            shared = lot < 0.031 and drawn[0] != drawn[1]
            shares = _SHARED[kind] if shared else ("100",)
            rows += [span(account, number, since, share=share, confirmed=called) for number, share in zip(drawn, shares, strict=False)]
    return rows


def span(account: Row, broker: str, since: date, until: date | None = None, *, share: str = "100", state: str = "confirmed", confirmed: date | None = None) -> Row:
    """One row of attributions.csv."""
    return {
        "account_no": account["account_no"],
        "broker_no": broker,
        "share": share,
        "state": state,
        "valid_from": since.isoformat(),
        "valid_to": until.isoformat() if until else "",
        "confirmed_on": confirmed.isoformat() if confirmed else "",
    }


def _told(index: int, account: Row) -> list[Row] | None:
    """The rows of an account that a story is about, or None."""
    since = date.fromisoformat(account["opened_on"]) + timedelta(days=1)
    if index == stories.DISPUTED:
        first, second = stories.DISPUTE_BROKERS
        quarrel, peace = stories.DISPUTE_FROM, stories.DISPUTE_UNTIL
        return [
            span(account, first, since, quarrel, confirmed=since),
            *(span(account, number, quarrel, peace, share="50", state="suspended") for number in (first, second)),
            *(span(account, number, peace, share=share, confirmed=peace) for number, share in ((first, "60"), (second, "40"))),
        ]
    if index == stories.MOVED:
        before, after = stories.MOVED_BROKERS
        return [span(account, before, since, stories.MOVED_ON, confirmed=since), span(account, after, stories.MOVED_ON, confirmed=stories.MOVED_ON)]
    if index == stories.PENDING:
        return [span(account, stories.PENDING_BROKER, since, state="pending")]
    if index == stories.CONFIRMED_LATE:
        return [span(account, stories.LATE_BROKER, since, confirmed=stories.LATE_CONFIRMED)]
    sole = {stories.RELATED: stories.RELATED_BROKER, stories.LEARNT_LATE: stories.LEARNT_BROKERS[0], stories.CORRECTED: "B001"}.get(index)
    return [span(account, sole, since, confirmed=since)] if sole else None


def relatives(account_rows: list[Row]) -> list[Row]:
    """relatives.csv: one relation to a client, learnt in the year, and two to people who are no clients."""
    related = account_rows[stories.RELATED]["id_no"]
    others = [people.person_id(date(1961, 4, 12), 501), people.person_id(date(1994, 9, 30), 502)]
    return [
        {"broker_no": stories.RELATED_BROKER, "id_no": related, "relation": "spouse", "valid_from": stories.RELATED_SINCE.isoformat(), "valid_to": ""},
        {"broker_no": "B005", "id_no": others[0], "relation": "parent", "valid_from": "2024-01-01", "valid_to": ""},
        {"broker_no": "B014", "id_no": others[1], "relation": "child", "valid_from": "2024-01-01", "valid_to": ""},
    ]


def servicing(chance: random.Random, account_rows: list[Row]) -> list[Row]:
    """servicing.csv: who won an account and who looks after it; two of three clients know a second person, the leaver's do not. Of who left in the portal the files say
    nothing of it yet."""
    rows = []
    for account in account_rows:
        branch, since = int(account["branch_no"]) - 1, account["opened_on"]
        desk = [staff_no(index) for index in range(branch, STAFF, len(BRANCHES)) if STAFF_LEFT.get(staff_no(index), "9") > since]
        first, second, third = chance.sample(desk, 3)
        left = "" if first == stories.GONE else STAFF_LEFT.get(first, "")  # his clients are handed over in the portal
        rows.append(_serves(account, first, "originator", since))
        rows.append(_serves(account, first, "servicer", since, left))
        if left:
            rows.append(_serves(account, third, "servicer", left))
        if chance.random() < (0.1 if first == stories.LEAVER else 0.66) and second not in (stories.LEAVER, *STAFF_LEFT):
            rows.append(_serves(account, second, "servicer", since))
    return rows


def gone_along(account_rows: list[Row], serving: list[Row]) -> dict[str, date]:
    """Who goes along with the staff member who left, and on which day each closes his account: three of five of those clients of his of old who
    know nobody else in the firm. Those of another story, and who closes his account anyway, stay out of it."""
    known = Counter(row["account_no"] for row in serving if row["role"] == "servicer")
    his = {row["account_no"] for row in serving if row["staff_no"] == stories.GONE and known[row["account_no"]] == 1}
    told = {*range(FIRST_CLIENTS), *stories.STORY_ACCOUNTS}
    alone = [index for index in range(OLD - SECOND_ACCOUNTS) if account_rows[index]["account_no"] in his and index not in told and not closes(index)]
    going = [index for place, index in enumerate(alone) if place % 5 not in (0, 3)]
    return {account_rows[index]["account_no"]: stories.GONE_ON + timedelta(days=24 + index * 13 % 50) for index in going}


def _serves(account: Row, staff: str, role: str, since: str, until: str = "") -> Row:
    return {"account_no": account["account_no"], "staff_no": staff, "role": role, "valid_from": since, "valid_to": until}
