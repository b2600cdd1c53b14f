"""What a firm learns later: past days read again, and rows of the master files that were wrong."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from tests.oracle.notation import START, Draft

Row = dict[str, Any]


@dataclass
class Changed:
    """Which files differ now."""

    masters: set[str] = field(default_factory=set)
    trades: set[str] = field(default_factory=set)
    balances: set[str] = field(default_factory=set)


def correct(dice: random.Random, draft: Draft, past: list[str], month: str) -> Changed:
    """Change the draft in four to twelve places before `month` is closed; `past` are the days that were read already."""
    changed = Changed()
    ways = [trades_only, trades_only, trades_and_balances, attributions, attributions, attributions, agreements, licences, statuses, relatives, uplines, plans, plans, people]
    for way in dice.choices(ways, k=dice.randint(4, 12)):
        way(dice, draft, past, changed)
    if dice.random() < 0.3:
        broker = dice.choice(draft.tables["brokers"])["broker_no"]
        draft.tables["adjustments"] = [{"broker_no": broker, "period": month, "amount": f"-{dice.randint(1, 400)}.07", "reason": "contract", "note": "补记"}]
        changed.masters.add("adjustments")
    return changed


def trades_only(dice: random.Random, draft: Draft, past: list[str], changed: Changed) -> None:
    """The day's trades again with the same fees: another exchange fee, turnover or lots, or the product spelt in another case."""
    day = dice.choice(past)
    for row in draft.trades[day]:
        if dice.random() < 0.5:
            row["exchange_fee"] = max(row["exchange_fee"] + dice.randint(-900, 900), 0)
        if dice.random() < 0.2:
            row["lots"] += 1
            row["turnover"] += 7
        if dice.random() < 0.1:
            row["product"] = row["product"].swapcase()
    if draft.trades[day]:
        changed.trades.add(day)


def trades_and_balances(dice: random.Random, draft: Draft, past: list[str], changed: Changed) -> None:
    """Fees, rows and equities again; the balance of the day stays, so that the days after it still follow."""
    day = dice.choice(past)
    rows = draft.trades[day]
    if rows and dice.random() < 0.5:
        rows.pop(dice.randrange(len(rows)))
    for row in rows:
        if dice.random() < 0.5:
            row["fee"] += dice.randint(0, 5_000)
    if rows and dice.random() < 0.5:
        taken = {(row["account_no"], row["product"].lower()) for row in rows}
        account = dice.choice(rows)["account_no"]
        if (account, "ni") not in taken:
            rows.append({**rows[0], "account_no": account, "exchange": "SHFE", "product": "ni"})
    for account, balance in draft.balances[day].items():
        before = balance["balance"]
        draft.settle(day, account)
        balance["realized_pnl"] = balance.get("realized_pnl", 0) + before - balance["balance"]
        if dice.random() < 0.3:
            balance["tail"] = balance.get("tail", 0) + dice.randint(-900_000, 900_000)
        draft.settle(day, account)
        assert balance["balance"] == before
    changed.trades.add(day)
    changed.balances.add(day)


def attributions(dice: random.Random, draft: Draft, past: list[str], changed: Changed) -> None:
    """A confirmation that came earlier, a smaller share, another state, an earlier end and the house's share given on."""
    rows = draft.tables["attributions"]
    for row in dice.sample(rows, min(len(rows), 4)):
        way = dice.choice(["confirm", "confirm", "state", "share", "end"])
        if way == "confirm":
            row |= {"state": "confirmed", "confirmed_on": dice.choice(["", row["valid_from"], dice.choice(past)])}
        elif way == "state":
            row |= {"state": dice.choice(["suspended", "pending"]), "confirmed_on": ""}
        elif way == "share":
            row["share"] = dice.choice([share for share in ("0", "0.0001", "13.3333", "25") if Fraction(share) <= Fraction(row["share"])])
        else:
            day = dice.choice(past)
            if row["valid_from"] < day and (not row["valid_to"] or day < row["valid_to"]):
                _hand_over(dice, draft, row, day)
    changed.masters.add("attributions")


def _hand_over(dice: random.Random, draft: Draft, row: Row, day: str) -> None:
    """End a row and give its share to a broker who has no other row on the account."""
    taken = {other["broker_no"] for other in draft.tables["attributions"] if other["account_no"] == row["account_no"]}
    free = [broker["broker_no"] for broker in draft.tables["brokers"] if broker["broker_no"] not in taken]
    end = row["valid_to"]
    row["valid_to"] = day
    if free and dice.random() < 0.7:
        draft.attribute(row["account_no"], dice.choice(free), row["share"], valid_from=day, valid_to=end, confirmed_on=day)


def cut(dice: random.Random, rows: list[Row], past: list[str]) -> tuple[Row, str, str] | None:
    """End one open span on a past day; the row, the day and the end that it had."""
    day = dice.choice(past)
    chances = [row for row in rows if row["valid_from"] < day and (not row.get("valid_to") or day < row["valid_to"])]
    if not chances:
        return None
    row = dice.choice(chances)
    end = row.get("valid_to") or ""
    row["valid_to"] = day
    return row, day, end


def agreements(dice: random.Random, draft: Draft, past: list[str], changed: Changed) -> None:
    found = cut(dice, draft.tables["agreements"], past)
    if found and dice.random() < 0.8:
        row, day, end = found
        draft.agree(row["broker_no"], dice.choice(draft.plans)["code"], day, end)
    have = {row["broker_no"] for row in draft.tables["agreements"]}
    for broker in draft.tables["brokers"]:
        if broker["broker_no"] not in have:
            draft.agree(broker["broker_no"], dice.choice(draft.plans)["code"], dice.choice([START, past[0]]))
    changed.masters.add("agreements")


def licences(dice: random.Random, draft: Draft, past: list[str], changed: Changed) -> None:
    if dice.random() < 0.5:
        cut(dice, draft.tables["licences"], past)
    else:
        broker = dice.choice(draft.tables["brokers"])["broker_no"]
        draft.add("licences", broker_no=broker, licence_no=f"N{len(draft.tables['licences'])}{broker}", valid_from=dice.choice([START, *past]), valid_to="")
    changed.masters.add("licences")


def statuses(dice: random.Random, draft: Draft, past: list[str], changed: Changed) -> None:
    found = cut(dice, draft.tables["broker_statuses"], past)
    if found and dice.random() < 0.7:
        row, day, end = found
        draft.add("broker_statuses", broker_no=row["broker_no"], status=dice.choice(["active", "suspended", "ended"]), valid_from=day, valid_to=end)
    changed.masters.add("broker_statuses")


def relatives(dice: random.Random, draft: Draft, past: list[str], changed: Changed) -> None:
    if draft.tables["relatives"] and dice.random() < 0.4:
        row = dice.choice(draft.tables["relatives"])
        day = dice.choice(past)
        if row["valid_from"] < day:
            row["valid_to"] = day
    account = dice.choice(draft.tables["accounts"])
    broker = dice.choice(draft.tables["brokers"])["broker_no"]
    same = [row for row in draft.tables["relatives"] if row["broker_no"] == broker and row["id_no"].replace(" ", "").upper() == account["id_no"].replace(" ", "").upper()]
    if account["id_no"] and not same:
        draft.add("relatives", broker_no=broker, id_no=account["id_no"].strip(), relation="spouse", valid_from=dice.choice(past), valid_to="")
    changed.masters.add("relatives")


def uplines(dice: random.Random, draft: Draft, past: list[str], changed: Changed) -> None:
    found = cut(dice, draft.tables["uplines"], past)
    if found:
        changed.masters.add("uplines")
        row, day, end = found
        above = [other["upline_no"] for other in draft.tables["uplines"] if other["broker_no"] == row["upline_no"]]
        if above and dice.random() < 0.7:
            draft.add("uplines", broker_no=row["broker_no"], upline_no=above[0], valid_from=day, valid_to=end)


def plans(dice: random.Random, draft: Draft, past: list[str], changed: Changed) -> None:
    """A version whose terms were entered wrongly, or one that should have ended on a past day."""
    used = {row["plan_code"] for row in draft.tables["agreements"]}
    plan = dice.choice([plan for plan in draft.plans if plan["code"] in used] or draft.plans)
    version = dice.choice(plan["versions"])
    way = dice.choice(["rates", "terms", "cut", "deductions"])
    if way == "rates":
        for component in version["components"]:
            if "rate" in component:
                component["rate"] = "0.4321"
            if "tiers" in component:
                component["tiers"]["steps"][-1][1] = "0.5674"
            if "rates" in component:
                component["rates"]["*"] = "0.2"
    elif way == "terms":
        version |= dice.choice([{"cap": "444.44", "guarantee": None}, {"guarantee": "700", "cap": None}, {"cap": None, "guarantee": None}])
        version["reserve"] = {"rate": "0.2", "months": "1"}
    elif way == "deductions":
        version["deductions"] = [{"name": "增值税及附加", "rate": "0.06"}]
    else:
        found = cut(dice, plan["versions"], past)
        if found:
            row, day, end = found
            plan["versions"].append({**row, "valid_from": day, "valid_to": end, "components": [{"kind": "retained_fee", "rate": "0.37"}]})
    changed.masters.add("plans")


def people(dice: random.Random, draft: Draft, past: list[str], changed: Changed) -> None:
    """Kind and ID numbers, which count for all days."""
    broker = dice.choice(draft.tables["brokers"])
    if dice.random() < 0.5:
        broker["kind"] = "institution" if broker["kind"] == "person" else "person"
    else:
        broker["id_no"] = dice.choice([dice.choice(draft.tables["accounts"])["id_no"], "", f"99000019990101{dice.randint(1000, 9999)}"])
    changed.masters.add("brokers")
    if dice.random() < 0.5:
        account = dice.choice(draft.tables["accounts"])
        account["id_no"] = dice.choice([dice.choice(draft.tables["brokers"])["id_no"].lower(), "", account["id_no"]])
        changed.masters.add("accounts")
