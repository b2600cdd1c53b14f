"""The demonstration firm's branches, staff and brokers, with what is dated about them, as rows of its files."""

from __future__ import annotations

import random
from datetime import date

from portal.demo import people, stories
from portal.demo.plans import MIX

Row = dict[str, str]

BRANCHES = ("上海营业部", "杭州营业部", "郑州营业部", "大连营业部", "广州营业部")
STAFF = 40
STAFF_LEFT = {"S022": "2026-01-16", stories.GONE: stories.GONE_ON.isoformat(), "S036": "2026-09-11"}
"""Who has left, and from when on. Of the one whose story is told the files do not know it yet: a departure is recorded in the portal."""
BROKERS = 60


def branch_no(index: int) -> str:
    """Branches are 01 to 05."""
    return f"{index % len(BRANCHES) + 1:02d}"


def staff_no(index: int) -> str:
    """Staff are S001 to S040; S001 to S005 lead the branches."""
    return f"S{index + 1:03d}"


def broker_no(index: int) -> str:
    """Brokers are B001 to B060."""
    return f"B{index + 1:03d}"


def branches() -> list[Row]:
    """branches.csv"""
    return [{"branch_no": branch_no(index), "name": name} for index, name in enumerate(BRANCHES)]


def staff(chance: random.Random) -> list[Row]:
    """staff.csv: two have left by the end of the year; that a third has, the portal says by itself."""
    return [
        {
            "staff_no": staff_no(index),
            "name": people.person_name(chance),
            "branch_no": branch_no(index),
            "email": f"{staff_no(index).lower()}@example.com",
            "phone": f"1990{index + 1:07d}",
            "joined_on": f"{2016 + index % 9}-{index % 12 + 1:02d}-01",
            "left_on": "" if staff_no(index) == stories.GONE else STAFF_LEFT.get(staff_no(index), ""),
        }
        for index in range(STAFF)
    ]


def _broker(chance: random.Random, index: int) -> Row:
    number = broker_no(index)
    institution = number in stories.INSTITUTIONS
    born = people.birthday(chance)
    return {
        "broker_no": number,
        "name": people.company_name(chance) if institution else people.person_name(chance),
        "kind": "institution" if institution else "person",
        "id_no": people.company_id(index) if institution else people.person_id(min(born, date(2000, 1, 1)), index),
        "phone": f"1991{index + 1:07d}",
        "email": f"{number.lower()}@example.com",
        "branch_no": branch_no(index),
        "manager_staff_no": staff_no(index % len(BRANCHES) + len(BRANCHES) * (index // len(BRANCHES) % 4)),
    }


def brokers(chance: random.Random) -> list[Row]:
    """brokers.csv: 58 persons and two institutions of old."""
    return [_broker(chance, index) for index in range(BROKERS)]


def statuses() -> list[Row]:
    """broker_statuses.csv: all active but one who ended."""
    rows = []
    for index in range(BROKERS):
        number, since = broker_no(index), f"{2018 + index % 7}-{index % 12 + 1:02d}-01"
        ended = stories.ENDED_ON.isoformat() if number == stories.ENDED_BROKER else ""
        rows.append({"broker_no": number, "status": "active", "valid_from": since, "valid_to": ended})
        if ended:
            rows.append({"broker_no": number, "status": "ended", "valid_from": ended, "valid_to": ""})
    return rows


def licences() -> list[Row]:
    """licences.csv: persons need one; one lapsed and was renewed, some end within 60 days of the last settled day."""
    rows = []
    for index in range(BROKERS):
        number, until = broker_no(index), "2026-12-20" if index % 19 == 3 else f"{2027 + index % 3}-07-01"
        if number in stories.INSTITUTIONS:
            continue
        first = {"broker_no": number, "licence_no": f"F2021{index + 1:03d}", "valid_from": "2021-09-10", "valid_to": until}
        if number == stories.LAPSED_BROKER:
            first["valid_to"] = stories.LAPSED_ON.isoformat()
            rows.append({"broker_no": number, "licence_no": f"F2026{index + 1:03d}", "valid_from": stories.RENEWED_ON.isoformat(), "valid_to": "2029-05-18"})
        rows.append(first)
    return sorted(rows, key=lambda row: (row["broker_no"], row["valid_from"]))


def uplines() -> list[Row]:
    """uplines.csv: two teams; an upline earns nothing under the rule set CN, but the firm knows who leads whom."""
    teams = {"B001": ("B006", "B011", "B016"), "B002": ("B007", "B012")}
    return [{"broker_no": member, "upline_no": leader, "valid_from": "2024-01-01", "valid_to": ""} for leader, members in teams.items() for member in members]


def agreements() -> list[Row]:
    """agreements.csv: some renewed at new year under another plan, one ends soon."""
    rows = []
    for index in range(BROKERS):
        number, since, plan = broker_no(index), f"{2022 + index % 3}-01-01", MIX[index % len(MIX)]
        until = "2026-12-15" if index == 30 else ""
        if number in stories.INSTITUTIONS:
            plan, since = "OLD", "2019-01-01"
        if index % 11 == 4:
            rows.append({"broker_no": number, "plan_code": plan, "valid_from": since, "valid_to": "2026-01-01"})
            plan, since = ("STEPS" if plan == "FLAT" else "FLAT"), "2026-01-01"
        rows.append({"broker_no": number, "plan_code": plan, "valid_from": since, "valid_to": until})
    return rows


def adjustments() -> list[Row]:
    """adjustments.csv: amounts entered by hand, with a coded reason."""
    return [
        {"broker_no": "B003", "period": "2026-03", "amount": "300.00", "reason": "goodwill", "note": "春季投资者活动协助"},
        {"broker_no": "B011", "period": "2026-06", "amount": "-450.00", "reason": "dispute", "note": "归属争议处理费用"},
        {"broker_no": "B033", "period": "2026-09", "amount": "120.50", "reason": "data_error", "note": "八月成交补录差额"},
    ]
